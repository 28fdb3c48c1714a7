"""Synchrony of two people at every circular shift of one against the other, exactly.

The sums that the measures are made of (dsp/pair_sums.py) are sums of products of something of a
with something of b; of all shifts s at once they are one product of spectra:

    S(s) = sum over t of f[t] conj(g[t - s]) = F^-1( F f conj(F g) )          b is s points late

What is missing weighs nothing and is shifted along, so that at each shift a measure is that of the
points which both have there. The circle is closed by a hole, up to a length that is quickly
transformed. Not of this form is S |Im z_a z_b*|: `wpli` has no value here. Nor has `powcorr`, which
says what `aec` says.

    aec_d = Pearson correlation of ln |z_a| and ln |z_b|, each without its drifts (dsp/drift.py)
    ciplv = |Im <u_a u_b*>| / sqrt(1 - (Re <u_a u_b*>)^2)        (Bruna et al. 2018)

the others as in dsp/synchrony.py. Off-line only, for it needs scipy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.drift import without_drift
from dsp.imaginary import ciplv
from dsp.pair_sums import SUMS, Analytic
from dsp.synchrony import KINDS, ROUNDING, measures

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

EVERY_SHIFT: Final = ("plv", "ciplv", "ccorr", "accorr", "aec_d", "coh", "imcoh", "aec")
AT_ONCE: Final = 1 << 13  # shifts, so that their sums stay in a processor's cache
# Rows of dsp.pair_sums: what is made of S u u*, S u u, S z z* and so on.
_N, _U2_A, _U2_B, _U_A, _U_B, _SAME, _MIRRORED, _CROSS = range(8)
_IMAGINARY: Final = 7  # is added to the others
_R2_A, _R2_B = 17, 18


def circle_of(points: int) -> int:
    """How many shifts there are of so many points: the circle is closed by a hole."""
    return int(fft.next_fast_len(points))


class Shifting:
    """One channel of one person in one band, ready to be shifted.

    Args:
        z: (points,) analytic band signal; what is not finite, or zero, is missing.
        step_s: from one point to the next.
    """

    def __init__(self, z: Analytic, step_s: float) -> None:
        size = np.abs(z.astype(np.complex128))
        there = (size > 0) & (size < np.inf)
        self.points = len(z)
        self._there = there.astype(np.float64)
        self._r = np.where(there, size, 0)
        self._z = np.where(there, z, 0).astype(np.complex128)
        self._u = self._z / np.where(there, size, 1)
        logarithm = np.where(there, np.log(np.where(there, size, 1)), np.nan)
        e = without_drift(logarithm, step_s)
        e -= np.mean(e[there]) if there.any() else 0
        self._e = np.where(there, e, 0)

    @cached_property
    def w(self) -> Complexes:
        """Spectrum of what is there."""
        return self._spectrum(self._there)

    @cached_property
    def u(self) -> Complexes:
        """Spectrum of the phases."""
        return self._spectrum(self._u)

    @cached_property
    def u2(self) -> Complexes:
        """Spectrum of the doubled phases."""
        return self._spectrum(self._u * self._u)

    @cached_property
    def z(self) -> Complexes:
        """Spectrum of the signal itself."""
        return self._spectrum(self._z)

    @cached_property
    def power(self) -> Complexes:
        """Spectrum of |z|^2."""
        return self._spectrum(self._r * self._r)

    @cached_property
    def r(self) -> Complexes:
        """Spectrum of q + i q^2, q: amplitude less its mean, for a level would cost digits.

        Two real series cost as much as one complex one.
        """
        mean = self._r.sum() / max(self._there.sum(), 1)
        q = np.where(self._there > 0, self._r - mean, 0)
        return self._spectrum(q + 1j * q * q)

    @cached_property
    def e(self) -> Complexes:
        """Spectrum of e + i e^2, e: logarithmic amplitude without its drifts."""
        return self._spectrum(self._e + 1j * self._e * self._e)

    def _spectrum(self, x: Floats | Complexes) -> Complexes:
        found: Complexes = fft.fft(x, circle_of(self.points))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class EveryShift:
    """Measures at every shift.

    Attributes:
        kinds: which.
        value: (kinds, shifts); [k, s]: b is s points late. NaN where a measure is not defined.
        points: (shifts,) how many both have.
    """

    kinds: tuple[str, ...]
    value: Floats
    points: Floats


def every_shift(a: Shifting, b: Shifting, kinds: Sequence[str] = EVERY_SHIFT) -> EveryShift:
    """Measures of two people at every circular shift of b.

    Raises:
        ValueError: a kind has no value here, or the two are not equally long.
    """
    if unknown := [kind for kind in kinds if kind not in EVERY_SHIFT]:
        raise ValueError(f"{unknown[0]} has no exact value at every shift")
    if a.points != b.points:
        raise ValueError(f"{a.points} points against {b.points}")
    wanted = frozenset(kinds)
    sums = _sums(a, b, wanted)
    points = np.rint(sums[_N])
    sums[_N] = points
    found = np.full((len(kinds), len(points)), np.nan)
    usual = [kind for kind in kinds if kind in KINDS and kind not in ("plv", "aec")]
    for row, kind in enumerate(kinds):
        if kind == "plv":
            found[row] = np.hypot(sums[_SAME], sums[_SAME + _IMAGINARY]) / np.maximum(points, 1)
        elif kind == "ciplv":
            same = sums[_SAME] + 1j * sums[_SAME + _IMAGINARY]
            found[row] = ciplv(same / np.maximum(points, 1))
        elif kind == "aec_d":
            found[row] = _pearson((a.w, a.e), (b.w, b.e), points)
        elif kind == "aec":
            found[row] = _pearson((a.w, a.r), (b.w, b.r), points)
    if usual:
        rows = [kinds.index(kind) for kind in usual]
        for begin in range(0, len(points), AT_ONCE):
            some = slice(begin, begin + AT_ONCE)
            found[rows, some] = measures(sums[:, some], usual)
    found[:, points == 0] = np.nan
    return EveryShift(tuple(kinds), found, points)


def _sums(a: Shifting, b: Shifting, wanted: frozenset[str]) -> Floats:
    """(SUMS, shifts) of dsp.pair_sums, those that the wanted measures need; others are 0."""
    sums = np.zeros((SUMS, len(a.w)))
    sums[_N] = _back(a.w * b.w.conj()).real
    if wanted & {"plv", "ciplv", "ccorr", "accorr"}:
        _put(sums, _SAME, _back(a.u * b.u.conj()))
    if wanted & {"ccorr", "accorr"}:
        _put(sums, _MIRRORED, _back(a.u * _reversed(b.u)))
        _put(sums, _U2_A, _back(a.u2 * b.w.conj()))
        _put(sums, _U2_B, _back(a.w * b.u2.conj()).conj())
    if "ccorr" in wanted:
        _put(sums, _U_A, _back(a.u * b.w.conj()))
        _put(sums, _U_B, _back(a.w * b.u.conj()).conj())
    if wanted & {"coh", "imcoh"}:
        _put(sums, _CROSS, _back(a.z * b.z.conj()))
        powers = _back(a.power * b.w.conj() + 1j * (a.w * b.power.conj()))
        sums[_R2_A], sums[_R2_B] = powers.real, powers.imag
    return sums


def correlation_at_every_shift(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Pearson correlation of two series at every circular shift of y.

    Args:
        x: (n,) NaN where there is no value.
        y: (n,) of the other, at the same instants.

    Returns:
        The correlation at each shift, NaN where nothing varies; and how many values both have.
    """
    length = circle_of(len(x))
    (there_a, two_a), (there_b, two_b) = (_series(one, length) for one in (x, y))
    points = np.rint(_back(there_a * there_b.conj()).real)
    return _pearson((there_a, two_a), (there_b, two_b), points), points


