"""Synchrony between two people, from additive sums.

z_a, z_b: analytic band signals at the same instants; u = z / |z|; r = |z|; S: sum over the N points
that are clean in both. Definitions as in HyPyP 0.6.2:

    plv    = |S u_a u_b*| / N
    accorr = (|S u_a u_b*| - |S u_a u_b|) / (2 sqrt(S sin^2(a - m) S sin^2(b - n)))
             with m - n and m + n the angles of the two sums, and
             S sin^2(a - m) = (N - Re(exp(-2im) S u_a^2)) / 2        (Zimmermann et al. 2024)
    aec    = Pearson correlation of r_a and r_b

All of them follow from ten sums, so one small record is kept per hop and a window is the sum of its
records, added up anew each time: fixed memory, no drift, exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
Analytic = NDArray[np.complex64] | NDArray[np.complex128]

MIN_CLEAN: Final = 0.5  # no value from a window of which less than this is clean
# A spread of phases or amplitudes below this part of their square is rounding.
ROUNDING: Final = 1e-12

# The ten sums, as products of these rows of one person with these of the other:
#   row of each person    0: 1, where clean    1: u    2: u*    3: u^2    4: r    5: r^2
#           N  same  mirrored  u_a^2  u_b^2  r_a  r_b  r_a^2  r_b^2  r_a r_b
_ROW_A = (0, 1, 1, 3, 0, 4, 0, 5, 0, 4)
_ROW_B = (0, 2, 1, 0, 3, 0, 4, 0, 5, 4)


@dataclass(frozen=True, slots=True, eq=False)
class Synchrony:
    """Measures of a window, each (bands, pairs), NaN below MIN_CLEAN.

    Attributes:
        plv: phase-locking value, 0..1.
        accorr: adjusted circular correlation, signed.
        aec: amplitude-envelope correlation, signed; NaN also where an envelope is constant.
        clean_share: share of the whole window that was clean in both people; it grows from 0 while
            the first window fills.
    """

    plv: Floats
    accorr: Floats
    aec: Floats
    clean_share: Floats


class PairSums:
    """Synchrony of channel pairs over the last hops.

    Args:
        pairs: (channel of a, channel of b) numbers.
        window_hops: length of the window, for each band.
    """

    def __init__(self, pairs: Sequence[tuple[int, int]], window_hops: Sequence[int]) -> None:
        self._a, self._b = np.array(pairs, np.int64).reshape(-1, 2).T
        shape = (len(self._a), len(_ROW_A))
        self._records = [np.zeros((hops, *shape), np.complex128) for hops in window_hops]
        self._window_hops = np.array(window_hops)
        self._hops = 0
        self._points = 1

    def push(
        self,
        z_a: Analytic,
        z_b: Analytic,
        clean_a: NDArray[np.bool_],
        clean_b: NDArray[np.bool_],
    ) -> None:
        """Take in one hop of both people.

        Args:
            z_a: (bands, channels of a, points), the same number of points in every hop; a point
                that is not finite, or zero, in either person is left out.
            z_b: (bands, channels of b, points), at the same instants.
            clean_a: (channels of a,) False leaves out the channel.
            clean_b: (channels of b,) likewise.
        """
        z = np.array([z_a[:, self._a], z_b[:, self._b]], np.complex128)
        clean = np.stack([clean_a[self._a], clean_b[self._b]])
        sums = _sums(*_rows(z, clean[:, None, :, None]))
        for record, band_sums in zip(self._records, sums, strict=True):
            record[self._hops % len(record)] = band_sums
        self._points = z_a.shape[-1]
        self._hops += 1

    def values(self) -> Synchrony:
        """Measures over the window of each band."""
        sums = np.array([record.sum(axis=0) for record in self._records])
        clean_share = sums[..., 0].real / (self._window_hops[:, None] * self._points)
        measures = _measures(sums)
        for value in measures.values():
            value[clean_share < MIN_CLEAN] = np.nan
        return Synchrony(**measures, clean_share=clean_share)


def window_measures(z_a: Analytic, z_b: Analytic) -> dict[str, Floats]:
    """Measures between all channels of two people in one window.

    Args:
        z_a: (bands, channels of a, points); what is not finite, or zero, is left out.
        z_b: (bands, channels of b, points), at the same instants.

    Returns:
        `plv`, `accorr` and `aec`, each (bands, channels of a, channels of b).
    """
    every = np.ones(1, np.bool_)
    rows_a, rows_b = (_rows(z.astype(np.complex128), every) for z in (z_a, z_b))
    return _measures(_sums(rows_a[:, :, None], rows_b[:, None]))


def _rows(z: Complexes, clean: NDArray[np.bool_]) -> Complexes:
    """The six rows of z (..., points) in (..., rows, points); zero where left out."""
    used = np.isfinite(z) & (z != 0) & clean
    kept = np.where(used, z, 1)
    r = np.abs(kept)
    rows = np.empty((*z.shape[:-1], 6, z.shape[-1]), np.complex128)
    rows[..., 0, :] = 1
    rows[..., 1, :] = u = kept / r
    rows[..., 2, :] = u.conj()
    rows[..., 3, :] = u * u
    rows[..., 4, :] = r
    rows[..., 5, :] = r * r
    rows *= used[..., None, :]
    return rows


def _sums(rows_a: Complexes, rows_b: Complexes) -> Complexes:
    """The ten sums over the points, last axis."""
    products = rows_a @ rows_b.swapaxes(-1, -2)
    sums: Complexes = products[..., _ROW_A, _ROW_B]
    return sums


def _measures(sums: Complexes) -> dict[str, Floats]:
    """Every measure from the ten sums, last axis; NaN where it is not defined."""
    n, same, mirrored, square_a, square_b, *envelopes = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        measures = {
            "plv": np.abs(same) / n.real,
            "accorr": _adjusted_correlation(n.real, same, mirrored, square_a, square_b),
            "aec": _envelope_correlation(n.real, *(envelope.real for envelope in envelopes)),
        }
    for value in measures.values():
        value[~np.isfinite(value)] = np.nan
    return measures


def _adjusted_correlation(
    n: Floats, same: Complexes, mirrored: Complexes, square_a: Complexes, square_b: Complexes
) -> Floats:
    difference, total = np.angle(same), np.angle(mirrored)
    spread_a = n - np.real(np.exp(-1j * (total + difference)) * square_a)
    spread_b = n - np.real(np.exp(-1j * (total - difference)) * square_b)
    correlation: Floats = (np.abs(same) - np.abs(mirrored)) / np.sqrt(spread_a * spread_b)
    correlation[np.minimum(spread_a, spread_b) < ROUNDING * n] = np.nan
    return correlation


def _envelope_correlation(
    n: Floats, r_a: Floats, r_b: Floats, rr_a: Floats, rr_b: Floats, r_ab: Floats
) -> Floats:
    variance_a, variance_b = n * rr_a - r_a**2, n * rr_b - r_b**2
    correlation: Floats = (n * r_ab - r_a * r_b) / np.sqrt(variance_a * variance_b)
    constant = np.minimum(variance_a / rr_a, variance_b / rr_b) < ROUNDING * n
    correlation[constant] = np.nan
    return correlation
