"""Synchrony between two people, from additive sums.

z_a, z_b: analytic band signals at the same instants; u = z / |z|; r = |z|; S: sum over the N points
that are clean in both; <> = S / N. Definitions as in HyPyP 0.6.2:

    plv     = |<u_a u_b*>|
    ccorr   = |S sin(a - p) sin(b - q)| / sqrt(S sin^2(a - p) S sin^2(b - q))
              with p and q the angles of S u_a and S u_b (Jammalamadaka & SenGupta 2001)
    accorr  = (|S u_a u_b*| - |S u_a u_b|) / (2 sqrt(S sin^2(a - m) S sin^2(b - n)))
              with m - n and m + n the angles of the two sums (Zimmermann et al. 2024)
    coh     = |S z_a z_b*| / sqrt(S r_a^2 S r_b^2), not squared
    imcoh   = |Im S z_a z_b*| / sqrt(S r_a^2 S r_b^2)
    wpli    = |S Im z_a z_b*| / S |Im z_a z_b*|
    aec     = Pearson correlation of r_a and r_b
    powcorr = Pearson correlation of r_a^2 and r_b^2

    S sin^2(a - m) = (N - Re(exp(-2im) S u_a^2)) / 2
    S sin(a - p) sin(b - q) = Re(exp(-i(p - q)) S u_a u_b* - exp(-i(p + q)) S u_a u_b) / 2

Where the phases of either person balance each other, as those of a steady rhythm do, there is no
mean phase, the angle of S u is that of its rounding, and there is no `ccorr`. A sum that is e N off
turns p by e N / |S u_a|, and

    |d ccorr| <= |dp| sqrt(S cos^2(a - p) / S sin^2(a - p)) + the same of b

Sums of float32 were measured to be off by up to 1e-8 N, on processors of other kinds too, so that
MIN_RESULTANT = 0.0001 leaves the third decimal alone. It is the same for float64, which would bear
less: what is measured does not depend on who adds it up. Band noise is below it in fewer than one
window in 1000. `accorr` turns S u_a^2 and S u_b^2 by m and n, and has no value where these are so
much larger than the sums whose angles those are.

All of them follow from the sums of `dsp.pair_sums`, so one small record is kept for each push and a
window is the sum of its records (dsp.sliding): fixed memory, no drift, exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from dsp.absence import Absence
from dsp.pair_sums import IMAGINARY, POWERS, REAL, SUMS, Analytic, pair_sums
from dsp.sliding import BandSums

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

MIN_CLEAN: Final = 0.5  # no value from a window of which less than this is clean
# A spread of phases or amplitudes below this part of their square is rounding in its third decimal.
ROUNDING: Final = 1e-12
ROUNDING_32: Final = 1e-4  # where the sums of a push were float32
# A sum that is smaller than this part of what is turned by its angle has no angle.
MIN_RESULTANT: Final = 1e-4
_TINY: Final = np.finfo(np.float64).tiny
Kind = Literal["plv", "ccorr", "accorr", "coh", "imcoh", "wpli", "aec", "powcorr"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
# As they are computed.
_ROWS: Final = {
    kind: row
    for row, kind in enumerate(("ccorr", "accorr", "powcorr", "aec", "coh", "imcoh", "plv", "wpli"))
}
# Which of dsp.pair_sums; those of a and of b are alike, in each r^4, r^2 and r at the end.
_ALONE, _FIRST, _SECOND, _SIZES = slice(1, 15), slice(5, 7), slice(4, 6), slice(21, 23)
_R_AB, _LAGGED = 22, 23
_N_LAGGED: Final = slice(0, 24, 23)
# Of the complex sums, and of their conjugates behind them, what is multiplied with each other:
# four make the spreads of ccorr and accorr, of a and of b, the last two ccorr. Of the first two
# comes the angle by which the third is turned back.
_A2, _B2, _A, _SAME, _B, _MIRRORED, _CROSS = range(7)
_CONJUGATE: Final = 7
_ANGLES: Final = np.array(
    [
        [_A, _MIRRORED, _B, _MIRRORED, _A, _A],
        [_A, _SAME, _B, _SAME + _CONJUGATE, _B + _CONJUGATE, _B],
    ]
)
_TURNED: Final = np.array([_A2, _A2, _B2, _B2, _SAME, _MIRRORED]) + _CONJUGATE


@dataclass(frozen=True, slots=True, eq=False)
class Synchrony:
    """Measures of a window.

    Attributes:
        kinds: which.
        found: (kinds, bands, pairs) NaN below MIN_CLEAN and where a measure is not defined.
        clean_share: (bands, pairs) share of the whole window that was clean in both people, less
            what was bridged in either; it grows from 0 while the first window fills.
    """

    kinds: tuple[str, ...]
    found: Floats
    clean_share: Floats

    @property
    def values(self) -> dict[str, Floats]:
        """The same by kind, each (bands, pairs)."""
        return dict(zip(self.kinds, self.found, strict=True))


class PairSums:
    """Synchrony of channel pairs over the last pushes.

    Args:
        pairs: (channel of a, channel of b) numbers.
        windows: length of the window of each band, in pushes.
        kinds: which measures, of KINDS.
    """

    def __init__(
        self,
        pairs: Sequence[tuple[int, int]],
        windows: Sequence[int],
        kinds: Sequence[str],
    ) -> None:
        self._kinds, self._needed = tuple(kinds), frozenset(kinds)
        self._a, self._b = np.array(pairs, np.int64).reshape(-1, 2).T
        # The sums, and below them what loss took.
        self._sums = BandSums(windows, (SUMS + 1, len(self._a)))
        self._record = np.zeros((SUMS + 1, len(windows), len(self._a)), np.float64)
        self._windows = np.array(windows, np.float64)[:, None]
        self._rounding = ROUNDING
        self._points = self._windows  # of a whole window

    def push(self, z_a: Analytic, z_b: Analytic) -> None:
        """Take in what came since the last push.

        Args:
            z_a: (bands, channels of a, points), the same number of points in every push; a point
                that is not finite, or zero, in either person is left out.
            z_b: (bands, channels of b, points), at the same instants.
        """
        found = pair_sums(_precise(z_a), _precise(z_b), self._needed)
        self.add(found[..., self._a, self._b], z_a.shape[-1])

    def add(
        self, sums: NDArray[np.floating], points: int, lost: NDArray[np.floating] | None = None
    ) -> None:
        """Take in what `push` would, already summed.

        Args:
            sums: (SUMS, bands, pairs), of those that dsp.pair_sums has.
            points: over how many, those left out included; the same in every call.
            lost: (bands, channels of a, channels of b) as dsp.pair_sums.lost_points; None: nothing.
        """
        self._record[:SUMS] = sums
        self._record[SUMS] = 0 if lost is None else lost[:, self._a, self._b]
        self._sums.add(self._record)
        self._rounding = ROUNDING if sums.dtype == np.float64 else ROUNDING_32
        self._points = self._windows * points

    def values(self) -> Synchrony:
        """Measures over the window of each band."""
        total = self._sums.total
        window_sums, lost = total[:SUMS], total[SUMS]
        clean_share = (window_sums[0] - lost) / self._points
        found = measures(window_sums, self._kinds, self._rounding)
        unclean = clean_share < MIN_CLEAN
        if np.count_nonzero(unclean):
            np.copyto(found, np.nan, where=unclean)
        return Synchrony(self._kinds, found, clean_share)

    def absence(self, kind: str, band: int, pair: int) -> Absence:
        """Why a measure of the newest window is not defined, though enough of it is clean."""
        sums = self._sums.total[:, band, pair, None]
        size = np.hypot(sums[REAL], sums[IMAGINARY])
        balanced = dict(zip(("ccorr", "accorr"), _balanced(sums[0], size), strict=True))
        return Absence.BALANCED if balanced.get(kind) else Absence.STILL


def window_measures(z_a: Analytic, z_b: Analytic) -> dict[str, Floats]:
    """Measures between all channels of two people in one window.

    Args:
        z_a: (bands, channels of a, points); what is not finite, or zero, is left out.
        z_b: (bands, channels of b, points), at the same instants.

    Returns:
        Every kind of KINDS, each (bands, channels of a, channels of b).
    """
    found = measures(pair_sums(_precise(z_a), _precise(z_b), frozenset(KINDS)), KINDS)
    return dict(zip(KINDS, found, strict=True))


def _precise(z: Analytic) -> Complexes:
    return z.astype(np.complex128, copy=False)


def measures(
    window_sums: NDArray[np.floating], kinds: Sequence[str], rounding: float = ROUNDING
) -> Floats:
    """Measures from the sums of a window.

    Args:
        window_sums: (SUMS, bands, ...), as dsp.pair_sums has them.
        kinds: which, of KINDS, those that the sums were made for.
        rounding: of the sums; what varies by less than this share does not vary.

    Returns:
        (kinds, bands, ...); NaN where a measure is not defined.
    """
    rows = [_ROWS[kind] for kind in kinds]
    sums = np.ascontiguousarray(window_sums, np.float64).reshape(SUMS, -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = _every(sums, rounding).take(rows, axis=0)
    defined = np.isfinite(found)
    if np.count_nonzero(defined) < defined.size:
        np.copyto(found, np.nan, where=~defined)
    return found.reshape(len(kinds), *window_sums.shape[1:])


def _every(sums: Floats, rounding: float) -> Floats:
    """All kinds, (kinds, pairs), in the order of _ROWS: most of their cost is in common.

    A measure is what is above over what is below; the first six have roots of products below.
    """
    above, below = np.empty((2, len(_ROWS), sums.shape[1]))
    spread = np.empty((2, 4, sums.shape[1]))  # of a and of b
    balanced = _correlate_phases(sums, above, spread[:, :2])
    _correlate_amplitudes(sums, above[2:4], spread[:, 2:])
    np.multiply(spread[0], spread[1], out=below[:4])
    of_a, of_b = sums[POWERS]
    np.multiply(of_a, of_b, out=below[4:6])
    np.sqrt(below[:6], out=below[:6])
    below[6:] = sums[_N_LAGGED]
    spread[:, 2:] /= _alone(sums)[:, _SECOND]
    undefined = np.minimum(spread[0], spread[1]) < rounding * sums[0]
    undefined[:2] |= balanced
    found: Floats = np.divide(above, below, out=above)
    if np.count_nonzero(undefined):
        np.copyto(found[:4], np.nan, where=undefined)
    # Nothing that lags is no consistent lag: 0, and not the ratio of two roundings.
    np.copyto(found[7], 0, where=sums[_LAGGED] < rounding * sums[_R_AB])
    return found


def _alone(sums: Floats) -> Floats:
    """Of a and of b, (people, 7, pairs)."""
    return sums[_ALONE].reshape(2, 7, -1)


def _correlate_phases(sums: Floats, above: Floats, spread: Floats) -> NDArray[np.bool_]:
    """Of ccorr and accorr, and what is above in coh, imcoh, plv and wpli, of the same sums.

    Returns:
        What `_balanced` does.
    """
    complexes = np.empty((2, _CONJUGATE, sums.shape[1]), np.complex128)
    complexes.real = sums.take(REAL, axis=0)
    complexes[0].imag = imaginary = sums.take(IMAGINARY, axis=0)
    np.negative(imaginary, out=complexes[1].imag)
    turned = _turned(complexes.reshape(2 * _CONJUGATE, -1))
    np.subtract(sums[0], turned[:4].reshape(2, 2, -1), out=spread)
    np.abs(np.subtract(turned[4], turned[5], out=above[0]), out=above[0])
    size = np.abs(complexes[0])
    np.subtract(size[_SAME], size[_MIRRORED], out=above[1])
    above[4::2] = size[_CROSS], size[_SAME]
    np.abs(imaginary[_CROSS], out=above[5::2])
    return _balanced(sums[0], size)


def _turned(complexes: Complexes) -> Floats:
    """Real parts of six sums, each turned back by the angles of two others: (6, pairs)."""
    one, other = _ANGLES
    turned = complexes.take(one, axis=0)
    turned *= complexes.take(other, axis=0)
    sizes = np.abs(turned)
    turned *= complexes.take(_TURNED, axis=0)
    found: Floats = turned.real / np.maximum(sizes, _TINY, out=sizes)
    return found


def _balanced(n: Floats, size: Floats) -> NDArray[np.bool_]:
    """Where phases balance each other, so that ccorr and accorr have no angles: (2, pairs).

    Args:
        n: (pairs,) points.
        size: (7, pairs) of the complex sums.
    """
    turned = np.empty((2, len(n)))
    np.multiply(n, MIN_RESULTANT, out=turned[0])
    np.subtract(np.maximum(size[0], size[1]), turned[0], out=turned[1])
    turned[1] *= MIN_RESULTANT
    found: NDArray[np.bool_] = np.minimum(size[2:4], size[4:6]) < turned
    return found


def _correlate_amplitudes(sums: Floats, above: Floats, spread: Floats) -> None:
    """Of powcorr and aec: Pearson correlations of r^2 and of r."""
    n, alone = sums[0], _alone(sums)
    first, second = alone[:, _FIRST], alone[:, _SECOND]
    np.subtract(n * second, first * first, out=spread)
    np.subtract(n * sums[_SIZES], first[0] * first[1], out=above)
