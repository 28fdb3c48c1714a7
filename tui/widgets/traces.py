"""One person's live EEG, swept from left to right in braille dots."""

import time
from collections.abc import Callable
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


class TraceView(Widget):
    """Draws what `extend` brings when `draw` is called; the caption names scale and span."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"traces--caption", "traces--label", "traces--line"}

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._looks: dict[str, Style] | None = None
        self._picture: Picture | None = None
        self._source: tuple[list[str], float] = ([], 0.0)
        self._last_arrival_s = 0.0
        self._drawn_caption = ""

    @property
    def caption(self) -> str:
        """Scale and span in words, or that there is nothing to see."""
        if self._picture is None:
            return "no live data"
        known = len(self._picture.labels)
        shown = len(self._picture.rows) // self._picture.rows_per_channel
        part = f"{shown} of {known} channels · " if shown < known else ""
        return f"{part}±{self._picture.scale_uv:.0f} µV · {self._picture.span_s:.1f} s across"

    @property
    def rows(self) -> list[str]:
        """The picture's rows of dots, top first, without labels."""
        return ["".join(row) for row in self._picture.rows] if self._picture else []

    def extend(self, trace: Trace) -> None:
        """Take in new points; nothing is painted yet."""
        source = trace.labels, trace.step_s
        if self._picture is None or source != self._source:
            self._picture = self._new_picture(trace)
            self._source = source
        if self._picture is not None:
            self._picture.extend(trace)
        self._last_arrival_s = self._monotonic()

    def mark(self) -> None:
        """Draw an upright line at the newest point."""
        if self._picture is not None:
            self._picture.mark()

    def draw(self) -> bool:
        """Ask for a repaint of what is new, if anything is."""
        if self._picture is None:
            return False
        if self._monotonic() - self._last_arrival_s > SILENT_S:
            self._picture = None
            self._drawn_caption = self.caption
            self.refresh()
            return True
        changed = self._picture.draw()
        if self.caption != self._drawn_caption:
            self._drawn_caption = self.caption
            self.refresh()
        elif changed:
            self.refresh(*(self._region(stretch) for stretch in changed))
        return bool(changed)

    def on_resize(self, event: Resize) -> None:
        """A new height keeps the picture, a new width begins another."""
        if self._picture is None:
            return
        if event.size.width != self._picture.width + LABEL_WIDTH:
            self._picture = None
        else:
            self._picture.set_height(max(1, event.size.height - CAPTION_ROWS))

    def notify_style_update(self) -> None:
        """Colours have changed: work them out again."""
        self._looks = None
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """The caption, or one row of dots behind its channel's label."""
        looks = self._looks or self._work_out_looks()
        width = self.size.width
        if y < CAPTION_ROWS or self._picture is None:
            text = self.caption if y == 0 else ""
            return Strip([Segment(text.rjust(width)[:width], looks["caption"])], width)
        row = y - CAPTION_ROWS
        if row >= len(self._picture.rows):
            return Strip.blank(width, looks["caption"])
        label = self._picture.label(row)[: LABEL_WIDTH - 1].ljust(LABEL_WIDTH)
        dots = "".join(self._picture.rows[row])
        return Strip([Segment(label, looks["label"]), Segment(dots, looks["line"])], width)

    def _new_picture(self, trace: Trace) -> Picture | None:
        width, height = self.size.width - LABEL_WIDTH, self.size.height - CAPTION_ROWS
        if width < 1 or height < 1 or not trace.labels or trace.step_s < LEAST_STEP_S:
            return None
        return Picture(trace.labels, trace.step_s, width=width, height=height)

    def _region(self, stretch: range) -> Region:
        rows = self.size.height - CAPTION_ROWS
        return Region(LABEL_WIDTH + stretch.start, CAPTION_ROWS, len(stretch), rows)

    def _work_out_looks(self) -> dict[str, Style]:
        """The style of each part; asking the style sheet for every row would cost a third more."""
        names = "caption", "label", "line"
        self._looks = {name: self.get_component_rich_style(f"traces--{name}") for name in names}
        return self._looks
