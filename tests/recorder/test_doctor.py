"""`antiphon doctor`: each finding, good and bad, and the whole in a made-up machine."""

import asyncio
import grp
import importlib.metadata
import json
import os
import pwd
import socket
import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import recorder.commands.doctor as command
from hardware.board_fault import BoardFault, FaultKind
from hardware.cyton.discovery import attached
from hardware.lsl.library import LslLibrary
from recorder import cli, wall_clock
from recorder.doctor import machine, ports, rights, software
from recorder.doctor.examination import examine
from recorder.doctor.finding import Finding, Word
from recorder.health import disk
from recorder.settings.board import BoardSettings
from recorder.settings.file import Config
from recorder.store.finish import count_unclean_stop
from recorder.wire.messages import Reply
from recorder.wire.served import opened, served
from tests.hardware.plugged_in import Adapter, latency_timer, plug_in
from tests.recorder.bounded import run
from tests.recorder.desk import Desk, board
from tests.recorder.health.box import FIRMWARE, pi
from tests.recorder.served_box import Box

DONGLES = (Adapter(), Adapter(serial="DM01N6RY", tty="ttyUSB1", latency_ms=1))


def is_absent(name: str) -> str:
    raise importlib.metadata.PackageNotFoundError(name)


def complains(finding: Finding, word: Word, found: str, remedy: str) -> None:
    assert finding.word is word
    assert found in finding.found
    assert remedy in finding.remedy
    assert "\n" not in finding.found + finding.remedy


def test_what_recording_needs_is_here() -> None:
    here = (software.python(), software.package("numpy"), software.sqlite())
    assert {finding.word for finding in here} == {Word.OK}
    assert here[2].found == sqlite3.sqlite_version


def test_a_missing_package_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", is_absent)
    complains(software.package("pyserial"), Word.FAIL, "not installed", "install antiphon again")


def test_an_old_sqlite_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    complains(software.sqlite(), Word.FAIL, "too old", "3.37.0")


def test_a_machine_without_pins_is_warned_of(tmp_path: Path) -> None:
    complains(software.gpio(tmp_path), Word.WARN, "no GPIO pins", "boards alone")


def test_pins_need_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/gpiochip0").touch()
    assert software.gpio(tmp_path).word is Word.OK
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    complains(software.gpio(tmp_path), Word.WARN, "no permission for gpiochip0", "usermod -aG gpio")


def test_gpiod_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", is_absent)
    complains(software.gpio(tmp_path), Word.WARN, "no camera trigger", "install antiphon again")


def test_liblsl_is_told_with_its_place_or_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def has_none() -> LslLibrary:
        text = "no liblsl: run python -m pip install --no-deps mne-lsl"
        raise BoardFault(FaultKind.MISSING, text)

    there = LslLibrary("/usr/lib/liblsl.so", "1.18")
    monkeypatch.setattr(software, "library", lambda: there)
    assert software.lsl().found == "1.18, /usr/lib/liblsl.so"
    monkeypatch.setattr(software, "library", has_none)
    complains(software.lsl(), Word.WARN, "no liblsl, so no LSL", "pip install --no-deps mne-lsl")
    monkeypatch.setattr(importlib.metadata, "version", is_absent)
    complains(software.lsl(), Word.WARN, "pylsl is not installed", "install antiphon again")


BROKEN = "raise OSError('libBoardController.so: wrong ELF class')"
HANGING = "import threading; threading.Event().wait()"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        (BROKEN, "OSError: libBoardController.so"),
        ("import os; os._exit(3)", "exit code 3"),
        (HANGING, "not within 1 s"),
    ],
)
def test_brainflow_may_break_in_any_way_in_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch, code: str, found: str
) -> None:
    monkeypatch.setattr(software, "LOAD_BRAINFLOW", code)
    monkeypatch.setattr(software, "LOAD_LIMIT_S", 1.0)
    complains(software.brainflow(), Word.WARN, found, "none needed for Cytons")


def test_brainflow_tells_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "LOAD_BRAINFLOW", "print('5.23')")
    assert software.brainflow().found == "5.23"


def test_sessions_go_where_files_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert machine.sessions_directory(tmp_path).found == str(tmp_path)
    assert machine.sessions_directory(tmp_path / "a/b").found.endswith("a/b will be made")
    (tmp_path / "file").touch()
    in_a_file = machine.sessions_directory(tmp_path / "file/sessions")
    complains(in_a_file, Word.FAIL, "cannot be written", f"make {tmp_path / 'file'} writable")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    complains(machine.sessions_directory(tmp_path), Word.FAIL, "cannot be written", "writable")