def _series(x: Floats, length: int) -> tuple[Complexes, Complexes]:
    """Spectra of what is there, and of x + i x^2, about its mean: large levels cost digits."""
    there = np.isfinite(x)
    level = x[there].mean() if there.any() else 0.0
    kept = np.where(there, x - level, 0)
    return fft.fft(there.astype(np.complex128), length), fft.fft(kept + 1j * kept * kept, length)


def _pearson(
    a: tuple[Complexes, Complexes], b: tuple[Complexes, Complexes], points: Floats
) -> Floats:
    """Of spectra of what is there and of e + i e^2, over the points that both have."""
    first_a, square_a = _where(a[1], b[0])
    first_b, square_b = _backwards(_where(b[1], a[0]))
    product = _back(_first(a[1]) * _first(b[1]).conj()).real
    of_a, of_b = points * square_a - first_a**2, points * square_b - first_b**2
    varies = np.minimum(of_a, of_b) > ROUNDING * points**2
    with np.errstate(divide="ignore", invalid="ignore"):
        r = (points * product - first_a * first_b) / np.sqrt(of_a * of_b)
    return np.where(varies, r, np.nan)


def _back(spectrum: Complexes) -> Complexes:
    found: Complexes = fft.ifft(spectrum, overwrite_x=True)
    return found


def _put(sums: Floats, row: int, found: Complexes) -> None:
    sums[row], sums[row + _IMAGINARY] = found.real, found.imag


def _where(two: Complexes, there: Complexes) -> Floats:
    """Sums of two real series of one person over what is there of the other, (2, shifts)."""
    found = _back(two * there.conj())
    return np.stack([found.real, found.imag])


def _first(two: Complexes) -> Complexes:
    """Spectrum of the real series of two that were transformed as one."""
    first: Complexes = (two + _reversed(two).conj()) / 2
    return first


def _reversed(spectrum: Complexes) -> Complexes:
    """At the negative frequencies."""
    return np.roll(spectrum[::-1], 1)


def _backwards(of_shifts: Floats) -> Floats:
    """What was found with a shifted against b, at the shifts of b against a."""
    return np.roll(of_shifts[:, ::-1], 1, axis=1)
