"""Made-up people as a session that has been measured: what the tests of recorder/analysis take."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.pair_sums import pair_sums
from dsp.synchrony import measures
from recorder.analysis.replay import Replayed
from recorder.measures.pipeline import POINTS_PER_HOP
from recorder.measures.series import (
    INDEX_WINDOW_S,
    Definitions,
    bands_of,
    define,
    synchrony_window_s,
)
from recorder.settings.board import BoardSettings
from recorder.settings.measures import MeasureSettings
from tests.null.people import BANDS, STEP_S, Complexes

Floats = NDArray[np.float64]

SITES: Final = ("F3", "F4")
CHOSEN: Final = MeasureSettings(kinds=("plv", "accorr"))
STEP_NS: Final = round(STEP_S * 1e9)
LABELS: Final = (SITES, SITES)


def definitions() -> Definitions:
    """Of two people with electrodes at F3 and F4."""
    board = BoardSettings(channels=SITES)
    filters = [bands_of(CHOSEN, person, 250.0, 50.0) for person in (0, 1)]
    return define(board, board, (filters[0], filters[1]), chosen=CHOSEN)


def measured(patient: Complexes, therapist: Complexes) -> Replayed:
    """As recorder.analysis.replay gives it; asymmetries and synchrony in their usual windows."""
    told = definitions()
    z = np.concatenate([patient, therapist], axis=1)
    hops = z.shape[2] // POINTS_PER_HOP
    z = z[..., : hops * POINTS_PER_HOP]
    value = np.full((hops, len(told.rows)), np.nan)
    for place, row in enumerate(told.rows):
        band = list(BANDS).index(row.band)
        if row.name == "faa":
            person = 0 if row.persons == ("patient",) else 2
            right, left = (person + SITES.index(label) for label in row.channels)
            value[:, place] = _log_power(z[band, right]) - _log_power(z[band, left])
        elif len(row.persons) == 2:
            a, b = (SITES.index(label) for label in row.channels)
            window = round(synchrony_window_s(row.band))
            value[:, place] = _synchrony(z[band, a], z[band, 2 + b], row.name, window)
    ends = STEP_NS * (POINTS_PER_HOP * np.arange(1, hops + 1) - 1)
    none = np.full_like(value, np.nan)
    signals = z.astype(np.complex64)
    return Replayed(told, 0, STEP_NS, tuple(BANDS), 2, signals, ends, value, none, none)


def _log_power(z: NDArray[np.complex128]) -> Floats:
    power = (np.abs(z) ** 2).reshape(-1, POINTS_PER_HOP)
    there = np.isfinite(power)
    total, count = np.where(there, power, 0).sum(axis=1), there.sum(axis=1).astype(np.float64)
    mean = _sliding(total, round(INDEX_WINDOW_S)) / np.maximum(
        _sliding(count, round(INDEX_WINDOW_S)), 1
    )
    return np.log(np.where(mean > 0, mean, np.nan))


def _synchrony(
    a: NDArray[np.complex128], b: NDArray[np.complex128], kind: str, window: int
) -> Floats:
    """Each second as a band of its own, then sums over the window."""
    of_each = [it.reshape(-1, 1, POINTS_PER_HOP) for it in (a, b)]
    sums = pair_sums(of_each[0], of_each[1], frozenset({kind}))[..., 0, 0]
    found: Floats = measures(np.stack([_sliding(row, window) for row in sums]), [kind])[0]
    return found


def _sliding(x: Floats, window: int) -> Floats:
    """Sum over the last `window`; NaN before it is full."""
    total = np.cumsum(np.concatenate([[0.0], x]))
    summed = np.full(len(x), np.nan)
    summed[window - 1 :] = total[window:] - total[:-window]
    return summed