@pytest.mark.parametrize(("hours", "word"), [(1.9, Word.FAIL), (9, Word.WARN), (11, Word.OK)])
def test_room_is_told_in_hours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: float, word: Word
) -> None:
    free = disk.RESERVE_BYTES + round(hours * 3600 * disk.ASSUMED_BYTES_PER_S)
    monkeypatch.setattr("recorder.health.disk.free_bytes", lambda directory: free)
    finding = machine.room(tmp_path / "not/yet")
    assert finding.word is word
    assert f"{hours:.0f} h of recording" in finding.found


@pytest.mark.parametrize(("took_ms", "word"), [(0.2, Word.OK), (250.0, Word.WARN)])
def test_the_time_to_make_a_write_safe_is_a_median(
    tmp_path: Path, took_ms: float, word: Word
) -> None:
    readings = [0]

    def clock_ns() -> int:
        readings.append(readings[-1] + round(took_ms * 1e6))
        return readings[-1]

    finding = machine.sync_time(tmp_path / "not/yet", clock_ns)
    assert (finding.word, finding.found) == (word, f"{took_ms:.1f} ms (median of 20)")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_cannot_write_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", breaks)
    complains(machine.sync_time(tmp_path), Word.FAIL, "Input/output error", "replace the disk")


def test_a_service_that_does_not_answer_is_warned_of(tmp_path: Path) -> None:
    finding = machine.service(tmp_path / "antiphon.sock")
    complains(finding, Word.WARN, "no antiphon service answers", "antiphon serve")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Path]:
    """Something that answers one request, as the service does."""
    import msgspec

    path = tmp_path / "antiphon.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(5)

        def answer() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(1000)
                client.sendall(msgspec.json.encode(Reply(0, ok=True)) + b"\n")

        thread = threading.Thread(target=answer)
        thread.start()
        yield path
        thread.join()


def test_a_service_that_answers_is_ok(service: Path) -> None:
    assert machine.service(service).word is Word.OK


def test_a_clock_that_nothing_disciplines_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wall_clock, "synchronised", lambda: True)
    assert machine.clock().word is Word.OK
    monkeypatch.setattr(wall_clock, "synchronised", lambda: False)
    complains(machine.clock(), Word.WARN, "not synchronised", "recording works without")


def test_a_box_that_is_well_tells_its_figures(tmp_path: Path) -> None:
    pi(tmp_path)
    found = {finding.name: finding for finding in machine.vitals(tmp_path, tmp_path)}
    assert {finding.word for finding in found.values()} == {Word.OK}
    assert found["temperature"].found == "51.2 °C"
    assert found.keys() == {
        "temperature",
        "under voltage",
        "throttled",
        "memory available",
        "watchdog reset",
    }


def test_a_hot_box_with_a_weak_supply_is_warned_of(tmp_path: Path) -> None:
    box = pi(tmp_path)
    box.temperature(84)
    box.write(FIRMWARE, "50005")
    found = {finding.name: finding for finding in machine.vitals(tmp_path, tmp_path)}
    complains(found["temperature"], Word.WARN, "84 °C", "give it air")
    complains(found["under voltage"], Word.WARN, "yes", "own power supply")


def test_what_a_machine_does_not_tell_is_left_out(tmp_path: Path) -> None:
    assert list(machine.vitals(tmp_path, tmp_path)) == []


def test_unclean_stops_are_counted(tmp_path: Path) -> None:
    assert machine.stops(tmp_path).found == "none were unclean"
    count_unclean_stop(tmp_path)
    assert machine.stops(tmp_path).found == "1 in mid-session"


def test_two_dongles_are_needed(tmp_path: Path) -> None:
    complains(ports.dongles([]), Word.FAIL, "no OpenBCI dongle is plugged in", "antiphon demo")
    one = ports.dongles(attached(plug_in(tmp_path, DONGLES[0])))
    complains(one, Word.WARN, "1 plugged in: DM01N5QX", "the other")
    two = ports.dongles(attached(plug_in(tmp_path, DONGLES[1])))
    assert (two.word, two.found) == (Word.OK, "2 plugged in: DM01N5QX, DM01N6RY")


def test_a_user_outside_the_group_is_warned_of_unless_the_ports_open_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(tmp_path, *DONGLES)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "getegid", lambda: 1000)
    monkeypatch.setattr(os, "getgroups", lambda: [1000])
    assert ports.permission(attached(tmp_path)).word is Word.OK
    complains(ports.permission([]), Word.WARN, "not in the group dialout", "usermod -aG dialout")
    monkeypatch.setattr(os, "getgroups", lambda: [grp.getgrnam("dialout").gr_gid])
    assert ports.permission([]).word is Word.OK


def test_a_dongle_that_this_user_may_not_open_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(tmp_path, DONGLES[0])
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    [port] = attached(tmp_path)
    denied = ports.use(port, service_answers=False)
    complains(denied, Word.FAIL, "no permission", "usermod -aG dialout")


