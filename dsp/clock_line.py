"""The line that the world sees of a board's clock: a polyline with one knot a second.

It is continuous and strictly increasing. Whoever keeps the knots can give every sample the very
time it had here.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final, overload

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.int64] | NDArray[np.float64]

KNOTS_KEPT: Final = 8  # seconds of the past in which times are exact


@dataclass(frozen=True, slots=True)
class ClockFit:
    """One knot of the public line, and what was believed when it was made.

    Attributes:
        index: sample index within the segment at which the line bends.
        t_ns: CLOCK_MONOTONIC of that sample.
        period_ns: slope of the public line after the knot, in ns per sample.
        delay_ns: delay taken off the arrivals.
        sigma_ns: standard deviation of `t_ns`, the unknown part of the delay included. Boards of
            one kind share most of that part, so two of them agree better than it says.
        rate_hz: the board's sample rate.
        rate_sigma_hz: its standard deviation.
        provisional: the segment is younger than ten seconds.
        relocks: how often the clock has lost its line since it was made.
    """

    index: int
    t_ns: int
    period_ns: float
    delay_ns: float
    sigma_ns: float
    rate_hz: float
    rate_sigma_hz: float
    provisional: bool
    relocks: int


def times_from_knots(
    index: Reals,
    knots_index: NDArray[np.int64],
    knots_t_ns: NDArray[np.int64],
    knots_period_ns: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Times of samples from the knots of their segment, as the clock itself gave them.

    Before the first knot its line is drawn backwards. A reader leaves out the provisional knots of
    a segment that has later ones: the first settled line, drawn backwards, is better than they
    were.

    Args:
        index: sample indexes, whole or fractional, any shape.
        knots_index: (knots,) strictly increasing `ClockFit.index`.
        knots_t_ns: (knots,) `ClockFit.t_ns`.
        knots_period_ns: (knots,) `ClockFit.period_ns`.

    Returns:
        CLOCK_MONOTONIC nanoseconds, int64, in the shape of `index`.
    """
    piece = np.maximum(knots_index.searchsorted(index, side="right") - 1, 0)
    since_ns = np.rint((index - knots_index[piece]) * knots_period_ns[piece])
    times: NDArray[np.int64] = knots_t_ns[piece] + since_ns.astype(np.int64)
    return times


class PublicLine:
    """The newest knots of one segment, and the way from index to time and back along them."""

    def __init__(self) -> None:
        self._knots: deque[ClockFit] = deque(maxlen=KNOTS_KEPT)
        self._tabulate()

    @property
    def newest(self) -> ClockFit | None:
        """The newest knot; None before the first."""
        return self._knots[-1] if self._knots else None

    def add(self, knot: ClockFit) -> None:
        """Bend the line at a later index than before; it must lie on the line."""
        self._knots.append(knot)
        self._tabulate()

    def clear(self) -> None:
        """Forget all knots: another segment begins."""
        self._knots.clear()
        self._tabulate()

    @overload
    def time_ns(self, index: float) -> int: ...
    @overload
    def time_ns(self, index: Reals) -> NDArray[np.int64]: ...
    def time_ns(self, index: float | Reals) -> int | NDArray[np.int64]:
        """Times of samples; see `BoardClock.time_ns`."""
        self._require_knots()
        # one index as an array of one: tests/recorder/test_memory.py says why
        at = np.atleast_1d(index)
        times = times_from_knots(at, self._index, self._t_ns, self._period_ns)
        return int(times[0]) if np.isscalar(index) else times

    @overload
    def index_at(self, t_ns: float) -> float: ...
    @overload
    def index_at(self, t_ns: Reals) -> NDArray[np.float64]: ...
    def index_at(self, t_ns: float | Reals) -> float | NDArray[np.float64]:
        """Positions at instants; see `BoardClock.index_at`."""
        self._require_knots()
        at = np.atleast_1d(t_ns)
        piece = np.maximum(self._t_ns.searchsorted(at, side="right") - 1, 0)
        since = (at - self._t_ns[piece]) / self._period_ns[piece]
        positions: NDArray[np.float64] = self._index[piece] + since
        return float(positions[0]) if np.isscalar(t_ns) else positions

    def _require_knots(self) -> None:
        if not self._knots:
            raise RuntimeError("the clock has not seen a sample of this segment yet")

    def _tabulate(self) -> None:
        self._index = np.array([knot.index for knot in self._knots], np.int64)
        self._t_ns = np.array([knot.t_ns for knot in self._knots], np.int64)
        self._period_ns = np.array([knot.period_ns for knot in self._knots], np.float64)
