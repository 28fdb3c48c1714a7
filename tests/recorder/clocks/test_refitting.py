"""A session's clocks are fitted again by the pulses that its paths have in common."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recorder.clocks.refitting import refit_session
from recorder.store.note_rows import RefitRow
from recorder.store.notes import open_notes
from recorder.store.reader import SessionReader
from recorder.store.rows import BlockRow, ClockFitRow, EdgeRow
from recorder.store.writer import SessionWriter
from tests.recorder import session_files
from tests.recorder.session_files import START_NS

S = 1_000_000_000
LENGTH_S = 120
PERIODS_NS = (3_994_000, 4_003_000)
DELAYS_NS = (10_000_000, 4_000_000)  # of the fastest way to the host
KNOTS_LATE_NS = 3_000_000  # by which both clocks were wrong while recording


def pulses() -> list[tuple[int, int]]:
    """(t_ns, level) of a train."""
    rng = np.random.default_rng(3)
    rises = START_NS + np.cumsum(rng.integers(S // 2, 3 * S // 2, LENGTH_S - 2))
    return [(int(t), level) for rise in rises for t, level in ((rise, 1), (rise + S // 30, 0))]


def blocks(board: int, edges: Sequence[tuple[int, int]]) -> list[BlockRow]:
    """What a board says of the train, a block a second, each sample read by itself."""
    rng = np.random.default_rng(board)
    n, period_ns = LENGTH_S * S // PERIODS_NS[board], PERIODS_NS[board]
    taken_ns = START_NS + np.arange(n) * period_ns
    changed = np.searchsorted(np.array([t for t, _ in edges]), taken_ns, "right")
    aux = np.stack([changed % 2, np.zeros(n)], axis=1).astype(np.int32)
    late_ns = DELAYS_NS[board] + rng.exponential(1e6, n).astype(np.int64)
    arrival_ns = np.maximum.accumulate(taken_ns + late_ns)
    return [
        BlockRow(
            *(board, 0, first, np.zeros((len(part), 3), np.int32), aux[part]),
            *(part, arrival_ns[part]),
        )
        for first in range(0, n, 250)
        for part in [np.arange(first, min(first + 250, n))]
    ]


def session(path: Path, *, host_sees: bool) -> Path:
    header = session_files.header(path.stem)
    boards = tuple(replace(board, aux_labels=("D11", "D12")) for board in header.boards)
    writer = SessionWriter.create(path, replace(header, boards=boards))
    edges = pulses()
    for board in (0, 1):
        for row in blocks(board, edges):
            writer.put(row)
        t_ns, period_ns = START_NS + KNOTS_LATE_NS, PERIODS_NS[board]
        writer.put(ClockFitRow(board, 0, 0, t_ns, period_ns, 7e6, 2e6, provisional=False))
    for seq, (t_ns, level) in enumerate(edges if host_sees else []):
        writer.put(EdgeRow("trigger", seq, t_ns, level))
    writer.close(START_NS + LENGTH_S * S)
    return path


def error_ms(path: Path, board: int) -> float:
    """By how much the refitted times are late in the middle."""
    index = 60 * S // PERIODS_NS[board]
    with open_notes(path) as notes:
        knots = [row for row in notes.read(RefitRow) if row.board == board]
    at = np.interp(index, [row.idx for row in knots], [row.t_ns - START_NS for row in knots])
    return float(at - index * PERIODS_NS[board]) / 1e6


def test_pulses_that_the_host_saw_put_both_boards_right(tmp_path: Path) -> None:
    path = session(tmp_path / "s.antiphon", host_sees=True)
    for told in refit_session(path, "D11", 0, lambda done, total: None):
        assert (told.problem, told.tied) == ("", 0)
        assert told.edges > 200
        assert told.moved_ms == pytest.approx(3.0, abs=0.5)
    assert abs(error_ms(path, 0)) < 0.5
    assert abs(error_ms(path, 1)) < 0.5


def test_pulses_that_only_the_boards_saw_tie_them_to_each_other(tmp_path: Path) -> None:
    path = session(tmp_path / "s.antiphon", host_sees=False)
    for told in refit_session(path, "D11", 0, lambda done, total: None):
        assert (told.problem, told.edges) == ("", 0)
        assert told.tied > 200
    assert abs(error_ms(path, 0) - error_ms(path, 1)) < 1.0  # six by their arrivals alone


def test_without_a_pin_arrivals_are_all_there_is(tmp_path: Path) -> None:
    path = session(tmp_path / "s.antiphon", host_sees=True)
    told = refit_session(path, "D17", 0, lambda done, total: None)
    assert [(one.edges, one.tied) for one in told] == [(0, 0), (0, 0)]
    with SessionReader(path) as file:
        assert file.state == "closed"
