"""MNE's own files, by mne: voltages of one person, with their annotations."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from hardware.cyton.frames import RAIL_COUNTS
from recorder.export.library import library
from recorder.importing.brought import Brought, FileClock, Noted, Stretch
from recorder.importing.channels import distinct, label_of
from recorder.importing.complaints import heard
from recorder.importing.counts import counts_of, finest_for

FORM: Final = "FIF"
UV_PER_VOLT: Final = 1e6
TAKEN: Final = ("eeg", "eog", "ecg", "emg", "misc")


def bring_fif(path: Path) -> list[Brought]:
    """The one person of a file.

    Raises:
        Failure: mne is missing.
        ValueError: it is no raw FIF file, or holds no voltage.
    """
    raw, complaints = _opened(path)
    return [_brought(raw, complaints)]


def _opened(path: Path) -> tuple[Any, list[str]]:
    """The file, and what mne complains of."""
    mne = library("mne", "mne", "mne")
    try:
        with heard("mne") as complaints:
            raw = mne.io.read_raw_fif(path, preload=True, verbose="warning")
    except Exception as error:  # it raises what damaged bytes make it raise
        text = " ".join(str(error).split())
        raise ValueError(f"no raw FIF file that mne can read: {text}") from error
    return raw, complaints


def _brought(raw: Any, complaints: list[str]) -> Brought:
    kinds = raw.get_channel_types()
    places = [place for place, kind in enumerate(kinds) if kind in TAKEN]
    if not any(kinds[place] == "eeg" for place in places):
        raise ValueError("no channel of EEG in it")
    uv = raw.get_data(picks=places).T * UV_PER_VOLT
    uv_per_count = finest_for(uv)
    rate_hz, (clock, begin_ns) = float(raw.info["sfreq"]), _start(raw)
    left = [name for place, name in enumerate(raw.ch_names) if place not in places]
    index = np.flatnonzero(np.isfinite(uv).any(axis=1)).astype(np.int64)
    counts = counts_of(uv[index], uv_per_count)
    aux = np.empty((len(index), 0), np.int32)
    return Brought(
        "",
        FORM,
        FORM.lower(),
        "float",
        rate_hz,
        uv_per_count,
        RAIL_COUNTS,
        distinct([label_of(raw.ch_names[it])[0] for it in places]),
        tuple(kinds[it] for it in places),
        tuple(label_of(raw.ch_names[it])[2] for it in places),
        (0.0,) * len(places),
        (Stretch(index, counts, aux, None, begin_ns),),
        clock,
        "exact",
        notes=tuple(_notes(raw, begin_ns)),
        told=(*complaints, *([f"left out, no voltage: {', '.join(left)}"] if left else [])),
    )


def _start(raw: Any) -> tuple[FileClock, int]:
    """Of the first sample, by which clock."""
    first_ns = round(raw.first_time * 1e9)
    measured = raw.info["meas_date"]
    if measured is None:
        return "none", 0
    since = measured - datetime(1970, 1, 1, tzinfo=UTC)
    whole_s = since.days * 86_400 + since.seconds
    return "utc", whole_s * 10**9 + since.microseconds * 1000 + first_ns


def _notes(raw: Any, begin_ns: int) -> list[Noted]:
    """Onsets are from the begin of the measurement, of which the file may lack the first part."""
    zero_ns = begin_ns - round(raw.first_time * 1e9)
    found = []
    for it in raw.annotations:
        onset_ns = zero_ns + round(float(it["onset"]) * 1e9)
        end_ns = onset_ns + round(float(it["duration"]) * 1e9)
        found.append(Noted(onset_ns, end_ns, str(it["description"])))
    return found
