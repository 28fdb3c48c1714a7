"""Whether people who met are more alike than the same people shuffled: pairs across dyads.

Of n dyads with the same protocol every patient is compared with every therapist, (n, n), each
dyad's own value on the diagonal. What music, time in the session or a common drift do to everybody
is in all n^2 cells alike; what is only on the diagonal is of those two. A circular shift in time
(dsp/shift_test.py) cannot tell the two apart.

    score[i, j] = value[i, j] sqrt(points[i, j] / mean of the own points)
    found       = mean of the diagonal over all dyads
    chance      = the same with the therapists in another order, drawn anew `draws` times
    p           = share of orders, of which the own one is one, with a mean as large

Chance grows as 1 / sqrt(points), and two who were recorded together share their holes: hence the
score. Dyads are shuffled, not sessions: whoever is alike by accident is so in each session. If
nobody is more alike with whom they met, every order is as good as the own one, and p is exact.
Several series are corrected by the largest of them in the same order, as in dsp/shift_test.py.

Whether one dyad stands out among its shuffles (`alone`) has no p below 1 / n.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from dsp.imaginary import ciplv
from dsp.pair_sums import SAME, SAME_IMAGINARY, SUMS, pair_sums
from dsp.synchrony import measures
from dsp.together import Whole

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

# As they are measured; aec_d as in dsp/every_shift.py.
SHUFFLED: Final = ("plv", "ciplv", "accorr", "aec_d")
DRAWS: Final = 1999
LEAST_DYADS: Final = 5  # of fewer there are under 120 orders
POINTS_TOGETHER: Final = 4096  # so that the sums of many dyads stay in a few megabytes
DRAWN_TOGETHER: Final = 250


def every_pairing(
    patients: Complexes, therapists: Complexes, step_s: float
) -> tuple[Floats, Floats]:
    """Each patient with each therapist, over the whole of their common time.

    Args:
        patients: (n, points) band signals; what is not finite, or zero, is missing.
        therapists: (n, points) at the same instants of the protocol.
        step_s: from one point to the next.

    Returns:
        Values, (SHUFFLED, n, n), NaN where a measure is not defined; and points, (n, n).
    """
    n = len(patients)
    sums = np.zeros((SUMS, 1, n, n))
    wanted = frozenset({"plv", "accorr"})
    for begin in range(0, patients.shape[1], POINTS_TOGETHER):
        some = slice(begin, begin + POINTS_TOGETHER)
        sums += pair_sums(patients[None, :, some], therapists[None, :, some], wanted)
    points = np.rint(sums[0, 0])
    plv, accorr = measures(sums, ("plv", "accorr"))[:, 0]
    same = (sums[SAME] + 1j * sums[SAME_IMAGINARY])[0]
    lagged = ciplv(same / np.maximum(points, 1))
    amplitudes = _pearson(*(Whole(it, step_s).envelopes for it in (patients, therapists)))
    found = np.stack([plv, lagged, accorr, amplitudes])
    return np.where(points > 0, found, np.nan), points


def _pearson(x: Floats, y: Floats) -> Floats:
    """Of every row of x with every row of y, over what both have."""
    (in_x, x), (in_y, y) = _filled(x), _filled(y)
    n = in_x @ in_y.T
    sum_x, sum_y = x @ in_y.T, in_x @ y.T
    of_x, of_y = n * ((x * x) @ in_y.T) - sum_x**2, n * (in_x @ (y * y).T) - sum_y**2
    with np.errstate(divide="ignore", invalid="ignore"):
        r: Floats = (n * (x @ y.T) - sum_x * sum_y) / np.sqrt(of_x * of_y)
    return r


def _filled(x: Floats) -> tuple[Floats, Floats]:
    there = np.isfinite(x)
    return there.astype(np.float64), np.where(there, x, 0)


def score(value: Floats, points: Floats) -> Floats:
    """Values as if all pairs had as many points as the own ones have on average.

    Args:
        value: (series, n, n).
        points: (series, n, n).
    """
    own = np.diagonal(points, axis1=1, axis2=2).mean(axis=1)
    scaled: Floats = value * np.sqrt(points / np.maximum(own, 1)[:, None, None])
    return np.where(points > 0, scaled, np.nan)


@dataclass(frozen=True, slots=True)
class Shuffled:
    """One series of all dyads against the same with the therapists in another order.

    Attributes:
        value: mean of the own pairs.
        chance: mean over the orders.
        chance_high: 95 of 100 orders have a smaller mean.
        low, high: interval of 95 % of own less shuffled, as dyads vary.
        p, p_corrected: of this series alone; among all.
        dyads: how many have a value.
    """

    value: float
    chance: float
    chance_high: float
    low: float
    high: float
    p: float
    p_corrected: float
    dyads: int


def shuffled(
    groups: Sequence[Floats], rng: np.random.Generator, draws: int = DRAWS
) -> list[Shuffled | None]:
    """Test each series; None where fewer than LEAST_DYADS dyads have a value.

    Args:
        groups: (series, n, n) scores each; shuffled within each group, summed over all.
        rng: draws the orders.
        draws: how many.
    """
    groups = [it for it in groups if it.shape[1] > 1]
    if not groups:
        return []
    means = _means(groups, rng, draws)
    excess = np.concatenate([_excess(it) for it in groups], axis=1)
    known = np.isfinite(excess).sum(axis=1)
    sd = means.std(axis=1, keepdims=True)
    z = (means - means.mean(axis=1, keepdims=True)) / np.maximum(sd, np.finfo(np.float64).tiny)
    enough = known >= LEAST_DYADS
    largest = np.where(enough[:, None], z, -np.inf).max(axis=0)
    return [
        _tested(means[it], excess[it], z[it], largest) if enough[it] else None
        for it in range(len(means))
    ]


def _means(groups: Sequence[Floats], rng: np.random.Generator, draws: int) -> Floats:
    """Mean over all dyads in each order, (series, 1 + draws), the own order first."""
    total = np.zeros((len(groups[0]), 1 + draws))
    count = np.zeros_like(total)
    for scores in groups:
        there = np.isfinite(scores)
        filled = np.where(there, scores, 0)
        patient = np.arange(scores.shape[1])
        therapist = np.tile(patient, (1 + draws, 1))
        therapist[1:] = rng.permuted(therapist[1:], axis=1)
        for some in range(0, 1 + draws, DRAWN_TOGETHER):
            drawn = slice(some, some + DRAWN_TOGETHER)
            total[:, drawn] += filled[:, patient, therapist[drawn]].sum(axis=2)
            count[:, drawn] += there[:, patient, therapist[drawn]].sum(axis=2)
    found: Floats = total / np.maximum(count, 1)
    return found


def _excess(scores: Floats) -> Floats:
    """Of each dyad the own score less those of its patient and its therapist, (series, n)."""
    n = scores.shape[1]
    off = np.where(np.eye(n, dtype=np.bool_), np.nan, scores)
    own = np.diagonal(scores, axis1=1, axis2=2)
    with np.errstate(invalid="ignore"):
        of_patient, of_therapist = _mean(off, 2), _mean(off, 1)
        level = _mean(off.reshape(len(off), -1), 1)[:, None]
    found: Floats = own - of_patient - of_therapist + level
    return found


def _mean(x: Floats, axis: int) -> Floats:
    there = np.isfinite(x)
    count = there.sum(axis=axis)
    total: Floats = np.where(there, x, 0).sum(axis=axis) / np.maximum(count, 1)
    return np.where(count > 0, total, np.nan)


def _tested(means: Floats, excess: Floats, z: Floats, largest: Floats) -> Shuffled:
    low, high = interval(excess[np.isfinite(excess)])
    return Shuffled(
        value=float(means[0]),
        chance=float(means[1:].mean()),
        chance_high=float(np.percentile(means[1:], 95)),
        low=low,
        high=high,
        p=float(np.mean(means >= means[0] - ROUNDING)),
        p_corrected=float(np.mean(largest >= z[0] - ROUNDING)),
        dyads=int(np.isfinite(excess).sum()),
    )


ROUNDING: Final = 1e-12


def interval(x: Floats) -> tuple[float, float]:
    """Of 95 % of the mean of a few values, by Student's t; NaN of fewer than two."""
    n = len(x)
    if n < 2:
        return float("nan"), float("nan")
    wide = float(stdtrit(n - 1, 0.975)) * float(x.std(ddof=1)) / n**0.5
    return float(x.mean()) - wide, float(x.mean()) + wide


def alone(scores: Floats) -> Floats:
    """How rare each dyad is among its patient's pairings, (series, n); NaN without a value."""
    own = np.diagonal(scores, axis1=1, axis2=2)[:, :, None]
    there = np.isfinite(scores)
    as_large = (np.where(there, scores, -np.inf) >= own - ROUNDING).sum(axis=2)
    found: Floats = as_large / np.maximum(there.sum(axis=2), 1)
    return np.where(np.isfinite(own[:, :, 0]), found, np.nan)
