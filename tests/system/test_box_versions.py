"""A box and its versions: upgraded, put back, taken off, installed again, switched off.

The last part of the story that test_box.py begins.
"""

import json
from pathlib import Path

from recorder import __version__
from recorder.store.reader import SessionReader
from tests.system.box import INSTALL, READY_S, Box, session_file
from tests.system.conftest import BROKEN, NEXT


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
    assert box.machine.run("systemctl", "is-enabled", "getty@tty1") == "enabled\n"
    box.install("install", "now")
    box.await_boards()
    assert box.antiphon("sessions") == before


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
