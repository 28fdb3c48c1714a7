from pathlib import Path

import pytest

from recorder.store.catalog import Entry, find, new_session_id, sessions, unfinished
from recorder.store.finish import finish
from tests.recorder import session_files
from tests.recorder.session_files import START_NS, block

FIRST = "20261123T040000Z-1f3a"
SECOND = "20261123T051500Z-00ff"
UTC_NS = 1_795_406_400_000_000_000


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for session_id in (SECOND, FIRST):
        session_files.write(tmp_path / f"{session_id}.antiphon", [block(0, 0)])
    return tmp_path


def test_sessions_are_listed_oldest_first(directory: Path) -> None:
    first, second = sessions(directory)
    path = directory / f"{FIRST}.antiphon"
    size = path.stat().st_size
    assert first == Entry(path, FIRST, "closed", UTC_NS, 4.0, size)
    assert second.id == SECOND


def test_a_directory_that_is_not_there_holds_no_sessions(tmp_path: Path) -> None:
    assert sessions(tmp_path / "nothing") == []
    assert unfinished(tmp_path / "nothing") == []


def test_other_files_are_not_sessions(directory: Path) -> None:
    (directory / "notes.txt").write_text("x")
    (directory / "folder.antiphon").mkdir()
    assert len(sessions(directory)) == 2


@pytest.mark.parametrize("content", [b"", b"torn", b"SQLite format 3\0" + bytes(5000)])
def test_an_unreadable_file_is_listed_as_such(directory: Path, content: bytes) -> None:
    (directory / "20270101T000000Z-aaaa.antiphon").write_bytes(content)
    entry = sessions(directory)[-1]
    assert (entry.state, entry.duration_s, entry.size_bytes) == ("unreadable", None, len(content))
    assert "not a session file" in entry.problem


def test_a_session_being_recorded_is_listed_with_its_length_so_far(tmp_path: Path) -> None:
    path = tmp_path / f"{FIRST}.antiphon"
    writer = session_files.start(path)
    writer.put(block(0, 0, 250))
    assert writer.flush(10.0)
    [entry] = sessions(tmp_path)
    assert entry.state == "recording"
    assert entry.duration_s == pytest.approx(1.0, abs=0.01)
    assert entry.size_bytes > path.stat().st_size
    assert unfinished(tmp_path) == [path]
    writer.close(START_NS)
    assert unfinished(tmp_path) == [path]
    finish(path)
    assert unfinished(tmp_path) == []


def test_sessions_that_were_put_away_are_listed_and_found_as_well(directory: Path) -> None:
    place = finish(directory / f"{SECOND}.antiphon")
    assert [entry.path for entry in sessions(directory)] == [
        directory / f"{FIRST}.antiphon",
        place,
    ]
    assert find(directory, SECOND) == place
    assert find(directory, SECOND[:11]) == place
    assert unfinished(directory) == [directory / f"{FIRST}.antiphon"]


@pytest.mark.parametrize("asked", [FIRST, "20261123T04", f"{FIRST[:-1]}"])
def test_a_session_is_found_by_its_id_or_the_beginning_of_it(directory: Path, asked: str) -> None:
    assert find(directory, asked) == directory / f"{FIRST}.antiphon"


def test_latest_is_the_newest_wherever_it_is(directory: Path, tmp_path: Path) -> None:
    assert find(directory, "latest") == directory / f"{SECOND}.antiphon"
    place = finish(directory / f"{SECOND}.antiphon")
    assert find(directory, "latest") == place
    with pytest.raises(LookupError, match="no session"):
        find(tmp_path / "empty", "latest")


def test_an_exact_id_wins_over_a_longer_one(directory: Path) -> None:
    session_files.write(directory / f"{FIRST}-2.antiphon", [])
    assert find(directory, FIRST) == directory / f"{FIRST}.antiphon"


def test_a_path_is_found_wherever_it_is(directory: Path, tmp_path: Path) -> None:
    path = directory / f"{SECOND}.antiphon"
    assert find(tmp_path / "elsewhere", str(path)) == path


@pytest.mark.parametrize(
    ("asked", "text"), [("2026", "fits 2 sessions"), ("x", "no session"), ("", "fits 2 sessions")]
)
def test_what_is_not_one_session_is_a_lookup_error(directory: Path, asked: str, text: str) -> None:
    with pytest.raises(LookupError, match=text):
        find(directory, asked)


def test_an_id_is_the_time_and_a_token() -> None:
    assert new_session_id(UTC_NS + 999_999_999, b"\x1f\x3a") == FIRST
