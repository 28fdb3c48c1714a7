"""`antiphon boards` and `antiphon impedance`: what they print, and what the shell gets."""

import json
import os
import re
import sys
import threading
from collections.abc import Callable
from concurrent.futures import wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import recorder.commands.boards as module
import recorder.commands.impedance as impedance_verb
from hardware.cyton import channel_check, conversation, impedance
from hardware.cyton.capture import read_capture
from hardware.cyton.frames import FRAME_BYTES
from hardware.cyton.serial_port import SerialPort
from hardware.emulated.cyton import Behaviour, FirstState
from hardware.emulated.faults import parse_fault
from hardware.emulated.releases import Version
from recorder import cli
from recorder.commands import capturing
from recorder.failure import EX_CANTCREAT, EX_STOPPED, EX_UNAVAILABLE, EX_USAGE
from recorder.wire.messages import Alarm, Contact
from tests.hardware.emulated_port import emulated_port
from tests.hardware.plugged_in import Adapter, plug_in
from tests.recorder.desk import Desk, board

DONGLES = (Adapter(), Adapter(serial="DM01N6RY", tty="ttyUSB1", latency_ms=1))
IMPEDANCES_OHM = (5e3, 6e3, 4e3, 8e3, 7e3, 9e3, 60e3, 500e3)


