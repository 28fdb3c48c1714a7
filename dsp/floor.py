"""The two lines of a board: when its samples were taken, and when the earliest of them arrive.

    time    = offset + period * index
    arrival = time + delay + lateness      the floor: where the lateness is nothing

A Kalman filter with the state (offset, period, delay); all three wander. It learns from

    the floor   the smallest residual of each second. An arrival may be late for many reasons and
                early for none: the noise is one-sided.
    edges       a trigger that host and board both saw. The board reads its pin once a sample, so
                the edge lies between two samples and no place between them is likelier than
                another. Most edges say nothing new; one that falls near either end of what was
                thought possible says a lot. The mean and the variance of a normal distribution cut
                off at both ends say how much (assumed density filtering: Maybeck, Stochastic
                Models, Estimation and Control, volume 2, 12.7).

The floor alone cannot tell offset from delay: their sum is as good as the delay was known before.
"""

from dataclasses import dataclass, field
from math import erf, exp, pi, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

SECOND_NS: Final = 1_000_000_000

# An arrival before the floor is telling, for nothing can be early; but the timers of adapter and
# host beat, half a millisecond up and down for seconds.
EARLY_NS: Final = 0.5e6
LATE_NS: Final = 3e6
# The timers of adapter and host beat: per square root of a second; n times as much where n samples
# arrive together.
DELAY_WANDER_NS: Final = 15e3

OFFSET_SIGMA_NS: Final = 20e6  # of a first arrival: one read may hold 16 ms of samples and more
OFFSET_WANDER_NS: Final = 10e3  # per square root of a second

# The ADS1299 runs on its own RC oscillator: 0.5 % at room temperature, users saw 1 %.
PERIOD_LIMIT: Final = 0.012
PERIOD_SIGMA: Final = 6e-3
# 300 ppm of warm-up within ten minutes: what a period known from before may have changed since, ...
KNOWN_PERIOD_SIGMA: Final = 3e-4
PERIOD_DRIFT: Final = KNOWN_PERIOD_SIGMA / 600  # ... per second away, ...
PERIOD_WANDER: Final = 2.5e-6  # ... and what the filter must follow, per square root of a second

EDGE_SIGMA_NS: Final = 0.1e6  # the host's stamp of an edge: an interrupt, at times held up
EDGE_GATE: Final = 5.0  # an edge so many sigmas outside of where it can be is not used


