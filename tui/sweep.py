"""The last seconds of one person's channels, as a bedside monitor keeps them.

New points overwrite the oldest from left to right, with a blank stretch before them, so that what
has been drawn stands still. One dot column holds the extremes of `steps_per_column` trace steps:

    column of a step = (origin + step // steps_per_column) % columns

`origin` moves when a board starts anew, so that its new segment goes on where the old one ended.
"""

from collections.abc import Sequence
from operator import itemgetter

from recorder.wire.messages import Trace
from tui.braille import Span

# Dot columns kept empty before the newest point.
BLANK = 4
LOW, HIGH = itemgetter(0), itemgetter(1)


class Sweep:
    """A ring of dot columns; each channel's column is (lowest, highest) in µV, or None.

    Attributes:
        columns: how many dot columns there are.
        newest: the newest column, counted without end from 0; -1 before the first.
    """

    def __init__(self, channels: int, columns: int, steps_per_column: int) -> None:
        self.columns = columns
        self.newest = -1
        self._steps_per_column = steps_per_column
        self._spans: list[list[Span | None]] = [[None] * columns for _ in range(channels)]
        self._segment = -1
        self._next_step = 0
        self._origin = 0

    def extend(self, trace: Trace) -> None:
        """Draw a push. Steps that are missing leave their columns empty."""
        if trace.segment != self._segment or trace.first_step < self._next_step:
            self._begin_segment(trace)
        end_step = trace.first_step + max((len(points) // 2 for points in trace.uv), default=0)
        if end_step > trace.first_step:
            steps = range(trace.first_step, end_step)
            self._advance(self._column(steps[-1]))
            # In a push that is longer than the ring, the newest steps take the others' places.
            oldest = self.newest + BLANK - self.columns
            columns = [self._column(step) for step in steps]
            places = [c % self.columns if c > oldest else None for c in columns]
            for spans, points in zip(self._spans, trace.uv, strict=False):
                _widen(spans, places, points)
        self._next_step = end_step

    def spans(self, channel: int, first: int, count: int) -> list[Span | None]:
        """The extremes in `count` columns from `first` on, wherever that is in the ring."""
        ring, begin = self._spans[channel], first % self.columns
        inside = begin + count <= self.columns
        return ring[begin : begin + count] if inside else (ring[begin:] + ring)[:count]

    def reaches_uv(self) -> list[float]:
        """How far from zero each channel goes in the columns kept; silent channels left out."""
        shown = [list(filter(None, spans)) for spans in self._spans]
        edges = ((min(map(LOW, spans)), max(map(HIGH, spans))) for spans in shown if spans)
        return [max(-low, high) for low, high in edges]

    def _column(self, step: int) -> int:
        return self._origin + step // self._steps_per_column

    def _begin_segment(self, trace: Trace) -> None:
        """Go on one blank stretch after the newest column: how long nothing came is not known."""
        self._segment = trace.segment
        begin = self.newest + BLANK if self.newest >= 0 else 0
        self._origin = begin - trace.first_step // self._steps_per_column

    def _advance(self, column: int) -> None:
        """Move to `column`, emptying all that is passed over and the stretch before it."""
        first = max(self.newest + 1, column - self.columns)
        for passed in range(first + BLANK, column + BLANK + 1):
            for spans in self._spans:
                spans[passed % self.columns] = None
        self.newest = max(self.newest, column)


def _widen(
    spans: list[Span | None], places: Sequence[int | None], points: Sequence[float | None]
) -> None:
    """Take one channel's pairs of minimum and maximum in, each at its place."""
    for place, low, high in zip(places, points[::2], points[1::2], strict=False):
        if place is None or low is None or high is None:
            continue
        span = spans[place]
        spans[place] = (low, high) if span is None else (min(low, span[0]), max(high, span[1]))
