"""A text that wraps, and that seldom changes."""

from textual.content import Content
from textual.widgets import Static

from tui.widgets.line import Part


class Paragraph(Static):
    """As many lines as the words need; with automatic height it makes room for itself."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._said = Content("")

    @property
    def text(self) -> str:
        """What is said, without its styles."""
        return self._said.plain

    def show(self, *parts: Part) -> None:
        """Say `parts`, one after the other."""
        content = Content.assemble(*parts)
        if content.is_same(self._said):
            return
        same_size = _lengths(content) == _lengths(self._said)
        self._said = content
        self.update(content, layout=not same_size)


def _lengths(content: Content) -> list[int]:
    return [len(line) for line in content.plain.split("\n")]
