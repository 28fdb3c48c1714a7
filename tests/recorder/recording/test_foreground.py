import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hardware.board import BoardFault, FaultKind, GapCause
from recorder.failure import Failure
from recorder.recording.foreground import record
from recorder.settings.board import ROLES
from recorder.settings.file import Config
from recorder.store.check import verify
from recorder.wearers.wearer import Wearer
from tests.recorder.scripted_board import Air, Clock, ScriptedBoard

Boards = tuple[ScriptedBoard, ScriptedBoard]
WORN = "recorder.recording.foreground.make_wearers"


class Now(Clock):
    """The real one: what is recorded in the foreground takes its time."""

    def __call__(self) -> int:
        return time.monotonic_ns()


def wearers_of(boards: Boards) -> Callable[[Config], tuple[Wearer, Wearer]]:
    def make(config: Config) -> tuple[Wearer, Wearer]:
        patient, therapist = (
            Wearer(role, config.board(role), board, config.mains_hz)
            for role, board in zip(ROLES, boards, strict=True)
        )
        return patient, therapist

    return make


def sending(seconds: float = 10.0) -> ScriptedBoard:
    """A board that sends for so long from now on."""
    air, now_ns = Air(), time.monotonic_ns()
    air.begin(now_ns, GapCause.RESTART)
    return ScriptedBoard(Now(), air.go_on(now_ns, range(round(250 * seconds))))


def test_it_records_for_as_long_as_asked_and_closes_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boards = (sending(), sending())
    monkeypatch.setattr(WORN, wearers_of(boards))
    shown: list[float] = []
    recorded = record(Config(sessions=str(tmp_path)), 0.4, threading.Event(), shown.append)
    report = verify(recorded.path)
    assert (report.state, report.problems) == ("closed", ())
    assert report.counts["samples"] >= 2 * 90
    assert shown == sorted(shown)
    assert shown[-1] >= 0.4
    assert all(board.closed for board in boards)
    assert [board.role for board in recorded.boards] == ["patient", "therapist"]


def test_what_was_recorded_stays_when_it_is_stopped_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WORN, wearers_of((sending(), sending())))
    stop = threading.Event()

    def stop_soon(seconds: float) -> None:
        if seconds > 0.1:
            stop.set()

    recorded = record(Config(sessions=str(tmp_path)), 600.0, stop, stop_soon)
    assert verify(recorded.path).state == "closed"
    assert verify(recorded.path).counts["samples"] > 0


def test_a_board_that_cannot_be_used_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = BoardFault(FaultKind.MISSING, "/dev/ttyUSB1: no such port")
    boards = (sending(), ScriptedBoard(Now(), known=False, fault=fault))
    monkeypatch.setattr(WORN, wearers_of(boards))
    with pytest.raises(BoardFault, match="no such port"):
        record(Config(sessions=str(tmp_path / "out")), 600.0, threading.Event())
    assert all(board.closed for board in boards)
    assert not (tmp_path / "out").exists()


def test_stopped_before_it_began_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boards = (sending(), sending())
    monkeypatch.setattr(WORN, wearers_of(boards))
    stop = threading.Event()
    stop.set()
    with pytest.raises(Failure, match="before anything was recorded") as stopped:
        record(Config(sessions=str(tmp_path / "out")), 600.0, stop)
    assert stopped.value.code == 130
    assert all(board.closed for board in boards)
    assert not (tmp_path / "out").exists()


def test_a_directory_that_cannot_be_made_is_a_failure_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    boards = (sending(), sending())
    monkeypatch.setattr(WORN, wearers_of(boards))
    with pytest.raises(Failure, match=f"{tmp_path / 'file'}.*give another --out") as failed:
        record(Config(sessions=str(tmp_path / "file")), 600.0, threading.Event())
    assert failed.value.code == 73
    assert all(board.closed for board in boards)


def test_boards_that_die_and_stay_away_are_a_failure_and_what_there_is_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recorder.recording.foreground.PATIENCE_S", -0.5)
    monkeypatch.setattr(WORN, wearers_of((sending(0.3), sending(0.3))))
    with pytest.raises(Failure, match=r"could be recorded: patient: .*; therapist: ") as failed:
        record(Config(sessions=str(tmp_path)), 1.5, threading.Event())
    assert failed.value.code == 69
    [path] = tmp_path.rglob("*.antiphon")
    assert str(path) in str(failed.value)
    report = verify(path)
    assert (report.problems, report.state) == ((), "closed")
    assert report.counts["samples"] > 0


def test_no_room_for_the_length_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WORN, wearers_of((sending(), sending())))
    monkeypatch.setattr("recorder.recording.starting.free_bytes", lambda _: 100 << 20)
    with pytest.raises(Failure, match="100 MiB free, this session needs") as failed:
        record(Config(sessions=str(tmp_path / "out")), 36_000.0, threading.Event())
    assert failed.value.code == 73
    assert not (tmp_path / "out").exists()
