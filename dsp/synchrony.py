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

All of them follow from the sums of `dsp.pair_sums`, so one small record is kept for each push and a
window is the sum of its records, added up anew each time: fixed memory, no drift, exact.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsp.pair_sums import SUMS, Analytic, pair_sums

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

MIN_CLEAN: Final = 0.5  # no value from a window of which less than this is clean
# A spread of phases or amplitudes below this part of their square is rounding.
ROUNDING: Final = 1e-12
ROUNDING_32: Final = 1e-6  # where the sums of a push were float32


@dataclass(frozen=True, slots=True, eq=False)
class Synchrony:
    """Measures of a window, each (bands, pairs).

    Attributes:
        values: by kind; NaN below MIN_CLEAN and where a measure is not defined.
        clean_share: share of the whole window that was clean in both people; it grows from 0 while
            the first window fills.
    """

    values: dict[str, Floats]
    clean_share: Floats


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
        self._kinds = tuple(kinds)
        self._a, self._b = np.array(pairs, np.int64).reshape(-1, 2).T
        self._records = [np.zeros((length, SUMS, len(self._a))) for length in windows]
        self._windows = np.array(windows)
        self._window_sums = np.empty((SUMS, len(windows), len(self._a)))
        self._rounding = ROUNDING
        self._pushes = 0
        self._points = 1

    def push(self, z_a: Analytic, z_b: Analytic) -> None:
        """Take in what came since the last push.

        Args:
            z_a: (bands, channels of a, points), the same number of points in every push; a point
                that is not finite, or zero, in either person is left out.
            z_b: (bands, channels of b, points), at the same instants.
        """
        found = pair_sums(_precise(z_a), _precise(z_b), frozenset(self._kinds))
        self.add(found, z_a.shape[-1])

    def add(self, sums: NDArray[np.floating], points: int) -> None:
        """Take in what `push` would, already summed.

        Args:
            sums: (SUMS, bands, channels of a, channels of b), as dsp.pair_sums has them.
            points: over how many, those left out included; the same in every call.
        """
        picked = sums[..., self._a, self._b]
        for band, record in enumerate(self._records):
            record[self._pushes % len(record)] = picked[:, band]
        self._rounding = ROUNDING if sums.dtype == np.float64 else ROUNDING_32
        self._points = points
        self._pushes += 1

    def values(self) -> Synchrony:
        """Measures over the window of each band."""
        for band, record in enumerate(self._records):
            record.sum(axis=0, out=self._window_sums[:, band])
        clean_share = self._window_sums[0] / (self._windows[:, None] * self._points)
        values = measures(self._window_sums, self._kinds, self._rounding)
        enough = clean_share >= MIN_CLEAN
        for value in values.values():
            value[~enough] = np.nan
        return Synchrony(values, clean_share)


def window_measures(z_a: Analytic, z_b: Analytic) -> dict[str, Floats]:
    """Measures between all channels of two people in one window.

    Args:
        z_a: (bands, channels of a, points); what is not finite, or zero, is left out.
        z_b: (bands, channels of b, points), at the same instants.

    Returns:
        Every kind of KINDS, each (bands, channels of a, channels of b).
    """
    both = _precise(z_a), _precise(z_b)
    return measures(pair_sums(*both, frozenset(KINDS), by_angle=True), KINDS)


def _precise(z: Analytic) -> Complexes:
    return z.astype(np.complex128, copy=False)


