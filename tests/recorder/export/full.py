"""A session of which every table has a row, and notes of every kind on it."""

from pathlib import Path

from recorder.store.headers import SessionHeader
from recorder.store.note_rows import (
    AlignmentRow,
    NoteIntervalRow,
    NoteMarkerRow,
    RefitRow,
    TranscriptRow,
)
from recorder.store.notes import open_notes
from recorder.store.rows import EdgeRow, EventRow, FrameRow, ImpedanceRow, QualityRow, Row
from tests.recorder import session_files
from tests.recorder.session_files import PERIOD_NS, START_NS

ID = "20261123T040000Z-1f3a"
AT_NS = START_NS + 10**9


def full_session(directory: Path, head: SessionHeader | None = None) -> Path:
    """Of both people; the patient's clock was fitted again, 77 ns later."""
    rows: list[Row] = [
        *session_files.usual_rows(),
        EventRow(AT_NS, "board", "patient: streaming"),
        EventRow(AT_NS, "note", "she smiles"),
        QualityRow(AT_NS, 1, 1, "good", 0.25, None),
        ImpedanceRow(AT_NS, 0, 2, 7.5),
        ImpedanceRow(AT_NS, 0, 0, None),
        EdgeRow("gpio", 1, AT_NS, 1),
        FrameRow("cam1", 4, AT_NS),
    ]
    directory.mkdir(parents=True)
    path = session_files.write(directory / f"{ID}.antiphon", rows, head)
    with open_notes(path) as notes:
        notes.add(
            NoteMarkerRow(AT_NS, "before", "rater", "R1", 1),
            NoteIntervalRow(AT_NS, START_NS + 2 * 10**9, "music", "post", "P01", 1),
            TranscriptRow(AT_NS, AT_NS, "patient", "It is lighter now", "vtt", 1),
            AlignmentRow("cam1", "a.mp4", "ab", 1.5, 20.0, 3.0, 40, 1),
            RefitRow(0, 0, 0, START_NS + 77, float(PERIOD_NS), 1.0, 5, "refit", "0.1.0"),
        )
    return path
