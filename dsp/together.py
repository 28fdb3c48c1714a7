"""Synchrony of two people over the whole of what both have, without any shift.

The measures that recorder/analysis offers for inference, of the sums of dsp/pair_sums.py, piece by
piece. Envelopes are compared without drifts slower than 120 s (dsp/drift.py).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.drift import without_drift
from dsp.imaginary import ciplv
from dsp.pair_sums import SUMS, pair_sums
from dsp.synchrony import ROUNDING, measures

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex64] | NDArray[np.complex128]

TOGETHER: Final = ("plv", "ciplv", "ccorr", "accorr", "aec_d")
_OF_PHASES: Final = ("plv", "ccorr", "accorr")
PIECE: Final = 4800  # points at once
_SAME, _SAME_IMAGINARY = 5, 12  # of dsp.pair_sums


def together(
    z_a: Complexes, z_b: Complexes, pairs: Sequence[tuple[int, int]], step_s: float
) -> tuple[Floats, Floats]:
    """Measures of pairs of channels.

    Args:
        z_a: (channels of a, points) band signals; what is not finite, or zero, is missing.
        z_b: (channels of b, points) of the other, at the same instants; what is longer is cut.
        pairs: (channel of a, channel of b) numbers.
        step_s: from one point to the next.

    Returns:
        (TOGETHER, pairs) NaN where one is not defined; and (pairs,) points that both have.
    """
    n = min(z_a.shape[1], z_b.shape[1])
    a, b = np.array(pairs, np.int64).reshape(-1, 2).T
    mine, yours = z_a[:, :n], z_b[:, :n]
    sums = np.zeros((SUMS, len(a)))
    for begin in range(0, n, PIECE):
        some = slice(begin, begin + PIECE)
        of_a, of_b = (z[:, some].astype(np.complex128)[None] for z in (mine, yours))
        sums += pair_sums(of_a, of_b, frozenset(_OF_PHASES))[:, 0, a, b]
    points = sums[0]
    same = (sums[_SAME] + 1j * sums[_SAME_IMAGINARY]) / np.maximum(points, 1)
    plv, ccorr, accorr = measures(sums, _OF_PHASES)
    amplitudes = _correlations(_envelopes(mine, step_s), _envelopes(yours, step_s), a, b)
    found = np.stack([plv, ciplv(same), ccorr, accorr, amplitudes])
    found[:, points == 0] = np.nan
    return found, points


def _envelopes(z: Complexes, step_s: float) -> Floats:
    """Logarithms without their drifts, (channels, points); NaN where a point is missing."""
    size = np.abs(z.astype(np.complex128))
    there = (size > 0) & (size < np.inf)
    logarithm = np.where(there, np.log(np.where(there, size, 1)), np.nan)
    return np.stack([without_drift(one, step_s) for one in logarithm])


def _correlations(e_a: Floats, e_b: Floats, a: NDArray[np.int64], b: NDArray[np.int64]) -> Floats:
    return np.array([_pearson(e_a[i], e_b[j]) for i, j in zip(a.tolist(), b.tolist(), strict=True)])


def _pearson(x: Floats, y: Floats) -> float:
    both = np.isfinite(x) & np.isfinite(y)
    if not both.any():
        return float("nan")
    x, y = x[both] - x[both].mean(), y[both] - y[both].mean()
    of_x, of_y = float(x @ x), float(y @ y)
    if min(of_x, of_y) <= ROUNDING * both.sum():
        return float("nan")
    return float(x @ y / np.sqrt(of_x * of_y))
