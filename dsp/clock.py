"""One board's time: sample index -> CLOCK_MONOTONIC nanoseconds.

A read from the port can only be late: the radio repeats itself, the adapter waits for its timer,
the host is busy. The earliest arrivals therefore lie on a line, the floor, and

    time = floor - delay            delay: the way from converter to host

dsp/floor.py follows both lines. Where a trigger is seen by host and board, it tells the delay;
otherwise that is as good as what was known of it before. What the world sees is not the filter's
line, which may step, but a polyline that bends towards it (dsp/clock_line.py).

Source: simulation of two boards, their radio, adapter and host (tests/bench/clock_simulator.py).
The one-sided gate with its re-lock rule follows Klipper's clocksync.py.
"""

from dataclasses import dataclass
from math import hypot, inf, sqrt
from typing import Final, overload

import numpy as np
from numpy.typing import NDArray

from dsp.clock_line import KNOTS_KEPT, ClockFit, PublicLine, Reals, times_from_knots
from dsp.floor import (
    KNOWN_PERIOD_SIGMA,
    PERIOD_DRIFT,
    PERIOD_SIGMA,
    SECOND_NS,
    FloorLine,
    first_doubt,
)

__all__ = ["KNOTS_KEPT", "BoardClock", "ClockFit", "ClockMemory", "Reals", "times_from_knots"]

# Two 33-byte UART crossings at 115 200 baud (2 x 2.87 ms), the radio and a 1 ms adapter timer.
CYTON_DELAY_NS: Final = 7.2e6
# What is not known of the delay as long as no trigger seen by the board itself tells, ...
DELAY_SIGMA_NS: Final = 2e6
# ... and of one that was measured before: adapter and host tick in another phase each time.
KNOWN_DELAY_SIGMA_NS: Final = 0.5e6

BLOCK_NS: Final = SECOND_NS  # one update a second: 250 chances to see the floor
# While the period may be off by 0.5 %, the earliest of a second would only be its last.
OPENING_NS: Final = 3 * SECOND_NS
OPENING_BLOCK_NS: Final = SECOND_NS // 10
PROVISIONAL_NS: Final = 10 * SECOND_NS  # by then the floor has been seen
BURST_LIMIT: Final = 8.0  # more samples in one read were a silence or a stall

GATE_NS: Final = 8e6  # a block whose best arrival is later than this (and 3 sigma) is not used
RELOCK_NS: Final = 50e6  # an arrival this early means that the line is wrong, not the arrival
RELOCK_REJECTIONS: Final = 4  # so many blocks, or edges, refused in a row mean the same

SLEW: Final = 4e-3  # bend of a settled line: 4 ms a second
FAST_SLEW: Final = 0.5  # bend while provisional or far off; below 1, so that time never stops


@dataclass(frozen=True, slots=True)
class ClockMemory:
    """What to remember of a board from one session to the next.

    Attributes:
        period_ns: its sample period.
        delay_ns: the way from converter to host.
        delay_sigma_ns: standard deviation of `delay_ns`.
    """

    period_ns: float
    delay_ns: float = CYTON_DELAY_NS
    delay_sigma_ns: float = DELAY_SIGMA_NS


