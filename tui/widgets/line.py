"""Texts: lines that never wrap, written straight to the terminal when new; paragraphs that do."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.geometry import Offset, Region, Size
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from tui.glyphs import drawn
from tui.patch import Patch, at

# A text, or a text and its style.
Part = str | tuple[str, str]
Row = list[tuple[str, str]]
CUT = "…"


class Line(Widget):
    """One or more lines; with automatic height or width they make room for themselves."""

    ALLOW_SELECT = False

    def __init__(
        self,
        patch: Patch,
        *,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._patch = patch
        self._rows: list[Row] = []
        self._news: set[int] = set()
        self._looks: dict[str, Style] = {}

    @property
    def text(self) -> str:
        """What is said, without its styles."""
        return "\n".join("".join(text for text, _ in row) for row in self._rows)

    def show(self, *parts: Part) -> None:
        """Say `parts`, one after the other."""
        before, self._rows = self._rows, _rows(parts)
        pairs = enumerate(zip_longest(before, self._rows))
        changed = [y for y, (old, new) in pairs if old != new]
        if not changed:
            return
        self._news.update(changed)
        if self._needs_other_room(_extent(before), _extent(self._rows)):
            self.refresh(layout=True)
        else:
            self._patch.add(self, self._tell)

    def _needs_other_room(self, before: tuple[int, int], now: tuple[int, int]) -> bool:
        """Whether what decides the widget's own room has changed: all would be laid out anew."""
        asked = self.styles.width, self.styles.height
        return any(
            size is not None and size.is_auto and old != new
            for size, old, new in zip(asked, before, now, strict=True)
        )

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Columns of the longest line."""
        return _extent(self._rows)[0]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Every line has a row."""
        return len(self._rows)

    def on_resize(self) -> None:
        """What lies below may have another colour now."""
        self._looks.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        """Colours have changed: work them out again."""
        self._looks.clear()
        super().notify_style_update()

    def render_lines(self, crop: Region) -> list[Strip]:
        """All lines; kept nowhere else, for they change behind Textual's back."""
        lines = (self._line(y).crop(*crop.column_span) for y in crop.line_range)
        return [Strip(drawn(self, line)) for line in lines]

    def _tell(self, place: Offset) -> Iterator[Segment]:
        """The lines that are new."""
        news = [y for y in sorted(self._news) if y < self.size.height]
        self._news.clear()
        for y in news:
            yield Segment(at(place, 0, y))
            yield from self._line(y)

    def _line(self, y: int) -> Strip:
        """A line as wide as the widget, cut where there is no room for more."""
        row = self._rows[y] if y < len(self._rows) else []
        strip = Strip([Segment(text, self._look(style)) for text, style in row])
        width, blank = self.size.width, self._look("")
        if strip.cell_length > width:
            strip = Strip([*strip.crop(0, max(0, width - 1)), Segment(CUT[:width], blank)])
        elif self.styles.text_align == "right":
            strip = Strip([Segment(" " * (width - strip.cell_length), blank), *strip])
        return strip.adjust_cell_length(self.outer_size.width, blank)

    def _look(self, style: str) -> Style:
        """A part's style on the widget's own, as this terminal can show it."""
        if style not in self._looks:
            self._looks[style] = as_shown(self, self.rich_style + Style.parse(style))
        return self._looks[style]


class Paragraph(Static):
    """A text that wraps, and seldom changes; with automatic height it makes room for itself."""

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


def as_shown(widget: Widget, style: Style) -> Style:
    """A style on a widget as this terminal can show it."""
    segments = [Segment("", style)]
    for line_filter in widget.get_line_filters():
        segments = line_filter.apply(segments, widget.background_colors[1])
    return segments[0].style or Style.null()


def _rows(parts: Sequence[Part]) -> list[Row]:
    """The parts of each line, without those that say nothing."""
    rows: list[Row] = [[]]
    for part in parts:
        text, style = (part, "") if isinstance(part, str) else part
        first, *more = text.split("\n")
        rows[-1].append((_printable(first), style))
        rows += [[(_printable(line), style)] for line in more]
    return [[(text, style) for text, style in row if text] for row in rows]


def _printable(text: str) -> str:
    """Nothing that a terminal would obey."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def _extent(rows: Sequence[Row]) -> tuple[int, int]:
    """Columns and rows."""
    return max((sum(cell_len(text) for text, _ in row) for row in rows), default=0), len(rows)


def _lengths(content: Content) -> list[int]:
    return [len(line) for line in content.plain.split("\n")]
