"""`antiphon radio`: the plan, and a board that moves with its dongle."""

import sys
from pathlib import Path

import pytest

from hardware.cyton import conversation
from hardware.cyton.discovery import identify
from hardware.emulated.cyton import Behaviour, FirstState
from tests.hardware.emulated_port import emulated_port
from tests.recorder.command_line import Shell
from tests.recorder.desk import Desk, board


@pytest.fixture(autouse=True)
def _quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "QUIET_S", 0.05)
    (tmp_path / "antiphon.toml").touch()
    monkeypatch.setenv("ANTIPHON_CONFIG", str(tmp_path / "antiphon.toml"))


def test_two_on_one_channel_are_planned_apart_and_moved(shell: Shell, tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    ports = ("--patient", a, "--therapist", b)
    with emulated_port(a), emulated_port(b):
        told = shell("radio", *ports)
        assert told.code == 0
        assert told.out.splitlines() == [
            f"patient    {a}: channel 7, its board answers; stays",
            f"therapist  {b}: channel 7, its board answers; move it to 25",
        ]
        moved = shell("radio", "therapist", "--channel", 25, "--yes", *ports)
        assert moved.code == 0
        assert "have moved from channel 7 to 25" in moved.out
        assert moved.out.splitlines()[-1] == f"therapist  {b}: channel 25, its board answers; stays"
        found = identify(str(b))
        assert (found.radio_channel, found.fault) == (25, "")
        told = shell("radio", *ports, "--json").json
    assert told["schema"] == "antiphon.radio/1"
    assert [(it["channel"], it["planned"]) for it in told["dongles"]] == [(7, 7), (25, 25)]


def test_a_channel_that_another_dongle_has_is_refused(shell: Shell, tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    with emulated_port(a, Behaviour(radio_channel=12)), emulated_port(b):
        code, text = shell.failure(
            "radio", "therapist", "--channel", 12, "--yes", "--patient", a, "--therapist", b
        )
    assert code == 64
    assert "the dongle of patient is on channel 12" in text


def test_nothing_moves_before_somebody_has_said_that_only_this_board_is_on(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    with emulated_port(tmp_path / "a"):
        code, text = shell.failure("radio", "patient", "--channel", 12, "--patient", tmp_path / "a")
        assert (code, "Switch every board off but the patient's" in text) == (64, True)
        assert identify(str(tmp_path / "a")).radio_channel == 7


def test_a_board_that_is_off_is_not_moved_and_one_elsewhere_is_found(
    shell: Shell, tmp_path: Path
) -> None:
    port = tmp_path / "a"
    move = ("radio", "patient", "--channel", 9, "--yes", "--patient", port)
    with emulated_port(port, Behaviour(first_state=FirstState.OFF)):
        assert shell.failure(*move)[0] == 69
    with emulated_port(port, Behaviour(first_state=FirstState.OTHER_CHANNEL, radio_channel=1)):
        assert shell.failure(*move)[0] == 69
        moved = shell(*move, "--find")
    assert (moved.code, "from channel 1 to 9" in moved.out) == (0, True)


def test_beside_a_service_there_is_a_plan_and_no_move(
    shell: Shell, tmp_path: Path, desk: Desk
) -> None:
    desk.boards = [
        board(role, port=str(tmp_path / role), radio_channel=7) for role in ("patient", "therapist")
    ]
    lines = shell("radio").out.splitlines()
    assert [line.rpartition("; ")[2] for line in lines] == ["stays", "move it to 25"]
    code, text = shell.failure("radio", "therapist", "--channel", 25, "--yes")
    assert (code, "systemctl stop antiphon" in text) == (75, True)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("patient",), 64, "give both"),
        (("--channel", 3), 64, "give both"),
        (("patient", "--channel", 26), 64, "0<=x<=25"),
        ((), 78, "no port"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_a_code(
    shell: Shell, tmp_path: Path, arguments: tuple[object, ...], code: int, words: str
) -> None:
    found, text = shell.failure("radio", *arguments, "--socket", tmp_path / "none.sock")
    assert (found, words in text) == (code, True)
