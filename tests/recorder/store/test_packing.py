"""An ended session is packed before it is put away: all of it, or not at all."""

import errno
import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder.store import packing
from recorder.store.check import verify
from recorder.store.files import hold
from recorder.store.finish import finish
from recorder.store.packing import pack
from recorder.store.pages import read_head
from recorder.store.reader import SessionReader
from recorder.store.rows import MeasureRows, Row
from recorder.store.schema import PAGE_BYTES
from tests.recorder import session_files
from tests.recorder.session_files import START_NS, block

NAME = "20261123T040000Z-1f3a.antiphon"


@pytest.fixture
def ended(tmp_path: Path) -> Path:
    rows: list[Row] = [*map(session_files.series, range(1, 61))]
    rows += [block(board, first) for first in range(0, 5000, 50) for board in (0, 1)]
    rng = np.random.default_rng(8)
    for second in range(20):
        columns = rng.random((3, 60))
        rows.append(MeasureRows(START_NS + second * 10**9, np.arange(1, 61), *columns))
    return session_files.write(tmp_path / NAME, rows)


def everything(path: Path) -> list[object]:
    with closing(sqlite3.connect(path)) as db:
        return [*db.iterdump()]


def test_the_packed_file_has_the_same_rows_and_is_smaller(ended: Path) -> None:
    before, size = everything(ended), ended.stat().st_size
    held = pack(ended)
    assert held is not None
    with pytest.raises(BlockingIOError):
        hold(ended)
    os.close(held)
    assert everything(ended) == before
    assert verify(ended).problems == ()
    assert ended.stat().st_size < size
    assert ended.stat().st_mode & 0o777 == 0o640
    assert list(ended.parent.iterdir()) == [ended]


def test_the_page_size_is_that_of_the_smallest_file(ended: Path, tmp_path: Path) -> None:
    sizes = {}
    for page_bytes in packing.PAGE_BYTES:
        out = tmp_path / str(page_bytes)
        with closing(sqlite3.connect(ended)) as db:
            db.execute(f"PRAGMA page_size = {page_bytes}")
            db.execute("VACUUM INTO ?", (str(out),))
        sizes[page_bytes] = out.stat().st_size
    os.close(pack(ended) or -1)
    chosen = read_head(ended).page_size
    assert chosen is not None
    assert sizes[chosen] <= 1.02 * min(sizes.values())
    assert max(sizes.values()) > 1.05 * min(sizes.values())


def damaged(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE measure_batch SET value = '[1]' WHERE rowid = 3")


def damaged_block(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE block SET aux = x'00' WHERE id = 3")


def no_file_of_sqlite(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3 * PAGE_BYTES :] = bytes(3 * PAGE_BYTES)
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [damaged, damaged_block, no_file_of_sqlite])
def test_a_damaged_file_is_put_away_as_it_is(
    ended: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    damage(ended)
    content = ended.read_bytes()
    with caplog.at_level(logging.WARNING):
        place = finish(ended)
    assert place.read_bytes() == content
    assert "put away as it is" in caplog.text
    assert list(ended.parent.iterdir()) == [place.parent]


def test_without_room_it_is_put_away_as_it_is(
    ended: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    content = ended.read_bytes()
    monkeypatch.setattr(packing, "SPARE_BYTES", 1 << 62)
    with caplog.at_level(logging.WARNING):
        assert finish(ended).read_bytes() == content
    assert "no room" in caplog.text


def full(*_: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("call", ["fsync", "fdatasync"])
def test_a_disk_that_fills_up_meanwhile_costs_nothing(
    ended: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    before = everything(ended)
    monkeypatch.setattr(packing, "STEPS", 10)
    with monkeypatch.context() as patched:
        patched.setattr(f"recorder.store.packing.os.{call}", full)
        assert pack(ended) is None
    assert list(ended.parent.iterdir()) == [ended]
    assert everything(ended) == before


def test_what_is_written_is_flushed_again_and_again(
    ended: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    monkeypatch.setattr(packing, "STEPS", 50)
    monkeypatch.setattr("recorder.store.packing.os.fdatasync", flushed.append)
    os.close(pack(ended) or -1)
    assert len(flushed) > 5


def test_who_reads_it_meanwhile_reads_on(ended: Path) -> None:
    with SessionReader(ended) as session:
        before = [block.first_index for block in session.blocks(0)]
        place = finish(ended)
        assert [block.first_index for block in session.blocks(0)] == before
    assert verify(place).problems == ()
