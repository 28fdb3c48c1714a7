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

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.drift import without_drift
from dsp.imaginary import ciplv
from dsp.pair_sums import IMAGINARY, POWERS, REAL, SUMS, Analytic
from dsp.synchrony import ROUNDING, measures

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
Halves = tuple[Complexes, Complexes]  # half spectra of what is there; of a series and its square

EVERY_SHIFT: Final = ("plv", "ciplv", "ccorr", "accorr", "aec_d", "coh", "imcoh", "aec")
AT_ONCE: Final = 1 << 13  # shifts, so that their sums stay in a processor's cache
# The complex sums of dsp.pair_sums, in their order; S u u*, S u u, S z z* are these three.
_U2_A, _U2_B, _U_A, _SAME, _U_B, _MIRRORED, _CROSS = range(7)
_OF_SUMS: Final = ("plv", "ccorr", "accorr", "coh", "imcoh")  # dsp.synchrony.measures
# Which of them a measure is made of.
_MADE_OF: Final = {
    "plv": {_SAME},
    "ciplv": {_SAME},
    "accorr": {_SAME, _MIRRORED, _U2_A, _U2_B},
    "ccorr": {_SAME, _MIRRORED, _U2_A, _U2_B, _U_A, _U_B},
    "coh": {_CROSS},
    "imcoh": {_CROSS},
}


def circle_of(points: int) -> int:
    """How many shifts there are of so many points: the circle is closed by a hole."""
    return int(fft.next_fast_len(points))