def measures(
    window_sums: NDArray[np.floating], kinds: Sequence[str], rounding: float = ROUNDING
) -> dict[str, Floats]:
    """Measures from the sums of a window.

    Args:
        window_sums: (SUMS, bands, ...), as dsp.pair_sums has them.
        kinds: which, of KINDS, those that the sums were made for.
        rounding: of the sums; what varies by less than this share does not vary.

    Returns:
        By kind, (bands, ...); NaN where a measure is not defined.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        window = _Window(np.asarray(window_sums, np.float64), rounding)
        found = np.stack([_FORMULAS[kind](window) for kind in kinds])
    found[~np.isfinite(found)] = np.nan
    return dict(zip(kinds, found, strict=True))


class _Window:
    """The sums by their names; `same` is S u_a u_b*, `mirrored` S u_a u_b, `cross` S z_a z_b*."""

    def __init__(self, window_sums: Floats, rounding: float) -> None:
        self.rounding = rounding
        self.n, self.rr_a, self.r4_a, self.r_a = window_sums[:4]
        self.rr_b, self.r4_b, self.r_b = window_sums[8:11]
        self.u_a, self.square_a = _complex(window_sums[4:8:2], window_sums[5:8:2])
        self.u_b, self.square_b = _complex(window_sums[11:15:2], window_sums[12:15:2])
        cc, cs, sc, ss = window_sums[15:19]
        self.same, self.mirrored = _complex((cc + ss, cc - ss), (sc - cs, sc + cs))
        self.same_size, self.mirrored_size = np.abs(self.same), np.abs(self.mirrored)
        xx, xy, yx, yy = window_sums[19:23]
        self.cross_re, self.cross_im = xx + yy, yx - xy
        self.r_ab, self.rr_ab, self.lagged = window_sums[23:]


def _complex(real: ArrayLike, imaginary: ArrayLike) -> Complexes:
    found = np.empty(np.shape(real), np.complex128)
    found.real, found.imag = real, imaginary
    return found


def _phase_locking(w: _Window) -> Floats:
    locking: Floats = w.same_size / w.n
    return locking


def _circular_correlation(w: _Window) -> Floats:
    turn_a, turn_b = w.u_a.conj() / np.abs(w.u_a), w.u_b.conj() / np.abs(w.u_b)
    together = turn_a * (turn_b.conj() * w.same - turn_b * w.mirrored)
    return np.abs(_over_spread(w, together.real, turn_a * turn_a, turn_b * turn_b))


def _adjusted_correlation(w: _Window) -> Floats:
    difference, total = w.same.conj() / w.same_size, w.mirrored.conj() / w.mirrored_size
    above = w.same_size - w.mirrored_size
    return _over_spread(w, above, total * difference, total * difference.conj())


def _over_spread(w: _Window, above: Floats, turn_a: Complexes, turn_b: Complexes) -> Floats:
    """A sum over the spread of the phases around two angles; NaN where one does not vary.

    turn_a, turn_b: exp(-2im), exp(-2in).
    """
    spread_a = w.n - (turn_a * w.square_a).real
    spread_b = w.n - (turn_b * w.square_b).real
    correlation: Floats = above / np.sqrt(spread_a * spread_b)
    correlation[np.minimum(spread_a, spread_b) < w.rounding * w.n] = np.nan
    return correlation


def _coherence(w: _Window) -> Floats:
    coherence: Floats = np.hypot(w.cross_re, w.cross_im) / np.sqrt(w.rr_a * w.rr_b)
    return coherence


def _imaginary_coherence(w: _Window) -> Floats:
    coherence: Floats = np.abs(w.cross_im) / np.sqrt(w.rr_a * w.rr_b)
    return coherence


def _weighted_lag(w: _Window) -> Floats:
    """Nothing that lags is no consistent lag: 0, and not the ratio of two roundings."""
    index: Floats = np.abs(w.cross_im) / w.lagged
    index[(w.lagged <= w.rounding * w.r_ab) & (w.r_ab > 0)] = 0
    return index


def _envelope_correlation(w: _Window) -> Floats:
    return _correlation(w.rounding, w.n, w.r_a, w.r_b, w.rr_a, w.rr_b, w.r_ab)


def _power_correlation(w: _Window) -> Floats:
    return _correlation(w.rounding, w.n, w.rr_a, w.rr_b, w.r4_a, w.r4_b, w.rr_ab)


def _correlation(rounding: float, *window_sums: Floats) -> Floats:
    """Pearson correlation from N, S x, S y, S x^2, S y^2, S xy; NaN where one does not vary."""
    n, x, y, xx, yy, xy = window_sums
    variance_x, variance_y = n * xx - x * x, n * yy - y * y
    correlation: Floats = (n * xy - x * y) / np.sqrt(variance_x * variance_y)
    constant = np.minimum(variance_x / xx, variance_y / yy) < rounding * n
    correlation[constant] = np.nan
    return correlation


_FORMULAS: Final[dict[str, Callable[[_Window], Floats]]] = {
    "plv": _phase_locking,
    "ccorr": _circular_correlation,
    "accorr": _adjusted_correlation,
    "coh": _coherence,
    "imcoh": _imaginary_coherence,
    "wpli": _weighted_lag,
    "aec": _envelope_correlation,
    "powcorr": _power_correlation,
}
KINDS: Final = tuple(_FORMULAS)
