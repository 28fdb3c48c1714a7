"""The last line: the keys that work now."""

from collections.abc import Iterator

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.events import Resize
from textual.widget import Widget
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

GAP = 1


class Keys(Footer):
    """Those for which there is no room are left out: half a word says nothing."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False, compact=True)
        self._room = 0

    def compose(self) -> ComposeResult:
        """The first ones that fit."""
        self._room = self.app.size.width
        yield from _fitting(super().compose(), self._room)

    def on_resize(self, event: Resize) -> None:
        """There is room for more, or less."""
        if event.size.width != self._room:
            self.call_after_refresh(self.recompose)


def _fitting(keys: ComposeResult, room: int) -> Iterator[Widget]:
    for key in keys:
        if isinstance(key, FooterKey):
            room -= cell_len(f"{key.key_display} {key.description}")
        if room < 0:
            return
        room -= GAP
        yield key
