"""A box from the first install to the last: real systemd, real units, emulated boards.

The tests are one story, told in this order; each leaves the service running.
"""

import json
from pathlib import Path

import pytest

from recorder import __version__
from recorder.store.reader import SessionReader
from tests.system.box import AS_RECORDER, CONFIG, INSTALL, READY_S, Box
from tests.system.conftest import BROKEN, NEXT
from tests.system.machine import wait_until

UNITS = (
    "antiphon.service",
    "antiphon-sync.service",
    "antiphon-sync.timer",
    "antiphon-console@tty1.service",
)
RULES = "/usr/local/lib/udev/rules.d/60-antiphon.rules"
OWNERS = {
    "/run/antiphon": "antiphon:antiphon 750",
    "/run/antiphon/antiphon.sock": "antiphon:antiphon 660",
    "/var/lib/antiphon": "antiphon:antiphon 750",
    "/var/lib/antiphon/sessions": "antiphon:antiphon 750",
    "/etc/antiphon/antiphon.toml": "root:root 644",
    "/opt/antiphon": "root:root 755",
    "/opt/antiphon/current/bin/antiphon": "root:root 755",
    "/usr/local/lib/systemd/system/antiphon.service": "root:root 644",
    RULES: "root:root 644",
}
WATCHDOG_S = 10.0


def session_file(recordings: Path, name: str) -> Path:
    [path] = recordings.rglob(f"{name}.antiphon")
    return path


def test_the_first_install_says_what_the_box_still_needs(box: Box) -> None:
    assert "no port for the patient" in box.told
    assert f"antiphon boards shows what to write into {CONFIG}" in box.told
    assert box.waited == "failed"


def test_the_service_is_ready_and_answers(box: Box) -> None:
    assert box.machine.run("systemctl", "is-active", "antiphon").strip() == "active"
    assert box.machine.run("systemctl", "is-enabled", "antiphon").strip() == "enabled"
    assert box.status().state == "idle"
    assert box.status().version == __version__
    assert box.unit("StatusText") == "idle"


def test_sockets_and_files_have_their_owners(box: Box) -> None:
    said = box.machine.run("stat", "--dereference", "--format=%n=%U:%G %a", *OWNERS)
    assert dict(line.split("=") for line in said.splitlines()) == OWNERS


def test_the_service_has_no_more_than_it_needs(box: Box) -> None:
    status = box.machine.run("cat", f"/proc/{box.unit('MainPID')}/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    groups = box.machine.run("id", "--groups", "--name", "antiphon").split()
    assert set(groups) == {"antiphon", "dialout", "video", "gpio"}


def test_strangers_reach_neither_the_socket_nor_a_recording(box: Box) -> None:
    stranger = ("runuser", "--user=nobody", "--")
    assert box.machine.attempt(*stranger, "antiphon", "status").returncode != 0
    assert box.machine.attempt(*stranger, "ls", "/var/lib/antiphon").returncode != 0


def test_systemd_finds_nothing_wrong_with_the_units(box: Box) -> None:
    done = box.machine.attempt("systemd-analyze", "verify", "--man=no", *UNITS)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.endswith("service")])
def test_the_exposure_of_a_unit_is_low(box: Box, unit: str) -> None:
    box.machine.run("systemd-analyze", "security", "--threshold=30", unit)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("systemd/system.conf", "RuntimeWatchdogSec=14"),
        ("systemd/journald.conf", "SystemMaxUse=64M"),
        ("systemd/logind.conf", "HandlePowerKey=poweroff"),
    ],
)
def test_systemd_reads_what_is_set_for_the_box(box: Box, file: str, line: str) -> None:
    assert line in box.machine.run("systemd-analyze", "cat-config", file).splitlines()


def test_udev_understands_the_rules(box: Box) -> None:
    done = box.machine.attempt("udevadm", "verify", RULES)
    if "Unknown command" in done.stderr:
        pytest.skip("udevadm verifies rules from Debian 13 on")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_the_libraries_that_were_installed_load(box: Box) -> None:
    done = box.machine.attempt(*AS_RECORDER, "antiphon", "doctor", "--json")
    found = {one["name"]: one["word"] for one in json.loads(done.stdout)["findings"]}
    assert {found[name] for name in ("numpy", "sqlite", "liblsl", "brainflow")} == {"ok"}


def test_the_timer_runs_and_without_a_destination_sync_is_left_out(box: Box) -> None:
    assert box.machine.run("systemctl", "is-active", "antiphon-sync.timer").strip() == "active"
    box.machine.run("systemctl", "start", "antiphon-sync.service")
    said = box.machine.run("systemctl", "show", "--property=Result", "antiphon-sync.service")
    assert said.strip() == "Result=exec-condition"


def test_shells_complete_and_the_manual_names_every_verb(box: Box) -> None:
    bash = "COMP_WORDS='antiphon sta' COMP_CWORD=1 _ANTIPHON_COMPLETE=bash_complete antiphon"
    assert {"plain,status", "plain,start"} <= set(box.machine.run("bash", "-c", bash).split())
    box.machine.run("bash", "-n", "/usr/local/share/bash-completion/completions/antiphon")
    page = box.machine.run("cat", "/usr/local/share/man/man1/antiphon.1")
    assert {".SS antiphon serve [OPTIONS]", ".SS antiphon status [OPTIONS]"} <= set(
        page.split("\n")
    )


