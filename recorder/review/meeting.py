"""Synchrony of the two within its chance band, and the same of two people who never met.

The band signals are made again as they were measured (recorder/open), of one pair of like channels
in the alpha band. Windows are additive sums of records of a second (dsp/pair_sums.py):

    met         patient and therapist as they were
    by chance   the patient, and the therapist SHIFTS times shifted round the session
    never met   one of those shifts, half the session long, and everything of the therapist with it

The chance band of a window reaches from the 5th to the 95th of a hundred of its values by chance; a
percentile is the share of those below the value. Two who never met are compared with the same
shifts, but for their own. Instants without data of either are left out. A window of which less
than half is there has no value, nor has one of which the recording had none (artefacts, clocks).
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dsp.pair_sums import SUMS, point_rows, row_sums
from dsp.synchrony import MIN_CLEAN, ROUNDING_32, measures
from recorder.measures.series import FORMULAS, synchrony_window_s
from recorder.open import OpenSession
from recorder.open.band_signals import grid_times_ns
from recorder.review.curves import Seconds
from recorder.review.packing import packed
from recorder.settings.board import ROLES
from recorder.store.rows import SeriesRow

Floats = NDArray[np.float64]
Rows = NDArray[np.floating]

BAND: Final = "alpha"
KINDS: Final = ("accorr", "plv", "aec")
SITES: Final = ("F3", "F4", "Fz", "C3", "Cz", "C4", "P3", "Pz", "P4", "O1", "O2")
SHIFTS: Final = 100
NEAREST_S: Final = 60
LEAST_S: Final = 240  # of a session, for shifts that are not all alike
POINTS_A_SECOND: Final = 40
LOW, HIGH = 5.0, 95.0
STEP: Final = 0.001
PER_CENT: Final = 0.5


@dataclass(frozen=True, slots=True)
class Pair:
    """What is compared: a channel of each, by its number, in a band."""

    label: str
    patient: int
    therapist: int
    band: int
    window_s: int


def meeting(session: OpenSession, seconds: Seconds) -> dict[str, Any] | None:
    """Synchrony of both, with its chance; None where there are not two, or not long enough."""
    pair = _pair(session)
    if pair is None or seconds.n < LEAST_S or not _have_samples(session):
        return None
    mine = _rows(session, "patient", pair.band, pair.patient)
    yours = _rows(session, "therapist", pair.band, pair.therapist)
    shifts = _shifts(len(mine))
    half = int(np.argmin(np.abs(shifts - len(mine) // 2)))
    met = _windows(mine, yours, pair.window_s)
    is_there = _recorded(session, seconds, pair)[: met.shape[1]]
    chance = np.stack([_windows(mine, _late(yours, it), pair.window_s) for it in shifts])
    return {
        "band": BAND,
        "channels": [pair.label, pair.label],
        "window_s": pair.window_s,
        "shifts": len(shifts),
        "shift_s": int(shifts[half]),
        "step": STEP,
        "kinds": [
            {
                "name": kind,
                "formula": FORMULAS[kind],
                "met": _told(np.where(is_there, met[at], np.nan), chance[:, at]),
                "never": _told(chance[half, at], np.delete(chance[:, at], half, axis=0)),
            }
            for at, kind in enumerate(KINDS)
        ],
    }


def share_above(percentile: Floats) -> float | None:
    """Which part of all windows is above what 95 of 100 by chance are; None: there are none."""
    known = percentile[np.isfinite(percentile)]
    return float(np.mean(known >= HIGH)) if len(known) else None


def _told(value: Floats, chance: Floats) -> dict[str, Any]:
    """A measure over time, (n,), beside (shifts, n) of it by chance."""
    known = np.isfinite(chance).sum(axis=0)
    is_known = (known >= len(chance) // 2) & np.isfinite(value)
    low, high = np.full((2, len(value)), np.nan)
    if is_known.any():
        low[is_known], high[is_known] = np.nanpercentile(chance[:, is_known], (LOW, HIGH), axis=0)
    below = (chance < value).sum(axis=0) / np.maximum(known, 1)
    percentile = np.where(is_known, 100 * below, np.nan)
    return {
        "value": packed(value, STEP),
        "low": packed(low, STEP),
        "high": packed(high, STEP),
        "percentile": packed(percentile, PER_CENT),
        "above": share_above(percentile),
    }


def _pair(session: OpenSession) -> Pair | None:
    """The first place that both have an electrode at, the frontal ones first."""
    if set(session.roles) != set(ROLES):
        return None
    patient, therapist = (session.labels(role) for role in ROLES)
    common = [site for site in SITES if site in patient and site in therapist]
    bands = [band.name for band in session.recipe(ROLES[0]).filter.bands]
    if not common or BAND not in bands:
        return None
    site, window_s = common[0], round(synchrony_window_s(BAND))
    at = patient.index(site), therapist.index(site)
    return Pair(site, *at, bands.index(BAND), window_s)


def _have_samples(session: OpenSession) -> bool:
    return all(session.span_ns(role) for role in ROLES)


def _rows(session: OpenSession, role: str, band: int, channel: int) -> Rows:
    """(10, seconds, 1, points) of one person, as dsp.pair_sums.point_rows makes them."""
    times_ns = grid_times_ns(session.started_ns, session.duration_s)
    n = len(times_ns) // POINTS_A_SECOND
    z = session.band_signals(role, times_ns[: n * POINTS_A_SECOND])[band, channel]
    return point_rows(z.reshape(n, 1, POINTS_A_SECOND))


def _late(rows: Rows, seconds: int) -> Rows:
    """Of a person who is so many seconds late; what leaves at the end comes in at the beginning."""
    return np.roll(rows, seconds, axis=1)


def _shifts(n: int) -> NDArray[np.int64]:
    """Whole seconds, evenly over a session of n, none of them near to none."""
    return np.unique(np.linspace(NEAREST_S, n - NEAREST_S, SHIFTS).astype(np.int64))


def _windows(mine: Rows, yours: Rows, window_s: int) -> Floats:
    """(kinds, n) measures of the windows around each second; NaN where too little is there."""
    records = row_sums(mine, yours, frozenset(KINDS)).astype(np.float64)[:, :, 0, 0]
    n = records.shape[1]
    total = np.concatenate([np.zeros((SUMS, 1)), np.cumsum(records, axis=1)], axis=1)
    found = np.full((len(KINDS), n), np.nan)
    if n < window_s:
        return found
    windows = total[:, window_s:] - total[:, :-window_s]
    values = measures(windows, KINDS, ROUNDING_32)
    values[:, windows[0] < MIN_CLEAN * window_s * POINTS_A_SECOND] = np.nan
    begin = window_s // 2
    found[:, begin : begin + values.shape[1]] = values
    return found


def _recorded(session: OpenSession, seconds: Seconds, pair: Pair) -> NDArray[np.bool_]:
    """(seconds,) where the recording had a value of this pair; all, where it measured none."""
    for kind in KINDS:
        found = [it for it in session.each_measure(kind) if _is_of(it.series, pair)]
        if found:
            return np.isfinite(seconds.placed(found, "value"))
    return np.ones(seconds.n, np.bool_)


def _is_of(series: SeriesRow, pair: Pair) -> bool:
    return series.band == BAND and series.channels == (pair.label, pair.label)
