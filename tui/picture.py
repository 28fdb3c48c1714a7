"""The picture of one person's traces: rows of braille, repainted only where new points came."""

from collections.abc import Sequence
from operator import lshift
from statistics import median_low

from recorder.wire.messages import Trace
from tui import braille
from tui.braille import COLUMNS_PER_CELL, DOTS_PER_ROW
from tui.sweep import BLANK, Sweep

# About so many seconds from edge to edge; the second is short enough to see alpha as waves.
SPANS_S = (2.0, 4.0, 8.0, 16.0)
SPAN_S = SPANS_S[1]
LONGEST_LABEL = 16
TICKS_APART = 2  # places, at least
FIRST_SCALE_UV = 50.0
MARK = "┊"
LADDER_UV = (10.0, 20.0, 30.0, 50.0, 70.0, 100.0, 150.0, 200.0, 300.0, 500.0, 1000.0, 5000.0)
# A row and places in it.
Change = tuple[int, range]
# A smaller scale must be this much too large for the signal before the larger one is given up.
ROOM = 0.6


class Picture:
    """Sweeps traces over `width` x `height` characters.

    Attributes:
        labels: the channels' labels; only the first `height` of them fit.
        width: characters across.
        dots: how high one channel is; all are equally high.
        scale_uv: a channel's dots span -scale_uv to +scale_uv.
        span_s: seconds from edge to edge.
        rows: the characters, top first.
    """

    def __init__(
        self,
        labels: Sequence[str],
        step_s: float,
        *,
        width: int,
        height: int,
        span_s: float = SPAN_S,
        whole_rows: bool = False,
    ) -> None:
        """With `whole_rows` no two channels share a row: for signs that cannot show both."""
        columns = COLUMNS_PER_CELL * width
        steps_per_column = max(1, round(span_s / (columns * step_s)))
        self.labels = tuple(_plain(label) for label in labels)
        self.width = width
        self._whole_rows = whole_rows
        self.scale_uv = FIRST_SCALE_UV
        self.span_s = columns * step_s * steps_per_column
        self._sweep = Sweep(len(labels), columns, steps_per_column)
        self._painted = 0  # the newest column when last painted
        self._scaled = 0  # and when the scale was last looked at
        self._marked: set[int] = set()
        self._written: dict[int, str] = {}  # a label's letters, left of its mark
        self._is_new = self._all_is_new = False
        self._is_set = False
        self.set_height(height)

    @property
    def channels_shown(self) -> int:
        """How many channels fit."""
        return min(len(self.labels), DOTS_PER_ROW * len(self.rows) // self.dots)

    def set_height(self, height: int) -> None:
        """Spread the channels over `height` rows; what was swept stays."""
        step = DOTS_PER_ROW if self._whole_rows else 1
        self.dots = max(DOTS_PER_ROW, DOTS_PER_ROW * height // len(self.labels) // step * step)
        self.rows = [[" "] * self.width for _ in range(height)]
        self._labels = {self._middle(k): self.labels[k] for k in range(self.channels_shown)}
        self._paint(range(self.width))

    def _middle(self, channel: int) -> int:
        return (channel * self.dots + (self.dots - 1) // 2) // DOTS_PER_ROW

    def set_scale(self, scale_uv: float | None) -> None:
        """Show -scale_uv to +scale_uv from now on; None follows what there is."""
        self._is_set = scale_uv is not None
        self.scale_uv = scale_uv or self.scale_uv
        self._is_new = self._all_is_new = True

    @property
    def seconds(self) -> list[int]:
        """The places of whole seconds from the left edge; none where they would touch."""
        apart = self.width / self.span_s
        if apart < TICKS_APART:
            return []
        return [round(s * apart) for s in range(1, int(self.span_s + 0.5))]

    def label(self, row: int) -> str:
        """What stands before a row: a channel's label at the middle of its dots, else ""."""
        return self._labels.get(row, "")

    def extend(self, trace: Trace) -> None:
        """Take in new points; `draw` paints them."""
        first = self._sweep.newest // COLUMNS_PER_CELL + 1
        self._sweep.extend(trace)
        end = (self._sweep.newest + BLANK) // COLUMNS_PER_CELL + 1
        overtaken = range(first, end)[-self.width :]
        for place in overtaken:
            self._marked.discard(place % self.width)
            self._written.pop(place % self.width, None)
        self._is_new = True

    def mark(self, label: str = "") -> None:
        """Draw an upright line at the newest point, its label left of it, until they are swept."""
        if self._sweep.newest < 0:
            return
        place = self._sweep.newest // COLUMNS_PER_CELL % self.width
        text = _plain(label)[: min(LONGEST_LABEL, place)]
        self._marked.add(place)
        self._written |= dict(enumerate(text, start=place - len(text)))
        self._is_new = self._all_is_new = True

    def draw(self) -> list[Change]:
        """Paint the characters that new points have changed; where they are."""
        if not self._is_new:
            return []
        newest = self._sweep.newest
        # One column beyond the blank stretch: it has lost the neighbour that it was drawn to touch.
        end = (newest + BLANK + 1) // COLUMNS_PER_CELL + 1
        new = range(self._painted // COLUMNS_PER_CELL, end)
        self._painted = newest
        everything = self._rescaled() or self._all_is_new or len(new) >= self.width
        self._is_new = self._all_is_new = False
        stretches = [range(self.width)] if everything else _in_ring(new, self.width)
        return [change for stretch in stretches for change in self._paint(stretch)]

    def _rescaled(self) -> bool:
        """Look at the scale four times a sweep; whether it changed."""
        if self._is_set or self._painted - self._scaled < self._sweep.columns // 4:
            return False
        self._scaled = self._painted
        before = self.scale_uv
        self.scale_uv = steady_scale_uv(before, self._sweep.reaches_uv())
        return self.scale_uv != before

    def _paint(self, places: range) -> list[Change]:
        stretch = slice(places.start, places.stop)
        before = [row[stretch] for row in self.rows]
        for y, dots in enumerate(self._texts(places)):
            self.rows[y][stretch] = dots
        for place in self._marked.intersection(places):
            for row in self.rows:
                row[place] = MARK
        for place in self._written.keys() & set(places):
            self.rows[0][place] = self._written[place]
        pairs = zip(before, self.rows, strict=True)
        return [(y, places) for y, (old, row) in enumerate(pairs) if row[stretch] != old]

    def _texts(self, places: range) -> list[tuple[str, ...]]:
        """Each row's characters; a channel that has whole rows is quicker by itself."""
        each = [self._masks(channel, places) for channel in range(self.channels_shown)]
        if self.dots % DOTS_PER_ROW == 0:
            high = self.dots // DOTS_PER_ROW
            return [text for masks in each for text in braille.rows(masks, high)]
        downs = [channel * self.dots for channel in range(len(each))]
        columns = zip(*each, strict=True)
        together = [sum(map(lshift, column, downs)) for column in columns]
        return braille.rows(together, len(self.rows))

    def _masks(self, channel: int, places: range) -> list[int]:
        first, count = COLUMNS_PER_CELL * places.start, COLUMNS_PER_CELL * len(places)
        spans = self._sweep.spans(channel, first - 1, count + 1)
        return braille.joined_masks(spans, scale=self.scale_uv, dots=self.dots)


def steady_scale_uv(current_uv: float, reaches_uv: Sequence[float]) -> float:
    """A vertical scale that follows channels that reach so far from zero, and yet stands still.

    It follows the middle channel, so that one bad electrode does not flatten all others, and it
    comes down only when the middle channel would fill less than ROOM of the smaller scale.
    """
    if not reaches_uv:
        return current_uv
    middle = median_low(reaches_uv)
    if middle > current_uv:
        return _smallest_over(middle)
    return min(current_uv, _smallest_over(middle / ROOM))


def _smallest_over(reach_uv: float) -> float:
    return next((rung for rung in LADDER_UV if rung >= reach_uv), LADDER_UV[-1])


def _in_ring(places: range, width: int) -> list[range]:
    """Places that are counted without end, as one or two stretches of a ring of `width`."""
    begin = places.start % width
    end = begin + len(places)
    return [range(begin, end)] if end <= width else [range(begin, width), range(end - width)]


def _plain(label: str) -> str:
    """A label as one character a cell, whatever came over the wire."""
    return "".join(sign if sign.isascii() and sign.isprintable() else "?" for sign in label)
