"""The clock that an export is told by: what `refit` said that it moved is what has moved."""

from pathlib import Path
from typing import Any

import pandas as pd

from recorder.clocks.refitting import refit_session
from recorder.export import export_of
from recorder.export.asked import Asked
from recorder.open import Clock, open_session
from recorder.progress import no_progress
from tests.judges.copies import copy_of

ROLES = ("patient", "therapist")
CLOCKS: tuple[Clock, ...] = ("recorded", "refitted")


def test_times_move_by_exactly_what_refit_said(path: Path, tmp_path: Path) -> None:
    path = copy_of(path, tmp_path / "copy")
    said = refit_session(path, "", 1, no_progress)
    assert any(it.moved_ms for it in said)
    recorded, refitted = (
        export_of("csv", Asked(clock=clock))(path, tmp_path / clock) for clock in CLOCKS
    )
    with open_session(path) as session:
        knots = session.refits
    for one in (it for it in said if not it.problem):
        role = ROLES[one.board]
        mine = [it for it in knots if (it.board, it.segment) == (one.board, one.segment)]
        before, after = (_times_ns(files, role, one.segment) for files in (recorded, refitted))
        there = [it for it in mine if it.idx in after.index]
        assert after[[it.idx for it in there]].tolist() == [it.t_ns for it in there]
        moved_ms = (after - before)[[it.idx for it in there]].abs().median() / 1e6
        assert len(there) < len(mine) or abs(moved_ms - one.moved_ms) < 1e-6


def _times_ns(files: list[Path], role: str, segment: int) -> Any:
    """Times of the samples of one segment, by their index."""
    table = pd.read_csv(next(it for it in files if it.stem.endswith(f"_{role}")))
    own = table[table["segment"] == segment]
    return pd.Series(own["t_ns"].to_numpy(), own["index"].to_numpy())
