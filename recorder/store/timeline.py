"""Sample index -> time for one segment of a stored board."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dsp.clock import Reals, times_from_knots


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The clock of one segment: knots of a polyline, indexes strictly increasing.

    Attributes:
        index: (knots,) int64 sample indexes.
        t_ns: (knots,) int64 their times.
        period_ns: (knots,) float64 from each knot on.
        settled: made from settled knots; otherwise from provisional ones or from arrivals alone.
    """

    index: NDArray[np.int64]
    t_ns: NDArray[np.int64]
    period_ns: NDArray[np.float64]
    settled: bool

    @classmethod
    def from_knots(cls, knots: list[tuple[int, int, float, int]]) -> Self:
        """From rows (idx, t_ns, period_ns, provisional); only the settled ones where there are any.

        Raises:
            ValueError: there are none.
        """
        if not knots:
            raise ValueError("a timeline needs a knot")
        settled = [knot for knot in knots if not knot[3]]
        idx, t_ns, period_ns, _ = zip(*(settled or knots), strict=True)
        return cls(
            np.array(idx, np.int64),
            np.array(t_ns, np.int64),
            np.array(period_ns, np.float64),
            bool(settled),
        )

    @classmethod
    def from_arrivals(
        cls, index: NDArray[np.int64], arrival_ns: NDArray[np.int64], period_ns: float
    ) -> Self:
        """From arrivals alone, at the nominal period: a read can be late, never early.

        Raises:
            ValueError: there are none.
        """
        if not len(index):
            raise ValueError("a timeline needs an arrival")
        since_ns = np.rint((index - index[0]) * period_ns).astype(np.int64)
        start_ns = (arrival_ns - since_ns).min()
        return cls(index[:1], np.array([start_ns]), np.array([period_ns]), settled=False)

    def times_ns(self, index: Reals) -> NDArray[np.int64]:
        """CLOCK_MONOTONIC of the samples at `index`, any shape."""
        return times_from_knots(index, self.index, self.t_ns, self.period_ns)

    def increases(self) -> bool:
        """Whether times increase with the index, also from the last sample before a knot to it."""
        steps, spans_ns = np.diff(self.index), np.diff(self.t_ns)
        if not (np.all(np.isfinite(self.period_ns)) and np.all(self.period_ns > 0)):
            return False
        return bool(np.all(steps > 0) and np.all(spans_ns > (steps - 1) * self.period_ns[:-1]))
