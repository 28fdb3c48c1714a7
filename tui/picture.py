"""The picture of one person's traces: rows of braille, repainted only where new points came."""

from collections.abc import Sequence

from recorder.messages import Trace
from tui.braille import COLUMNS_PER_CELL, DOTS_PER_ROW, cell, column_mask
from tui.scale import steady_scale_uv
from tui.sweep import BLANK, Sweep

# About so many seconds from edge to edge: short enough to see alpha as waves.
SPAN_S = 4.0
FIRST_SCALE_UV = 50.0
MARK = "┊"


class Picture:
    """Sweeps traces over `width` x `height` characters.

    Attributes:
        labels: the channels' labels; only the first `height` of them fit.
        width: characters across.
        rows_per_channel: text rows of one channel.
        scale_uv: a channel's rows span -scale_uv to +scale_uv.
        span_s: seconds from edge to edge.
        rows: the characters, top first.
    """

    def __init__(self, labels: Sequence[str], step_s: float, *, width: int, height: int) -> None:
        columns = COLUMNS_PER_CELL * width
        steps_per_column = max(1, round(SPAN_S / (columns * step_s)))
        self.labels = tuple(_plain(label) for label in labels)
        self.width = width
        self.scale_uv = FIRST_SCALE_UV
        self.span_s = columns * step_s * steps_per_column
        self._sweep = Sweep(len(labels), columns, steps_per_column)
        self._painted = 0  # the newest column when last painted
        self._scaled = 0  # and when the scale was last looked at
        self._marked: set[int] = set()
        self._is_new = False
        self.set_height(height)

    @property
    def channels_shown(self) -> int:
        """How many channels fit."""
        return len(self.rows) // self.rows_per_channel

    def set_height(self, height: int) -> None:
        """Spread the channels over `height` rows; what was swept stays."""
        self.rows_per_channel = max(1, height // len(self.labels))
        shown = min(height, len(self.labels) * self.rows_per_channel)
        self.rows = [[" "] * self.width for _ in range(shown)]
        self._paint(range(self.width))

    def label(self, row: int) -> str:
        """What stands before a row: a channel's label at the middle of its rows, else ""."""
        channel, place = divmod(row, self.rows_per_channel)
        return self.labels[channel] if place == (self.rows_per_channel - 1) // 2 else ""

    def extend(self, trace: Trace) -> None:
        """Take in new points; `draw` paints them."""
        first = self._sweep.newest // COLUMNS_PER_CELL + 1
        self._sweep.extend(trace)
        end = (self._sweep.newest + BLANK) // COLUMNS_PER_CELL + 1
        overtaken = range(first, end)[-self.width :]
        self._marked.difference_update(place % self.width for place in overtaken)
        self._is_new = True

    def mark(self) -> None:
        """Draw an upright line at the newest point; it goes when the sweep comes round."""
        if self._sweep.newest >= 0:
            self._marked.add(self._sweep.newest // COLUMNS_PER_CELL % self.width)
            self._is_new = True

    def draw(self) -> bool:
        """Paint the characters that new points have changed; whether there are any."""
        if not self._is_new:
            return False
        newest = self._sweep.newest
        # One column beyond the blank stretch: it has lost the neighbour that it was drawn to touch.
        end = (newest + BLANK + 1) // COLUMNS_PER_CELL + 1
        new = range(self._painted // COLUMNS_PER_CELL, end)
        self._painted = newest
        self._is_new = False
        everything = range(self.width)
        self._paint(everything if self._rescaled() else new[-self.width :])
        return True

    def _rescaled(self) -> bool:
        """Look at the scale four times a sweep; whether it changed."""
        if self._painted - self._scaled < self._sweep.columns // 4:
            return False
        self._scaled = self._painted
        before = self.scale_uv
        self.scale_uv = steady_scale_uv(before, self._sweep.reaches_uv())
        return self.scale_uv != before

    def _paint(self, places: range) -> None:
        for place in places:
            for channel in range(self.channels_shown):
                self._paint_cell(channel, place % self.width)

    def _paint_cell(self, channel: int, place: int) -> None:
        left = self._mask(channel, COLUMNS_PER_CELL * place)
        right = self._mask(channel, COLUMNS_PER_CELL * place + 1)
        top = channel * self.rows_per_channel
        for row in range(self.rows_per_channel):
            dots = cell(left, right, row)
            self.rows[top + row][place] = MARK if place in self._marked else dots

    def _mask(self, channel: int, column: int) -> int:
        span = self._sweep.span(channel, column)
        if span is None:
            return 0
        dots = DOTS_PER_ROW * self.rows_per_channel
        return column_mask(*span, scale=self.scale_uv, dots=dots)


def _plain(label: str) -> str:
    """A label as one character a cell, whatever came over the wire."""
    return "".join(sign if sign.isascii() and sign.isprintable() else "?" for sign in label)
