"""How one person's index follows the other's: lagged correlation, with its chance level.

    r(lag) = Pearson(x[t], y[t + lag])        t over a stretch around a moment; lag > 0: y is behind

(Boker et al. 2002, Psychol Methods 7:338). Which lag is the best is looked for on both sides, as
one side alone would find a leader in any two series. Of unrelated smooth series the best r is high
(measured: above 0.59 in one of 20 stretches of 120 s), so each side has a p against circular shifts
of one series, in which the best lag is looked for again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atanh, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.moments import Shift

Floats = NDArray[np.float64]

# Below this share of a stretch with both values there is no correlation.
MIN_PRESENT: Final = 0.5
# A shift shorter than this, or than three windows of 10 s, leaves the two in relation.
MIN_SHIFT_S: Final = 30.0
SHIFT_STEP_S: Final = 5.0
MIN_SURROGATES: Final = 19  # for p = 0.05
LARGEST_R: Final = 1 - 1e-12  # its Fisher z is still finite


@dataclass(frozen=True, slots=True)
class Following:
    """How one person is behind the other.

    Attributes:
        lag_s: of the largest |r|, never negative.
        low_s, high_s: lags around it at which r is not clearly smaller.
        r: correlation at the lag.
        p: share of circular shifts with as large an |r| at any lag; NaN when there are too few.
    """

    lag_s: float
    low_s: float
    high_s: float
    r: float
    p: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Both directions; None where too much is missing.

    Attributes:
        other_follows: the second person behind the first.
        other_leads: the first person behind the second.
    """

    other_follows: Following | None
    other_leads: Following | None


@dataclass(frozen=True, slots=True)
class ChancePairs:
    """How many shifts of one person were answered by one of the other.

    Attributes:
        observed: in the session.
        expected: mean over circular shifts of the other's.
        p: share of the circular shifts with as many.
    """

    observed: int
    expected: float
    p: float


def lagged_correlation(x: Floats, y: Floats) -> Floats:
    """Correlation of a stretch with another at each lag.

    Args:
        x: (n,) NaN where there is no value.
        y: (n + 2 lags,) beginning `lags` before x.

    Returns:
        (2 lags + 1,) from -lags on; NaN where fewer than MIN_PRESENT are present in both.
    """
    here, there = np.isfinite(x), np.isfinite(y)
    if not (here.any() and there.any()):
        return np.full(len(y) - len(x) + 1, np.nan)
    # About their means, for large levels would cost digits.
    x, y = np.where(here, x - x[here].mean(), 0), np.where(there, y - y[there].mean(), 0)
    one_x, one_y = here.astype(np.float64), there.astype(np.float64)
    n, sum_x, sum_y = _slide(one_x, one_y), _slide(x, one_y), _slide(one_x, y)
    variance_x = n * _slide(x * x, one_y) - sum_x**2
    variance_y = n * _slide(one_x, y * y) - sum_y**2
    enough = (n >= MIN_PRESENT * len(x)) & (np.minimum(variance_x, variance_y) > 1e-9 * n)
    r = np.full(len(n), np.nan)
    scale = np.sqrt(np.where(enough, variance_x * variance_y, 1))
    np.divide(n * _slide(x, y) - sum_x * sum_y, scale, out=r, where=enough)
    limited: Floats = np.clip(r, -LARGEST_R, LARGEST_R)
    return limited


def answer(
    x: Floats,
    y: Floats,
    centre: int,
    *,
    step_s: float = 1.0,
    half_s: float = 90.0,
    lag_s: float = 30.0,
) -> Answer:
    """How y answers x around a moment.

    Args:
        x: (n,) index of the person who shifted, over the session or its last minutes.
        y: (n,) of the other, at the same times.
        centre: place of the moment; what it needs, half_s + lag_s on either side, may be cut off at
            the ends of the series, where it counts as missing.
        step_s: from one value to the next.
        half_s: half of the stretch that is correlated.
        lag_s: the longest lag.
    """
    if len(x) == 0 or len(y) == 0:
        return Answer(None, None)
    half, lags = round(half_s / step_s), round(lag_s / step_s)
    stretch = _cut(x, centre - half, centre + half + 1)
    reach = half + lags
    r = lagged_correlation(stretch, _cut(y, centre - reach, centre + reach + 1))
    surrogates = _surrogates(stretch, y, centre - reach + np.arange(2 * lags + 1), step_s)
    spread = _z_error(stretch, _cut(y, centre - half, centre + half + 1))
    follows = _following(r[lags:], surrogates[:, lags:], spread, step_s)
    leads = _following(r[lags::-1], surrogates[:, lags::-1], spread, step_s)
    return Answer(follows, leads)


