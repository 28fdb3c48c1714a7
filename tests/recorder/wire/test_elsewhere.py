"""Other boxes, with a program of our own in the place of ssh."""

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from recorder.wire import elsewhere
from recorder.wire.elsewhere import ask_all, crowded, over_ssh
from recorder.wire.messages import BoardStatus, Status
from tests.recorder.command_line import Shell

SAYS = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
case $2 in
  *away) echo "ssh: connect to host $2 port 22: No route to host" >&2; exit 255 ;;
  *mute) exec tail -f /dev/null ;;
  *rude) printf '\\033[2Jno such command\\n' >&2; exit 127 ;;
  *chatty) echo Welcome ;;
  *) cat "$SAID/${2#*@}" ;;
esac
"""


@pytest.fixture(autouse=True)
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(SAYS)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("SAID", str(tmp_path))
    for number in range(10):
        content = msgspec.json.encode(status(f"box-{number}", number))
        (tmp_path / f"host-{number}").write_bytes(content)


def status(box: str, channel: int) -> Status:
    boards = [
        BoardStatus(role, "streaming", "", "cyton", "", 250, 250, None, None, 0, 0, 0, 0, None, [])
        for role in ("patient", "therapist")
    ]
    for number, board in enumerate(boards):
        board.radio_channel = channel + 3 * number
    return Status("idle", None, boards, [], 1000.0, 31.0, "0.1.0", box=box)


def test_ten_boxes_tell_of_themselves_in_the_order_asked() -> None:
    told = ask_all([f"tech@host-{number}" for number in range(10)])
    assert [one.name for one in told] == [f"box-{number}" for number in range(10)]
    assert crowded(told[:2]) == {}
    assert crowded([told[0], told[3]]) == {3: ["box-0 therapist", "box-3 patient"]}


@pytest.mark.parametrize(
    ("where", "problem"),
    [("away", "No route to host"), ("rude", "[2Jno such command"), ("chatty", "it answered other")],
)
def test_a_box_that_does_not_answer_says_why(where: str, problem: str) -> None:
    [told] = ask_all([where])
    assert (told.status, told.name) == (None, where)
    assert problem in told.problem
    assert told.problem.isprintable()


def test_a_box_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "ANSWERS_WITHIN_S", 0.3)
    [told] = ask_all(["mute"])
    assert told.problem == "no answer within 0 s"


def test_what_ssh_is_told_is_one_host_and_one_command() -> None:
    command = over_ssh("tech@box-3.local:2222", "antiphon", "start", "--patient", "P 07; rm")
    assert command[-5:] == [
        "-p",
        "2222",
        "--",
        "tech@box-3.local",
        "antiphon start --patient 'P 07; rm'",
    ]
    assert "StrictHostKeyChecking=yes" in command


def test_all_boxes_are_listed_and_one_that_is_away_is_69(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Shell(capsys, monkeypatch)
    config = tmp_path / "antiphon.toml"
    config.write_text('boxes = ["tech@host-1", "away", "host-4"]\n')
    ran = shell("status", "--all", "--config", config)
    assert ran.code == 69
    lines = ran.out.splitlines()
    assert lines[0].startswith(
        "box-1            idle, patient streaming, therapist streaming, 31 h"
    )
    assert lines[1].startswith("away             no answer: ssh: connect to host")
    assert lines[3] == "channel 4 is that of box-1 therapist, box-4 patient"
    told: dict[str, Any] = json.loads(shell("status", "--all", "--json", "--config", config).out)
    assert [one["where"] for one in told["boxes"]] == ["tech@host-1", "away", "host-4"]
    assert told["boxes"][0]["status"]["box"] == "box-1"


@pytest.mark.parametrize("where", ["-oProxyCommand=x", "a b", "tech@", "box:port", "a;b"])
def test_what_ssh_could_take_for_something_else_is_refused(
    tmp_path: Path,
    where: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = tmp_path / "antiphon.toml"
    config.write_text(f"boxes = [{json.dumps(where)}]\n")
    code, text = Shell(capsys, monkeypatch).failure("status", "--all", "--config", config)
    assert (code, "a host as ssh takes it" in text) == (78, True)


def test_without_boxes_it_is_78(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "antiphon.toml").write_text("")
    shell = Shell(capsys, monkeypatch)
    assert shell.failure("status", "--all", "--config", tmp_path / "antiphon.toml")[0] == 78
