"""`antiphon logs`: the unit's lines, or one line that says why there are none."""

from pathlib import Path

import pytest

import recorder.commands.logs as command
from recorder.support.journal import kernel_log
from tests.recorder.command_line import Shell
from tests.recorder.programs import Programs


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """A machine that runs systemd, with our unit."""
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    monkeypatch.setattr(command, "ROOT", tmp_path)
    found = Programs(tmp_path / "bin", monkeypatch)
    found.make("systemctl", "loaded\n")
    return found


def test_the_last_lines_of_the_unit_are_told(programs: Programs, shell: Shell) -> None:
    programs.make("journalctl", "one\ntwo\n")
    assert shell("logs", "-n", 7, "--since", "1 hour ago").out == "one\ntwo\n"
    [asked] = programs.asked("journalctl")
    assert "--unit=antiphon.service --lines=7" in asked
    assert "--since=1 hour ago" in asked
    assert "--no-hostname" in asked


def test_scripts_get_one_object(programs: Programs, shell: Shell) -> None:
    programs.make("journalctl", "one\n")
    assert shell("logs", "--json").json == {"schema": "antiphon.logs/1", "lines": ["one"]}
    programs.make("journalctl")
    assert shell("logs", "--json").json["lines"] == []


def test_a_time_that_journalctl_does_not_know_is_its_complaint(
    programs: Programs, shell: Shell
) -> None:
    programs.make("journalctl", err="Failed to parse timestamp: soon\n", code=1)
    assert shell.failure("logs", "--since", "soon") == (
        64,
        "journalctl: Failed to parse timestamp: soon",
    )


def test_a_unit_that_is_not_installed_is_told(programs: Programs, shell: Shell) -> None:
    programs.make("systemctl", "not-found\n")
    code, said = shell.failure("logs")
    assert (code, "not installed here" in said) == (69, True)


def test_a_machine_without_systemd_is_told(
    programs: Programs, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "ROOT", tmp_path / "elsewhere")
    code, said = shell.failure("logs")
    assert (code, "does not run systemd" in said) == (69, True)


def test_a_machine_without_journalctl_is_told(programs: Programs, shell: Shell) -> None:
    assert shell.failure("logs") == (69, "there is no journalctl on this machine")


def test_of_the_kernels_lines_those_are_kept_that_bear_on_us_and_name_nobody(
    programs: Programs,
) -> None:
    kept = [
        "[   10.2] kernel: usb 1-1.2: FTDI USB Serial Device converter now attached to ttyUSB0",
        "[   11.0] kernel: hwmon hwmon1: Undervoltage detected!",
        "[   12.0] kernel: mmc0: card has been removed",
    ]
    others = [
        "[   10.1] kernel: usb 1-1.3: Product: Anna's phone",
        "[   10.1] kernel: usb 1-1.3: SerialNumber: 1234",
        "[   13.0] kernel: eth0: link up",
    ]
    programs.make("journalctl", "\n".join(kept + others))
    assert kernel_log() == kept
