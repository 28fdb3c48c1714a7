"""What is asked, what is shown and what is told while it is not known whose a board is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.board import BoardFault, BoardState, FaultKind, GapCause
from recorder.service.status import state_word
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from recorder.wearers.signs import Answer, Known
from recorder.wearers.wearer import HELD
from recorder.wire.messages import Alarm
from tests.recorder.bedside import Bedside
from tests.recorder.scripted_board import INFO, RATE_HZ, eeg

AWAY_S, BACK_S = 5.0, 8.0
BEFORE = ((1, 1, 1), (1, 2, 1))  # devices
AFTER = ((1, 3, 1), (1, 4, 1))


def bedside(directory: Path, tap_s: float | None = None) -> Bedside:
    """Both boards are away together, and back; nothing tells whose they are."""
    noise = eeg(1)

    def tapped(t_s: NDArray[np.float64]) -> NDArray[np.float64]:
        uv: NDArray[np.float64] = noise(t_s)
        if tap_s is not None:
            uv[np.abs(t_s - tap_s) < 0.02] += 2000.0
        return uv

    bed = Bedside(directory, signals=(tapped, eeg(2)))
    for person, board in enumerate(bed.boards):
        board._info = replace(
            INFO, port=f"/dev/{person}", device=BEFORE[person], aux_labels=("a", "b")
        )
        bed.stream(person, 0.0, range(round(AWAY_S * RATE_HZ)))
        bed.stream(person, BACK_S, range(round(10 * RATE_HZ)))
    return bed


def until_back(bed: Bedside) -> None:
    """Record until a second after both are back behind other devices."""
    bed.run_until(1)
    bed.start()
    bed.run_until(BACK_S - 0.5)
    for board, device in zip(bed.boards, AFTER, strict=True):
        board._info = replace(board._info, device=device)
    bed.run_until(BACK_S + 1)


def asked(bed: Bedside) -> list[Alarm]:
    return [alarm for alarm in bed.recorder.whose.alarms() if alarm.kind == "who_is_who"]


def test_boards_that_nothing_tells_apart_are_held_and_asked_for(tmp_path: Path) -> None:
    bed = bedside(tmp_path)
    bed.run_until(4)
    assert (asked(bed), bed.recorder.whose.is_asked) == ([], False)
    for board in bed.boards:
        board.plan_state(bed.at(BACK_S), BoardState.STREAMING)
    until_back(bed)
    assert asked(bed) == [Alarm("who_is_who", detail="none")]
    assert [wearer.status(None).state for wearer in bed.recorder.wearers] == [HELD, HELD]
    assert state_word(bed.recorder) == "no data"
    bed.stop()
    with pytest.raises(BoardFault, match="antiphon confirm same") as caught:
        bed.start()
    assert caught.value.kind is FaultKind.UNCONFIRMED


def test_as_before_what_comes_is_taken_and_what_came_is_a_gap(tmp_path: Path) -> None:
    bed = bedside(tmp_path)
    until_back(bed)
    bed.recorder.whose.confirm(Answer.SAME)
    bed.run_until(BACK_S + 3)
    assert asked(bed) == []
    with SessionReader(bed.stop()) as file:
        gaps = [(it.segment, it.first_index, it.n, it.cause) for it in file.gaps() if it.board == 0]
        [first] = [it.first_index for it in file.blocks(0, 1)][:1]
    assert gaps[0] == (1, 0, 0, GapCause.NO_ANSWER)
    assert {cause for _, _, _, cause in gaps[1:]} == {GapCause.UNCONFIRMED}
    assert (1, 0, first, GapCause.UNCONFIRMED) in gaps
    assert first >= RATE_HZ - 25


def test_exchanged_each_moves_to_the_other_ones_port(tmp_path: Path) -> None:
    bed = bedside(tmp_path)
    until_back(bed)
    bed.recorder.whose.confirm(Answer.EXCHANGED)
    assert [board.moved_to for board in bed.boards] == [["/dev/1"], ["/dev/0"]]
    bed.run_until(BACK_S + 3)  # what they still send is the other ones'
    with SessionReader(bed.stop()) as file:
        assert file.segments(0) == file.segments(1) == [0]
    with pytest.raises(LookupError, match="nothing to confirm"):  # they are on their way
        bed.recorder.whose.confirm(Answer.EXCHANGED)


def test_what_still_came_from_the_old_port_is_not_taken_when_the_board_is_at_the_new_one(
    tmp_path: Path,
) -> None:
    """The board has been opened elsewhere before all is polled that came from where it was."""
    bed = bedside(tmp_path)
    bed.stream(1, BACK_S + 12, range(250))  # opened once more where it was
    bed.stream(1, BACK_S + 14, range(250))
    until_back(bed)
    bed.recorder.whose.confirm(Answer.EXCHANGED)
    board = bed.boards[1]
    board.infos = dict.fromkeys((1, 2), board._info)
    board._info = replace(board._info, port="/dev/0", device=AFTER[0])
    bed.run_until(BACK_S + 17)
    with SessionReader(bed.stop()) as file:
        assert file.segments(1) == [0, 3]
        told = [(it.segment, it.n, it.cause) for it in file.gaps() if it.board == 1]
    assert told[0] == (1, 0, GapCause.NO_ANSWER)
    assert told[1] == (3, 0, GapCause.UNCONFIRMED)


def test_a_board_that_turns_up_at_a_third_port_is_asked_about_again(tmp_path: Path) -> None:
    bed = bedside(tmp_path)
    bed.stream(1, BACK_S + 12, range(250))
    until_back(bed)
    bed.recorder.whose.confirm(Answer.EXCHANGED)
    assert asked(bed) == []
    bed.boards[1]._info = replace(bed.boards[1]._info, port="/dev/2", device=(1, 9, 9))
    bed.run_until(BACK_S + 13)
    assert len(asked(bed)) == 1
    with SessionReader(bed.stop()) as file:
        assert file.segments(1) == [0]


def test_a_tap_shows_at_whose_port_the_board_is(tmp_path: Path) -> None:
    bed = bedside(tmp_path, tap_s=BACK_S + 2)
    until_back(bed)
    bed.run_until(BACK_S + 3)
    assert [alarm.detail for alarm in asked(bed)] == ["patient"]
    bed.run_until(BACK_S + 9)
    assert [alarm.detail for alarm in asked(bed)] == ["none"]


def test_one_that_was_away_alone_is_itself(tmp_path: Path) -> None:
    bed = bedside(tmp_path)
    bed.recorder.whose._device_now = lambda port: BEFORE[1] if port == "/dev/1" else None
    bed.run_until(BACK_S - 0.5)
    bed.boards[0]._info = replace(bed.boards[0]._info, device=AFTER[0])
    bed.run_until(BACK_S + 1)
    assert not bed.recorder.whose.is_asked


def test_different_serial_numbers_leave_no_doubt(tmp_path: Path) -> None:
    bed = bedside(tmp_path)
    for person, board in enumerate(bed.boards):
        board._info = replace(board._info, serial=f"DM{person}")
    until_back(bed)
    assert not bed.recorder.whose.is_asked


def test_what_an_earlier_service_knew_is_asked_for_as_well(tmp_path: Path) -> None:
    bed = bedside(tmp_path)
    bed.recorder.whose.remember([Known("", "/dev/0"), Known("", "/dev/1")])
    bed.run_until(1)
    assert bed.recorder.whose.is_asked


@pytest.mark.parametrize(("name", "told"), [("ttyUSB", True), ("eeg-", False)])
def test_dongles_with_names_of_the_kernels_only_are_told_of(
    tmp_path: Path, name: str, told: bool
) -> None:
    bed = bedside(tmp_path)
    for person, board in enumerate(bed.boards):
        board._info = replace(board._info, port=f"/dev/{name}{person}")
    bed.run_until(1)
    assert (Alarm("dongles_alike") in [*bed.recorder.whose.alarms()]) == told


def test_a_session_that_ends_in_doubt_says_so(tmp_path: Path) -> None:
    bed = bedside(tmp_path)
    until_back(bed)
    path = bed.stop()
    with SessionReader(path) as file:
        causes = [gap.cause for gap in file.gaps() if gap.board == 0]
        assert file.segments(0) == [0]
    assert causes == [GapCause.NO_ANSWER, GapCause.UNCONFIRMED]
    assert verify(path).ok
