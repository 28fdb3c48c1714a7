import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder.store.beside import everything_of, notes_file_of, sha256_of
from recorder.store.finish import finish
from recorder.store.note_files import own_notes_file
from recorder.store.note_rows import (
    AlignmentRow,
    NoteIntervalRow,
    NoteMarkerRow,
    RefitRow,
    TranscriptRow,
)
from recorder.store.notes import open_notes
from tests.recorder import session_files
from tests.recorder.session_files import START_NS, block

MADE_NS = 1_795_410_000_000_000_000
ALIGNMENT = AlignmentRow("bedside", "a.mp4", "ab" * 32, -1.25, 3.5, 0.8, 118, MADE_NS)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return finish(session_files.write(tmp_path / "s.antiphon", [block(0, 0)]))


def marker(t_ns: int, label: str = "shift", **others: Any) -> NoteMarkerRow:
    return NoteMarkerRow(t_ns, label, "rater", "R02", MADE_NS, **others)


def test_what_is_added_is_there_the_next_time(session: Path) -> None:
    refit = RefitRow(0, 0, 500, START_NS, 4e6, 2e4, MADE_NS, "refit", "0.1.0")
    line = TranscriptRow(START_NS, START_NS + 9, "patient", "ja, genau", "asr", MADE_NS)
    stretch = NoteIntervalRow(START_NS, START_NS + 9, "song", "post", "T01", MADE_NS, id=1)
    with open_notes(session) as notes:
        notes.add(ALIGNMENT, refit, line, stretch)
        notes.add(marker(START_NS, id=1))
    with open_notes(session) as notes:
        assert notes.read(AlignmentRow) == [ALIGNMENT]
        assert notes.read(RefitRow) == [refit]
        assert notes.read(TranscriptRow) == [line]
        assert notes.read(NoteIntervalRow) == [stretch]
        assert notes.read(NoteMarkerRow) == [marker(START_NS, id=1)]


def test_a_marker_that_was_taken_back_is_kept_but_not_told(session: Path) -> None:
    with open_notes(session) as notes:
        notes.add(marker(START_NS, id=1), marker(START_NS + 1, id=2))
        notes.add(marker(START_NS, "undo", undoes=1))
        assert [row.id for row in notes.read(NoteMarkerRow)] == [2]
    with closing(sqlite3.connect(notes.path)) as db:
        assert db.execute("SELECT count(*) FROM marker").fetchone() == (3,)


def test_the_recording_is_not_touched_and_its_hash_is_written_down(session: Path) -> None:
    before = session.read_bytes()
    with open_notes(session) as notes:
        notes.add(ALIGNMENT)
    assert session.read_bytes() == before
    assert notes.path == own_notes_file(session)
    assert notes.path in everything_of(session)
    with closing(sqlite3.connect(notes.path)) as db:
        assert db.execute("SELECT * FROM origin").fetchall() == [("s", sha256_of(session))]
        assert db.execute("PRAGMA application_id").fetchone()[0].to_bytes(4, "big") == b"ANTN"
        loose = "SELECT name FROM pragma_table_list WHERE type = 'table' AND NOT strict"
        names = [name for (name,) in db.execute(loose)]
    assert all(name.startswith(("sqlite_", "_sqlite")) for name in names)


def test_the_notes_of_another_recording_are_refused(session: Path, tmp_path: Path) -> None:
    open_notes(session).close()
    (tmp_path / "other").mkdir()
    other = finish(session_files.write(tmp_path / "other" / "s.antiphon", [block(0, 50)]))
    own_notes_file(session).rename(own_notes_file(other))
    with pytest.raises(ValueError, match="another recording"):
        open_notes(other)


def test_a_session_being_recorded_has_no_notes_yet(tmp_path: Path) -> None:
    path = tmp_path / "s.antiphon"
    writer = session_files.start(path)
    with pytest.raises(ValueError, match="has not ended"):
        open_notes(path)
    writer.close(START_NS)
    with pytest.raises(FileNotFoundError):
        open_notes(tmp_path / "none.antiphon")


@pytest.mark.parametrize(
    "row",
    [
        NoteMarkerRow(0, "x", "guessed", "R02", MADE_NS),
        NoteIntervalRow(5, 4, "x", "post", "R02", MADE_NS),
        marker(0, undoes=99),
        marker(2**70),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_all_that_came_with_it(
    session: Path, row: NoteMarkerRow | NoteIntervalRow
) -> None:
    with open_notes(session) as notes:
        with pytest.raises(ValueError, match="not written"):
            notes.add(ALIGNMENT, row)
        assert notes.read(AlignmentRow) == []
        notes.add(ALIGNMENT)


def test_notes_of_a_newer_version_are_refused(session: Path) -> None:
    open_notes(session).close()
    with closing(sqlite3.connect(own_notes_file(session))) as db:
        db.execute("PRAGMA user_version = 9")
    with pytest.raises(ValueError, match="newer antiphon; it has file version 9"):
        open_notes(session)


def test_another_programs_file_is_left_alone(session: Path) -> None:
    path = notes_file_of(session)
    path.write_text("shopping list" * 100)
    with pytest.raises(ValueError, match="no notes"):
        open_notes(session)
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE origin (x)")
    with pytest.raises(ValueError, match="no notes"):
        open_notes(session)


def test_damaged_notes_are_a_value_error_or_one_of_the_system(session: Path) -> None:
    with open_notes(session) as notes:
        notes.add(*(marker(START_NS + number) for number in range(200)))
    content = notes.path.read_bytes()
    rng = np.random.default_rng(3)
    for _ in range(40):
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), 30):
            damaged[place] ^= int(rng.integers(1, 256))
        notes.path.write_bytes(damaged)
        with suppress(ValueError, OSError), open_notes(session) as found:
            found.read(NoteMarkerRow)
            found.read(AlignmentRow)
