"""The row of labelled marks, each with its key; a click marks, too. Messages stand there, too."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual.events import Click

from tui.patch import Patch
from tui.signs import PLAIN, QUIET
from tui.widgets.line import Line, Part


class MarkKeys(Line):
    """`marks` are the labels of the keys 1 to 9."""

    def __init__(self, patch: Patch, marks: Sequence[str]) -> None:
        super().__init__(patch, id="marks")
        self._marks = marks
        self._are_shown = False

    def show_keys(self) -> None:
        """Show the keys, in place of a message."""
        parts: list[Part] = []
        for key, label in enumerate(self._marks, start=1):
            parts += [(_key(key), f"bold {PLAIN}"), (label, QUIET)]
        self.show(*parts)
        self._are_shown = True

    def say(self, text: str, style: str) -> None:
        """A message in their place."""
        self._are_shown = False
        self.show((f" {text}", style))

    async def on_click(self, event: Click) -> None:
        """What was clicked at is marked."""
        key = self._key_at(event.x)
        if key:
            await self.run_action(f"app.mark_listed({key})")

    def _key_at(self, x: int) -> int:
        """0 where there is none."""
        end = 0
        for key, label in enumerate(self._marks if self._are_shown else (), start=1):
            end += cell_len(_key(key) + label)
            if x < end:
                return key
        return 0


def _key(key: int) -> str:
    return f" {key} "
