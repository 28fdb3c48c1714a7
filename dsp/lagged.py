"""Windowed lagged correlation of two series, and its test by shuffled segments.

    r(k, lag) = Pearson(x[t], y[t + lag])        t over window k; lag > 0: y is behind

(Boker et al. 2002). How closely the two follow each other in a window, on either side, is the mean
over the lags of |Fisher z| (Tschacher & Haken 2019, surrogate synchrony). In the test each window
of x meets the windows of y in another order: what is left is what two such series have in common
when they do not belong together. Permutations are exact where windows may be exchanged; a drift
over the session that both share forbids that, and is taken out before (dsp/drift.py).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.answer import LARGEST_R, MIN_PRESENT

Floats = NDArray[np.float64]

DRAWS: Final = 999
LEAST_WINDOWS: Final = 6  # of which there are 720 orders


@dataclass(frozen=True, slots=True)
class Side:
    """How closely one follows the other, over all windows.

    Attributes:
        value: mean of |Fisher z| over windows and lags.
        chance: mean over the draws.
        chance_high: 95 of 100 draws are below it.
        p: share of the draws, the real order among them, that are as large.
        n: draws.
    """

    value: float
    chance: float
    chance_high: float
    p: float
    n: int


@dataclass(frozen=True, slots=True)
class Shuffled:
    """Both directions."""

    y_behind: Side
    x_behind: Side


def windows_of(x: Floats, begins: NDArray[np.int64], n: int, lags: int = 0) -> Floats:
    """(windows, n + 2 lags) of a series, from `lags` before each begin on; NaN beyond its ends."""
    at = begins[:, None] + np.arange(-lags, n + lags)
    inside = (at >= 0) & (at < len(x))
    return np.where(inside, x[np.clip(at, 0, len(x) - 1)], np.nan)


def correlations(x: Floats, y: Floats) -> Floats:
    """Lagged correlation of every window of x with every window of y.

    Args:
        x: (windows, n) NaN where there is no value.
        y: (others, n + 2 lags) each beginning `lags` before.

    Returns:
        (windows, others, 2 lags + 1) from -lags on; NaN where fewer than MIN_PRESENT are present in
        both, or one does not vary.
    """
    n, places = x.shape[1], y.shape[1] - x.shape[1] + 1
    of_x, of_y = _rows(x), _rows(y)
    length = fft.next_fast_len(y.shape[1], real=True)
    spectra_x, spectra_y = fft.rfft(of_x, length).conj(), fft.rfft(of_y, length)
    found = np.full((len(x), len(y), places), np.nan)
    for k in range(len(x)):
        there, first, square = spectra_x[:, k]
        products = np.stack(
            [
                there * spectra_y[0],
                first * spectra_y[0],
                there * spectra_y[1],
                square * spectra_y[0],
                there * spectra_y[2],
                first * spectra_y[1],
            ]
        )
        found[k] = _pearson(fft.irfft(products, length)[..., :places], n)
    return found


def shuffled(r: Floats, rng: "np.random.Generator", draws: int = DRAWS) -> Shuffled | None:
    """Test windows that belong together against windows that do not.

    Args:
        r: (windows, windows, 2 lags + 1) of `correlations`.
        rng: draws the orders.
        draws: how many.

    Returns:
        None where fewer than LEAST_WINDOWS have a value.
    """
    z, lags = np.arctanh(np.abs(r)), r.shape[2] // 2
    sides = np.stack([_mean(z[..., lags + 1 :]), _mean(z[..., :lags])])
    own = np.diagonal(sides, axis1=1, axis2=2)
    kept = np.flatnonzero(np.isfinite(own).all(axis=0))
    if len(kept) < LEAST_WINDOWS:
        return None
    sides = sides[:, kept[:, None], kept]
    orders = rng.permuted(np.tile(np.arange(len(kept)), (draws, 1)), axis=1)
    drawn = _mean(sides[:, np.arange(len(kept)), orders])
    behind, ahead = (
        _side(float(np.mean(it)), chance) for it, chance in zip(own[:, kept], drawn, strict=True)
    )
    return Shuffled(behind, ahead)


def _side(value: float, drawn: Floats) -> Side:
    p = (1 + np.count_nonzero(drawn >= value)) / (1 + len(drawn))
    return Side(value, float(drawn.mean()), float(np.percentile(drawn, 95)), p, len(drawn))


def _rows(x: Floats) -> Floats:
    """What is there, x and x^2, (3, windows, n), about the mean: large levels cost digits."""
    there = np.isfinite(x)
    level = x[there].mean() if there.any() else 0.0
    kept = np.where(there, x - level, 0)
    return np.stack([there.astype(np.float64), kept, kept * kept])


def _pearson(sums: Floats, n: int) -> Floats:
    """From sums of 1, x, y, x^2, y^2, x y over what both have, (6, others, lags)."""
    count = np.rint(sums[0])
    _, first_x, first_y, square_x, square_y, product = sums
    of_x, of_y = count * square_x - first_x**2, count * square_y - first_y**2
    enough = (count >= MIN_PRESENT * n) & (np.minimum(of_x, of_y) > 1e-9 * count)
    scale = np.sqrt(np.where(enough, of_x * of_y, 1))
    r = (count * product - first_x * first_y) / scale
    return np.where(enough, np.clip(r, -LARGEST_R, LARGEST_R), np.nan)


def _mean(z: Floats) -> Floats:
    """Over the last axis, of what there is; NaN of nothing."""
    there = np.isfinite(z)
    total = np.where(there, z, 0).sum(axis=-1)
    found: Floats = np.where(there.any(axis=-1), total / np.maximum(there.sum(axis=-1), 1), np.nan)
    return found
