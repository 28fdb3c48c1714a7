"""What spoils a recording although it goes on becomes an alarm, and blinks of the eye do not."""

from pathlib import Path

import pytest

from hardware.board import BoardState
from recorder.recording.impairments import CAPS_OFF_NS, UNUSABLE_NS, Impairments
from recorder.wire.messages import Alarm
from tests.recorder.bedside import Bedside


@pytest.fixture
def bed(tmp_path: Path) -> Bedside:
    return Bedside(tmp_path)


class Look:
    """Impairments of a bedside whose boards and measures say what a test says."""

    def __init__(self, bed: Bedside, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bed, self.impairments = bed, Impairments()
        self.now_ns, self.usable = 10**12, [1.0, 1.0]
        for wearer in bed.recorder.wearers:
            wearer.state = BoardState.STREAMING
        recorder = type(bed.recorder)
        monkeypatch.setattr(recorder, "now_ns", property(lambda _: self.now_ns))
        monkeypatch.setattr(recorder, "clean_share", lambda _, person: self.usable[person])

    def after(self, seconds: float, lost: int = 0, every: int = 1) -> list[Alarm]:
        """Look twice a second; every so often `lost` packets of the patient's were lost."""
        alarms: list[Alarm] = []
        for half in range(round(2 * seconds)):
            self.now_ns += 500_000_000
            for board in self.bed.boards:
                tally = board.tally
                gone = lost if board is self.bed.boards[0] and half % every == 0 else 0
                board.see(samples=tally.samples + 125 - gone, lost=tally.lost + gone)
            alarms = [*self.impairments.alarms(self.bed.recorder)]
        return alarms


@pytest.fixture
def look(bed: Bedside, monkeypatch: pytest.MonkeyPatch) -> Look:
    return Look(bed, monkeypatch)


def test_a_weak_radio_is_told_after_ten_seconds_and_until_it_is_better(look: Look) -> None:
    assert look.after(8.0, lost=1) == []
    [alarm] = look.after(4.0, lost=1)
    assert (alarm.kind, alarm.role) == ("radio_loss", "patient")
    assert alarm.numbers["percent"] == pytest.approx(0.8)
    assert look.after(10.5) == []


def test_one_stall_is_no_weak_radio(look: Look) -> None:
    assert look.after(12.0) == []
    assert look.after(0.5, lost=125) == []
    assert look.after(10.0) == []


def test_a_person_of_whom_nothing_is_usable_is_told_while_it_is_recorded(look: Look) -> None:
    look.usable[1] = 0.0
    assert look.after(40.0) == []
    look.bed.start()
    assert look.after(UNUSABLE_NS * 1e-9) == []
    [alarm] = look.after(1.0)
    assert (alarm.kind, alarm.role) == ("nothing_usable", "therapist")
    look.usable[1] = 0.5
    assert look.after(0.5) == []
    look.bed.stop()


def test_a_board_that_is_away_is_its_own_alarm(look: Look) -> None:
    look.usable[1] = 0.0
    look.bed.start()
    look.bed.recorder.wearers[1].state = BoardState.LOST
    assert look.after(60.0) == []
    look.bed.stop()


def test_two_caps_that_are_off_for_long_ask_whether_to_stop(look: Look) -> None:
    look.usable = [0.0, 0.0]
    look.bed.start()
    assert [it.kind for it in look.after(60.0)] == ["nothing_usable", "nothing_usable"]
    [alarm] = look.after(CAPS_OFF_NS * 1e-9)
    assert alarm.kind == "caps_off"
    assert alarm.numbers["minutes"] >= 10
    look.bed.stop()
