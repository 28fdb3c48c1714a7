"""Both people's live EEG, swept from left to right in braille dots; whole seconds above them.

One widget for the two, which writes what is new straight to the terminal: a few columns a frame.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.events import Resize
from textual.geometry import Offset, Region
from textual.strip import Strip
from textual.widget import Widget

from recorder.wire.messages import Trace
from tui.glyphs import drawn, has_other_signs
from tui.language import _, figure
from tui.patch import Patch, at
from tui.picture import LADDER_UV, SPAN_S, SPANS_S, Change, Picture
from tui.widgets.line import as_shown

# A picture older than this is not live any more, and is taken away.
SILENT_S = 2.0
# Shorter steps than this are nobody's EEG.
LEAST_STEP_S = 1e-4
LABEL_WIDTH = 5
CAPTION_ROWS = 1
GAP = 1
SECOND = "·"
NOWHERE = Region()


@dataclass(slots=True)
class Pane:
    """One person's part of the widget: where it is, and what was drawn in it."""

    role: str
    region: Region = NOWHERE
    picture: Picture | None = None
    source: tuple[list[str], float] = ([], 0.0)
    arrived_s: float = 0.0
    told_caption: str = ""
    span_s: float = SPAN_S
    scale_uv: float | None = None
    whole_rows: bool = False
    news: list[Change] = field(default_factory=list)

    @property
    def caption(self) -> str:
        """Scale and span in words, or that there is nothing to see."""
        if self.picture is None:
            return _("no live data")
        known, shown = len(self.picture.labels), self.picture.channels_shown
        scale = f"±{self.picture.scale_uv:.0f} µV · {figure(self.picture.span_s, '.1f')} s"
        if shown == known:
            return _("{scale} across").format(scale=scale)
        return _("{n} of {of} · {scale}").format(n=shown, of=known, scale=scale)

    def place(self, region: Region) -> None:
        """Move the pane; a new height keeps the picture, a new width begins another."""
        if self.picture is not None and region.width == self.region.width:
            self.picture.set_height(max(1, region.height - CAPTION_ROWS))
        else:
            self.picture = None
        self.region = region
        self.news.clear()

    def extend(self, trace: Trace, now_s: float) -> None:
        """Take in new points."""
        self.arrived_s = now_s
        source = trace.labels, trace.step_s
        if self.picture is None or source != self.source:
            self.picture = self._new_picture(trace)
            self.source = source
        if self.picture is not None:
            self.picture.extend(trace)

    def draw(self, now_s: float) -> bool:
        """Paint what is new and note where it is; whether anything is."""
        if self.picture is not None and now_s - self.arrived_s > SILENT_S:
            self.picture = None
            self.told_caption = ""  # what a resize has painted of it was not told
        if self.picture is not None:
            self.news += self.picture.draw()
        return bool(self.news) or self.caption != self.told_caption

    def tell(self, place: Offset, label: Style, line: Style) -> Iterator[Segment]:
        """What is new, with the codes for where it goes: dots, or all of it with new words."""
        news, self.news = self.news, []
        if self.caption == self.told_caption:
            yield Segment("".join(self._dots(place, news)), line)
            return
        self.told_caption = self.caption
        for y in range(self.region.height):
            words, dots = self.texts(y)
            yield Segment(at(place, self.region.x, y) + words, label)
            yield Segment(dots, line)

    def texts(self, row: int) -> tuple[str, str]:
        """A row's words and its dots; together as wide as the pane."""
        width = self.region.width
        if row < CAPTION_ROWS:
            return self._head()[:width], ""
        row -= CAPTION_ROWS
        if self.picture is None or row >= len(self.picture.rows):
            return " " * width, ""
        label = self.picture.label(row)[: LABEL_WIDTH - 1].ljust(LABEL_WIDTH)
        return label, "".join(self.picture.rows[row])

    def _head(self) -> str:
        """Whose traces these are, whole seconds where there is room, the scale."""
        role, caption = _(self.role), self.caption
        between = [" "] * max(1, self.region.width - len(role) - len(caption))
        for second in self.picture.seconds if self.picture else []:
            at = LABEL_WIDTH + second - len(role)
            if 0 < at < len(between) - 1:
                between[at] = SECOND
        return role + "".join(between) + caption

    def _dots(self, place: Offset, news: Sequence[Change]) -> Iterator[str]:
        rows, left = self.picture.rows if self.picture else [], self.region.x + LABEL_WIDTH
        for row, places in news:
            dots = "".join(rows[row][places.start : places.stop])
            yield at(place, left + places.start, CAPTION_ROWS + row) + dots

    def _new_picture(self, trace: Trace) -> Picture | None:
        width, height = self.region.width - LABEL_WIDTH, self.region.height - CAPTION_ROWS
        if width < 1 or height < 1 or not trace.labels or trace.step_s < LEAST_STEP_S:
            return None
        picture = Picture(
            trace.labels,
            trace.step_s,
            width=width,
            height=height,
            span_s=self.span_s,
            whole_rows=self.whole_rows,
        )
        if self.scale_uv is not None:
            picture.set_scale(self.scale_uv)
        return picture