@dataclass(slots=True)
class FloorLine:
    """Kalman filter of both lines, in nanoseconds and samples.

    Times are an integer plus a small float: a float64 does not hold nanoseconds since boot for
    long. What each read needs is kept as plain floats, which are quicker than an array's.

    Attributes:
        index: reference sample.
        base_ns: with `offset`, the time of the reference sample.
        nominal: the period the board should have.
        period: ns per sample.
        delay: the floor lies so much later than the samples.
        doubt: (3, 3) covariance of (offset, period, delay), ns² and samples.
        offset: see `base_ns`.
    """

    index: int
    base_ns: int
    nominal: float
    period: float
    delay: float
    doubt: NDArray[np.float64]
    offset: float = 0.0
    _floor: float = field(init=False)

    def __post_init__(self) -> None:
        self._floor = self.offset + self.delay

    @property
    def time_variance(self) -> float:
        """Of the time of the reference sample, ns²."""
        return float(self.doubt[0, 0])

    @property
    def period_variance(self) -> float:
        """Of `period`, ns² per sample²."""
        return float(self.doubt[1, 1])

    @property
    def delay_variance(self) -> float:
        """Of `delay`, ns²."""
        return float(self.doubt[2, 2])

    @property
    def floor_variance(self) -> float:
        """Of the floor at the reference sample, ns²."""
        return float(self.doubt[0, 0] + 2 * self.doubt[0, 2] + self.doubt[2, 2])

    def since(self, index: float, t_ns: int) -> float:
        """How much later than the time of a sample `t_ns` is, in ns."""
        return t_ns - self.base_ns - self.offset - (index - self.index) * self.period

    def residual(self, index: int, arrival_ns: int) -> float:
        """How much later than the floor a sample arrived, in ns."""
        return arrival_ns - self.base_ns - self._floor - (index - self.index) * self.period

    def advance(self, index: int, burst: float) -> None:
        """Move the reference to a later index; doubt grows by what the timers may do.

        Args:
            index: the new reference.
            burst: samples that arrive together at least.
        """
        n = index - self.index
        seconds = n * self.nominal / SECOND_NS
        period_noise = (PERIOD_WANDER * self.nominal) ** 2 * seconds
        step = np.array([[1.0, n, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        self.doubt = step @ self.doubt @ step.T
        self.doubt[0, 0] += OFFSET_WANDER_NS**2 * seconds + period_noise * n * n / 3
        self.doubt[0, 1] += period_noise * n / 2
        self.doubt[1, 0] += period_noise * n / 2
        self.doubt[1, 1] += period_noise
        self.doubt[2, 2] += (DELAY_WANDER_NS * burst) ** 2 * seconds
        self.index = index
        whole = int(self.offset + n * self.period)
        self._move(n * self.period - whole, 0.0, 0.0)
        self.base_ns += whole

    def correct(self, residual: float, coarseness: float) -> None:
        """Take in one residual seen at the reference sample.

        Args:
            residual: as `residual` gave it, in ns.
            coarseness: 1 for the best of a second; more for the best of a shorter time.
        """
        noise = coarseness * (EARLY_NS if residual < 0 else LATE_NS)
        seen = np.array([1.0, 0.0, 1.0])
        total = self.floor_variance + noise**2
        self._learn(seen, residual, total, 0.0)

    def anchor(self, index: float, width: float, edge_ns: int) -> bool:
        """Take in an edge that lies less than `width` samples before `index`.

        Args:
            index: the sample at which the board's pin had the new level.
            width: samples back to the last one known to have had the old level.
            edge_ns: when the host saw it.

        Returns:
            Whether it was used: no, if it contradicts what is known.
        """
        seen = np.array([1.0, index - self.index, 0.0])
        total = float(seen @ self.doubt @ seen) + EDGE_SIGMA_NS**2
        # The time of the sample is so much later than the edge: between 0 and the width.
        after, widest, sigma = -self.since(index, edge_ns), width * self.period, sqrt(total)
        if max(-after, after - widest) > EDGE_GATE * sigma:
            return False
        shift, left = cut_off(-after / sigma, (widest - after) / sigma)
        self._learn(seen, shift * sigma, total, left * total)
        return True

    def lean(self, later_ns: float) -> None:
        """Take all samples to be so much later, with the floor where it is."""
        self._move(later_ns, 0.0, -later_ns)

    def doubt_delay(self, sigma_ns: float) -> None:
        """Open the delay, and with it the time of the samples, but not the floor."""
        apart = np.array([1.0, 0.0, -1.0])
        self.doubt = self.doubt + sigma_ns**2 * np.outer(apart, apart)

    def snap(self, residual: float) -> None:
        """Give up the line: take the residual whole, open offset and period, keep the delay."""
        self._move(residual, 0.0, 0.0)
        period_sigma = PERIOD_SIGMA * self.nominal
        self.doubt = first_doubt(period_sigma, sqrt(self.delay_variance))

    def _learn(self, seen: NDArray[np.float64], shift: float, total: float, left: float) -> None:
        """What was seen lies `shift` from where it was expected.

        Args:
            seen: (3,) the combination of the state that was seen.
            shift: from what was expected to what is now believed to have been seen.
            total: variance of the expectation and the noise of what is seen.
            left: variance of what is now believed to have been seen.
        """
        gain = self.doubt @ seen / total
        self.doubt = self.doubt - (total - left) * np.outer(gain, gain)
        self._move(*(gain * shift).tolist())

    def _move(self, offset: float, period: float, delay: float) -> None:
        limit = PERIOD_LIMIT * self.nominal
        self.offset += offset
        self.period = min(max(self.period + period, self.nominal - limit), self.nominal + limit)
        self.delay += delay
        self._floor = self.offset + self.delay


def first_doubt(period_sigma: float, delay_sigma: float) -> NDArray[np.float64]:
    """Covariance after a first arrival: the floor is known a little, the delay as before.

    Args:
        period_sigma: ns per sample.
        delay_sigma: ns.
    """
    delay_variance = delay_sigma**2
    return np.array(
        [
            [OFFSET_SIGMA_NS**2 + delay_variance, 0.0, -delay_variance],
            [0.0, period_sigma**2, 0.0],
            [-delay_variance, 0.0, delay_variance],
        ]
    )


def cut_off(low: float, high: float) -> tuple[float, float]:
    """Mean and variance of a standard normal variable that is known to lie in [low, high].

    Source: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions, volume 1, 13.10.
    """
    inside = (erf(high / sqrt(2)) - erf(low / sqrt(2))) / 2
    at_low, at_high = (exp(-x * x / 2) / sqrt(2 * pi) / inside for x in (low, high))
    mean = at_low - at_high
    return mean, max(1 + low * at_low - high * at_high - mean * mean, 0.0)
