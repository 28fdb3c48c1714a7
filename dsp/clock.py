"""One board's time: sample index -> CLOCK_MONOTONIC nanoseconds.

A read from the port can only be late: the radio repeats itself, the adapter waits for its timer,
the host is busy. The earliest arrivals therefore lie on a line, the floor (dsp/floor.py), and

    time = floor - delay            delay: the fixed way from converter to host

What the world sees is not that line, which may step, but a polyline that bends towards it. It is
continuous and strictly increasing and has one knot a second; whoever keeps the knots can give every
sample the very time it had here.

Source: simulation of two boards, their radio, adapter and host (tests/dsp/clock_simulator.py). The
one-sided gate with its re-lock rule follows Klipper's clocksync.py.
"""

from collections import deque
from dataclasses import dataclass
from math import inf, sqrt
from typing import Final, overload

import numpy as np
from numpy.typing import NDArray

from dsp.floor import KNOWN_PERIOD_SIGMA, PERIOD_DRIFT, PERIOD_SIGMA, SECOND_NS, FloorLine

Reals = NDArray[np.int64] | NDArray[np.float64]

# Two 33-byte UART crossings at 115 200 baud (2 x 2.87 ms), the radio and a 1 ms adapter timer.
CYTON_DELAY_S: Final = 7.2e-3
# What is not known of the delay as long as no trigger seen by the board itself tells.
DELAY_SIGMA_NS: Final = 2e6

BLOCK_NS: Final = SECOND_NS  # one update a second: 250 chances to see the floor
BLIND_BLOCKS: Final = 3  # a slope from the first seconds is made of scheduling jitter
PROVISIONAL_BLOCKS: Final = 10  # by then the floor has been seen

GATE_NS: Final = 8e6  # a block whose best arrival is later than this (and 3 sigma) is not used
RELOCK_NS: Final = 50e6  # an arrival this early means that the line is wrong, not the arrival
RELOCK_REJECTIONS: Final = 4  # so many blocks refused in a row mean the same

SLEW: Final = 4e-3  # bend of a settled line: 4 ms a second
FAST_SLEW: Final = 0.5  # bend while provisional or far off; below 1, so that time never stops
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
        provisional: the segment is younger than its first ten blocks.
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
    piece = np.maximum(np.searchsorted(knots_index, index, side="right") - 1, 0)
    since_ns = np.rint((index - knots_index[piece]) * knots_period_ns[piece])
    times: NDArray[np.int64] = knots_t_ns[piece] + since_ns.astype(np.int64)
    return times


