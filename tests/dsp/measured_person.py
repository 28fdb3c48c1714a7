"""One person's recording on its way to indices, hop by hop, as the recorder takes it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.absence import Absence
from dsp.asymmetry import BandPower, Index, IndexSet, IndexValues
from dsp.bands import BandFilter
from dsp.guard import CleanWindow
from dsp.quality import find_flaws
from dsp.ring import Ring

Floats = NDArray[np.float64]

RAIL_UV = 187_500.0
POINTS = 10
HOP_S = 0.25
WINDOW_HOPS = 40
THETA, ALPHA = 0, 1


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What came of it.

    Attributes:
        t_s: (values,) window centres.
        value, standard_error, clean_share: (values, indices).
        absence: for each value, for each index.
        flaws: (hops, channels).
    """

    t_s: Floats
    value: Floats
    standard_error: Floats
    clean_share: Floats
    absence: list[list[Absence | None]]
    flaws: NDArray[np.uint8]


def grid_s(begin_s: float, length_s: float) -> Floats:
    """(hops, points) instants of the session grid."""
    hops = round(length_s / HOP_S)
    since_s = np.arange(hops * POINTS).reshape(hops, POINTS) * (HOP_S / POINTS)
    return np.asarray(begin_s + since_s, np.float64)


def measure(
    uv: Floats,
    rate_hz: float,
    indices: Sequence[Index],
    *,
    times_s: Floats,
    positions: Floats | None = None,
    hops_per_value: int = 4,
) -> Measured:
    """Indices over 10 s of samples (n, channels).

    Args:
        uv: NaN where missing, infinite where railed.
        rate_hz: nominal.
        indices: which.
        times_s: (hops, points), as of grid_s.
        positions: (hops, points) where they are in uv; without, times the rate.
        hops_per_value: between the values that are looked at.
    """
    places = times_s * rate_hz if positions is None else positions
    ring, band_filter = _filled(uv), BandFilter(rate_hz)
    power = BandPower(len(band_filter.bands), uv.shape[1], WINDOW_HOPS)
    window, index_set = CleanWindow(uv.shape[1], WINDOW_HOPS), IndexSet(indices, 3, uv.shape[1])
    values: list[IndexValues] = []
    absences: list[list[Absence | None]] = []
    flaws = np.zeros((len(places), uv.shape[1]), np.uint8)
    for hop, place in enumerate(places):
        flaws[hop] = _flaws(ring, place, band_filter.half_span, rate_hz)
        window.push(flaws[hop])
        power.push(band_filter.evaluate(ring, place), flaws[hop] == 0)
        if hop % hops_per_value == 0:
            values.append(index_set.evaluate(power))
            absences.append(_absences(window, indices, values[-1]))
    half_s = WINDOW_HOPS * HOP_S / 2
    return Measured(
        times_s[::hops_per_value, -1] - half_s,
        np.array([value.value for value in values]),
        np.array([value.standard_error for value in values]),
        np.array([value.clean_share for value in values]),
        absences,
        flaws,
    )


def _filled(uv: Floats) -> Ring:
    ring = Ring(*uv.shape)
    ring.write(0, uv.astype(np.float32))
    return ring


def _flaws(ring: Ring, place: Floats, half_span: int, rate_hz: float) -> NDArray[np.uint8]:
    n = round(rate_hz)
    last = min(int(place[-1]) + half_span, ring.newest)
    return find_flaws(ring.view(last + 1 - n, n), rate_hz=rate_hz, rail_uv=RAIL_UV)


def _absences(
    window: CleanWindow, indices: Sequence[Index], values: IndexValues
) -> list[Absence | None]:
    return [
        window.absence((*index.upper, *index.lower), float(share))
        for index, share in zip(indices, values.clean_share, strict=True)
    ]