def test_a_dongle_in_use_is_fine_while_the_service_answers(tmp_path: Path) -> None:
    plug_in(tmp_path, DONGLES[0])
    status = (tmp_path / "dev/ttyUSB0").stat()
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    [port] = attached(tmp_path)
    assert ports.use(port, service_answers=False).word is Word.OK
    (tmp_path / "proc/812").mkdir(parents=True)
    (tmp_path / "proc/812/comm").write_text("minicom\n")
    (tmp_path / "proc/locks").write_text(f"1: FLOCK  ADVISORY  WRITE 812 {device} 0 EOF\n")
    [port] = attached(tmp_path)
    assert ports.use(port, service_answers=True).word is Word.OK
    held = ports.use(port, service_answers=False)
    complains(held, Word.WARN, "in use by minicom (process 812)", "close that program")


def test_a_dongle_that_is_gone_fails(tmp_path: Path) -> None:
    plug_in(tmp_path, DONGLES[0])
    (tmp_path / "dev/ttyUSB0").unlink()
    [port] = attached(tmp_path)
    gone = ports.use(port, service_answers=False)
    complains(gone, Word.FAIL, "the device is gone", "plug the dongle in again")


def test_a_slow_latency_timer_is_warned_of_or_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = attached(plug_in(tmp_path, *DONGLES))
    assert ports.latency(quick, fix=False, root=tmp_path).found == "1 ms"
    warned = ports.latency(slow, fix=False, root=tmp_path)
    complains(warned, Word.WARN, "16 ms: packets arrive many at once", "doctor --fix")
    assert ports.latency(slow, fix=True, root=tmp_path).found == "1 ms, just set"
    assert latency_timer(tmp_path).read_text() == "1"
    latency_timer(tmp_path).unlink()
    stuck = ports.latency(slow, fix=True, root=tmp_path)
    complains(stuck, Word.WARN, "16 ms", "has no latency timer")


def test_the_ports_of_the_configuration_must_be_there(tmp_path: Path) -> None:
    plug_in(tmp_path, *DONGLES)
    none = ports.pinned(Config(), tmp_path)
    complains(none[0], Word.WARN, "no port is set", "[patient]")
    config = Config()
    patient = type(config.patient)(port="DM01N6RY")
    therapist = type(config.patient)(port="DM99")
    found = ports.pinned(Config(patient=patient, therapist=therapist), tmp_path)
    assert found[0].found.endswith("DM01N6RY-if00-port0")
    complains(found[1], Word.FAIL, "no dongle with the USB serial number DM99", "antiphon.toml")
    elsewhere = type(config.patient)(port="/nowhere/ttyUSB0")
    [_, gone] = ports.pinned(Config(therapist=elsewhere), tmp_path)
    complains(gone, Word.FAIL, "/nowhere/ttyUSB0 is not there", "plug the dongle in")


def test_ports_that_are_there_need_no_dongle(tmp_path: Path) -> None:
    (tmp_path / "patient").touch()
    there = [BoardSettings(port=str(tmp_path / "patient"))] * 2
    pinned = ports.pinned(Config(patient=there[0], therapist=there[1]), tmp_path)
    assert ports.dongles([], pinned).word is Word.OK
    pinned = ports.pinned(Config(patient=there[0]), tmp_path)
    complains(ports.dongles([], pinned), Word.FAIL, "no OpenBCI dongle", "antiphon demo")


def test_the_service_is_asked_what_it_can_do(tmp_path: Path) -> None:
    box, asked = Box(tmp_path), tmp_path / "where another user is told to record"

    async def test() -> None:
        async with box.running():
            told = await asyncio.to_thread(rights.of_recorder, asked, box.socket, tmp_path)
        assert {"gpiod", "sessions", "fsync", "dialout"} <= told.keys()
        assert told["sessions"] == machine.sessions_directory(box.config.sessions_path)

    run(test())


def test_without_a_service_this_user_looks_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(tmp_path, Adapter(serial="DM01N5QX"))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    told = rights.of_recorder(tmp_path, tmp_path / "none.sock", tmp_path)
    complains(told["sessions"], Word.FAIL, "cannot be written", "writable for this user")
    complains(told["DM01N5QX"], Word.FAIL, "no permission", "usermod -aG dialout")


