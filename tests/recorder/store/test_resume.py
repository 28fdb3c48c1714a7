import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder.store.check import verify
from recorder.store.reader import SessionReader
from tests.recorder import session_files
from tests.recorder.session_files import START_NS, block

END_NS = START_NS + 60 * 10**9


@pytest.fixture
def left(tmp_path: Path) -> Iterator[Path]:
    """The file and the log of a session, copied while its writer has them open."""
    writer = session_files.start(tmp_path / "growing.antiphon")
    writer.put(block(0, 0))
    assert writer.flush(10.0)
    (tmp_path / "left").mkdir()
    for suffix in ("", "-wal"):
        name = f"growing.antiphon{suffix}"
        shutil.copy(tmp_path / name, tmp_path / "left" / name)
    yield tmp_path / "left" / "growing.antiphon"
    writer.close(END_NS)


def test_a_session_is_resumed_in_the_same_file(left: Path) -> None:
    writer = session_files.resume(left)
    writer.put(block(0, 0, segment=1))
    writer.close(END_NS)
    assert list(left.parent.iterdir()) == [left]
    with SessionReader(left) as session:
        assert session.segments(0) == [0, 1]
        assert session.state == "closed"


def test_a_session_of_an_earlier_boot_is_not_resumed(left: Path) -> None:
    with pytest.raises(ValueError, match="restart of the machine"):
        session_files.resume(left, "another boot")


def test_an_ended_session_is_not_resumed(left: Path) -> None:
    session_files.interrupt(left)
    with pytest.raises(ValueError, match="has ended"):
        session_files.resume(left)


def test_interrupting_ends_the_session_at_its_newest_sample(left: Path) -> None:
    session_files.interrupt(left)
    assert list(left.parent.iterdir()) == [left]
    with SessionReader(left) as session:
        assert session.state == "interrupted"
        assert session.ended_t_ns == int(block(0, 0).arrival_ns[-1])
    report = verify(left)
    assert report.ok
    assert "interrupted" in report.notes[0]


def test_interrupting_what_is_no_session_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.antiphon"
    path.write_bytes(b"not a database, but long enough to be looked at" * 100)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="not a session file"):
        session_files.interrupt(path)
    assert path.read_bytes() == before
