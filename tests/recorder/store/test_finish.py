import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from recorder.store.beside import hash_file_of, notes_files_of, sha256_of, stored_sha256
from recorder.store.catalog import find, sessions, unfinished
from recorder.store.check import verify
from recorder.store.files import hold
from recorder.store.finish import finish, settle
from recorder.store.note_rows import CommentRow
from recorder.store.notes import open_notes
from recorder.store.reader import SessionReader
from recorder.store.workplace import sweep_workplaces
from tests.places import ROOT
from tests.recorder import session_files
from tests.recorder.session_files import START_NS, block

NAME = "20261123T040000Z-1f3a.antiphon"
PUT_AWAY = [f".{Path(NAME).stem}.card", NAME, f"{NAME}.sha256"]


def rows_of(path: Path) -> list[list[tuple[Any, ...]]]:
    """Of every table and index, the schema and the numbers in the head included."""
    with closing(sqlite3.connect(path)) as db:
        tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        schema = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"
        rows = [db.execute(f"SELECT * FROM {name}").fetchall() for (name,) in tables.fetchall()]
        heads = [db.execute(f"PRAGMA {it}").fetchall() for it in ("user_version", "application_id")]
        return [*rows, *heads, db.execute(schema).fetchall()]


@pytest.fixture
def ended(tmp_path: Path) -> Path:
    return session_files.write(tmp_path / NAME, [block(0, 0), block(1, 0)])


def test_an_ended_session_is_put_away_with_its_hash(ended: Path) -> None:
    before = rows_of(ended)
    place = finish(ended)
    assert place == ended.parent / "done" / NAME
    assert sorted(file.name for file in place.parent.iterdir()) == PUT_AWAY
    assert list(ended.parent.iterdir()) == [place.parent]
    assert rows_of(place) == before
    digest = hashlib.sha256(place.read_bytes()).hexdigest()
    assert hash_file_of(place).read_text() == f"{digest}  {NAME}\n"
    assert stored_sha256(place) == digest
    assert verify(place).ok


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_sha256sum_agrees(ended: Path) -> None:
    place = finish(ended)
    subprocess.run(
        ["sha256sum", "--check", "--strict", hash_file_of(place).name],
        cwd=place.parent,
        check=True,
        capture_output=True,
    )


def test_what_is_put_away_is_read_only_to_its_owner_and_group(ended: Path) -> None:
    place = finish(ended)
    assert place.stat().st_mode & 0o777 == 0o640
    assert hash_file_of(place).stat().st_mode & 0o137 == 0
    assert place.parent.stat().st_mode & 0o007 == 0


def test_putting_away_twice_is_harmless(ended: Path) -> None:
    place = finish(ended)
    assert finish(ended) == finish(place) == place


def test_a_session_is_found_where_it_was_put_away(ended: Path) -> None:
    directory, growing = ended.parent, ended.parent / f"2027-{NAME}"
    place = finish(ended)
    writer = session_files.start(growing)
    assert [entry.path for entry in sessions(directory)] == [place, growing]
    assert find(directory, NAME[:10]) == place
    assert unfinished(directory) == [growing]
    writer.close(START_NS)


def test_notes_made_before_it_is_put_away_go_with_it(ended: Path) -> None:
    with open_notes(ended) as notes:
        notes.add(CommentRow(None, "a calm one", "screen", 0))
    place = finish(ended)
    assert list(ended.parent.iterdir()) == [place.parent]
    with open_notes(place) as notes:
        assert [it.text for it in notes.read(CommentRow)] == ["a calm one"]
    assert verify(place).ok


def test_notes_made_after_a_kill_join_those_that_went_before(ended: Path) -> None:
    """Killed between the notes and the session itself; then somebody notes something more."""
    with open_notes(ended) as notes:
        notes.add(CommentRow(None, "a calm one", "screen", 0))
    (ended.parent / "done").mkdir()
    notes.path.rename(ended.parent / "done" / notes.path.name)
    with open_notes(ended) as notes:
        notes.add(CommentRow(None, "and a long one", "screen", 1))
    place = finish(ended)
    assert list(ended.parent.iterdir()) == [place.parent]
    with open_notes(place) as notes:
        assert [it.text for it in notes.read(CommentRow)] == ["a calm one", "and a long one"]


