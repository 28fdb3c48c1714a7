"""What strangers may see of a session."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from recorder.open import OpenSession
from recorder.open.shared import BEGUN_UTC_NS, SharedSession
from recorder.store.note_rows import AlignmentRow, NoteIntervalRow, NoteMarkerRow, TranscriptRow
from recorder.store.notes import open_notes
from recorder.store.rows import EventRow, MarkerRow, SeriesRow
from tests.recorder import session_files
from tests.recorder.session_files import START_NS

ID = "20261123T040000Z-1f3a"
MARKS = ("music starts", "music, ends")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    rows = [
        *session_files.usual_rows(),
        EventRow(START_NS + 10**9, "note", "Anna smiled"),
        SeriesRow(7, "Anna's heart", "sent by Anna's watch", unit="bpm of Anna"),
        session_files.values(START_NS + 10**9, (7, 71.0)),
        MarkerRow(START_NS + 10**9, "Anna cries", made_t_ns=START_NS + 10**9, id=9),
    ]
    head = replace(session_files.header(ID), template="Anna's", box="Anna-box")
    made = session_files.write(tmp_path / f"{ID}.antiphon", rows, head)
    with open_notes(made) as notes:
        notes.add(
            NoteMarkerRow(START_NS + 2 * 10**9, "Anna again", "rater", "Berta", 1),
            NoteIntervalRow(START_NS + 10**9, START_NS + 2 * 10**9, "with Anna", "rater", "B", 1),
            TranscriptRow(START_NS, START_NS + 10**9, "patient", "I am Anna", "anna.vtt", 1),
            AlignmentRow("front", "anna.mp4", "ab", 1.51, 20.0, 9.3, 40, 1),
        )
    return made


def told_by(session: OpenSession) -> str:
    """Everything in words that a session tells."""
    people = [asdict(session.person(role)) for role in ("patient", "therapist")]
    boards = [asdict(session.board(role)) for role in session.roles]
    said = [session.marks, session.intervals, session.words, session.events, session.videos]
    rows = [
        session.series,
        session.measures().names,
        session.refits,
        session.redactions,
        session.clock_pairs,
        session.damage,
    ]
    return repr([session.id, session.path, session.header, people, boards, *said, *rows])


def test_nothing_tells_who_or_when(path: Path) -> None:
    hidden = ("Anna", "Berta", "P01", "T01", "20261123", "1f3a", "DM00Q0QN", "ttyUSB", "17954")
    with OpenSession(path, "best") as own:
        assert all(word in told_by(own) or word == "Anna's" for word in hidden)
    with SharedSession(path, "best", MARKS) as shared:
        assert not [word for word in hidden if word in told_by(shared)]
        assert shared.begun == (BEGUN_UTC_NS, False)
        assert shared.utc_ns(shared.started_ns + 5) == BEGUN_UTC_NS + 5


def test_samples_times_and_marks_stay(path: Path) -> None:
    with OpenSession(path, "best") as own, SharedSession(path, "best", MARKS) as shared:
        for role in own.roles:
            assert np.array_equal(own.native(role).counts, shared.native(role).counts)
            assert np.array_equal(own.native(role).t_ns, shared.native(role).t_ns)
        assert [it.t_ns for it in shared.marks] == [it.t_ns for it in own.marks]
        assert shared.holes == own.holes
        assert [it.label for it in shared.marks] == ["mark", "mark", "music, ends"]
        assert [it.label for it in shared.intervals] == ["interval"]


def test_codes_are_the_same_each_time_and_of_no_two_sessions(path: Path, tmp_path: Path) -> None:
    other = session_files.write(tmp_path / "20261123T040000Z-ffff.antiphon", [])
    told = []
    for file in (path, path, other):
        with SharedSession(file, "best", MARKS) as shared:
            told.append((shared.id, shared.patient.code, shared.therapist.code))
    assert told[0] == told[1]
    assert len({*told[0], *told[2]}) == 6
