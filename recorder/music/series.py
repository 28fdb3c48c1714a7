"""Four features of music, once a second, and how the notes keep them.

    loudness_lufs   -0.691 + 10 log10 of the mean square of the K-weighted mono sound, over 1 s, in
                    LUFS (ITU-R BS.1770-4, without gating)
    brightness_hz   centroid of the magnitude spectrum, over 1 s, in Hz (Grey and Gordon 1978;
                    Peeters 2004): the sum of frequency times magnitude by that of magnitudes
    notes_per_s     onsets a second, over 5 s: peaks of the spectral flux (Dixon 2006) that rise
                    above its mean of 1 s about them
    pulse_clarity   greatest autocorrelation of the flux at a lag of 0.25 to 1.5 s, 40 to 240
                    beats a minute, over 10 s; without unit, 1 is a perfect pulse (MaxAutocor of
                    Lartillot, Eerola, Toiviainen and Fornari 2008)

Each window lies about the second it is told for. All but loudness are of nothing where there is
nothing to hear. The clarity of noise is not 0: of its greatest of 125 lags, about 0.2.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder.music.spectra import STEP_S, Steps, Values
from recorder.store.note_rows import ResultRow

NAME: Final = "music"
SCHEMA: Final = "antiphon.music/1"
SECOND: Final = round(1 / STEP_S)  # steps
NOTES_S: Final = 5
PULSE_S: Final = 10
BEATS: Final = (SECOND // 4, 3 * SECOND // 2)  # lags, in steps
APART: Final = 5  # steps: two notes are not nearer
SILENCE: Final = 1e-7  # mean square: -70 LUFS, the absolute gate of BS.1770-4
ABOVE: Final = 0.02  # of the flux's mean: what rises less is no onset


@dataclass(frozen=True, slots=True)
class MusicRow:
    """The music about one instant of a session; None where there is nothing to hear."""

    t_s: float
    loudness_lufs: float | None
    brightness_hz: float | None
    notes_per_s: float | None
    pulse_clarity: float | None


def features(sound: Steps) -> list[MusicRow]:
    """The features about each second of a sound, by its own clock."""
    rows = []
    onsets = np.zeros(len(sound.flux))
    onsets[_onsets(sound.flux)] = 1
    for middle in range(SECOND // 2, len(sound.power) - SECOND // 2 + 1, SECOND):
        now, notes, pulse = (_about(middle, n * SECOND) for n in (1, NOTES_S, PULSE_S))
        heard, has_notes, has_pulse = (_is_heard(sound.power[it]) for it in (now, notes, pulse))
        rows.append(
            MusicRow(
                t_s=sound.begin_s + middle * STEP_S,
                loudness_lufs=_lufs(sound.power[now]) if heard else None,
                brightness_hz=_centroid_hz(sound, now) if heard else None,
                notes_per_s=_rate(onsets[notes]) if has_notes else None,
                pulse_clarity=_clarity(sound.flux[pulse]) if has_pulse else None,
            )
        )
    return rows


def _about(middle: int, steps: int) -> slice:
    return slice(max(0, middle - steps // 2), middle + steps // 2)


def _is_heard(power: Values) -> bool:
    return bool(power.mean() > SILENCE)


def _lufs(power: Values) -> float:
    return -0.691 + 10 * float(np.log10(power.mean()))


def _centroid_hz(sound: Steps, now: slice) -> float:
    return float(sound.moment_hz[now].sum() / sound.magnitude[now].sum())


def _rate(onsets: Values) -> float:
    return float(onsets.sum()) / (len(onsets) * STEP_S)


def _onsets(flux: Values) -> NDArray[np.intp]:
    """Steps at which the flux has a peak that is above its mean of a second about it."""
    from scipy.ndimage import maximum_filter1d, uniform_filter1d

    if not len(flux):
        return np.empty(0, np.intp)
    highest = maximum_filter1d(flux, 2 * APART + 1)
    usual = uniform_filter1d(flux, SECOND)
    is_peak = (flux == highest) & (flux > 2 * usual) & (flux > ABOVE)
    return np.flatnonzero(is_peak)


def _clarity(flux: Values) -> float | None:
    """The greatest normalised autocorrelation at a lag of a beat; None of less than 3 s."""
    if len(flux) < 2 * BEATS[1]:
        return None
    from_mean = flux - flux.mean()
    squares = np.concatenate([[0.0], np.cumsum(from_mean**2)])
    if squares[-1] <= 0:
        return None
    lags = np.arange(*BEATS)
    together = np.array([from_mean[lag:] @ from_mean[:-lag] for lag in lags])
    size = np.sqrt((squares[-1] - squares[lags]) * squares[-1 - lags])
    return float((together / np.maximum(size, 1e-30)).max().clip(0, 1))


def result_row(
    rows: Iterable[MusicRow], parameters: dict[str, object], version: str, made_utc_ns: int
) -> ResultRow:
    """As the notes keep it: a list of each column."""
    told = [asdict(row) for row in rows]
    columns = {field.name: [row[field.name] for row in told] for field in fields(MusicRow)}
    outcome = json.dumps({"schema": SCHEMA, **columns}, allow_nan=False)
    return ResultRow(NAME, json.dumps(parameters), outcome, version, made_utc_ns)


def newest(rows: Iterable[ResultRow]) -> tuple[MusicRow, ...]:
    """The music of a session out of its notes; `rows` by when they were made.

    Of several files each tells its own time, and of one time the file that was heard last.
    """
    found: dict[str, list[MusicRow]] = {}
    for row in rows:
        outcome = json.loads(row.outcome)
        if row.name == NAME and isinstance(outcome, dict) and outcome.get("schema") == SCHEMA:
            sha256 = json.loads(row.parameters).get("sha256", "")
            columns = [outcome[field.name] for field in fields(MusicRow)]
            found.pop(sha256, None)
            found[sha256] = [MusicRow(*cells) for cells in zip(*columns, strict=True)]
    kept: list[MusicRow] = []
    spans: list[tuple[float, float]] = []
    for own in filter(None, reversed(found.values())):
        kept += [it for it in own if not any(begin <= it.t_s <= end for begin, end in spans)]
        spans.append((own[0].t_s, own[-1].t_s))
    return tuple(sorted(kept, key=lambda it: it.t_s))
