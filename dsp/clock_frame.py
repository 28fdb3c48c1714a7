"""What the off-line clock starts from: a recorded segment, and the straight line through it.

Needs scipy; never in the service.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dsp.clock import BURST_LIMIT, CYTON_DELAY_NS, ClockMemory
from dsp.floor import SECOND_NS

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST_S: Final = 3.0  # a shorter segment is not worth a refit


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """Edges that a board's pin and the host saw, in order.

    Attributes:
        index: (n,) first sample with the new level.
        width: (n,) samples back to the last one with the old level; 1 if none was lost.
        t_ns: (n,) the host's stamps.
    """

    index: Integers
    width: Integers
    t_ns: Integers


NO_EDGES: Final = Edges(*(np.zeros(0, np.int64) for _ in range(3)))


@dataclass(frozen=True, slots=True, eq=False)
class SegmentReads:
    """One segment of one board, as recorded.

    Attributes:
        rate_hz: nominal.
        index: (n,) last sample of each read, increasing.
        arrival_ns: (n,) when the read returned.
        edges: those that the host saw, too.
        known: of the board, from elsewhere.
    """

    rate_hz: float
    index: Integers
    arrival_ns: Integers
    edges: Edges = NO_EDGES
    known: ClockMemory | None = None


@dataclass(slots=True, eq=False)
class Frame:
    """A segment about its straight line: what is left is small.

    Attributes:
        segment: what is fitted.
        first, base_ns, period: the line: time of sample i = base_ns + (i - first) * period.
        knots: (k,) indexes.
        seconds: what stands between two knots.
        floor_index, floor_ns: (m,) the earliest read of each second; lateness about the line.
        burst: samples that arrive together at least, however many the reader took at once.
        delay_ns: to be expected.
    """

    segment: SegmentReads
    first: int = field(init=False)
    base_ns: int = field(init=False)
    period: float = field(init=False)
    knots: Integers = field(init=False)
    seconds: float = field(init=False)
    floor_index: Integers = field(init=False)
    floor_ns: Floats = field(init=False)
    burst: float = field(init=False)
    delay_ns: float = field(init=False)

    def __post_init__(self) -> None:
        index, arrival_ns = self.segment.index, self.segment.arrival_ns
        length_s = (index[-1] - index[0]) / self.segment.rate_hz if len(index) else 0.0
        if length_s < LEAST_S:
            raise ValueError(f"a segment of {length_s:.1f} s is too short for a refit")
        known = self.segment.known
        self.delay_ns = CYTON_DELAY_NS if known is None else known.delay_ns
        self.first, self.base_ns = int(index[0]), int(arrival_ns[0])
        self.period = SECOND_NS / self.segment.rate_hz
        step = round(self.segment.rate_hz)
        self.burst = _burst(index, step)
        self.knots = np.arange(self.first, int(index[-1]) + step, step)
        self.seconds = step / self.segment.rate_hz
        self._straighten(index, self.left(index, arrival_ns))
        self._find_floor()
        self._straighten(self.floor_index, self.floor_ns + self.delay_ns)
        self._find_floor()

    def left(self, index: Integers, t_ns: Integers) -> Floats:
        """How much later than the line something is."""
        return (t_ns - self.base_ns) - (index - self.first) * self.period

    def spread(self, index: Integers) -> Any:
        """(n, k): which knots say how much about the samples `index`."""
        at = np.clip((index - self.first) / (self.knots[1] - self.first), 0, len(self.knots) - 1)
        before = np.minimum(at.astype(np.int64), len(self.knots) - 2)
        after = at - before
        rows = np.arange(len(index))
        values = np.concatenate([1 - after, after])
        places = np.concatenate([rows, rows]), np.concatenate([before, before + 1])
        return sparse.csr_array((values, places), (len(index), len(self.knots)))

    def _straighten(self, index: Integers, late_ns: Floats) -> None:
        """Lay the line through these, one delay before them."""
        slope, offset = np.polyfit(index - self.first, late_ns, 1).tolist()
        self.period += slope
        self.base_ns += round(offset - self.delay_ns)

    def _find_floor(self) -> None:
        index = self.segment.index
        late = self.left(index, self.segment.arrival_ns) - self.delay_ns
        second = (index - self.first) // (self.knots[1] - self.first)
        order = np.lexsort((late, second))
        earliest = order[np.unique(second[order], return_index=True)[1]]
        self.floor_index, self.floor_ns = index[earliest], late[earliest]


def _burst(index: Integers, second: int) -> float:
    """Return the median of the smallest reads, in samples, of each `second`."""
    begins = np.unique(index[1:] // second, return_index=True)[1]
    least = np.minimum.reduceat(np.diff(index), begins)
    return float(np.clip(np.median(least), 1.0, BURST_LIMIT))