def test_installing_again_keeps_everything(box: Box) -> None:
    config = box.machine.run("cat", CONFIG)
    said = box.install("install", "now")
    assert f"{__version__} is there already" in said
    assert box.machine.run("cat", CONFIG) == config
    assert set(box.machine.run("ls", "/opt/antiphon").split()) == {"current", "files", __version__}
    box.await_boards()


def test_boards_that_are_missing_are_no_reason_to_start_anew(box: Box) -> None:
    pid = box.unit("MainPID")
    box.machine.run("systemctl", "stop", "boards")
    lost_us = box.fed_us()
    wait_until(lambda: box.fed_us() > lost_us + 1.5e6 * WATCHDOG_S, "it is fed", 3 * WATCHDOG_S)
    assert {board.state for board in box.status().boards} == {"lost"}
    box.begin_boards()
    box.await_boards()
    assert box.unit("MainPID") == pid


def test_a_hung_service_is_killed_and_goes_on_with_its_session(box: Box) -> None:
    box.antiphon("start", "--patient", "P07", "--therapist", "T02")
    box.await_saved(3)
    before, pid, restarts = box.status().session, box.unit("MainPID"), int(box.unit("NRestarts"))
    box.machine.run("kill", "-STOP", pid)
    wait_until(lambda: int(box.unit("NRestarts")) > restarts, "it is started anew", 3 * WATCHDOG_S)
    box.await_boards()
    after = box.status().session
    assert before is not None
    assert after is not None
    assert after.id == before.id
    box.await_saved(after.saved_s + 3)
    journal = box.machine.run("journalctl", "--unit=antiphon", "--output=cat")
    assert "Watchdog timeout" in journal
    assert "most recent call first" in journal, "the stack traces are not in the journal"


def test_systemd_shows_that_it_records(box: Box) -> None:
    assert box.unit("StatusText") == "recording"


def test_lsl_streams_leave_the_hardened_service(box: Box) -> None:
    code = (
        "from hardware.lsl_library import LOOPBACK, load;"
        "print(*(stream.type() for stream in load(LOOPBACK).resolve_streams(3.0)))"
    )
    python = "/opt/antiphon/current/bin/python"
    types = box.machine.run(*AS_RECORDER, python, "-c", code).split()
    assert types.count("EEG") == 2


def test_a_session_is_not_torn_by_an_upgrade(box: Box) -> None:
    done = box.machine.attempt(
        INSTALL, "upgrade", "--wheelhouse", "/wheelhouses/next", timeout_s=300
    )
    assert done.returncode == 1
    assert "a session is being recorded: stop it first" in done.stderr
    assert box.version() == __version__


def test_the_session_that_was_torn_is_whole(box: Box, recordings: Path) -> None:
    [entry] = json.loads(box.antiphon("sessions", "--json"))["sessions"]
    box.antiphon("stop")
    box.antiphon("verify", entry["id"])
    with SessionReader(session_file(recordings, entry["id"])) as session:
        assert session.state == "closed"
        assert "restart" in {gap.cause for gap in session.gaps()}


def test_an_upgrade_keeps_the_old_version_and_rollback_returns_to_it(box: Box) -> None:
    box.install("upgrade", "next")
    assert box.version() == NEXT
    box.await_boards()
    assert box.status().version == NEXT
    box.machine.run("antiphon-install", "rollback")
    assert box.version() == __version__
    box.await_boards()
    assert box.status().version == __version__


def test_a_version_that_does_not_start_is_left_again(box: Box) -> None:
    done = box.machine.attempt(
        INSTALL, "upgrade", "--wheelhouse", "/wheelhouses/broken", timeout_s=300
    )
    assert done.returncode == 1
    assert f"{BROKEN} does not start; {__version__} is in use again" in done.stderr
    box.await_boards()
    assert box.status().version == __version__


def test_a_damaged_wheelhouse_is_not_used(box: Box) -> None:
    box.machine.run("cp", "-r", "/wheelhouses/next", "/tmp/damaged")
    box.machine.run("bash", "-c", "echo >>/tmp/damaged/click-*.whl")
    done = box.machine.attempt(INSTALL, "upgrade", "--wheelhouse", "/tmp/damaged")
    assert done.returncode == 1
    assert "/tmp/damaged is damaged: copy it again" in done.stderr


def test_uninstall_keeps_recordings_and_a_new_install_finds_them(box: Box) -> None:
    before = box.antiphon("sessions")
    said = box.machine.run("antiphon-install", "uninstall")
    assert "Recordings stay in /var/lib/antiphon/sessions" in said
    left = box.machine.run("find", "/opt", "/usr/local", "/etc/systemd", "-name", "*antiphon*")
    assert left == ""
    box.install("install", "now")
    box.await_boards()
    assert box.antiphon("sessions") == before


# Unattended capture belongs here: sessions that begin and end by themselves, once a box can do so.


def test_powering_off_ends_the_session_cleanly(box: Box, recordings: Path) -> None:
    box.antiphon("start")
    box.await_saved(3)
    [name] = [
        entry["id"]
        for entry in json.loads(box.antiphon("sessions", "--json"))["sessions"]
        if entry["state"] == "recording"
    ]
    box.machine.power_off(READY_S)
    with SessionReader(session_file(recordings, name)) as session:
        assert session.state == "closed"
