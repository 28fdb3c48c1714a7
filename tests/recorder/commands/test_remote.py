import os
import socket
from pathlib import Path

import msgspec
import pytest

from recorder.commands.remote import status_lines
from recorder.wire.messages import Alarm, TriggerStatus
from recorder.wire.served import STATUS_WITHIN_S
from tests.recorder.command_line import Shell
from tests.recorder.desk import SESSION, Desk, board, status


def test_a_session_is_started_with_codes_and_named(desk: Desk, shell: Shell) -> None:
    ran = shell("start", "--patient", "P07", "--therapist", "T02")
    assert ran.out == f"recording {SESSION.id} (12:37) {SESSION.file}\n"
    assert (ran.code, ran.err) == (0, "")
    [asked] = desk.asked
    assert (asked.do, asked.patient, asked.therapist) == ("start", "P07", "T02")


def test_consent_is_to_the_eeg_unless_more_is_said(desk: Desk, shell: Shell) -> None:
    shell("start")
    shell("start", "--consent", "eeg", "--consent", "video", "--consent", "share")
    assert [asked.consent for asked in desk.asked] == [("eeg",), ("eeg", "video", "share")]
    assert shell("start", "--consent", "everything").code == 64


def test_a_text_that_looks_like_somebody_is_warned_about(desk: Desk, shell: Shell) -> None:
    shell("start")
    ran = shell("note", "Frau Schmidt, born 3.5.1948")
    assert (ran.code, ran.out.startswith("note at 12:37")) == (0, True)
    assert ran.err == (
        "antiphon: warning: this looks like a name and a date, as of birth: codes only, "
        "never names; it is in the session now\n"
    )


def test_repeating_start_and_stop_is_no_failure(desk: Desk, shell: Shell) -> None:
    assert shell("start").code == 0
    again = shell("start", "--patient", "P07")
    assert (again.code, again.err) == (0, "")
    assert again.out == f"already recording P07 · T02 since 12:37: {SESSION.file}\n"
    assert shell("stop").out == f"stopped {SESSION.id} (12:37) {SESSION.file}\n"
    again = shell("stop")
    assert (again.code, again.out, again.err) == (0, "no session is running\n", "")


def test_json_is_one_object_with_a_schema(desk: Desk, shell: Shell) -> None:
    session = msgspec.to_builtins(SESSION)
    assert shell("stop", "--json").json == {"schema": "antiphon.session/1", "session": None}
    told = session | {"started": True, "warnings": []}
    assert shell("start", "--json").json == {"schema": "antiphon.session/1", "session": told}
    assert shell("mark", "shift", "--json").json == {
        "schema": "antiphon.mark/1",
        "t_s": 757.3,
        "label": "shift",
    }
    assert shell("note", "door", "--json").json["schema"] == "antiphon.note/1"
    told = shell("status", "--json").json
    assert (told["schema"], told["session"]) == ("antiphon.status/2", session)
    assert shell("stop", "--json").json == {"schema": "antiphon.session/1", "session": session}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["mark", "music starts"], "mark at 12:37 music starts"),
        (["mark"], "mark at 12:37"),
        (["note", "window open"], "note at 12:37 window open"),
    ],
)
def test_a_mark_is_confirmed_with_its_time(
    desk: Desk, shell: Shell, arguments: list[str], line: str
) -> None:
    shell("start")
    assert shell(*arguments).out == f"{line}\n"
    assert desk.asked[-1].label == (arguments[1] if len(arguments) > 1 else "")


@pytest.mark.parametrize("arguments", [["mark"], ["note", "door"]])
def test_what_the_service_refuses_is_a_failure(
    desk: Desk, shell: Shell, arguments: list[str]
) -> None:
    assert shell.failure(*arguments) == (69, "no session is running: start one first")
    ran = shell(*arguments, "--json")
    text = "no session is running: start one first"
    assert ran.json == {"schema": "antiphon.error/1", "error": text, "code": 69}
    assert (ran.code, ran.err) == (69, f"antiphon: {text}\n")


@pytest.mark.parametrize("verb", ["status", "start", "stop", "mark"])
def test_without_a_service_it_says_how_to_get_one(tmp_path: Path, shell: Shell, verb: str) -> None:
    code, text = shell.failure(verb, "--socket", tmp_path / "none.sock")
    assert code == 69
    assert "start one with `antiphon serve` or `antiphon demo`" in text


