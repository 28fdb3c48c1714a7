"""A box and its versions: restarted, upgraded, put back, taken off, installed again, switched off.

The last part of the story that test_box.py begins. Who upgrades sits at a terminal of 80 columns
and presses no key (technician.py).
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recorder import __version__
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from tests.system.box import INSTALL, READY_S, Box, session_file
from tests.system.conftest import BROKEN, NEXT
from tests.system.machine import wait_until
from tests.system.technician import AT_TERMINAL

OPT = "/opt/antiphon"
DIES_AT_ONCE = "raise SystemExit('broken')"
NEVER_READY = "import threading; threading.Event().wait()"
DIES_WHEN_READY = """import os
async def die(_): os._exit(1)
Service._tick_forever = die
"""


def versions(box: Box) -> tuple[str, str, set[str]]:
    """What is in use, what could be gone back to, and which are on the disk."""
    previous = box.machine.attempt("readlink", f"{OPT}/previous").stdout.strip()
    marks = box.machine.run("bash", "-c", f"ls {OPT}/*/pyvenv.cfg").split()
    names = {Path(mark).parent.name for mark in marks}
    return box.version(), previous, names - {"current", "previous"}


def runs(box: Box, version: str) -> bool:
    box.await_boards()
    return box.version() == box.status().version == version


def ended(box: Box, recordings: Path, name: str) -> tuple[str, int]:
    """How a session ended, which must be whole, and into how many pieces restarts have cut it."""
    if box.status().session is not None:
        box.antiphon("stop")
    path = session_file(recordings, name)
    report = verify(path)
    assert report.problems == ()
    assert [note for note in report.notes if not note.endswith("in gaps of time")] == []
    with SessionReader(path) as session:
        causes = [gap.cause for gap in session.gaps() if gap.board == 0]
        assert set(causes) <= {"restart"}
        return session.state, 1 + len(causes)


def test_restarting_the_service_resumes_its_session(box: Box, recordings: Path) -> None:
    name = box.begin_session()
    box.resumes_its_session(
        lambda: box.technician.types("sudo", "systemctl", "restart", "antiphon")
    )
    box.resumes_its_session(
        lambda: box.technician.types("sudo", "systemctl", "restart", "antiphon")
    )
    assert ended(box, recordings, name) == ("closed", 3)


def test_stopping_the_service_ends_its_session(box: Box, recordings: Path) -> None:
    name = box.begin_session()
    box.technician.types("sudo", "systemctl", "stop", "antiphon")
    with SessionReader(session_file(recordings, name)) as session:
        assert session.state == "closed"
    box.begin_anew()
    assert box.status().session is None


def test_an_upgrade_now_resumes_the_session_in_the_new_version(box: Box, recordings: Path) -> None:
    name = box.begin_session()
    assert box.try_install("upgrade", "next").returncode == 1
    shown = ""

    def upgrade() -> None:
        nonlocal shown
        shown = box.install("upgrade", "next", "--now")

    box.resumes_its_session(upgrade)
    assert f"Session {name} pauses while {NEXT} takes over" in shown
    assert f"Session {name} is resumed" in shown
    assert runs(box, NEXT)
    assert versions(box) == (NEXT, __version__, {NEXT, __version__})
    assert ended(box, recordings, name) == ("closed", 2)


def test_a_broken_upgrade_goes_back_by_itself_and_resumes_the_session(
    box: Box, recordings: Path
) -> None:
    before = versions(box)
    name = box.begin_session()

    def upgrade() -> None:
        done = box.try_install("upgrade", "broken", "--now")
        assert done.returncode == 1
        assert f"{BROKEN} does not start; {NEXT} is in use again" in done.stdout
        assert f"Session {name} is resumed" in done.stdout

    box.resumes_its_session(upgrade)
    assert runs(box, NEXT)
    assert versions(box) == before
    assert ended(box, recordings, name) == ("closed", 2)


def test_rollback_after_a_failed_upgrade_returns_to_the_last_good_version(box: Box) -> None:
    rolled_back = box.technician.types("sudo", "antiphon-install", "rollback")
    assert f"{__version__} is in use" in rolled_back
    assert runs(box, __version__)
    assert versions(box) == (__version__, NEXT, {NEXT, __version__})


@pytest.fixture
def spoil(box: Box) -> Iterator[Callable[[str], None]]:
    """Add something to the service of the version that could be gone back to."""
    [name] = box.machine.run(
        "bash", "-c", f"ls {OPT}/{NEXT}/lib/*/*/recorder/service/loop.py"
    ).split()
    whole = box.machine.run("cat", name)
    yield lambda code: box.machine.write(name, f"{whole}\n{code}\n")
    box.machine.write(name, whole)


@pytest.mark.parametrize("code", [DIES_AT_ONCE, DIES_WHEN_READY], ids=["at once", "when ready"])
def test_a_rollback_that_fails_puts_back_what_was(
    box: Box, spoil: Callable[[str], None], code: str
) -> None:
    spoil(code)
    before = versions(box)
    done = box.technician.tries("sudo", "antiphon-install", "rollback")
    assert done.returncode == 1
    assert f"{NEXT} does not start; {__version__} is in use again" in done.stdout
    assert runs(box, __version__)
    assert versions(box) == before


def test_a_terminal_that_is_closed_in_the_middle_puts_back_what_was(
    box: Box, spoil: Callable[[str], None]
) -> None:
    spoil(NEVER_READY)
    before = versions(box)
    unit = ("systemd-run", "--unit=away", "--uid=tech", "--property=KillMode=process")
    box.machine.run(*unit, *AT_TERMINAL, "sudo", "antiphon-install", "rollback")
    wait_until(lambda: box.version() == NEXT, "the other version is tried", READY_S)
    wait_until(lambda: box.unit("ActiveState") == "activating", "it hangs", READY_S)
    box.machine.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "away")
    wait_until(lambda: versions(box) == before, "what was is back", READY_S)
    assert runs(box, __version__)


def test_a_damaged_wheelhouse_is_not_used(box: Box) -> None:
    box.machine.run("cp", "-r", "/wheelhouses/next", "/tmp/damaged")
    box.machine.run("bash", "-c", "echo >>/tmp/damaged/click-*.whl")
    done = box.machine.attempt(INSTALL, "upgrade", "--wheelhouse", "/tmp/damaged")
    assert done.returncode == 1
    assert "/tmp/damaged is damaged: copy it again" in done.stderr


def test_uninstall_keeps_recordings_and_a_new_install_finds_them(box: Box) -> None:
    before = box.antiphon("sessions")
    said = box.technician.types("sudo", "antiphon-install", "uninstall")
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
