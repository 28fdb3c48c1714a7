"""What could not be put away, or erased, is tried again without a restart."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from recorder.recording.leftovers import Leftovers
from recorder.store.check import verify
from recorder.sync.tombstones import Tombstone, store
from recorder.wire.wording import in_words
from tests.recorder import session_files
from tests.recorder.session_files import START_NS

NAME = "20261123T040000Z-1f3a"
END_NS = START_NS + 10**9


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / f"{NAME}.antiphon"


def leftovers(directory: Path, ours: Callable[[], list[Path]] = list) -> Leftovers:
    return Leftovers(directory, ours)


def told(left: Leftovers) -> list[str]:
    return [in_words(alarm) for alarm in left.alarms()]


def test_a_session_that_was_read_when_it_was_stopped_is_put_away_later(path: Path) -> None:
    writer, left = session_files.start(path), leftovers(path.parent)
    writer._file.connection.execute("PRAGMA busy_timeout = 20")
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM block").fetchall()
        writer.close(END_NS)
        left.clear()
        assert path.exists()
        assert told(left) == []  # it may be done in a moment
        left.clear()
        [words] = told(left)
        assert words.startswith(f"{NAME} is not put away yet: ")
    left.clear()
    assert told(left) == []
    assert verify(path.parent / "done" / path.name).state == "closed"


def test_an_erasure_that_was_cut_short_is_finished(path: Path) -> None:
    session_files.start(path).close(END_NS)
    video = path.with_name(f"{NAME}-camera-1.mkv")
    video.write_bytes(b"film")
    store(path.parent, Tombstone(NAME, "session", "2026-11-23T05:00:00Z"))
    leftovers(path.parent).clear()
    assert not list(path.parent.rglob(f"{NAME}*antiphon*"))


def test_what_is_recorded_is_left_alone_and_no_alarm(path: Path) -> None:
    writer, left = session_files.start(path), leftovers(path.parent, lambda: [path])
    for _ in range(2):
        left.clear()
    assert told(left) == []
    writer.close(END_NS)
    assert path.exists()


def test_what_another_program_records_is_left_alone_and_no_alarm(path: Path) -> None:
    writer, left = session_files.start(path), leftovers(path.parent)
    for _ in range(2):
        left.clear()
    assert told(left) == []
    writer.close(END_NS)


def test_what_cannot_be_read_is_told(path: Path) -> None:
    path.write_bytes(b"torn")
    left = leftovers(path.parent)
    for _ in range(2):
        left.clear()
    [words] = told(left)
    assert "not a session file" in words
