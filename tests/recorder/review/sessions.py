"""A session for pages, of five minutes on a simulated clock, and what people say of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from recorder.music.series import MusicRow, result_row
from recorder.open import open_session
from recorder.sample.recording import record_sample
from recorder.store.note_rows import AlignmentRow, NoteIntervalRow, NoteMarkerRow, TranscriptRow
from recorder.store.notes import open_notes
from tests.recorder.open.played import Played, Stretch, session

SECONDS = 290
OFFSET_S = -5.0  # the video began before the session
SPOKEN = ("It is lighter now", "</script><script>alert(1)</script>", "<b>&amp;</b>")
MOMENT_S = 100.0
PIECE_S = (150.0, 210.0)
LOUD_AT_S, LOUD_LUFS = 160, -14.25


def recorded(directory: Path) -> Path:
    """Two coupled people, raters, interviews, a transcript, music, and a video that is named."""
    path = record_sample(directory, seconds=SECONDS).path
    add_notes(path, videos=("bedside.mp4",))
    add_music(path)
    return path


def add_music(path: Path) -> None:
    """A piece, and what a recording was like that began 20 s later: loud once, at last silent."""
    with open_session(path) as opened:
        begin_ns, end_ns = (opened.started_ns + round(s * 1e9) for s in PIECE_S)
    rows = [
        MusicRow(
            s + 0.2,
            loudness_lufs=LOUD_LUFS if s == LOUD_AT_S else -30 - s % 7,
            brightness_hz=900.0 + s,
            notes_per_s=s % 4 / 2,
            pulse_clarity=0.25,
        )
        for s in range(20, SECONDS - 10)
    ]
    rows += [MusicRow(SECONDS - 10 + 0.2, None, None, None, None)]
    with open_notes(path) as notes:
        notes.add(NoteIntervalRow(begin_ns, end_ns, "music: Adagio", "post", "T01", 1))
        notes.add(result_row(rows, {"file": "bedside.mp4", "sha256": "ab"}, "1", 1))


def add_notes(path: Path, *, videos: tuple[str, ...] = ()) -> None:
    """What people say of it."""
    with open_session(path) as opened:
        start_ns = opened.started_ns

    def at(s: float) -> int:
        return start_ns + round(s * 1e9)

    with open_notes(path) as notes:
        for number, rater in enumerate(("R1", "R2", "R3")):
            begin_s = MOMENT_S + number
            notes.add(
                NoteIntervalRow(
                    at(begin_s), at(begin_s + 20), "interest", "rater", rater, 1, blind=True
                )
            )
        notes.add(
            NoteMarkerRow(at(MOMENT_S + 5), "interest", "interview", "P01", 1),
            NoteMarkerRow(at(MOMENT_S + 6), "interest", "interview", "T01", 1),
        )
        for number, text in enumerate(SPOKEN):
            begin_s = 10.0 + 20 * number
            row = TranscriptRow(at(begin_s), at(begin_s + 4), "patient", text, "a.vtt", 1)
            notes.add(replace(row, speaker=("patient", "therapist")[number % 2]))
        for number, video in enumerate(videos):
            notes.add(AlignmentRow(f"cam{number}", video, "ab", OFFSET_S, 20.0, 3.0, 40, 1))


def short(path: Path) -> Path:
    """Of ten seconds, without measures and without consent to anything but the EEG."""

    def hears(t_s: np.ndarray) -> np.ndarray:
        return 20 * np.sin(2 * np.pi * 10 * t_s)

    one = Played(250.0, [Stretch(0.0, 2500, lost=[range(1000, 1100)])], hears)
    return session(path, one, Played(250.0, [Stretch(0.0, 2500)], hears))
