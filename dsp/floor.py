"""The line under a board's arrivals: earliest arrival against sample index.

    arrival = offset + period * index

A Kalman filter with the state (offset, period); both wander. It is given the smallest residual of
each second. An arrival may be late for many reasons and early for none: the noise is one-sided.
"""

from dataclasses import dataclass
from typing import Final

SECOND_NS: Final = 1_000_000_000

EARLY_NS: Final = 0.15e6  # an arrival before the line is nearly certain: nothing can be early ...
LATE_NS: Final = 1e6  # ... but anything can be late

OFFSET_SIGMA_NS: Final = 20e6  # of a first arrival: one read may hold 16 ms of samples and more
OFFSET_WANDER_NS: Final = 10e3  # per square root of a second

# The ADS1299 runs on its own RC oscillator: 0.5 % at room temperature, users saw 1 %.
PERIOD_LIMIT: Final = 0.012
PERIOD_SIGMA: Final = 6e-3
# 300 ppm of warm-up within ten minutes: what a period known from before may have changed since, ...
KNOWN_PERIOD_SIGMA: Final = 3e-4
PERIOD_DRIFT: Final = KNOWN_PERIOD_SIGMA / 600  # ... per second away, ...
PERIOD_WANDER: Final = 1.5e-6  # ... and what the filter must follow, per square root of a second


@dataclass(slots=True)
class FloorLine:
    """Kalman filter of the floor, in nanoseconds and samples.

    Scalars, because a 2 x 2 numpy product costs more than all of this. Times are an integer plus a
    small float: a float64 does not hold nanoseconds since boot for long.

    Attributes:
        index: reference sample.
        base_ns: with `offset`, the expected arrival of the reference sample.
        period: ns per sample.
        period_variance: of `period`, ns² per sample².
        nominal: the period the board should have.
        offset: see `base_ns`.
        offset_variance: of the expected arrival, ns².
        covariance: between offset and period.
    """

    index: int
    base_ns: int
    period: float
    period_variance: float
    nominal: float
    offset: float = 0.0
    offset_variance: float = OFFSET_SIGMA_NS**2
    covariance: float = 0.0

    def residual(self, index: int, arrival_ns: int) -> float:
        """How much later than expected a sample arrived, in ns."""
        return arrival_ns - self.base_ns - self.offset - (index - self.index) * self.period

    def advance(self, index: int) -> None:
        """Move the reference to a later index; doubt grows by what the oscillator may do."""
        n = index - self.index
        seconds = n * self.nominal / SECOND_NS
        period_noise = (PERIOD_WANDER * self.nominal) ** 2 * seconds
        self.offset_variance += n * (2 * self.covariance + n * self.period_variance)
        self.offset_variance += OFFSET_WANDER_NS**2 * seconds + period_noise * n * n / 3
        self.covariance += n * self.period_variance + period_noise * n / 2
        self.period_variance += period_noise
        self.index = index
        whole = int(self.offset + n * self.period)
        self.offset += n * self.period - whole
        self.base_ns += whole

    def correct(self, residual: float, *, with_period: bool) -> None:
        """Take in one residual seen at the reference sample.

        Args:
            residual: as `residual` gave it, in ns.
            with_period: also learn the slope from it.
        """
        total = self.offset_variance + (EARLY_NS if residual < 0 else LATE_NS) ** 2
        gain = self.offset_variance / total
        if with_period:
            limit = PERIOD_LIMIT * self.nominal
            period = self.period + self.covariance / total * residual
            self.period = min(max(period, self.nominal - limit), self.nominal + limit)
            self.period_variance -= self.covariance**2 / total
        self.offset += gain * residual
        self.offset_variance *= 1 - gain
        self.covariance *= 1 - gain

    def snap(self, residual: float) -> None:
        """Give up the line: take the residual whole, open offset and period again."""
        self.offset += residual
        self.offset_variance = OFFSET_SIGMA_NS**2
        self.period_variance = (PERIOD_SIGMA * self.nominal) ** 2
        self.covariance = 0.0
