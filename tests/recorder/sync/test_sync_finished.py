import hashlib
from pathlib import Path

import pytest

from recorder.failure import Refused
from recorder.sync.finished import files_to_copy, finished, seal
from tests.recorder import session_files

A, B, C = "20260101T080000Z-aaaa", "20260102T080000Z-bbbb", "20260103T080000Z-cccc"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return session_files.write(tmp_path / f"{A}.antiphon", [session_files.block(0, 0)])


def test_sessions_are_found_in_both_places_oldest_first(path: Path, tmp_path: Path) -> None:
    (tmp_path / "done").mkdir()
    later = session_files.write(tmp_path / f"{C}.antiphon", [session_files.block(0, 0)])
    away = session_files.write(tmp_path / "done" / f"{B}.antiphon", [session_files.block(0, 0)])
    assert [entry.path for entry in finished(tmp_path)] == [path, away, later]


def test_what_is_recorded_or_unreadable_is_not_finished(path: Path, tmp_path: Path) -> None:
    (tmp_path / f"{B}.antiphon").write_bytes(b"torn")
    writer = session_files.start(tmp_path / f"{C}.antiphon")
    assert [entry.path for entry in finished(tmp_path)] == [path]
    writer.close(session_files.START_NS)


@pytest.mark.parametrize("beside", ["-wal", "-journal"])
def test_a_file_with_a_log_beside_is_not_finished(path: Path, tmp_path: Path, beside: str) -> None:
    path.with_name(path.name + beside).write_bytes(b"")
    assert finished(tmp_path) == []


def test_a_directory_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert finished(tmp_path / "none") == []


def test_notes_go_with_their_session_unless_they_are_being_written(path: Path) -> None:
    notes = path.with_name(f"{A}.notes")
    assert files_to_copy(path) == [path]
    notes.write_bytes(b"x")
    assert files_to_copy(path) == [path, notes]
    notes.with_name(f"{A}.notes-journal").write_bytes(b"")
    assert files_to_copy(path) == [path]


def test_the_hash_goes_with_its_session(path: Path) -> None:
    hash_file = path.with_name(f"{path.name}.sha256")
    hash_file.write_text("of it")
    assert files_to_copy(path) == [path, hash_file]


def test_a_seal_is_the_hash_of_what_is_there(path: Path) -> None:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(f"{path.name}.sha256").write_text(f"{sha256}  {path.name}\n")
    sealed = seal(path)
    assert (sealed.sha256, sealed.bytes) == (sha256, path.stat().st_size)


@pytest.mark.parametrize(("content", "code"), [(f"{'0' * 64}  x\n", 65), ("", 65), ("no hash", 65)])
def test_what_is_not_what_its_hash_says_is_refused(path: Path, content: str, code: int) -> None:
    path.with_name(f"{path.name}.sha256").write_text(content)
    with pytest.raises(Refused) as no:
        seal(path)
    assert no.value.code == code


def test_what_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="No such file") as no:
        seal(tmp_path / "gone")
    assert no.value.code == 66
