"""How rare a number is among those that circular shifts make of the same two series.

    score(s) = |value(s)| sqrt(points(s) / points(0))       s: the shift, of all there are
    p        = share of shifts that score as high as none, which is one of them

where points is how many both have there: chance grows as 1 / sqrt(points). If the two are unrelated
and neither changes its ways, no shift is better than another, and p is exact, however much their
values resemble their neighbours. Shifts near 0 count, too: without them a high score would have
lost its own neighbours, and 7 or 8 of 100 unrelated pairs would be found at 5 %. So a relation that
is as strong some seconds off has no p below twice that time over the length of the session: short
sessions cannot tell slow relations.

Several tests together are corrected by the largest of them along the same shift (Westfall & Young
1993), in which their dependence is what it is:

    z(s)        = (score(s) - mean) / standard deviation, over all shifts, test by test
    p_corrected = share of shifts at which the largest z of all tests is as large as this one's

Where a test looks for the best of several lags, every shift does so too.
The null is "no relation in time". A drift that both share, or music that both hear, is one.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

Floats = NDArray[np.float64]

# A shift at which so much less is common does not count.
LEAST_COMMON: Final = 0.5
LEAST_SHIFTS: Final = 199
ROUNDING: Final = 1e-9
ENOUGH: Final = 20_000  # values for a percentile


@dataclass(frozen=True, slots=True)
class Tested:
    """One number against its shifts.

    Attributes:
        value: at `lag`.
        lag: the shift at which it is best, among those that were asked for.
        chance: mean of |value| over the shifts.
        chance_high: 95 of 100 shifts have a smaller |value|.
        chance_low_high: the 2.5th and 97.5th percentile of the values themselves.
        p: of this number alone; NaN where there are too few shifts, or no value.
        z: its score in standard deviations.
        n: shifts.
    """

    value: float
    lag: int = 0
    chance: float = np.nan
    chance_high: float = np.nan
    chance_low_high: tuple[float, float] = (np.nan, np.nan)
    p: float = np.nan
    z: float = np.nan
    n: int = 0


class ShiftFamily:
    """Tests on the same shifts, corrected for each other.

    Args:
        shifts: how many: the length of the circle; or as many people that somebody is paired with.
        least: of fewer nothing can be concluded.
    """

    def __init__(self, shifts: int, least: int = LEAST_SHIFTS) -> None:
        self._largest = np.full(shifts, -np.inf)
        self._least = least

    def add(self, value: Floats, points: Floats, lags: tuple[int, int] = (0, 0)) -> Tested:
        """One more test.

        Args:
            value: (shifts,) NaN where there is none.
            points: (shifts,) how many values it is made of.
            lags: among which shifts the best is looked for, (lowest, highest).
        """
        if len(value) < self._least:
            return Tested(float(value[0]))
        weight = np.sqrt(points / max(points[0], 1))
        weight[(points < LEAST_COMMON * points[0]) | (points <= 0)] = np.nan
        size = np.where(np.isnan(weight), np.nan, np.abs(value))
        best = _best_within(size * weight, lags)
        around = np.arange(lags[0], lags[1] + 1)
        lag = int(around[np.argmax(_or_least(size[around]))])
        missing = np.isnan(best)
        drawn = best[~missing] if missing.any() else best
        if len(drawn) < self._least or missing[0]:
            return Tested(float(value[lag]), lag)
        away = best - drawn.mean()
        z = away / max(float(drawn.std()), np.finfo(np.float64).tiny)
        np.fmax(self._largest, z, out=self._largest)
        kept = _some(value[np.isfinite(size)])
        sizes = _best_within(size, lags)
        sizes = _some(sizes[np.isfinite(sizes)])
        low, high = np.percentile(kept, (2.5, 97.5)).tolist()
        return Tested(
            value=float(value[lag]),
            lag=lag,
            chance=float(sizes.mean()),
            chance_high=float(np.percentile(sizes, 95)),
            chance_low_high=(low, high),
            p=float(np.count_nonzero(drawn >= best[0] * (1 - ROUNDING))) / len(drawn),
            z=float(z[0]),
            n=len(drawn),
        )

    def corrected(self, one: Tested) -> float:
        """The p of a test against the largest of all that were added; NaN where it has none."""
        if not np.isfinite(one.p):
            return float("nan")
        largest = self._largest[np.isfinite(self._largest)]
        return float(np.mean(largest >= one.z - ROUNDING))


def _some(values: Floats) -> Floats:
    """As many as tell a percentile, evenly taken: neighbouring shifts say nearly the same."""
    return values[:: max(len(values) // ENOUGH, 1)]


def _or_least(score: Floats) -> Floats:
    """What is not known is below all else."""
    return np.where(np.isnan(score), -np.inf, score)


def _best_within(score: Floats, lags: tuple[int, int]) -> Floats:
    """At each shift s the largest of the scores at s + lowest to s + highest; NaN where none is."""
    low, high = lags
    size = high - low + 1
    if size == 1:
        return np.roll(score, -low) if low else score
    # The filter's window of s begins at s - size // 2.
    best: Floats = maximum_filter1d(_or_least(score), size, mode="wrap")
    best[np.isneginf(best)] = np.nan
    return np.roll(best, -(low + size // 2))