class BoardClock:
    """The clock of one board, fed by arrivals. Fixed memory.

    Args:
        rate_hz: nominal sample rate.
        delay_s: the fixed way from converter to host. Default: a Cyton on a 1 ms adapter timer.
        period_s: sample period measured in an earlier session; the nominal one by default.
    """

    def __init__(
        self, rate_hz: float, *, delay_s: float = CYTON_DELAY_S, period_s: float | None = None
    ) -> None:
        self._nominal = SECOND_NS / rate_hz
        self._delay = delay_s * SECOND_NS
        self._period = self._nominal if period_s is None else period_s * SECOND_NS
        self._period_sigma = PERIOD_SIGMA if period_s is None else KNOWN_PERIOD_SIGMA
        self._left_ns: int | None = None  # when the segment before ended
        self._line: FloorLine | None = None
        self._newest = 0
        self._block_end_ns = 0
        self._best_index = 0
        self._best_residual = inf
        self._blocks = 0  # of this segment
        self._locked_blocks = 0  # since the line was last found
        self._rejections = 0
        self._relocks = 0
        self._set_knots(())

    @property
    def fit(self) -> ClockFit | None:
        """The newest knot; None before the first sample of a segment."""
        return self._knots[-1] if self._knots else None

    def begin_segment(self) -> None:
        """The board has restarted: its index begins again. Keep its period, forget the offset."""
        if self._line is None:
            return
        self._period = self._line.period
        self._period_sigma = sqrt(self._line.period_variance) / self._nominal
        self._left_ns = self._knots[-1].t_ns
        self._line = None
        self._set_knots(())

    def observe(self, index: int, arrival_ns: int) -> None:
        """Take in one read.

        Args:
            index: the last sample that the read completed. One that is not newer than all before it
                came late and is ignored.
            arrival_ns: CLOCK_MONOTONIC when the read returned.
        """
        line = self._line
        if line is None:
            self._begin(index, arrival_ns)
            return
        if index <= self._newest:
            return
        if arrival_ns >= self._block_end_ns:
            self._end_block(line, index)
            self._block_end_ns = arrival_ns + BLOCK_NS
        self._newest = index
        residual = line.residual(index, arrival_ns)
        if residual < self._best_residual:
            self._best_residual = residual
            self._best_index = index

    @overload
    def time_ns(self, index: float) -> int: ...
    @overload
    def time_ns(self, index: Reals) -> NDArray[np.int64]: ...
    def time_ns(self, index: float | Reals) -> int | NDArray[np.int64]:
        """CLOCK_MONOTONIC at which samples were taken.

        Args:
            index: one sample index or an array of them, whole or fractional. Exact for the last
                seconds; older ones lie on the oldest piece kept, drawn backwards.

        Raises:
            RuntimeError: no sample of this segment has been observed.
        """
        self._require_knots()
        at = np.asarray(index)
        times = times_from_knots(at, self._knots_index, self._knots_t_ns, self._knots_period)
        return times if at.ndim else int(times)

    @overload
    def index_at(self, t_ns: float) -> float: ...
    @overload
    def index_at(self, t_ns: Reals) -> NDArray[np.float64]: ...
    def index_at(self, t_ns: float | Reals) -> float | NDArray[np.float64]:
        """Sample position, fractional, at given instants: the inverse of `time_ns`.

        Args:
            t_ns: one instant or an array of them, CLOCK_MONOTONIC.

        Raises:
            RuntimeError: no sample of this segment has been observed.
        """
        self._require_knots()
        at = np.asarray(t_ns)
        piece = np.maximum(np.searchsorted(self._knots_t_ns, at, side="right") - 1, 0)
        since = (at - self._knots_t_ns[piece]) / self._knots_period[piece]
        positions: NDArray[np.float64] = self._knots_index[piece] + since
        return positions if at.ndim else float(positions)

    def _require_knots(self) -> None:
        if not self._knots:
            raise RuntimeError("the clock has not seen a sample of this segment yet")

    def _begin(self, index: int, arrival_ns: int) -> None:
        away_s = 0.0 if self._left_ns is None else (arrival_ns - self._left_ns) / SECOND_NS
        drift = min(PERIOD_DRIFT * away_s, KNOWN_PERIOD_SIGMA)
        variance = (self._period_sigma**2 + drift**2) * self._nominal**2
        self._line = FloorLine(index, arrival_ns, self._period, variance, self._nominal)
        self._newest = self._best_index = index
        self._best_residual = 0.0
        self._block_end_ns = arrival_ns + BLOCK_NS
        self._blocks = self._locked_blocks = self._rejections = 0
        self._add_knot(self._line, arrival_ns - round(self._delay), self._period, 0.0)

    def _end_block(self, line: FloorLine, next_index: int) -> None:
        line.advance(self._best_index)
        self._update(line, self._best_residual)
        line.advance(self._newest)
        self._best_residual = inf
        self._blocks += 1
        if self._newest > self._knots[-1].index:
            self._bend(line, next_index)

    def _update(self, line: FloorLine, residual: float) -> None:
        self._locked_blocks += 1
        if -RELOCK_NS < residual < max(GATE_NS, 3 * sqrt(line.offset_variance)):
            line.correct(residual, with_period=self._locked_blocks > BLIND_BLOCKS)
            self._rejections = 0
            return
        self._rejections += 1
        if residual <= -RELOCK_NS or self._rejections == RELOCK_REJECTIONS:
            line.snap(residual)
            self._relocks += 1
            self._rejections = self._locked_blocks = 0

    def _bend(self, line: FloorLine, next_index: int) -> None:
        """Add a knot at the newest sample, from which the public line runs towards the floor's."""
        public_ns = self.time_ns(line.index)
        off = public_ns - line.base_ns - line.offset + self._delay
        settled = self._blocks >= PROVISIONAL_BLOCKS and abs(off) < RELOCK_NS
        limit = SLEW if settled else FAST_SLEW
        # Meet the line in one block, or after the silence that ended this one.
        way_ns = max((next_index - line.index) * line.period, BLOCK_NS)
        bend = min(max(off / way_ns, -limit), limit)
        self._add_knot(line, public_ns, line.period * (1 - bend), off)

    def _add_knot(self, line: FloorLine, t_ns: int, period_ns: float, off: float) -> None:
        rate_hz = SECOND_NS / line.period
        knot = ClockFit(
            index=line.index,
            t_ns=t_ns,
            period_ns=period_ns,
            delay_ns=self._delay,
            sigma_ns=sqrt(line.offset_variance + DELAY_SIGMA_NS**2 + off**2),
            rate_hz=rate_hz,
            rate_sigma_hz=rate_hz * sqrt(line.period_variance) / line.period,
            provisional=self._blocks < PROVISIONAL_BLOCKS,
            relocks=self._relocks,
        )
        self._set_knots((*self._knots, knot))

    def _set_knots(self, knots: tuple[ClockFit, ...]) -> None:
        self._knots = deque(knots, maxlen=KNOTS_KEPT)
        self._knots_index = np.array([knot.index for knot in self._knots], np.int64)
        self._knots_t_ns = np.array([knot.t_ns for knot in self._knots], np.int64)
        self._knots_period = np.array([knot.period_ns for knot in self._knots], np.float64)