def chance_pairs(
    shifts: Sequence[Shift],
    others: Sequence[Shift],
    session: tuple[int, int],
    *,
    within_s: float = 60.0,
) -> ChancePairs:
    """How often a shift is answered by one in the same direction, and how often by chance.

    Args:
        shifts: of one person.
        others: of the other.
        session: begin and end in ns.
        within_s: an answer comes no later than this.
    """
    begin_ns, end_ns = session
    length_s = (end_ns - begin_ns) * 1e-9
    at, to = (np.array([(s.t_ns - begin_ns) * 1e-9 for s in who]) for who in (shifts, others))
    alike = np.equal.outer([s.direction for s in shifts], [s.direction for s in others])
    by = np.arange(MIN_SHIFT_S, length_s - MIN_SHIFT_S, SHIFT_STEP_S)
    behind = np.mod(to + np.append(0.0, by)[:, None, None] - at[:, None], length_s)
    answered = ((behind <= within_s) & alike).any(axis=2).sum(axis=1)
    observed, chance = int(answered[0]), answered[1:]
    p = (1 + np.count_nonzero(chance >= observed)) / (1 + len(chance))
    return ChancePairs(observed, float(chance.mean()) if len(chance) else np.nan, p)


def _surrogates(stretch: Floats, y: Floats, begins: NDArray[np.int64], step_s: float) -> Floats:
    """Correlations with y shifted circularly, (shifts, lags).

    Args:
        stretch: (n,) of x.
        y: the whole series.
        begins: (lags,) where in y the stretch lies at each lag.
        step_s: from one value to the next.
    """
    # At every place of the circle once: each shift picks its lags from these.
    circle = np.take(y, np.arange(len(y) + len(stretch) - 1) % len(y))
    everywhere = lagged_correlation(stretch, circle)
    apart = round(MIN_SHIFT_S / step_s) + len(begins) // 2
    by = np.arange(apart, len(y) - apart + 1, max(round(SHIFT_STEP_S / step_s), 1))
    chosen: Floats = everywhere[(begins - by[:, None]) % len(y)]
    return chosen


def _following(r: Floats, surrogates: Floats, spread: float, step_s: float) -> Following | None:
    """The best lag of one side, counted from 0."""
    if not np.isfinite(r).any():
        return None
    best = int(np.nanargmax(np.abs(r)))
    z = np.arctanh(np.nan_to_num(r * np.sign(r[best])))
    smaller = np.flatnonzero(z < atanh(abs(r[best])) - spread)
    low = smaller[smaller < best].max(initial=-1) + 1
    high = smaller[smaller > best].min(initial=len(r)) - 1
    p = _p(abs(r[best]), surrogates)
    return Following(best * step_s, low * step_s, high * step_s, float(r[best]), p)


def _p(largest: float, surrogates: Floats) -> float:
    known = np.isfinite(surrogates).any(axis=1)
    if np.count_nonzero(known) < MIN_SURROGATES:
        return float("nan")
    best = np.nanmax(np.abs(surrogates[known]), axis=1)
    return float((1 + np.count_nonzero(best >= largest)) / (1 + len(best)))


def _z_error(x: Floats, y: Floats) -> float:
    """Standard error of Fisher's z, from the effective number of pairs.

    n / (1 + 2 sum r_x(k) r_y(k)), Bartlett 1935, J R Stat Soc 98:536.
    """
    present = np.isfinite(x) & np.isfinite(y)
    n = np.count_nonzero(present)
    alike = sum(a * b for a, b in zip(_own(x, present), _own(y, present), strict=True))
    return 1 / sqrt(max(n / (1 + 2 * max(alike, 0.0)) - 3, 1.0))


def _own(x: Floats, present: NDArray[np.bool_]) -> Floats:
    """Autocorrelation at lags 1 to a tenth of the length."""
    kept = np.where(present, x - x[present].mean(), 0) if present.any() else np.zeros(len(x))
    full = np.correlate(kept, kept, "full")[len(x) - 1 :]
    own: Floats = full[1 : len(x) // 10 + 1] / max(full[0], 1e-300)
    return own


def _slide(short: Floats, long: Floats) -> Floats:
    return np.correlate(long, short, "valid")


def _cut(x: Floats, first: int, last: int) -> Floats:
    """x[first:last], NaN beyond its ends."""
    index = np.arange(first, last)
    inside = (index >= 0) & (index < len(x))
    return np.where(inside, x[np.clip(index, 0, len(x) - 1)], np.nan)
