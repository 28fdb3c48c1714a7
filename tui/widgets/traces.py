"""Both people's live EEG, swept from left to right in braille dots.

One widget for the two: with one each, in a column each, Textual paints three more layers of empty
containers for every frame, and that costs more than the traces.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.events import Resize
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from recorder.messages import Trace
from tui.picture import Picture

# A picture older than this is not live any more, and is taken away.
SILENT_S = 2.0
# Shorter steps than this are nobody's EEG.
LEAST_STEP_S = 1e-4
LABEL_WIDTH = 5
CAPTION_ROWS = 1
GAP = 1
NOWHERE = Region()


@dataclass(slots=True)
class Pane:
    """One person's part of the widget: where it is, and what was drawn in it."""

    role: str
    region: Region = NOWHERE
    picture: Picture | None = None
    source: tuple[list[str], float] = ([], 0.0)
    arrived_s: float = 0.0
    drawn_caption: str = ""

    @property
    def caption(self) -> str:
        """Scale and span in words, or that there is nothing to see."""
        if self.picture is None:
            return "no live data"
        known, shown = len(self.picture.labels), self.picture.channels_shown
        scale = f"±{self.picture.scale_uv:.0f} µV · {self.picture.span_s:.1f} s"
        return f"{scale} across" if shown == known else f"{shown} of {known} · {scale}"

    def place(self, region: Region) -> None:
        """Move the pane; a new height keeps the picture, a new width begins another."""
        if self.picture is not None and region.width == self.region.width:
            self.picture.set_height(max(1, region.height - CAPTION_ROWS))
        else:
            self.picture = None
        self.region = region

    def extend(self, trace: Trace) -> None:
        """Take in new points."""
        source = trace.labels, trace.step_s
        if self.picture is None or source != self.source:
            self.picture = self._new_picture(trace)
            self.source = source
        if self.picture is not None:
            self.picture.extend(trace)

    def draw(self) -> bool:
        """Paint what is new; whether anything is."""
        changed = self.picture is not None and self.picture.draw()
        if self.caption != self.drawn_caption:
            self.drawn_caption = self.caption
            changed = True
        return changed

    def texts(self, row: int) -> tuple[str, str]:
        """A row's words and its dots; together as wide as the pane."""
        width = self.region.width
        if row < CAPTION_ROWS:
            return (self.role + self.caption.rjust(width - len(self.role)))[:width], ""
        row -= CAPTION_ROWS
        if self.picture is None or row >= len(self.picture.rows):
            return " " * width, ""
        label = self.picture.label(row)[: LABEL_WIDTH - 1].ljust(LABEL_WIDTH)
        return label, "".join(self.picture.rows[row])

    def _new_picture(self, trace: Trace) -> Picture | None:
        width, height = self.region.width - LABEL_WIDTH, self.region.height - CAPTION_ROWS
        if width < 1 or height < 1 or not trace.labels or trace.step_s < LEAST_STEP_S:
            return None
        return Picture(trace.labels, trace.step_s, width=width, height=height)


class TraceView(Widget):
    """Draws what `extend` brings when `draw` is called."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"traces--label", "traces--line"}

    def __init__(
        self, roles: Sequence[str], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self.panes = {role: Pane(role) for role in roles}
        self._monotonic = monotonic
        self._looks: tuple[Style, Style] | None = None

    def extend(self, trace: Trace) -> None:
        """Take in new points; nothing is painted yet."""
        pane = self.panes.get(trace.role)
        if pane is not None:
            pane.arrived_s = self._monotonic()
            pane.extend(trace)

    def mark(self) -> None:
        """Draw an upright line at the newest points."""
        for pane in self.panes.values():
            if pane.picture is not None:
                pane.picture.mark()

    def draw(self) -> bool:
        """Ask for a repaint of what is new; whether anything is."""
        now_s = self._monotonic()
        changed = []
        for pane in self.panes.values():
            stale = pane.picture is not None and now_s - pane.arrived_s > SILENT_S
            if stale:  # what a resize painted of it was not drawn here, and must go all the same
                pane.picture = None
            changed.append(pane.draw() or stale)
        if any(changed):
            self.refresh()
        return any(changed)

    def on_resize(self, event: Resize) -> None:
        """The panes stand side by side, all equally wide: so do their seconds."""
        width, height = event.size
        each = width // len(self.panes)
        for k, pane in enumerate(self.panes.values()):
            pane.place(Region(k * each, 0, each - GAP, height))

    def notify_style_update(self) -> None:
        """Colours have changed: work them out again."""
        self._looks = None
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """One row of every pane that stands there."""
        label_look, line_look = self._looks or self._work_out_looks()
        segments: list[Segment] = []
        for pane in self.panes.values():
            words, dots = pane.texts(y)
            segments += [Segment(words, label_look), Segment(dots, line_look)]
            segments.append(Segment(" " * GAP, label_look))
        return Strip(segments).adjust_cell_length(self.size.width, label_look)

    def _work_out_looks(self) -> tuple[Style, Style]:
        """The styles; asking the style sheet for every row would cost a third more."""
        label = self.get_component_rich_style("traces--label")
        self._looks = label, self.get_component_rich_style("traces--line")
        return self._looks
