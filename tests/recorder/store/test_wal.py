"""The log is read as SQLite reads it, and past what SQLite stops at."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from recorder.store.wal import FRAME_HEAD_BYTES, HEAD_BYTES, log_of, read_log, require_whole_log

PAGE = 4096
FRAME = FRAME_HEAD_BYTES + PAGE
ROWS = 12


@pytest.fixture
def logged(tmp_path: Path) -> Path:
    """A file with a log of ROWS transactions; left as by a kill."""
    path, left = tmp_path / "x.antiphon", tmp_path / "left" / "x.antiphon"
    left.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA page_size = {PAGE}")
        db.execute("CREATE TABLE t (x)")
        db.execute("PRAGMA journal_mode = WAL")
        for number in range(ROWS):
            db.execute("INSERT INTO t VALUES (zeroblob(3000 + ?))", (number,))
        shutil.copy(path, left)
        shutil.copy(log_of(path), log_of(left))
    return left


def rows_read(path: Path) -> int:
    """By SQLite, of a copy: opening it changes what is beside it."""
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    shutil.copy(log_of(path), log_of(copy))
    with closing(sqlite3.connect(copy)) as db:
        [(count,)] = db.execute("SELECT count(*) FROM t")
    return int(count)


def flip(path: Path, at: int) -> None:
    content = bytearray(log_of(path).read_bytes())
    content[at] ^= 0x10
    log_of(path).write_bytes(content)


def test_a_whole_log_is_taken_whole(logged: Path) -> None:
    log = read_log(logged, PAGE)
    assert log is not None
    assert log.good.all()
    assert log.taken == len(log.numbers) == (len(log.content) - HEAD_BYTES) // FRAME
    assert not log.is_damaged
    assert not log.is_torn
    require_whole_log(logged)


@pytest.mark.parametrize("seed", range(40))
def test_what_sqlite_does_not_read_is_known(logged: Path, seed: int) -> None:
    size = log_of(logged).stat().st_size
    flip(logged, int(np.random.default_rng(seed).integers(0, size)))
    log = read_log(logged, PAGE)
    assert log is not None
    assert (rows_read(logged) == ROWS) == (log.taken == len(log.numbers))
    assert (rows_read(logged) < ROWS) == (log.is_damaged or log.is_torn)


def test_a_log_that_would_lose_what_was_saved_is_not_opened(logged: Path) -> None:
    flip(logged, HEAD_BYTES + 3 * FRAME + 1000)
    with pytest.raises(ValueError, match="frames are not read"):
        require_whole_log(logged)


def test_the_last_transaction_may_have_been_torn_when_the_power_went(logged: Path) -> None:
    size = log_of(logged).stat().st_size
    flip(logged, size - 1000)
    log = read_log(logged, PAGE)
    assert log is not None
    assert log.is_torn
    assert not log.is_damaged
    require_whole_log(logged)


def test_frames_from_before_the_log_was_begun_again_are_not_its_own(logged: Path) -> None:
    with closing(sqlite3.connect(logged, isolation_level=None)) as db:
        db.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
        db.execute("INSERT INTO t VALUES (1)")
        log = read_log(logged, PAGE)
        assert log is not None
        assert 0 < len(log.numbers) == log.taken < 10


def test_no_log_is_none(tmp_path: Path) -> None:
    path = tmp_path / "x.antiphon"
    assert read_log(path, PAGE) is None
    log_of(path).write_bytes(b"")
    assert read_log(path, PAGE) is None
    require_whole_log(path)
