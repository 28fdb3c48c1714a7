"""What is measured off-line only, in the windows of the session's own synchrony: a value a second.

ciplv, dwpli     dsp/imaginary.py
aec_d            Pearson correlation of the logarithmic envelopes without drifts over 120 s
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.drift import without_drift
from dsp.imaginary import ciplv, dwpli
from dsp.synchrony import MIN_CLEAN, ROUNDING
from recorder.analysis.replay import Replayed
from recorder.analysis.series import Place, places
from recorder.measures.pipeline import POINTS_PER_HOP
from recorder.measures.series import HOP_S, synchrony_window_s
from recorder.store.rows import SeriesRow

Floats = NDArray[np.float64]

FORMULAS: Final = {
    "ciplv": "|Im m| / sqrt(1 - (Re m)^2), m = sum u_a conj(u_b) / N, u = z / |z|",
    "dwpli": "((sum x)^2 - sum x^2) / ((sum |x|)^2 - sum x^2), x = Im z_a conj(z_b)",
    "aec_d": "Pearson r of ln |z_a| and ln |z_b|, each without drifts slower than 120 s",
}


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """One series.

    Attributes:
        row: its definition.
        value: (hops,) at the ends of the windows; NaN where less than half is clean.
        clean: (hops,) share of the window.
    """

    row: SeriesRow
    value: Floats
    clean: Floats


def more_windows(
    replayed: Replayed, labels: tuple[tuple[str, ...], tuple[str, ...]]
) -> Iterator[Windows]:
    """The series of every pair and band, numbered after those that were measured before."""
    rows = replayed.definitions.rows
    like = {(it.band, it.channels): it for it in rows if len(it.persons) == 2}
    number = max((it.id for it in rows), default=0)
    for place in places(replayed, labels):
        hops = round(synchrony_window_s(place.band) / HOP_S)
        values, clean = _in_windows(place, replayed.step_s, hops)
        for name, value in zip(FORMULAS, values, strict=True):
            number += 1
            row = like[place.band, place.channels]
            row = replace(row, id=number, name=name, formula=FORMULAS[name], hop_s=HOP_S)
            yield Windows(row, value, clean)


def _in_windows(place: Place, step_s: float, hops: int) -> tuple[tuple[Floats, ...], Floats]:
    a, b = (it.astype(np.complex128) for it in (place.of_patient, place.of_therapist))
    used = (np.abs(a) > 0) & (np.abs(b) > 0)
    a, b = (np.where(used, it, 1) for it in (a, b))
    product = a * b.conj()
    x = product.imag
    e_a, e_b = (
        np.where(used, without_drift(_logarithm(z), step_s), 0)
        for z in (place.of_patient, place.of_therapist)
    )
    rows = np.stack(
        [np.ones_like(x), x, np.abs(x), x * x, e_a, e_b, e_a * e_a, e_b * e_b, e_a * e_b]
    )
    n, total, size, square, *amplitudes = _sliding(np.where(used, rows, 0), hops)
    phases = _sliding(np.where(used, product / np.abs(product), 0)[None], hops)[0]
    clean = n / (hops * POINTS_PER_HOP)
    kept = clean >= MIN_CLEAN
    found = (
        ciplv(phases / np.maximum(n, 1)),
        dwpli(total, size, square),
        _pearson(n, *amplitudes),
    )
    return tuple(np.where(kept, it, np.nan) for it in found), clean


def _logarithm(z: NDArray[np.complex64]) -> Floats:
    size = np.abs(z.astype(np.complex128))
    return np.where(size > 0, np.log(np.where(size > 0, size, 1)), np.nan)


def _pearson(n: Floats, *sums: Floats) -> Floats:
    first_a, first_b, square_a, square_b, product = sums
    of_a, of_b = n * square_a - first_a**2, n * square_b - first_b**2
    varies = np.minimum(of_a, of_b) > ROUNDING * n * n
    with np.errstate(divide="ignore", invalid="ignore"):
        r = (n * product - first_a * first_b) / np.sqrt(of_a * of_b)
    return np.where(varies, r, np.nan)


def _sliding(rows: NDArray[np.inexact], hops: int) -> NDArray[np.inexact]:
    """Sums over the last hops at the end of each, (rows, hops in all); of fewer at the begin."""
    each = rows.reshape(len(rows), -1, POINTS_PER_HOP).sum(axis=2)
    total = np.concatenate([np.zeros((len(rows), 1), each.dtype), np.cumsum(each, axis=1)], axis=1)
    first = np.maximum(np.arange(1, each.shape[1] + 1) - hops, 0)
    found: NDArray[np.inexact] = total[:, 1:] - total[:, first]
    return found
