"""A text that is painted only when it says something new."""

from textual.content import Content
from textual.widgets import Static

# A text, or a text and its style.
Part = str | tuple[str, str]


class Line(Static):
    """One or more lines of text; one with automatic height or width makes room for itself."""

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
