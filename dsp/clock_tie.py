"""Two boards' clocks, tied by trigger edges that both boards saw and the host did not.

Such an edge tells nothing of either board's delay, but it tells the difference of the two, which is
what the synchrony of two people hangs on. Board a has it between its samples index_a - width_a and
index_a, board b likewise, so

    -width_a * period <= time_b(index_b) - time_a(index_a) <= width_b * period

and, since the edge may lie anywhere, the likelihood of that difference is a trapezium: two boxes,
one on the other. Its product with what was believed before is summed up on a grid.
"""

from math import sqrt
from typing import Final

import numpy as np

from dsp.clock import BoardClock
from dsp.floor import DELAY_WANDER_NS, EDGE_GATE, SECOND_NS, FloorLine

POINTS: Final = 257
# Beats the grid's own step, 31 us for two boards at 250 Hz; no tie needs to be better.
LEAST_SIGMA_NS: Final = 50e3


class ClockTie:
    """Keeps the clocks of two boards together. Fixed memory.

    Edges that the host saw, too, belong to `BoardClock.anchor` alone.

    Args:
        clock_a: one board's clock.
        clock_b: the other's.
    """

    def __init__(self, clock_a: BoardClock, clock_b: BoardClock) -> None:
        self._clocks = clock_a, clock_b
        self._lines: tuple[FloorLine, FloorLine] | None = None
        self._variance = 0.0  # of the difference of the two delays
        self._tied_ns = 0

    @property
    def sigma_ns(self) -> float:
        """How well the difference of the two delays is known, since the last tie."""
        return sqrt(self._variance)

    def tie(self, at_a: tuple[float, float], at_b: tuple[float, float]) -> bool:
        """Take in an edge that both boards saw; move both clocks by their share of the doubt.

        Args:
            at_a: (index, width) of the first sample of a with the new level, and samples back to
                the last one with the old level: 1, or more where samples were lost.
            at_b: the same of b.

        Returns:
            Whether it was used: no, if a clock has not begun or the edge contradicts what is known.
        """
        line_a, line_b = self._clocks[0].line, self._clocks[1].line
        if line_a is None or line_b is None:
            return False
        self._wander(line_a, line_b)
        believed = _difference(line_a, at_a[0], line_b, at_b[0])
        low, high = -at_a[1] * line_a.period, at_b[1] * line_b.period
        # Of the two floors, each clock learns by itself.
        total = self._variance + line_a.floor_variance + line_b.floor_variance
        sigma = max(sqrt(total), LEAST_SIGMA_NS)
        if max(low - believed, believed - high) > EDGE_GATE * sigma:
            return False
        mean, left = _cut_by_trapezium(believed, sigma, low, high)
        share = self._variance / sigma**2
        self._variance -= share**2 * (sigma**2 - left)
        self._lean(share * (mean - believed), line_a, line_b)
        return True

    def _wander(self, line_a: FloorLine, line_b: FloorLine) -> None:
        """Let the doubt grow since the last tie, up to what the clocks say of their delays."""
        own = line_a.delay_variance + line_b.delay_variance
        if self._lines is None or self._lines[0] is not line_a or self._lines[1] is not line_b:
            self._lines = line_a, line_b
            self._variance, self._tied_ns = own, line_a.base_ns
        away_s = max(line_a.base_ns - self._tied_ns, 0) / SECOND_NS
        self._variance = min(self._variance + 2 * DELAY_WANDER_NS**2 * away_s, own)
        self._tied_ns = line_a.base_ns

    def _lean(self, later_ns: float, line_a: FloorLine, line_b: FloorLine) -> None:
        """Move b later and a earlier, each by its share of the doubt."""
        share_b = line_b.delay_variance / (line_a.delay_variance + line_b.delay_variance)
        self._clocks[0].lean(-later_ns * (1 - share_b))
        self._clocks[1].lean(later_ns * share_b)


def _cut_by_trapezium(
    believed: float, sigma: float, low: float, high: float
) -> tuple[float, float]:
    """Mean and variance of a normal variable times the trapezium over [low, high]."""
    difference = np.linspace(low, high, POINTS)
    height = np.minimum(np.minimum(difference - low, high - difference), min(-low, high))
    weight = height * np.exp(-((difference - believed) ** 2) / (2 * sigma**2))
    weight /= weight.sum()
    mean = float(weight @ difference)
    return mean, float(weight @ (difference - mean) ** 2)


def _difference(line_a: FloorLine, index_a: float, line_b: FloorLine, index_b: float) -> float:
    """time_b(index_b) - time_a(index_a), in ns."""
    return line_a.since(index_a, line_b.base_ns) - line_b.since(index_b, line_b.base_ns)