class BoardClock:
    """The clock of one board, fed by arrivals and edges. Fixed memory.

    Args:
        rate_hz: nominal sample rate.
        known: what an earlier session has measured of this very board.
        delay_ns: without `known`, the delay to expect. Default: a Cyton on a 1 ms adapter timer.

    Attributes:
        relocks: how often the line was lost, and found again, since the clock was made.
    """

    def __init__(
        self, rate_hz: float, *, known: ClockMemory | None = None, delay_ns: float = CYTON_DELAY_NS
    ) -> None:
        self.relocks = 0
        self._nominal = SECOND_NS / rate_hz
        self._period_sigma = PERIOD_SIGMA if known is None else KNOWN_PERIOD_SIGMA
        self._delay_sigma = DELAY_SIGMA_NS
        if known is not None:
            self._delay_sigma = hypot(known.delay_sigma_ns, KNOWN_DELAY_SIGMA_NS)
        self._known = known or ClockMemory(self._nominal, delay_ns)
        self._left_ns: int | None = None  # when the segment before ended
        self._line: FloorLine | None = None
        self._public = PublicLine()
        # Of the block under way: the read that lies nearest to the floor, and the smallest one.
        self._best = (0, 0)
        self._best_residual = inf
        self._least = inf  # samples
        self._read_first = 0  # index before the read under way
        self._newest = self._arrival_ns = self._block_end_ns = 0
        self._block_ns = OPENING_BLOCK_NS
        self._begin_ns = 0  # of this segment
        self._bend_ns = 0  # when the next knot is due
        self._found_ns = 0  # when the line was last found
        self._late_blocks = 0  # refused in a row
        self._odd_edges = 0  # refused in a row

    @property
    def fit(self) -> ClockFit | None:
        """The newest knot; None before the first sample of a segment."""
        return self._public.newest

    @property
    def sigma_ns(self) -> float:
        """Standard deviation of the newest times; infinite before the first sample."""
        fit = self._public.newest
        return inf if fit is None else fit.sigma_ns

    @property
    def memory(self) -> ClockMemory | None:
        """What to remember of the board; None until a segment has settled."""
        line = self._line
        if line is None or self._is_provisional():
            return None
        return ClockMemory(line.period, line.delay, sqrt(line.delay_variance))

    @property
    def line(self) -> FloorLine | None:
        """The filter itself, which may step; None before the first sample of a segment."""
        return self._line

    def begin_segment(self) -> None:
        """The board has restarted: its index begins again. Keep period and delay."""
        line, fit = self._line, self._public.newest
        if line is None or fit is None:
            return
        self._known = ClockMemory(line.period, line.delay)
        self._period_sigma = sqrt(line.period_variance) / self._nominal
        self._delay_sigma = sqrt(line.delay_variance)
        self._left_ns = fit.t_ns
        self._line = None
        self._public.clear()

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
        if arrival_ns != self._arrival_ns:
            self._end_read()
            if arrival_ns >= self._block_end_ns:
                self._end_block(line, arrival_ns)
            self._arrival_ns = arrival_ns
        self._newest = index
        if (residual := line.residual(index, arrival_ns)) < self._best_residual:
            self._best_residual, self._best = residual, (index, arrival_ns)

    def anchor(self, index: float, edge_ns: int, *, width: float = 1.0) -> bool:
        """Take in a trigger edge that host and board both saw.

        Args:
            index: the first sample at which the board's pin had the new level.
            edge_ns: CLOCK_MONOTONIC when the host saw the edge.
            width: samples back to the last one with the old level; more than 1 where samples
                between the two were lost.

        Returns:
            Whether it was used: no, before the first sample and if it contradicts what is known.
        """
        line = self._line
        if line is None:
            return False
        used = line.anchor(index, width, edge_ns)
        self._odd_edges = 0 if used else self._odd_edges + 1
        if self._odd_edges == RELOCK_REJECTIONS:
            line.doubt_delay(DELAY_SIGMA_NS)
            self._odd_edges = 0
        if self._best_residual < inf:
            self._best_residual = line.residual(*self._best)
        return used

    def lean(self, later_ns: float) -> None:
        """Take all samples to be so much later: the delay is that much shorter than believed.

        For what no observation of this board alone can tell (dsp/clock_tie.py).
        """
        if self._line is not None:
            self._line.lean(later_ns)

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
        return self._public.time_ns(index)

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
        return self._public.index_at(t_ns)

    def _is_provisional(self) -> bool:
        return self._arrival_ns < self._begin_ns + PROVISIONAL_NS

    def _begin(self, index: int, arrival_ns: int) -> None:
        away_s = 0.0 if self._left_ns is None else (arrival_ns - self._left_ns) / SECOND_NS
        drift = min(PERIOD_DRIFT * away_s, KNOWN_PERIOD_SIGMA)
        doubt = first_doubt(hypot(self._period_sigma, drift) * self._nominal, self._delay_sigma)
        known, begin_ns = self._known, arrival_ns - round(self._known.delay_ns)
        mean = known.period_ns, known.delay_ns
        self._line = FloorLine(index, begin_ns, self._nominal, *mean, doubt)
        self._newest, self._arrival_ns = index, arrival_ns
        self._best, self._best_residual = (index, arrival_ns), 0.0
        self._least, self._read_first = inf, index - 1
        self._begin_ns = self._found_ns = arrival_ns
        self._bend_ns = arrival_ns + BLOCK_NS
        self._block_ns = OPENING_BLOCK_NS
        self._block_end_ns = arrival_ns + self._block_ns
        self._late_blocks = self._odd_edges = 0
        self._add_knot(self._line, begin_ns, known.period_ns, 0.0)

    def _end_read(self) -> None:
        self._least = min(self._least, self._newest - self._read_first)
        self._read_first = self._newest

    def _end_block(self, line: FloorLine, next_arrival_ns: int) -> None:
        """A block has ended; so many samples as the adapter holds back are its smallest read.

        Others are larger, where the reader rested.
        """
        samples = self._newest - line.index
        burst = min(max(self._least, 1.0), BURST_LIMIT)
        line.advance(self._best[0], burst)
        self._update(line, sqrt(BLOCK_NS / self._block_ns))
        line.advance(self._newest, burst)
        self._best_residual = self._least = inf
        opening = next_arrival_ns < self._found_ns + OPENING_NS
        self._block_ns = OPENING_BLOCK_NS if opening else BLOCK_NS
        self._block_end_ns = next_arrival_ns + self._block_ns
        if samples > 0 and next_arrival_ns >= self._bend_ns:
            # Meet the filter's line in a second, or after the silence that ended the block.
            self._bend(line, max(next_arrival_ns - self._arrival_ns, BLOCK_NS))
            self._bend_ns = next_arrival_ns + BLOCK_NS

    def _update(self, line: FloorLine, coarseness: float) -> None:
        residual = self._best_residual
        if -RELOCK_NS < residual < max(GATE_NS, 3 * sqrt(line.floor_variance)):
            line.correct(residual, coarseness)
            self._late_blocks = 0
            return
        self._late_blocks += 1
        if residual <= -RELOCK_NS or self._late_blocks == RELOCK_REJECTIONS:
            line.snap(residual)
            self.relocks += 1
            self._late_blocks, self._found_ns = 0, self._arrival_ns

    def _bend(self, line: FloorLine, way_ns: int) -> None:
        """Add a knot at the newest sample, from which the public line runs to the filter's."""
        public_ns = self.time_ns(line.index)
        off = public_ns - line.base_ns - line.offset
        settled = not self._is_provisional() and abs(off) < RELOCK_NS
        limit = SLEW if settled else FAST_SLEW
        bend = min(max(off / way_ns, -limit), limit)
        self._add_knot(line, public_ns, line.period * (1 - bend), off)

    def _add_knot(self, line: FloorLine, t_ns: int, period_ns: float, off: float) -> None:
        rate_hz = SECOND_NS / line.period
        self._public.add(
            ClockFit(
                index=line.index,
                t_ns=t_ns,
                period_ns=period_ns,
                delay_ns=line.delay,
                sigma_ns=hypot(sqrt(line.time_variance), off),
                rate_hz=rate_hz,
                rate_sigma_hz=rate_hz * sqrt(line.period_variance) / line.period,
                provisional=self._is_provisional(),
                relocks=self.relocks,
            )
        )
