"""Synchrony of two people over the whole of what both have, without any shift.

The measures that recorder/analysis offers for inference, of the sums of dsp/pair_sums.py, piece by
piece. Envelopes are compared without drifts slower than 120 s (dsp/drift.py).
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.drift import without_drift
from dsp.imaginary import ciplv
from dsp.pair_sums import SAME, SAME_IMAGINARY, SUMS, pair_sums
from dsp.synchrony import ROUNDING, measures

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex64] | NDArray[np.complex128]

TOGETHER: Final = ("plv", "ciplv", "ccorr", "accorr", "aec_d")
_OF_PHASES: Final = ("plv", "ccorr", "accorr")
PIECE: Final = 4800  # points at once


class Whole:
    """One person's channels in one band.

    Args:
        z: (channels, points) band signals; what is not finite, or zero, is missing.
        step_s: from one point to the next.
    """

    def __init__(self, z: Complexes, step_s: float) -> None:
        self.z = z
        self._step_s = step_s

    @cached_property
    def envelopes(self) -> Floats:
        """Logarithms without their drifts, (channels, points); NaN where a point is missing."""
        size = np.abs(self.z.astype(np.complex128))
        there = (size > 0) & (size < np.inf)
        logarithm = np.where(there, np.log(np.where(there, size, 1)), np.nan)
        return np.stack([without_drift(one, self._step_s) for one in logarithm])


def together(one: Whole, other: Whole, pairs: Sequence[tuple[int, int]]) -> tuple[Floats, Floats]:
    """Measures of pairs of channels.

    Args:
        one: the first person, a.
        other: the second, b, at the same instants; of the longer one the end is left out.
        pairs: (channel of a, channel of b) numbers.

    Returns:
        (TOGETHER, pairs) NaN where one is not defined; and (pairs,) points that both have.
    """
    n = min(one.z.shape[1], other.z.shape[1])
    a, b = np.array(pairs, np.int64).reshape(-1, 2).T
    sums = np.zeros((SUMS, len(a)))
    for begin in range(0, n, PIECE):
        some = slice(begin, begin + PIECE)
        of_a, of_b = (it.z[:, :n][None, :, some].astype(np.complex128) for it in (one, other))
        sums += pair_sums(of_a, of_b, frozenset(_OF_PHASES))[:, 0, a, b]
    points = sums[0]
    same = (sums[SAME] + 1j * sums[SAME_IMAGINARY]) / np.maximum(points, 1)
    plv, ccorr, accorr = measures(sums, _OF_PHASES)
    mine, yours = (it.envelopes[:, :n] for it in (one, other))
    aec_d = np.array([_pearson(mine[i], yours[j]) for i, j in pairs])
    found = np.stack([plv, ciplv(same), ccorr, accorr, aec_d])
    found[:, points == 0] = np.nan
    return found, points


def _pearson(x: Floats, y: Floats) -> float:
    both = np.isfinite(x) & np.isfinite(y)
    if not both.any():
        return float("nan")
    x, y = x[both] - x[both].mean(), y[both] - y[both].mean()
    of_x, of_y = float(x @ x), float(y @ y)
    if min(of_x, of_y) <= ROUNDING * both.sum():
        return float("nan")
    return float(x @ y / np.sqrt(of_x * of_y))