class TraceView(Widget):
    """Draws what `extend` brings when `draw` is called."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"traces--label", "traces--line"}

    def __init__(
        self, roles: Sequence[str], patch: Patch, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._patch = patch
        self.panes = {role: Pane(role) for role in roles}
        self._monotonic = monotonic
        self._looks: tuple[Style, Style] | None = None
        self._span_s = SPAN_S

    def on_mount(self) -> None:
        """Where cells of dots become lines, a cell shows one channel."""
        for pane in self.panes.values():
            pane.whole_rows = has_other_signs(self)

    def extend(self, trace: Trace) -> None:
        """Take in new points; nothing is painted yet."""
        pane = self.panes.get(trace.role)
        if pane is not None:
            pane.extend(trace, self._monotonic())

    def mark(self, label: str = "") -> None:
        """Draw an upright line at the newest points, with its label."""
        for picture in self._pictures():
            picture.mark(label)

    def enlarge(self, rungs: int) -> None:
        """Draw waves larger, or smaller where `rungs` is negative; 0: as high as they fit again."""
        shown = next((picture.scale_uv for picture in self._pictures()), None)
        if shown is None:
            return
        at = LADDER_UV.index(shown) - rungs
        scale_uv = LADDER_UV[min(max(at, 0), len(LADDER_UV) - 1)] if rungs else None
        for pane in self.panes.values():
            pane.scale_uv = scale_uv
        for picture in self._pictures():
            picture.set_scale(scale_uv)

    def hurry(self, steps: int) -> None:
        """Sweep faster, or slower where `steps` is negative."""
        at = SPANS_S.index(self._span_s) - steps
        self.sweep(SPANS_S[min(max(at, 0), len(SPANS_S) - 1)])

    def sweep(self, span_s: float) -> None:
        """Take so long from edge to edge from now on, one of SPANS_S."""
        self._span_s = span_s
        for pane in self.panes.values():
            pane.span_s, pane.picture = span_s, None

    def _pictures(self) -> list[Picture]:
        return [pane.picture for pane in self.panes.values() if pane.picture is not None]

    def draw(self) -> None:
        """Paint what is new, and take away what is not live any more."""
        now_s = self._monotonic()
        drawn = [pane.draw(now_s) for pane in self.panes.values()]
        if any(drawn):
            self._patch.add(self, self._tell)

    def on_resize(self, event: Resize) -> None:
        """The panes stand side by side, all equally wide: so do their seconds."""
        width, height = event.size
        each = width // len(self.panes)
        for k, pane in enumerate(self.panes.values()):
            pane.place(Region(k * each, 0, each - GAP, height))
        self.refresh()

    def notify_style_update(self) -> None:
        """Colours have changed: work them out again."""
        self._looks = None
        super().notify_style_update()

    def render_lines(self, crop: Region) -> list[Strip]:
        """What `draw` has painted; kept nowhere else, for it changes behind Textual's back."""
        lines = (self._line(y).crop(*crop.column_span) for y in crop.line_range)
        return [Strip(drawn(self, line)) for line in lines]

    def _tell(self, place: Offset) -> Iterator[Segment]:
        for pane in self.panes.values():
            yield from pane.tell(place, *self._styles_of_both())

    def _line(self, y: int) -> Strip:
        """One row of every pane that stands there."""
        label_look, line_look = self._styles_of_both()
        segments: list[Segment] = []
        for pane in self.panes.values():
            words, dots = pane.texts(y)
            segments += [Segment(words, label_look), Segment(dots, line_look)]
            segments.append(Segment(" " * GAP, label_look))
        return Strip(segments).adjust_cell_length(self.size.width, label_look)

    def _styles_of_both(self) -> tuple[Style, Style]:
        """The styles of words and dots; asking for every row would cost more than the rows."""
        if self._looks is None:
            styles = map(self.get_component_rich_style, sorted(self.COMPONENT_CLASSES))
            label, line = (as_shown(self, style) for style in styles)
            self._looks = label, line
        return self._looks
