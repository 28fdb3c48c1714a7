"""A disk that stalls for two minutes costs nothing: both boards wait in the writer's queue."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from recorder.store.catalog import find
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from tests.soak.day import TICK_S, Box

STALL_S = 150
WITHIN_S = 20.0


@contextmanager
def stalled(path: Path) -> Iterator[None]:
    """Nobody else may write into `path`: a commit finds the disk busy, again and again."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def until_told(box: Box) -> str:
    """The disk's error as soon as there is one."""
    pause = threading.Event()
    for _ in range(int(WITHIN_S / 0.02)):
        if box.session.disk_error:
            break
        pause.wait(0.02)
    return box.session.disk_error


def test_two_boards_are_held_for_two_minutes_and_then_saved(tmp_path: Path) -> None:
    box = Box(tmp_path, STALL_S, seed=3)
    box.tick()
    with stalled(box.session.path):
        for _ in range(STALL_S // TICK_S):
            box.tick()
        assert until_told(box)
        assert box.session.elapsed_s - box.session.saved_s > 120
        assert box.recorder.measures is not None
    box.end()
    path = find(tmp_path, box.session.id)
    report = verify(path)
    assert (report.problems, report.state) == ((), "closed")
    with SessionReader(path) as session:
        assert "disk" not in {gap.cause for gap in session.gaps()}
        for board in session.boards():
            stored = sum(len(samples.index) for samples in session.samples(board.id))
            missing = sum(gap.n for gap in session.gaps() if gap.board == board.id)
            assert stored + missing > (STALL_S - 25) * 250  # a fault may cost up to 20 s
