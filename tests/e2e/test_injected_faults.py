"""What the emulated boards lost, delayed and doubled on order is what the recording says."""

from collections.abc import Callable

import pytest

from recorder.store.check import verify
from recorder.store.reader import SessionReader
from tests.e2e.conftest import Recording
from tests.e2e.processes import told_json

pytestmark = pytest.mark.alone

Recordings = Callable[[str], Recording]
ROLES = ("patient", "therapist")


def test_faults_on_order_are_found_exactly(recordings: Recordings) -> None:
    recording = recordings("scripted")
    patient, therapist = (recording.board(role) for role in ROLES)
    assert (patient["lost"], patient["late"]) == (5, 1)
    assert (therapist["lost"], therapist["late"]) == (1, 0)
    for board in (patient, therapist):
        assert board["lost"] == board["truth"]["lost"]
        assert board["late"] == board["truth"]["late"]
    assert (patient["truth"]["duplicate"], therapist["truth"]["duplicate"]) == (0, 1)


@pytest.mark.parametrize("role", ROLES)
def test_losses_by_chance_are_found_exactly(recordings: Recordings, role: str) -> None:
    board = recordings("chance").board(role)
    truth = board["truth"]
    # of the last packets, on their way when the recording ended, no host can know
    unseen = truth["sent"] + truth["lost"] - board["samples"] - board["lost"]
    unseen_lost = unseen - (truth["sent"] - board["samples"])
    assert 0 <= unseen_lost <= unseen <= 8  # a packet is 7 ms on its way
    assert board["lost"] == truth["lost"] - unseen_lost > 7
    assert board["late"] == truth["late"]


@pytest.mark.parametrize("name", ["scripted", "chance"])
def test_gaps_blocks_and_every_count_of_them_agree(recordings: Recordings, name: str) -> None:
    recording = recordings(name)
    lost = sum(recording.board(role)["lost"] for role in ROLES)
    with SessionReader(recording.path) as session:
        gaps = session.gaps()
    for board_id, role in enumerate(ROLES):
        board = recording.board(role)
        assert sum(gap.n for gap in gaps if gap.board == board_id) == board["lost"]
    shown = told_json("show", recording.path)["boards"]
    for board in shown:
        told_board = recording.board(board["role"])
        assert {key: board[key] for key in ("samples", "lost", "late")} == {
            key: told_board[key] for key in ("samples", "lost", "late")
        }
        assert board["gaps"]["radio"]["samples"] == board["lost"]
    report = verify(recording.path)
    assert report.ok, report.problems
    assert report.counts["missing"] == lost