def test_notes_that_are_being_written_let_it_wait(ended: Path) -> None:
    with open_notes(ended) as notes:
        notes.add(CommentRow(None, "a calm one", "screen", 0))
        with closing(sqlite3.connect(notes.path)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            with pytest.raises(OSError, match="locked"):
                finish(ended)
    assert finish(ended).is_file()


def test_nobody_notes_anything_while_it_is_put_away(ended: Path) -> None:
    held = hold(ended)
    with pytest.raises(BlockingIOError):
        open_notes(ended)
    os.close(held)
    assert not notes_files_of(ended)


def test_a_session_that_grows_is_not_put_away(tmp_path: Path) -> None:
    writer = session_files.start(tmp_path / NAME)
    with pytest.raises(BlockingIOError):
        finish(tmp_path / NAME)
    with pytest.raises(BlockingIOError):
        settle(tmp_path / NAME)
    writer.close(START_NS)
    assert finish(tmp_path / NAME).is_file()


def test_a_session_left_by_a_crash_is_not_put_away_before_it_is_ended(tmp_path: Path) -> None:
    writer = session_files.start(tmp_path / "s.antiphon")
    writer.put(block(0, 0))
    assert writer.flush(10.0)
    (tmp_path / "left").mkdir()
    left = tmp_path / "left" / NAME
    for suffix in ("", "-wal"):
        shutil.copy(f"{tmp_path / 's.antiphon'}{suffix}", f"{left}{suffix}")
    writer.close(START_NS)
    with pytest.raises(ValueError, match="has not ended"):
        finish(left)
    place = settle(left)
    with SessionReader(place) as session:
        assert session.state == "interrupted"
    assert verify(place).ok


def test_a_session_that_is_being_read_waits_for_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / NAME
    writer = session_files.start(path)
    writer._file.connection.execute("PRAGMA busy_timeout = 20")
    with SessionReader(path) as session:
        assert session.state == "recording"
        writer.close(START_NS)
        with pytest.raises(BlockingIOError, match="another program is reading it"):
            finish(path)
    place = settle(path)
    assert sorted(file.name for file in place.parent.iterdir()) == PUT_AWAY


def test_a_session_never_replaces_another(ended: Path) -> None:
    place = finish(ended)
    session_files.write(ended, [])
    before = place.read_bytes()
    with pytest.raises(FileExistsError):
        finish(ended)
    assert place.read_bytes() == before


def test_a_file_changed_after_it_was_put_away_is_found_out(ended: Path) -> None:
    place = finish(ended)
    content = bytearray(place.read_bytes())
    content[80] ^= 1  # where nothing is stored
    place.write_bytes(content)
    [found] = verify(place).findings
    assert (found.kind, "another SHA-256" in found.text) == ("hash", True)
    hash_file_of(place).write_text("nonsense\n")
    assert [found.kind for found in verify(place).findings] == ["hash"]
    hash_file_of(place).unlink()
    [found] = verify(place).findings
    assert "its hash is not beside it" in found.text


def test_killed_before_any_line_it_is_finished_the_next_time(ended: Path, tmp_path: Path) -> None:
    before = rows_of(ended)
    killing = (sys.executable, "-m", "tests.recorder.store.killed_put_away", ended, tmp_path)
    cuts = int(subprocess.run(killing, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    assert cuts > 50
    for cut in range(cuts):
        home = tmp_path / f"cut{cut}"
        [entry] = sessions(home)
        assert entry.state == "closed"
        for left in unfinished(home):
            settle(left)
        sweep_workplaces(home)  # as a service does when it begins
        assert list(home.iterdir()) == [home / "done"]
        [entry] = sessions(home)
        assert entry.path == home / "done" / NAME
        assert sorted(file.name for file in entry.path.parent.iterdir()) == PUT_AWAY
        assert stored_sha256(entry.path) == sha256_of(entry.path)
        assert rows_of(entry.path) == before
