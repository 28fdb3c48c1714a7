"""The last seconds of one person's channels, as a bedside monitor keeps them.

New points overwrite the oldest from left to right, with a blank stretch before them, so that what
has been drawn stands still. One dot column holds the extremes of `steps_per_column` trace steps:

    column of a step = (origin + step // steps_per_column) % columns

`origin` moves when a board starts anew, so that its new segment goes on where the old one ended.
"""

from recorder.messages import Trace

# Dot columns kept empty before the newest point.
BLANK = 4
Span = tuple[float, float]


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
        steps = max((len(points) // 2 for points in trace.uv), default=0)
        for k in range(steps):
            self._advance(self._origin + (trace.first_step + k) // self._steps_per_column)
            for spans, points in zip(self._spans, trace.uv, strict=False):
                self._widen(spans, points[2 * k : 2 * k + 2])
        self._next_step = trace.first_step + steps

    def span(self, channel: int, column: int) -> Span | None:
        """What to draw in a column: its extremes, stretched to touch the column before it."""
        spans = self._spans[channel]
        span = spans[column]
        before = spans[column - 1]
        if span is None or before is None:
            return span
        return min(span[0], before[1]), max(span[1], before[0])

    def reaches_uv(self) -> list[float]:
        """How far from zero each channel goes in the columns kept; silent channels left out."""
        shown = [list(filter(None, spans)) for spans in self._spans]
        return [max(max(-low, high) for low, high in spans) for spans in shown if spans]

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

    def _widen(self, spans: list[Span | None], pair: list[float | None]) -> None:
        if len(pair) < 2 or pair[0] is None or pair[1] is None:
            return
        column = self.newest % self.columns
        span = spans[column]
        low, high = pair[0], pair[1]
        spans[column] = (low, high) if span is None else (min(low, span[0]), max(high, span[1]))