def test_what_only_another_may_do_is_no_fault_of_the_box(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(tmp_path, Adapter(serial="DM01N5QX"))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(rights, "_other_owner", lambda _: "antiphon")
    told = rights.of_recorder(tmp_path, tmp_path / "none.sock", tmp_path)
    for name, found in (("sessions", "cannot be written"), ("DM01N5QX", "no permission")):
        complains(told[name], Word.WARN, found, "sudo -u antiphon antiphon doctor")
        assert "antiphon records here" in told[name].found
    assert told["fsync"].word is Word.OK


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_sessions_in_a_directory_of_another_are_recorded_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for uid, owner in ((pwd.getpwnam("daemon").pw_uid, "daemon"), (54321, "#54321"), (0, "")):
        os.chown(tmp_path, uid, -1)
        assert rights._other_owner(tmp_path) == ""
        with monkeypatch.context() as other:
            other.setattr(os, "geteuid", lambda: 1000)
            assert rights._other_owner(tmp_path) == owner


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(software, "LOAD_BRAINFLOW", "print('5.23')")
    file = tmp_path / "antiphon.toml"
    file.write_text(f'sessions = "{tmp_path}"\nsocket = "{tmp_path}/none.sock"\n')
    return file


def test_a_broken_configuration_is_one_finding_among_the_others(config: Path) -> None:
    config.write_text("colour = 1")
    findings = {finding.name: finding for finding in examine(config, config.parent)}
    complains(findings["config"], Word.FAIL, "unknown key `colour`", "correct that file")
    assert findings["dongles"].word is Word.FAIL


def test_a_machine_with_two_dongles_is_ready(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plug_in(config.parent, *DONGLES)
    assert doctor(config, monkeypatch) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "ready to record"
    assert {line.split()[0] for line in lines[:-1]} == {"ok", "warn"}
    [slow] = [line for line in lines if "packets arrive many at once" in line]
    assert slow.startswith("warn  DM01N5QX latency 16 ms")


def test_without_dongles_the_code_is_69_and_the_last_line_says_why(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor(config, monkeypatch) == 69
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == "cannot record: no OpenBCI dongle is plugged in"
    assert told.err == ""


def test_it_looks_where_the_other_verbs_look(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sessions, socket_path = config.parent / "elsewhere", config.parent / "antiphon.sock"
    monkeypatch.setenv("ANTIPHON_SESSIONS", str(sessions))
    monkeypatch.setenv("ANTIPHON_SOCKET", str(socket_path))
    with Desk(socket_path) as desk:
        desk.boards = [board(role, port=f"/dev/pts/{role}") for role in ("patient", "therapist")]
        assert doctor(config, monkeypatch) == 0
    told = capsys.readouterr().out
    assert f"answers on {socket_path}" in told
    assert f"{sessions} will be made" in told
    assert "patient    streaming on /dev/pts/patient: Cyton, firmware v3.1.2" in told
    assert "no OpenBCI dongle" not in told
    assert told.splitlines()[-1] == "ready to record"
    with Desk(config.parent / "another.sock"):
        doctor(config, monkeypatch, "--socket", str(config.parent / "another.sock"))
    assert f"answers on {config.parent}/another.sock" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("lost", Word.FAIL),
        ("stalled", Word.FAIL),
        ("closed", Word.WARN),  # it has just begun, or measures impedance
        ("opening", Word.WARN),
        ("held", Word.WARN),
    ],
)
def test_a_board_that_the_service_does_not_hear_is_told(
    tmp_path: Path, state: str, word: Word
) -> None:
    with Desk(tmp_path / "antiphon.sock") as desk:
        desk.boards = [board("patient", state=state, kind="", port="")]
        service = served(desk.path)
    assert service is not None
    [finding] = ports.held(service)
    complains(finding, word, f"{state} on no port", "antiphon status says what is wrong")


@pytest.mark.parametrize(("state", "looks"), [("opening", 3), ("closed", 3), ("lost", 0)])
def test_boards_of_a_service_that_has_just_begun_are_waited_for(
    tmp_path: Path, state: str, looks: int
) -> None:
    paused: list[float] = []
    with Desk(tmp_path / "antiphon.sock") as desk:
        desk.boards = [board("patient"), board("therapist", state=state)]

        def pause(seconds: float) -> None:
            paused.append(seconds)
            if len(paused) == looks:
                desk.boards = [board("patient"), board("therapist")]

        service = opened(desk.path, pause)
    assert service is not None
    assert len(paused) == looks
    assert service.status.boards == desk.boards


def test_a_board_that_stays_in_opening_is_not_waited_for_forever(tmp_path: Path) -> None:
    paused: list[float] = []
    with Desk(tmp_path / "antiphon.sock") as desk:
        desk.boards = [board("patient", state="opening"), board("therapist")]
        service = opened(desk.path, paused.append)
    assert service is not None
    assert sum(paused) == pytest.approx(10)


def test_scripts_get_one_object(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor(config, monkeypatch, "--json") == 69
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["ok"]) == ("antiphon.doctor/1", False)
    assert told["findings"][0].keys() == {"name", "word", "found", "remedy"}


def doctor(config: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command line as the shell does; return its exit code."""
    monkeypatch.setattr(command, "ROOT", config.parent)
    monkeypatch.setattr(sys, "argv", ["antiphon", "doctor", "--config", str(config), *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    return int(str(left.value.code))
