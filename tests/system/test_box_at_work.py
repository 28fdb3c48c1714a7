"""A box with a session: hung, looked at, copied away; and sessions that begin by themselves.

The second part of the story that test_box.py begins.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder import __version__
from recorder.store.reader import SessionReader
from tests.system.box import (
    AS_RECORDER,
    CONFIG,
    PYTHON,
    READY_S,
    Box,
    session_file,
)
from tests.system.machine import wait_until

pytestmark = pytest.mark.once

KEY, KNOWN_HOSTS = "/var/lib/antiphon/sync_key", "/etc/antiphon/known_hosts"
WARD = """
[sync.ward]
host = "127.0.0.1"
path = "/srv/eeg"
user = "archive"
"""
SOON = """[Timer]
OnActiveSec=1
AccuracySec=1
RandomizedDelaySec=0
"""
WORKSTATION = f"""
useradd --create-home archive
install -d -o archive /srv/eeg /home/archive/.ssh
ssh-keygen -q -t ed25519 -N "" -f {KEY}
chown antiphon {KEY}
echo "restrict $(cat {KEY}.pub)" >/home/archive/.ssh/authorized_keys
ssh-keyscan 127.0.0.1 >{KNOWN_HOSTS} 2>/dev/null
"""

UNATTENDED = """mode = "caps"
start_after_s = 5
stop_after_s = 20"""
CYCLE_S = 180.0  # caps are worn, hung up, and worn again in half of it


def test_a_hung_service_is_killed_and_goes_on_with_its_session(box: Box) -> None:
    box.antiphon("start", "--patient", "P07", "--therapist", "T02")
    box.await_saved(3)
    before = box.status().session
    box.await_restart("STOP")
    after = box.status().session
    assert before is not None
    assert after is not None
    assert after.id == before.id
    box.await_saved(after.saved_s + 3)
    journal = box.machine.run("journalctl", "--unit=antiphon", "--output=cat")
    assert "Watchdog timeout" in journal
    assert "most recent call first" in journal, "the stack traces are not in the journal"


def test_systemd_shows_that_it_records(box: Box) -> None:
    # on a busy host both boards may have been silent for the moment in which that is asked
    wait_until(lambda: box.unit("StatusText") == "recording", "systemd shows it", READY_S)


def test_the_screen_shows_the_session(box: Box) -> None:
    wait_until(lambda: "saved up to" in box.shown(), "the session is shown", READY_S)
    assert "patient P07" in box.shown()


def test_lsl_streams_leave_the_hardened_service(box: Box) -> None:
    code = (
        "from hardware.lsl.library import LOOPBACK, load;"
        "print(*(stream.type() for stream in load(LOOPBACK).resolve_streams(3.0)))"
    )
    types = box.machine.run(*AS_RECORDER, PYTHON, "-c", code).split()
    assert types.count("EEG") == 2


def test_a_session_is_not_torn_by_an_upgrade(box: Box) -> None:
    done = box.try_install("upgrade", "next")
    assert done.returncode == 1
    assert "a session is being recorded: stop it first" in done.stdout
    assert box.version() == __version__


def test_the_session_that_was_torn_is_whole(box: Box, recordings: Path) -> None:
    [entry] = json.loads(box.antiphon("sessions", "--json"))["sessions"]
    box.antiphon("stop")
    box.antiphon("verify", entry["id"])
    with SessionReader(session_file(recordings, entry["id"])) as session:
        assert session.state == "closed"
        assert "restart" in {gap.cause for gap in session.gaps()}


def sha256(box: Box, path: str) -> str:
    return box.machine.run("sha256sum", path).split()[0]


def test_the_timer_has_finished_sessions_copied_to_a_workstation(box: Box) -> None:
    [entry] = json.loads(box.antiphon("sessions", "--json"))["sessions"]
    box.machine.run("bash", "-e", "-c", WORKSTATION)
    box.machine.write(CONFIG, box.machine.run("cat", CONFIG) + WARD)
    box.machine.run("mkdir", "-p", "/run/systemd/system/antiphon-sync.timer.d")
    box.machine.write("/run/systemd/system/antiphon-sync.timer.d/soon.conf", SOON)
    box.machine.run("systemctl", "daemon-reload")
    box.machine.run("systemctl", "restart", "antiphon-sync.timer")
    name = f"{entry['id']}.antiphon"
    is_copied = ("test", "-e", f"/srv/eeg/{name}")
    wait_until(lambda: not box.machine.attempt(*is_copied).returncode, "it is copied", READY_S)
    box.machine.run("systemctl", "start", "antiphon-sync.service")  # is joined, if it still runs
    here = sha256(box, f"/var/lib/antiphon/sessions/done/{name}")
    assert sha256(box, f"/srv/eeg/{name}") == here
    assert json.loads(box.antiphon("sync", "--dry-run", "--json"))["files"] == []


def running_session(box: Box) -> str:
    """Which session is being recorded, "" when none is."""
    session = box.status().session
    return "" if session is None else session.id


@pytest.fixture
def unattended(box: Box) -> Iterator[None]:
    """Nobody is at the box's keyboard; people put their caps on and off."""
    before = box.configure("unattended", UNATTENDED)
    box.put_caps_on()
    box.begin_anew()
    yield
    box.machine.write(CONFIG, before)
    box.begin_anew()
    if running_session(box):
        box.antiphon("stop")


@pytest.mark.usefixtures("unattended")
def test_a_box_records_by_itself_while_caps_are_on(box: Box, recordings: Path) -> None:
    wait_until(lambda: running_session(box) != "", "a session has begun", CYCLE_S)
    name = running_session(box)
    box.await_saved(3)
    box.await_restart("KILL")
    assert running_session(box) == name
    wait_until(lambda: running_session(box) != name, "it has ended", CYCLE_S)
    box.antiphon("verify", name)
    with SessionReader(session_file(recordings, name)) as session:
        told = [text for (text,) in session.query("SELECT text FROM event WHERE kind='unattended'")]
        assert told == ["start: both caps are on", "stop: no cap was on for 20 s"]
        assert session.state == "closed"
        assert "restart" in {gap.cause for gap in session.gaps()}


@pytest.mark.usefixtures("unattended")
def test_whoever_starts_a_session_takes_over_from_the_box(box: Box) -> None:
    wait_until(lambda: running_session(box) != "", "a session has begun", CYCLE_S)
    by_itself = running_session(box)
    box.antiphon("start", "--patient", "P09")
    assert running_session(box) != by_itself
    entries = json.loads(box.antiphon("sessions", "--json"))["sessions"]
    assert [it["state"] for it in entries].count("recording") == 1
    box.antiphon("stop")
    said = "a person has ended the session"
    wait_until(lambda: said in box.status().unattended, "it waits for the caps", READY_S)