def test_the_socket_is_that_of_the_configuration(
    desk: Desk, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTIPHON_SOCKET")
    file = tmp_path / "antiphon.toml"
    file.write_text(f'socket = "{desk.path}"\n')
    assert shell("status", "--config", file).code == 0


def test_status_for_people_is_a_few_lines() -> None:
    fault = "/dev/ttyUSB1: unplugged: put it back"
    boards = [board("patient"), board("therapist", state="lost", rate_hz=None)]
    assert status_lines(status(SESSION, boards, Alarm("board", "therapist", detail=fault))) == [
        "service   recording, antiphon 0.1.0",
        f"session   {SESSION.id}, 12:37",
        f"          saved up to 12:36, {SESSION.file}",
        "patient   streaming, 250.314 Hz, 99980 samples, 20 lost, 3 late",
        "          Cyton, firmware v3.1.2, /dev/ttyUSB0",
        "therapist lost, rate not yet known, 99980 samples, 20 lost, 3 late",
        "          Cyton, firmware v3.1.2, /dev/ttyUSB0",
        "disk      41 h of recording left",
        f"alarm     therapist: {fault}",
    ]


@pytest.mark.parametrize(
    ("seen", "line"),
    [
        (
            TriggerStatus({"trigger": 1.04, "patient D11": 1.0}, disagreement_ms=-0.31),
            "trigger   trigger 1.0/s, patient D11 1.0/s, boards −0.3 ms apart",
        ),
        (TriggerStatus({"trigger": 25.0}, disagreement_ms=-0.04), "boards +0.0 ms apart"),
        (TriggerStatus({"trigger": 25.0}), "trigger   trigger 25.0/s"),
    ],
)
def test_status_tells_how_often_each_path_sees_the_trigger(seen: TriggerStatus, line: str) -> None:
    told = msgspec.structs.replace(status(None, []), trigger=seen)
    assert next(one for one in status_lines(told) if one.startswith("trigger")).endswith(line)


def test_a_trigger_that_nothing_sees_has_no_line() -> None:
    unseen = TriggerStatus(disagreement_ms=0.2, fault="the chip is gone")
    told = msgspec.structs.replace(status(None, []), trigger=unseen)
    assert not [one for one in status_lines(told) if one.startswith("trigger")]


def test_status_without_a_session_says_idle(desk: Desk, shell: Shell) -> None:
    first, *others = shell("status").out.splitlines()
    assert first == "service   idle, antiphon 0.1.0"
    assert not [line for line in others if line.startswith(("session", "alarm"))]


def test_status_tells_what_each_board_is_and_for_how_long_it_has_been_on() -> None:
    new = board("patient", serial="DM01N5QX", radio_channel=7, on_for_s=11_520.0)
    daisy = board("therapist", kind="cyton-daisy", firmware="")
    unseen = board("therapist", kind="")
    lines = status_lines(status(None, [new, daisy, unseen]))
    assert [line.strip() for line in lines if line.endswith("/dev/ttyUSB0")] == [
        "Cyton, firmware v3.1.2, radio channel 7, serial DM01N5QX, switched on 3.2 h ago,"
        " /dev/ttyUSB0",
        "Cyton with Daisy, firmware not told, /dev/ttyUSB0",
    ]


def test_a_service_that_hangs_is_named_with_its_process_and_not_waited_for(
    tmp_path: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert STATUS_WITHIN_S == 3.0
    monkeypatch.setattr("recorder.commands.remote.STATUS_WITHIN_S", 0.05)
    path = tmp_path / "antiphon.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        code, text = shell.failure("status", "--socket", path)
    assert code == 69
    assert f"(pid {os.getpid()}) is there but does not answer" in text
    assert "antiphon serve" not in text


def test_a_code_that_looks_like_somebody_is_warned_about(desk: Desk, shell: Shell) -> None:
    desk.warnings = ["the patient's code looks like a name"]
    ran = shell("start", "--patient", "Mueller")
    assert (ran.code, ran.out.startswith("recording ")) == (0, True)
    warning = "the patient's code looks like a name: codes only, never names"
    assert ran.err == f"antiphon: warning: {warning}\n"
