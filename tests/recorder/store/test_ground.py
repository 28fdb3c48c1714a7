"""The file is taken away under the writer: it says so, and all of it is in a new one."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from recorder.store.check import verify
from recorder.store.reader import SessionReader
from recorder.store.rows import MarkerRow
from recorder.store.writer import SessionWriter
from tests.recorder import session_files
from tests.recorder.bounded import wait_until
from tests.recorder.session_files import START_NS, block

END_NS = START_NS + 60 * 10**9
PERIOD_S = 0.05
NAME = "20261123T040000Z-1f3a"

Mover = Callable[[Path], None]


def remove(path: Path) -> None:
    path.unlink()


def remove_directory(path: Path) -> None:
    shutil.rmtree(path.parent)


def rename(path: Path) -> None:
    path.rename(path.with_name("away"))


def put_a_link_in_its_place(path: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))
    elsewhere = path.parent.with_name("elsewhere")
    elsewhere.mkdir()
    path.parent.symlink_to(elsewhere)


def remove_what_is_beside(path: Path) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink()


def remove_the_log(path: Path) -> None:
    path.with_name(path.name + "-wal").unlink()


def move_another_over(path: Path) -> None:
    another(path).rename(path)


def copy_another_over(path: Path) -> None:
    shutil.copyfile(another(path), path)


def cut(path: Path) -> None:
    os.truncate(path, 0)


def cut_the_log(path: Path) -> None:
    os.truncate(path.with_name(path.name + "-wal"), 0)


def link_and_remove(path: Path) -> None:
    path.with_name("kept").hardlink_to(path)
    path.unlink()


def another(path: Path) -> Path:
    """A session of somebody else."""
    other = path.parent.parent / "20260101T000000Z-0000.antiphon"
    return session_files.write(other, [block(0, 0), block(1, 0)])


WAYS = [
    remove,
    remove_directory,
    rename,
    put_a_link_in_its_place,
    remove_what_is_beside,
    remove_the_log,
    move_another_over,
    copy_another_over,
    cut,
    cut_the_log,
    link_and_remove,
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "sessions").mkdir()
    return tmp_path / "sessions" / f"{NAME}.antiphon"


@pytest.fixture
def writer(path: Path) -> Iterator[SessionWriter]:
    writer = SessionWriter.create(path, session_files.header(NAME), period_s=PERIOD_S)
    yield writer
    writer.close(END_NS)


def put(writer: SessionWriter, numbers: range) -> None:
    for number in numbers:
        for board in (0, 1):
            assert writer.put(block(board, 50 * number))
    assert writer.put(MarkerRow(START_NS + numbers[0], f"mark {numbers[0]}"))


def samples_in(path: Path) -> list[int]:
    with SessionReader(path) as session:
        return [sum(len(row) for row in session.blocks(board)) for board in (0, 1)]


@pytest.mark.parametrize("move", WAYS)
def test_a_file_that_is_taken_away_is_rescued_and_nothing_of_it_is_lost(
    writer: SessionWriter, path: Path, move: Mover
) -> None:
    put(writer, range(10))
    assert writer.flush(10.0)
    move(path)
    put(writer, range(10, 20))
    wait_until(lambda: writer.rescued != "")
    assert writer.flush(10.0)
    assert writer.path == path.with_name(f"{NAME}.rescued.antiphon")
    assert str(path) in writer.rescued
    assert (writer.gone, writer.error) == ("", None)
    assert samples_in(writer.path) == [1000, 1000]
    put(writer, range(20, 30))
    writer.close(END_NS)
    report = verify(writer.path)
    assert (report.problems, report.state, report.counts["markers"]) == ((), "closed", 3)
    assert samples_in(writer.path) == [1500, 1500]
    with SessionReader(writer.path) as session:
        assert session.header.id == NAME


def test_what_is_left_of_a_rescued_file_is_not_kept_twice(
    writer: SessionWriter, path: Path
) -> None:
    put(writer, range(10))
    assert writer.flush(10.0)
    remove_what_is_beside(path)
    wait_until(lambda: writer.rescued != "")
    names = {f"{NAME}.rescued.antiphon{suffix}" for suffix in ("", "-wal", "-shm")}
    assert {it.name for it in path.parent.iterdir()} == names


def test_another_file_in_its_place_stays_as_it_is(writer: SessionWriter, path: Path) -> None:
    put(writer, range(10))
    move_another_over(path)
    wait_until(lambda: writer.rescued != "")
    wait_until(lambda: not path.with_name(path.name + "-wal").exists())
    assert samples_in(path) == [50, 50]


def test_nothing_is_told_to_be_saved_while_it_cannot_be_read_back(
    writer: SessionWriter, path: Path
) -> None:
    put(writer, range(10))
    assert writer.flush(10.0)
    saved_t_ns, directory = writer.saved_t_ns, path.parent
    directory.rename(directory.with_name("moved"))
    directory.write_text("in the way")
    put(writer, range(10, 20))
    assert not writer.flush(0.3)
    assert writer.saved_t_ns == saved_t_ns
    assert writer.gone == f"{path}: it was deleted or renamed"
    assert writer.error is not None
    directory.unlink()
    assert writer.flush(10.0)
    assert samples_in(writer.path) == [1000, 1000]


def test_a_file_that_comes_back_is_recorded_on_as_if_it_had_not_been_away(
    writer: SessionWriter, path: Path
) -> None:
    put(writer, range(10))
    assert writer.flush(10.0)
    directory, aside = path.parent, path.parent.with_name("moved")
    blocked = directory.with_name("blocked")
    blocked.write_text("")
    directory.rename(aside)
    blocked.rename(directory)
    wait_until(lambda: writer.gone != "")
    directory.unlink()
    aside.rename(directory)
    put(writer, range(10, 20))
    assert writer.flush(10.0)
    assert samples_in(writer.path) == [1000, 1000]


def test_a_link_to_the_same_directory_is_no_loss(path: Path) -> None:
    # one that looks only when it is asked: in between there is no such directory
    writer = SessionWriter.create(path, session_files.header(NAME), period_s=60.0)
    put(writer, range(10))
    assert writer.flush(10.0)
    directory, moved = path.parent, path.parent.with_name("moved")
    directory.rename(moved)
    directory.symlink_to(moved)
    put(writer, range(10, 20))
    assert writer.flush(10.0)
    writer.close(END_NS)
    assert samples_in(path) == [1000, 1000]


@pytest.mark.parametrize("how", ["PASSIVE", "RESTART"])
def test_a_log_that_another_program_takes_into_the_file_is_no_loss(
    writer: SessionWriter, path: Path, how: str
) -> None:
    put(writer, range(10))
    assert writer.flush(10.0)
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA wal_checkpoint({how})").fetchall()
    put(writer, range(10, 20))
    assert writer.flush(10.0)
    writer.close(END_NS)
    assert (writer.path, samples_in(path)) == (path, [1000, 1000])


def test_a_file_may_be_taken_away_again(writer: SessionWriter, path: Path) -> None:
    paths: list[Path] = []
    for number in range(3):
        put(writer, range(10 * number, 10 * number + 10))
        assert writer.flush(10.0)
        paths.append(writer.path)
        writer.path.unlink()
        wait_until(lambda: writer.path != paths[-1])
    assert samples_in(writer.path) == [1500, 1500]


def test_a_file_that_is_gone_when_it_is_to_be_closed_is_rescued_first(path: Path) -> None:
    writer = session_files.start(path)
    put(writer, range(10))
    assert writer.flush(10.0)
    path.unlink()
    writer.close(END_NS)
    assert (verify(writer.path).state, samples_in(writer.path)) == ("closed", [500, 500])


def test_what_was_written_over_is_copied_as_far_as_it_can_be_read(
    writer: SessionWriter, path: Path
) -> None:
    """Most of it has left the log by then: of that, what is lost is known to be missing."""
    put(writer, range(10))
    assert writer.flush(10.0)
    writer_connection = writer._file.connection
    with writer._changed:
        writer_connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
        writer._ground.observe()
    os.truncate(path, 0)
    put(writer, range(10, 20))
    wait_until(lambda: writer.rescued != "")
    assert writer.flush(10.0)
    with SessionReader(writer.path) as session:
        assert session.header == session_files.header(NAME)
        newest = {int(row.first_index) for row in session.blocks(0)}
    assert newest >= {50 * number for number in range(10, 20)}


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_mount_over_the_directory_is_noticed(path: Path, tmp_path: Path) -> None:
    script = f"""
import os, subprocess, sys
from pathlib import Path
from tests.recorder import session_files
from tests.recorder.store.test_ground import put, samples_in, wait_until
from recorder.store.writer import SessionWriter
path = Path({str(path)!r})
writer = SessionWriter.create(path, session_files.header({NAME!r}), period_s={PERIOD_S})
put(writer, range(10))
assert writer.flush(10.0)
subprocess.run(["mount", "-t", "tmpfs", "none", str(path.parent)], check=True)
put(writer, range(10, 20))
wait_until(lambda: writer.rescued != "")
writer.close({END_NS})
print(samples_in(writer.path))
"""
    words = ["unshare", "--mount", "--propagation", "private", "true"]
    if subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("no mount namespaces here")
    words[-1:] = [sys.executable, "-c", script]
    ran = subprocess.run(words, check=False, capture_output=True, text=True)
    if "mount:" in ran.stderr:
        pytest.skip(ran.stderr.strip())
    assert ran.stdout == "[1000, 1000]\n", ran.stderr