class Shifting:
    """One channel of one person in one band, ready to be shifted.

    Spectra of real series are halves. Those of complex ones are asked for as they are of a, and as
    they are of b, which is late.

    Args:
        z: (points,) analytic band signal; what is not finite, or zero, is missing.
        step_s: from one point to the next.
    """

    def __init__(self, z: Analytic, step_s: float) -> None:
        size = np.abs(z.astype(np.complex128))
        there = (size > 0) & (size < np.inf)
        self.points = len(z)
        self._step_s = step_s
        self._there = there
        self._r = np.where(there, size, 0)
        self._z = np.where(there, z, 0).astype(np.complex128)
        self._u = self._z / np.where(there, size, 1)
        self.level = float(self._r.sum() / max(there.sum(), 1))

    @cached_property
    def there(self) -> Complexes:
        """Half the spectrum of what is there."""
        return self._half(self._there.astype(np.float64))

    @cached_property
    def of_a(self) -> dict[str, Complexes]:
        """Spectra of u, u^2, z and of what is there."""
        u, u2, z = (self._spectrum(it) for it in (self._u, self._u * self._u, self._z))
        return {"u": u, "u2": u2, "z": z, "there": self._whole}

    @cached_property
    def of_b(self) -> dict[str, Complexes]:
        """The conjugates; and the spectra of u* and (u^2)*, as conjugates."""
        u, u2 = (self._spectrum(it) for it in (self._u, self._u * self._u))
        turned = {"turned u": _reversed(u), "turned u2": _reversed(u2)}
        z = self._spectrum(self._z).conj()
        return {"u": u.conj(), "z": z, "there": self._whole.conj(), **turned}

    @cached_property
    def r(self) -> Complexes:
        """Half spectra of q and q^2, q: amplitude less its mean, for a level would cost digits."""
        q = np.where(self._there, self._r - self.level, 0)
        return self._half(np.stack([q, q * q]))

    @cached_property
    def e(self) -> Complexes:
        """Half spectra of e and e^2, e: logarithmic amplitude without its drifts."""
        logarithm = np.where(self._there, np.log(np.where(self._there, self._r, 1)), np.nan)
        e = without_drift(logarithm, self._step_s)
        e -= np.mean(e[self._there]) if self._there.any() else 0
        e = np.where(self._there, e, 0)
        return self._half(np.stack([e, e * e]))

    @property
    def _whole(self) -> Complexes:
        """The whole spectrum of what is there."""
        others = self.there[1 : (circle_of(self.points) + 1) // 2]
        return np.concatenate([self.there, others[::-1].conj()])

    def _spectrum(self, x: Complexes) -> Complexes:
        found: Complexes = fft.fft(x, circle_of(self.points))
        return found

    def _half(self, x: Floats) -> Complexes:
        found: Complexes = fft.rfft(x, circle_of(self.points))
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
    shifts = circle_of(a.points)
    points = np.rint(_back(a.there * b.there.conj(), shifts))
    found = np.full((len(kinds), shifts), np.nan)
    sums = _complex_sums(a, b, frozenset(kinds))
    powers = np.zeros((2, 0))
    if not {"coh", "imcoh", "aec"}.isdisjoint(kinds):
        amplitudes = _second_sums((a.there, a.r), (b.there, b.r), shifts)
        powers = _powers(amplitudes, (a.level, b.level), points)
        if "aec" in kinds:
            found[kinds.index("aec")] = _pearson(amplitudes, points)
    if "aec_d" in kinds:
        envelopes = _second_sums((a.there, a.e), (b.there, b.e), shifts)
        found[kinds.index("aec_d")] = _pearson(envelopes, points)
    if "ciplv" in kinds:
        found[kinds.index("ciplv")] = ciplv(sums[_SAME] / np.maximum(points, 1))
    usual = [kind for kind in kinds if kind in _OF_SUMS]
    if usual:
        rows = [kinds.index(kind) for kind in usual]
        for some, record in _records(points, sums, powers):
            found[rows, some] = measures(record, usual)
    found[:, points == 0] = np.nan
    return EveryShift(tuple(kinds), found, points)


def _complex_sums(a: Shifting, b: Shifting, wanted: AbstractSet[str]) -> Complexes:
    """(7, shifts) those that the wanted measures need; others are 0."""
    needed = set[int]().union(*(_MADE_OF.get(kind, ()) for kind in wanted))
    factors = {
        _U2_A: ("u2", "there"),
        _U2_B: ("there", "turned u2"),
        _U_A: ("u", "there"),
        _U_B: ("there", "turned u"),
        _SAME: ("u", "u"),
        _MIRRORED: ("u", "turned u"),
        _CROSS: ("z", "z"),
    }
    sums = np.zeros((len(factors), circle_of(a.points)), np.complex128)
    for row in needed:
        mine, yours = factors[row]
        np.multiply(a.of_a[mine], b.of_b[yours], out=sums[row])
        sums[row] = fft.ifft(sums[row], overwrite_x=True)
    return sums


def _records(
    points: Floats, sums: Complexes, powers: Floats
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Some shifts after the other, and their sums as dsp.pair_sums has them."""
    for begin in range(0, len(points), AT_ONCE):
        some = slice(begin, min(begin + AT_ONCE, len(points)))
        record = np.zeros((SUMS, some.stop - begin))
        record[0] = points[some]
        record[REAL], record[IMAGINARY] = sums.real[:, some], sums.imag[:, some]
        if powers.size:
            record[POWERS] = powers[:, some]
        yield some, record


def correlation_at_every_shift(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Pearson correlation of two series at every circular shift of y.

    Args:
        x: (n,) NaN where there is no value.
        y: (n,) of the other, at the same instants.

    Returns:
        The correlation at each shift, NaN where nothing varies; and how many values both have.
    """
    shifts = circle_of(len(x))
    (there_a, two_a), (there_b, two_b) = (_series(one, shifts) for one in (x, y))
    points = np.rint(_back(there_a * there_b.conj(), shifts))
    return _pearson(_second_sums((there_a, two_a), (there_b, two_b), shifts), points), points


def _series(x: Floats, shifts: int) -> Halves:
    """Half spectra of what is there, and of x and x^2 about its mean: large levels cost digits."""
    there = np.isfinite(x)
    level = x[there].mean() if there.any() else 0.0
    kept = np.where(there, x - level, 0)
    return fft.rfft(there.astype(np.float64), shifts), fft.rfft([kept, kept * kept], shifts)


def _second_sums(a: Halves, b: Halves, shifts: int) -> Floats:
    """S x, S x^2, S y, S y^2, S x y over what both have, (5, shifts)."""
    (there_a, of_a), (there_b, of_b) = a, b
    spectra = np.empty((5, len(there_a)), np.complex128)
    np.multiply(of_a, there_b.conj(), out=spectra[:2])
    late = of_b.conj()
    np.multiply(there_a, late, out=spectra[2:4])
    np.multiply(of_a[0], late[0], out=spectra[4])
    return _back(spectra, shifts)


def _powers(amplitudes: Floats, levels: tuple[float, float], points: Floats) -> Floats:
    """S |z_a|^2 and S |z_b|^2 of the sums of what is above their levels, (2, shifts)."""
    first, second = amplitudes[[0, 2]], amplitudes[[1, 3]]
    level = np.array(levels)[:, None]
    powers: Floats = second + 2 * level * first + level**2 * points
    return powers


def _pearson(sums: Floats, points: Floats) -> Floats:
    """Of the second sums over the points that both have."""
    first_a, square_a, first_b, square_b, product = sums
    of_a, of_b = points * square_a - first_a**2, points * square_b - first_b**2
    varies = np.minimum(of_a, of_b) > ROUNDING * points**2
    with np.errstate(divide="ignore", invalid="ignore"):
        r = (points * product - first_a * first_b) / np.sqrt(of_a * of_b)
    return np.where(varies, r, np.nan)


def _back(half: Complexes, shifts: int) -> Floats:
    found: Floats = fft.irfft(half, shifts, overwrite_x=True)
    return found


def _reversed(spectrum: Complexes) -> Complexes:
    """At the negative frequencies."""
    return np.roll(spectrum[::-1], 1)