@dataclass(frozen=True)
class Told:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Told]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line as the shell does, in a world where nothing is plugged in."""
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(impedance_verb, "ROOT", tmp_path)
    monkeypatch.setattr(conversation, "QUIET_S", 0.05)
    monkeypatch.setattr(impedance, "SETTLE_S", 0.1)
    monkeypatch.setattr(impedance, "MEASURE_S", 0.6)
    monkeypatch.setattr(channel_check, "SETTLE_S", 0.1)
    monkeypatch.setattr(channel_check, "MEASURE_S", 0.9)
    config = tmp_path / "antiphon.toml"
    config.touch()
    monkeypatch.setenv("ANTIPHON_CONFIG", str(config))

    def run_it(*arguments: str) -> Told:
        monkeypatch.setattr(sys, "argv", ["antiphon", *arguments])
        with pytest.raises(SystemExit) as left:
            cli.main()
        told = capsys.readouterr()
        return Told(int(str(left.value.code)), told.out, told.err)

    return run_it


def configure(folder: Path, text: str) -> None:
    (folder / "antiphon.toml").write_text(text)


def test_without_boards_there_is_one_plain_sentence(run: Run) -> None:
    told = run("boards")
    assert (told.code, told.out) == (69, "")
    assert told.err.count("\n") == 1
    assert "no OpenBCI dongle is plugged in and no port is named" in told.err


def test_dongles_are_listed_and_not_opened(run: Run, tmp_path: Path) -> None:
    plug_in(tmp_path, *DONGLES)
    told = run("boards")
    assert told.code == 0
    lines = told.out.splitlines()
    assert len(lines) == 2
    assert "DM01N5QX" in lines[0]
    assert lines[0].endswith("(ttyUSB0, latency timer 16 ms), free")
    assert lines[1].endswith("(ttyUSB1, latency timer 1 ms), free")


def test_a_serial_number_that_is_not_there_is_told_beside_the_others(
    run: Run, tmp_path: Path
) -> None:
    plug_in(tmp_path, *DONGLES)
    configure(tmp_path, '[patient]\nport = "DM99"\n')
    told = run("boards", "--json")
    assert told.code == 69
    assert told.json["schema"] == "antiphon.boards/1"
    assert [port["serial"] for port in told.json["dongles"]] == ["DM01N5QX", "DM01N6RY"]
    [board] = told.json["boards"]
    assert board["role"] == "patient"
    assert "plugged in: DM01N5QX, DM01N6RY" in board["fault"]


def test_boards_behind_named_ports_tell_who_they_are_and_that_they_conflict(
    run: Run, tmp_path: Path
) -> None:
    ports = [str(tmp_path / name) for name in ("a", "b")]
    with emulated_port(Path(ports[0])), emulated_port(Path(ports[1])):
        told = run("boards", "--patient", ports[0], "--therapist", ports[1])
    assert told.code == 0
    lines = told.out.splitlines()
    assert lines[0] == f"patient    {ports[0]}: Cyton, firmware v3.1.2, radio channel 7"
    assert lines[1].startswith(f"therapist  {ports[1]}: Cyton")
    assert "are both on radio channel 7" in lines[2]


def test_both_boards_are_captured_at_once(run: Run, tmp_path: Path) -> None:
    ports, out = [str(tmp_path / name) for name in ("ttyUSB0", "ttyUSB1")], tmp_path / "out"
    configure(tmp_path, '[therapist]\nchannels = ["Cz", "Pz"]\n')
    with emulated_port(Path(ports[0])), emulated_port(Path(ports[1])):
        named = ("--patient", ports[0], "--therapist", ports[1])
        told = run("boards", *named, "--capture", "1", "--out", str(out), "--json")
    assert told.code == 0
    assert told.json["schema"] == "antiphon.captured/1"
    captures = {board["role"]: Path(board["file"]) for board in told.json["boards"]}
    assert sorted(captures.values()) == sorted(out.iterdir())
    for role, file in captures.items():
        held = read_capture(file)
        assert held.about["role"] == role
        assert sum(len(octets) for _, octets in held.exchanges[-2].pieces) > 100 * FRAME_BYTES
    assert read_capture(captures["therapist"]).about["channels"] == ["Cz", "Pz"]


def test_a_board_that_is_off_is_captured_with_what_is_wrong(run: Run, tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB0"
    with emulated_port(port, Behaviour(first_state=FirstState.OFF)):
        told = run("boards", "--patient", str(port), "--capture", "1", "--out", str(tmp_path))
    assert told.code == EX_UNAVAILABLE
    file, fault = told.out.splitlines()
    assert "switch the board on" in fault
    assert read_capture(Path(file.split()[1])).exchanges[1].written == b"\xf0\x07"


def test_a_port_in_use_is_not_captured(run: Run, tmp_path: Path) -> None:
    port, out = tmp_path / "ttyUSB0", tmp_path / "out"
    with emulated_port(port):
        held = SerialPort(str(port), threading.Event())
        told = run("boards", "--patient", str(port), "--capture", "1", "--out", str(out))
        held.close()
    assert told.code == EX_UNAVAILABLE
    assert "another program" in told.out
    assert list(out.iterdir()) == []


def test_a_capture_needs_a_board_that_is_named(run: Run, tmp_path: Path) -> None:
    plug_in(tmp_path, *DONGLES)
    told = run("boards", "--capture", "1")
    assert told.code == EX_USAGE
    assert "--patient PORT" in told.err


def test_a_capture_that_cannot_be_written_is_told(run: Run, tmp_path: Path) -> None:
    port, file = tmp_path / "ttyUSB0", tmp_path / "file"
    file.touch()
    with emulated_port(port):
        told = run("boards", "--patient", str(port), "--capture", "1", "--out", str(file / "x"))
    assert told.code == EX_CANTCREAT
    assert told.err.count("\n") == 1


def test_ctrl_c_leaves_no_half_capture(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, out = tmp_path / "ttyUSB0", tmp_path / "out"
    looks = iter(range(3))

    def interrupted(work: object, timeout_s: float) -> Any:
        if next(looks, None) is None:
            raise KeyboardInterrupt
        return wait(work, timeout_s)  # type: ignore[arg-type]

    monkeypatch.setattr(capturing, "wait", interrupted)
    with emulated_port(port):
        told = run("boards", "--patient", str(port), "--capture", "3600", "--out", str(out))
    assert told.code == EX_STOPPED
    assert list(out.iterdir()) == []


def test_an_old_firmware_is_told_with_what_it_cannot_do(run: Run, tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB0"
    with emulated_port(port, Behaviour(firmware=Version.V2)):
        told = run("boards", "--patient", str(port))
        fields = run("boards", "--patient", str(port), "--json").json
    assert told.code == 0
    board, shortcoming = told.out.splitlines()
    assert "firmware v2.0.0" in board
    assert shortcoming.startswith("patient: firmware v2.0.0 has no trigger pins")
    assert fields["boards"][0]["shortcomings"] == [{"kind": "firmware_old", "of": "v2.0.0"}]


def test_an_old_firmware_cannot_test_itself_and_that_is_told(run: Run, tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB0"
    with emulated_port(port, Behaviour(firmware=Version.V2)):
        told = run("boards", "--patient", str(port), "--test")
    assert told.code == EX_UNAVAILABLE
    assert "update it to v3.1.2" in told.out


def test_the_self_test_passes_on_a_good_board(run: Run, tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB0"
    with emulated_port(port):
        told = run("boards", "--patient", str(port), "--test", "--json")
    assert told.code == 0
    [board] = told.json["boards"]
    assert [one["passed"] for one in board["test"]] == [True] * 8


def test_a_board_that_fails_its_self_test_is_told_and_so_is_the_shell(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_check, "AMPLITUDE_UV", 900.0)
    port = tmp_path / "ttyUSB0"
    with emulated_port(port):
        told = run("boards", "--patient", str(port), "--test")
    assert told.code == 69
    assert told.out.count("FAILED: amplitude 1875 µV, not 900") == 8


@pytest.mark.parametrize(
    "behaviour",
    [Behaviour(first_state=FirstState.OFF), Behaviour(faults=(parse_fault("0.3:unplug:9"),))],
)
def test_a_board_that_cannot_be_tested_is_told_and_so_is_the_shell(
    run: Run, tmp_path: Path, behaviour: Behaviour
) -> None:
    port = tmp_path / "ttyUSB0"
    with emulated_port(port, behaviour):
        told = run("boards", "--patient", str(port), "--test")
    assert told.code == 69
    assert told.out.startswith(f"patient    {port}: the dongle ")
    assert told.err == ""


def test_impedances_are_told_in_kilo_ohm_with_labels_and_tolerance(
    run: Run, tmp_path: Path
) -> None:
    configure(tmp_path, '[patient]\nchannels = ["F3", "F4"]\n')
    port = tmp_path / "ttyUSB0"
    with emulated_port(port, Behaviour(impedance_ohm=IMPEDANCES_OHM)):
        told = run("impedance", "--patient", str(port))
    assert told.code == 0
    found = re.findall(r"(\w+) +(F\d) +([\d.]+) kΩ ±20% +good\n", told.out)
    assert [(role, label) for role, label, _ in found] == [("patient", "F3"), ("patient", "F4")]
    assert [float(kohm) for *_, kohm in found] == pytest.approx([5, 6], rel=0.05)


def test_one_electrode_alone_can_be_measured(run: Run, tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB0"
    with emulated_port(port, Behaviour(impedance_ohm=IMPEDANCES_OHM)):
        told = run("impedance", "--therapist", str(port), "--channel", "O2", "--json")
    assert told.code == 0
    assert told.json["schema"] == "antiphon.impedance/1"
    [board] = told.json["boards"]
    [contact] = board["channels"]
    assert board["role"] == "therapist"
    assert (contact["channel"], contact["label"], contact["tolerance"]) == (7, "O2", 0.2)
    assert contact["kohm"] == pytest.approx(60, rel=0.05)
    assert contact["verdict"] == "poor"


def test_a_port_that_a_service_holds_is_refused(run: Run, tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB0"
    with emulated_port(port):
        holder = SerialPort(str(port), threading.Event())
        told = run("impedance", "--patient", str(port))
        holder.close()
    assert told.code == 75
    assert told.err == f"antiphon: {port}: another program holds this port: close it\n"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 78, "no port: give --patient PORT"),
        (("--patient", "/dev/x", "--channel", "T9"), 64, "no electrode is labelled T9"),
        (("--patient", "DM99"), 69, "DM99 is plugged in; plugged in: none"),
        (("--patient", "/nowhere/ttyUSB0"), 69, "no such port"),
    ],
)
def test_what_cannot_be_measured_is_one_line_and_a_code(
    run: Run, arguments: tuple[str, ...], code: int, words: str
) -> None:
    told = run("impedance", *arguments)
    assert told.code == code
    assert told.err.count("\n") == 1
    assert words in told.err


def test_a_montage_with_more_electrodes_than_the_board_has_is_one_line(
    run: Run, tmp_path: Path
) -> None:
    labels = ", ".join(f'"C{n}"' for n in range(9))
    configure(tmp_path, f"[patient]\nchannels = [{labels}]\n")
    port = tmp_path / "ttyUSB0"
    with emulated_port(port):
        told = run("impedance", "--patient", str(port))
    assert told.code == 64
    assert "this board has 1 to 8" in told.err


def test_a_named_port_that_is_no_board_is_told_and_so_is_the_shell(
    run: Run, tmp_path: Path
) -> None:
    told = run("boards", "--patient", str(tmp_path / "nope"))
    assert (told.code, told.err) == (69, "")
    assert "no such port" in told.out


def test_boards_that_the_service_holds_are_told_as_it_knows_them(
    run: Run, tmp_path: Path, desk: Desk
) -> None:
    ports = [str(tmp_path / name) for name in ("a", "b")]
    known = {"serial": "DM01N5QX", "radio_channel": 7, "on_for_s": 7200.0}
    desk.boards = [board("patient", port=ports[0], **known), board("therapist", port=ports[1])]
    desk.alarms = [Alarm("firmware_old", "patient", of="v2.0.0"), Alarm("disk_low")]
    told = run("boards", "--json")
    assert told.code == 0
    patient, therapist = told.json["boards"]
    assert patient["holder"] == f"the antiphon service (pid {os.getpid()})"
    assert (patient["serial"], patient["radio_channel"], patient["firmware"]) == (
        "DM01N5QX",
        7,
        "v3.1.2",
    )
    assert patient["shortcomings"] == [{"kind": "firmware_old", "of": "v2.0.0"}]
    assert (therapist["fault"], therapist["shortcomings"]) == ("", [])
    lines = run("boards", "--therapist", ports[1]).out.splitlines()
    assert lines == [
        f"therapist  {ports[1]}: Cyton, firmware v3.1.2, radio channel not told,"
        f" held by {patient['holder']}"
    ]


def test_a_board_that_the_service_has_lost_is_not_opened_beside_it(
    run: Run, tmp_path: Path, desk: Desk
) -> None:
    port = str(tmp_path / "a")
    desk.boards = [board("patient", port=port, state="lost")]
    with emulated_port(Path(port)):
        told = run("boards", "--patient", port)
        tested = run("boards", "--patient", port, "--test")
    assert (told.code, tested.code) == (69, 69)
    assert "lost: antiphon status says why" in told.out
    assert "stop it for the self-test" in tested.out


def test_bad_contacts_are_named_and_fail_in_the_shell(run: Run, tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB0"
    with emulated_port(port, Behaviour(impedance_ohm=IMPEDANCES_OHM)):
        told = run("impedance", "--patient", str(port), "--channel", "O2", "--channel", "A2")
    assert told.code == 69
    poor, bad, summary = told.out.splitlines()
    assert (poor.split()[1], poor.split()[-1]) == ("O2", "poor")
    assert (bad.split()[1], bad.split()[-1]) == ("A2", "bad")
    assert summary == "bad: patient A2"


def test_the_service_measures_single_electrodes_and_each_is_told_at_once(
    run: Run, desk: Desk
) -> None:
    worn = {"patient": ["F3", "F4"], "therapist": ["F4", "Cz"]}
    desk.boards = [
        board(role, contacts=[Contact(label, "good") for label in labels])
        for role, labels in worn.items()
    ]
    desk.kohm = {"F3": 8.0, "F4": None, "Cz": 21.5}
    told = run("impedance", "--channel", "F4", "--channel", "Cz")
    assert told.code == 69
    assert [line.split() for line in told.out.splitlines()] == [
        ["patient", "F4", "bad"],
        ["therapist", "F4", "bad"],
        ["therapist", "Cz", "21.5", "kΩ", "±20%", "poor"],
        ["bad:", "patient", "F4,", "therapist", "F4"],
    ]
    asked = [(it.label, it.channels) for it in desk.asked if it.do == "impedance"]
    assert asked == [("patient", ("F4",)), ("therapist", ("F4", "Cz"))]
    alone = run("impedance", "--channel", "F3", "--json")
    assert (alone.code, [it["role"] for it in alone.json["boards"]]) == (0, ["patient"])
    nobody = run("impedance", "--channel", "Oz")
    assert (nobody.code, nobody.err.count("\n")) == (64, 1)
    assert "no electrode is labelled Oz; here: " in nobody.err


def test_a_port_that_the_service_holds_is_for_it_to_measure(
    run: Run, tmp_path: Path, desk: Desk
) -> None:
    port = str(tmp_path / "ttyUSB0")
    desk.boards = [board("patient", port=port)]
    told = run("impedance", "--patient", port)
    assert told.code == 75
    assert f"held by the antiphon service (pid {os.getpid()}): give no port" in told.err
