"""What hardware/recordings reads, as what it brings of a person."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hardware.cyton import daisy
from hardware.cyton.frames import RAIL_COUNTS, RATE_HZ
from hardware.recordings.placing import Placed, Run, place
from hardware.recordings.reading import read_recording
from hardware.recordings.recording import Recording
from recorder.importing.brought import Brought, FileClock, Noted, Stretch
from recorder.importing.counts import counts_of, finest_for
from recorder.progress import Progress

Floats = NDArray[np.float64]

CARD, ARRAY, TEXT = "SD card", "numpy array", "text"


def bring_text(path: Path, gain: float | None, progress: Progress) -> list[Brought]:
    """What a text or npz file brings, of each person in it.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no recording.
    """
    recording = read_recording(path, progress)
    if gain is not None:
        recording = recording.at_gain(gain)
    placed = place(recording)
    return [_brought(recording, placed, person) for person in range(len(recording.uv))]


def _brought(recording: Recording, placed: Placed, person: int) -> Brought:
    channels = len(recording.labels)
    uv = recording.uv[person]
    uv_per_count = recording.uv_per_count if recording.kind else finest_for(uv)
    stretches: list[Stretch] = []
    for run in placed.runs:
        begin_ns = _next_begin_ns(stretches, run, recording)
        stretches.append(_stretch(recording, placed, run, uv, (uv_per_count, begin_ns)))
    is_serial_daisy = recording.kind == daisy.KIND and recording.rate_hz == RATE_HZ / 2
    told = ["the clock of its computer was set back meanwhile"] if placed.clock_set_back else []
    left = (*recording.unread, *placed.left_out)
    return Brought(
        "",
        _form(recording),
        recording.kind or "imported",
        recording.provenance,
        recording.rate_hz,
        uv_per_count,
        RAIL_COUNTS,
        recording.labels,
        ("eeg",) * channels,
        ("SRB2" if recording.kind.startswith("cyton") else "",) * channels,
        daisy.CHANNEL_DELAY_S[:channels] if is_serial_daisy else (0.0,) * channels,
        tuple(stretches),
        _clock(recording),
        "arrivals",
        aux_labels=tuple(recording.pins),
        notes=tuple(_notes(recording, placed)),
        unread=tuple(sorted(left, key=lambda it: it.line)),
        unread_rows=recording.unread_rows + len(placed.left_out),
        told=tuple(told),
    )


def _form(recording: Recording) -> str:
    if recording.provenance == "counts":
        return CARD
    return TEXT if recording.provenance == "text" else ARRAY


def _clock(recording: Recording) -> FileClock:
    if recording.stamps is None:
        return "none"
    return "day" if recording.stamps.of_day else "utc"


def _next_begin_ns(stretches: list[Stretch], run: Run, recording: Recording) -> int:
    """Where a stretch begins that has no stamps: behind the one before, and its pause."""
    if not stretches:
        return 0
    before, period_ns = stretches[-1], 1e9 / recording.rate_hz
    length_ns = round((int(before.index[-1]) + 1) * period_ns)
    return before.begin_ns + length_ns + round(recording.pauses_s.get(run.stretch, 0.0) * 1e9)


def _stretch(
    recording: Recording,
    placed: Placed,
    run: Run,
    uv: Floats,
    scale: tuple[float, int],
) -> Stretch:
    uv_per_count, begin_ns = scale
    stamp_ns = None if placed.stamp_s is None else _whole_ns(placed.stamp_s[run.rows])
    pins = [levels[run.rows] for levels in recording.pins.values()]
    aux = np.array(pins, np.int32).reshape(len(pins), len(run.rows)).T
    return Stretch(
        run.index,
        counts_of(uv[run.rows], uv_per_count),
        np.ascontiguousarray(aux),
        stamp_ns,
        begin_ns,
        run.losses,
    )


def _whole_ns(s: Floats) -> NDArray[np.int64]:
    whole = np.floor(s)
    rest_ns = np.rint((s - whole) * 1e9).astype(np.int64)
    ns: NDArray[np.int64] = whole.astype(np.int64) * 10**9 + rest_ns
    return ns


def _notes(recording: Recording, placed: Placed) -> list[Noted]:
    if placed.stamp_s is None:
        return []
    stamp_ns = _whole_ns(placed.stamp_s)
    return [Noted(int(stamp_ns[row]), int(stamp_ns[row]), label) for row, label in recording.marks]
