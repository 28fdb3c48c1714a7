"""How far raters agree about the moments of a session, and how far they would by chance.

Krippendorff's alpha (Krippendorff 2011, Computing Krippendorff's Alpha-Reliability) of nominal
values on a grid of time: at each of its points a rater says of interest, of no interest, neither.
Neighbouring points are no independent witnesses, so that alpha has no use for its own tables of
chance: each rater's track is turned around by a random time instead, which keeps how often and how
long he or she marks, and breaks when.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isnan, nan

import numpy as np
from numpy.typing import NDArray

from recorder.moments.moment import SORTS, Moment

STEP_S = 1.0
INSTANT_S = 1.0  # for so long does an instant count, from itself on
SHIFTS = 999
CHANCE_PERCENT = 95.0
NEITHER = 0
Codes = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of two raters or more.

    Attributes:
        raters: their codes.
        step_s: of the grid.
        alpha: 1 where all agree, 0 where as far as values thrown together; NaN where nobody marks
            anything.
        chance: so high is alpha by chance in one of twenty cases, after random shifts.
        p: share of shifts, with the raters as they are, in which it is at least as high as found.
        shifts: how many there were.
        seed: that they were drawn with.
    """

    raters: tuple[str, ...]
    step_s: float
    alpha: float
    chance: float
    p: float
    shifts: int
    seed: int


def agreement(
    by_rater: Mapping[str, Sequence[Moment]],
    duration_s: float,
    seed: int,
    *,
    step_s: float = STEP_S,
    shifts: int = SHIFTS,
) -> Agreement:
    """How far raters agree, and what is chance.

    Args:
        by_rater: the moments of each.
        duration_s: of the session, which each of them has rated all of.
        seed: of the shifts.
        step_s: of the grid.
        shifts: how many are drawn.

    Raises:
        ValueError: fewer than two raters, or a session of fewer than two steps.
    """
    if len(by_rater) < 2:
        raise ValueError("agreement takes two raters")
    if duration_s < 2 * step_s:
        raise ValueError(f"too short for a grid of {step_s:g} s")
    codes = np.stack([on_grid(moments, duration_s, step_s) for moments in by_rater.values()])
    found = alpha(codes)
    by_chance = np.array(_by_chance(codes, np.random.default_rng(seed), shifts))
    known = by_chance[~np.isnan(by_chance)]
    chance = float(np.percentile(known, CHANCE_PERCENT)) if len(known) else nan
    p = nan if isnan(found) else (1 + int(np.sum(known >= found))) / (1 + len(known))
    return Agreement(tuple(by_rater), step_s, found, chance, p, shifts, seed)


def on_grid(moments: Sequence[Moment], duration_s: float, step_s: float) -> Codes:
    """What a rater says at the middle of each step: 0 neither, 1 of interest, 2 of no interest."""
    middles_s = (np.arange(int(duration_s / step_s)) + 0.5) * step_s
    codes = np.full(len(middles_s), NEITHER, np.int8)
    for moment in moments:
        end_s = moment.end_s if moment.end_s > moment.begin_s else moment.begin_s + INSTANT_S
        there = (middles_s >= moment.begin_s) & (middles_s < end_s)
        codes[there] = 1 + SORTS.index(moment.sort)
    return codes


def alpha(codes: Codes) -> float:
    """Krippendorff's alpha of nominal values.

    Args:
        codes: (raters, units) of 0, 1, 2 ...; -1 where somebody has said nothing.

    Returns:
        1 - observed / expected disagreement; NaN where no two have said anything of one unit, or
        all have said the same of all.
    """
    values = range(max(int(codes.max()), 0) + 1)
    counts = np.stack([np.sum(codes == value, axis=0) for value in values])
    counts = counts[:, counts.sum(axis=0) > 1]  # with what one alone has said nothing is compared
    same = np.sum(counts * (counts - 1) / (counts.sum(axis=0) - 1))
    return _alpha(float(same), counts.sum(axis=1))


def _alpha(same: float, of_value: NDArray[np.int64]) -> float:
    """Alpha of how many pairs of one unit are the same, and of how many said each value."""
    n = int(of_value.sum())
    apart = n * n - int(np.sum(of_value**2))
    return 1 - (n - 1) * (n - same) / apart if apart else nan


def _by_chance(codes: Codes, rng: np.random.Generator, shifts: int) -> list[float]:
    """Alpha after each rater's track was turned around by a random number of units.

    What each says in all stays, so that only the pairs that are the same change; how many those
    are after any turn is known by one transform.
    """
    raters, units = codes.shape
    drawn = rng.integers(0, units, (shifts, raters))
    same = np.zeros(shifts)
    for one, other in combinations(range(raters), 2):
        alike = _alike(codes[one], codes[other])
        same += alike[(drawn[:, one] - drawn[:, other]) % units]
    of_value = np.bincount(codes.ravel())
    return [_alpha(pairs, of_value) for pairs in 2 * same / (raters - 1)]


def _alike(one: Codes, other: Codes) -> NDArray[np.float64]:
    """In how many units two say the same, after each turn of the first one forwards."""
    units = len(one)
    spectra = sum(
        np.conj(np.fft.rfft(one == value)) * np.fft.rfft(other == value)
        for value in range(1 + len(SORTS))
    )
    return np.rint(np.fft.irfft(spectra, units))
