"""Whether something grows with something else within each of several dyads: a slope a dyad.

    slope    of each dyad, by least squares of its own sessions
    value    mean of the slopes, each dyad as heavy as the next
    low, high    its interval of 95 %, by Student's t over the dyads
    t        = mean / (standard deviation / sqrt(dyads))
    p        = share of draws of the dyads' signs, of which the own ones are one, with |t| as large

This is the two-stage form of a mixed model with a random intercept and slope of each dyad, and
where all dyads have equally many sessions it estimates the same. How dyads differ in level, or in
how they develop, is in the interval. If no dyad is more likely to rise than to fall, p is exact.
Several series are corrected by the largest |t| under the same signs.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.pair_shuffle import interval

Floats = NDArray[np.float64]

LEAST_SESSIONS: Final = 3
LEAST_DYADS: Final = 6  # of fewer the smallest p is over 5 %
DRAWS: Final = 4999
ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Slope:
    """One series over something.

    Attributes:
        value: mean slope, per unit of what it is over.
        low, high: its interval.
        chance_high: 95 of 100 draws of signs have a smaller |mean|.
        p, p_corrected: of this series alone; among all.
        dyads: how many have a slope.
    """

    value: float
    low: float
    high: float
    chance_high: float
    p: float
    p_corrected: float
    dyads: int


def slopes(x: Floats, y: Floats) -> Floats:
    """Slopes of one dyad, (series,); NaN of fewer than LEAST_SESSIONS, or where x is always alike.

    Args:
        x: (sessions,) NaN where it is not known.
        y: (series, sessions) NaN where there is no value.
    """
    there = np.isfinite(y) & np.isfinite(x)
    n = np.maximum(there.sum(axis=1, keepdims=True), 1)
    mine = np.where(there, x, 0)
    mine = np.where(there, mine - mine.sum(axis=1, keepdims=True) / n, 0)
    yours = np.where(there, y, 0)
    spread = (mine * mine).sum(axis=1)
    enough = (there.sum(axis=1) >= LEAST_SESSIONS) & (spread > 0)
    found: Floats = (mine * yours).sum(axis=1) / np.where(enough, spread, 1)
    return np.where(enough, found, np.nan)


def over_dyads(found: Floats, rng: np.random.Generator, draws: int = DRAWS) -> list[Slope | None]:
    """Test each series; None where fewer than LEAST_DYADS dyads have a slope.

    Args:
        found: (series, dyads) slopes, NaN where there is none.
        rng: draws the signs.
        draws: how many.
    """
    there = np.isfinite(found)
    n = there.sum(axis=1)
    enough = n >= LEAST_DYADS
    signs = np.ones((1 + draws, found.shape[1]))
    signs[1:] = rng.choice((-1.0, 1.0), (draws, found.shape[1]))
    mean, t = _drawn(np.where(there, found, 0), np.maximum(n, 1), signs)
    largest = np.where(enough[:, None], t, -np.inf).max(axis=0, initial=-np.inf)
    return [
        _tested(found[it][there[it]], mean[it], t[it], largest) if enough[it] else None
        for it in range(len(found))
    ]


def _drawn(slope: Floats, n: NDArray[np.int64], signs: Floats) -> tuple[Floats, Floats]:
    """|mean| and |t| under each draw of signs, (series, draws)."""
    mean = np.abs(slope @ signs.T) / n[:, None]
    square = (slope * slope).sum(axis=1) / n
    variance = np.maximum(square[:, None] - mean**2, np.finfo(np.float64).tiny)
    return mean, mean * np.sqrt(np.maximum(n - 1, 1))[:, None] / np.sqrt(variance)


def _tested(slope: Floats, mean: Floats, t: Floats, largest: Floats) -> Slope:
    low, high = interval(slope)
    return Slope(
        value=float(slope.mean()),
        low=low,
        high=high,
        chance_high=float(np.percentile(mean[1:], 95)),
        p=float(np.mean(t >= t[0] * (1 - ROUNDING))),
        p_corrected=float(np.mean(largest >= t[0] * (1 - ROUNDING))),
        dyads=len(slope),
    )
