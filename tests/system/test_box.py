"""A box from the first install on: real systemd, real units, emulated boards.

The tests of a box are one story, told in this order; each leaves the service running. What happens
to its sessions is in test_box_at_work.py, what to itself in test_box_versions.py.
"""

import json

import pytest

from recorder import __version__
from tests.system.box import AS_RECORDER, CONFIG, READY_S, WATCHDOG_S, Box
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
RATE_KNOWN_S = 40.0  # also where the host is busy with other things
DISCLAIMER = "exploratory, not a medical device"


def test_the_first_install_says_what_the_box_still_needs(box: Box) -> None:
    assert "no port for the patient" in box.told
    assert f"antiphon boards shows what to write into {CONFIG}" in box.told
    assert box.waited == "failed"
    assert "Job for antiphon.service failed" not in box.told


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


def test_the_screen_is_on_the_first_console(box: Box) -> None:
    box.begin_screen()
    box.install("install", "now", "--console")
    wait_until(lambda: DISCLAIMER in box.shown(), "the screen is shown", READY_S)
    assert box.machine.attempt("systemctl", "is-enabled", "getty@tty1").stdout == "disabled\n"
    box.await_boards()


def test_boards_that_are_missing_are_no_reason_to_start_anew(box: Box) -> None:
    pid = box.unit("MainPID")
    # by its rate each is known again: both will have been away, and switched off
    wait_until(lambda: box.heard_s() > RATE_KNOWN_S, "the boards' rates are known", READY_S)
    box.machine.run("systemctl", "stop", "boards")
    lost_us = box.fed_us()
    wait_until(lambda: box.fed_us() > lost_us + 1.5e6 * WATCHDOG_S, "it is fed", 3 * WATCHDOG_S)
    assert {board.state for board in box.status().boards} == {"lost"}
    box.begin_boards()
    box.await_boards()
    assert box.unit("MainPID") == pid
