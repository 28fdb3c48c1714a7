"""A dongle pulled out for good, and noise for good: what is kept and the gaps are all the time."""

from pathlib import Path

import pytest

from recorder.settings.board import ROLES
from recorder.store.check import verify
from recorder.store.elapsed import UNTOLD_NS, missing_s
from recorder.store.reader import SessionReader
from recorder.wire.messages import Status
from tests.e2e.processes import begin_session, box, service, told, until_status

UNPLUGGED_S, BABBLES_S = 5.0, 6.0
FAULTS = (f"patient:{UNPLUGGED_S}:unplug:600", f"therapist:{BABBLES_S}:babble:600")
RATES_HZ = (250.33, 250.51)
CAUSES = ("unplugged", "no_answer")


def boards_are_told_of(status: Status) -> bool:
    return {alarm.role for alarm in status.alarms if alarm.kind == "board"} == set(ROLES)


def test_kept_and_missing_are_the_time_that_went_by(tmp_path: Path) -> None:
    words = [word for fault in FAULTS for word in ("--fault", fault)]
    with box(tmp_path, *words) as (_, config), service(config, tmp_path):
        session, socket = begin_session(config), config.socket_path
        until_status(socket, lambda it: it.state == "no data", "both are lost", 30)
        until_status(socket, boards_are_told_of, "told of both")
        stopped = told("stop", "--socket", config.socket).splitlines()
    assert [line.split()[:4] for line in stopped[1:]] == [
        ["patient", "no", "data", "for"],
        ["therapist", "no", "data", "for"],
    ]
    name = Path(session["file"])
    path = name.parent / "done" / name.name
    report = verify(path)
    assert report.problems == ()
    assert not [note for note in report.notes if "in no gap" in note]
    with SessionReader(path) as file:
        started_ns, ended_ns = file.header.started_t_ns, file.ended_t_ns
        elapsed_s, gaps = (ended_ns - started_ns) * 1e-9, file.gaps()
        for board, rate_hz, cause in zip(file.boards(), RATES_HZ, CAUSES, strict=True):
            kept_s = sum(len(it.index) for it in file.samples(board.id)) / rate_hz
            mine = [gap for gap in gaps if gap.board == board.id]
            gone_s = sum(missing_s(gap, board, started_ns, ended_ns) for gap in mine)
            assert kept_s + gone_s == pytest.approx(elapsed_s, abs=UNTOLD_NS * 1e-9)
            assert (mine[-1].cause, mine[-1].n, mine[-1].end_ns) == (cause, 0, ended_ns)
            assert gone_s > 0.5
