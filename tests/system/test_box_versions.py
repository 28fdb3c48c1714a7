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
from tests.system.box import CONFIG, INSTALL, READY_S, Box, session_file
from tests.system.conftest import BROKEN, NEXT
from tests.system.machine import wait_until
from tests.system.technician import AT_TERMINAL

OPT = "/opt/antiphon"
# A package index as a house may have one: a directory for each package, shown by a web server.
INDEX = """
for wheel in /wheelhouses/next/*.whl; do
  name=$(basename "${wheel%%-*}" | tr A-Z_. a-z--)
  mkdir -p "/run/index/simple/$name"
  ln -s "$wheel" "/run/index/simple/$name/"
done
systemd-run --unit=index python3 -m http.server --bind 127.0.0.1 --directory /run/index 8000
printf '[global]\\nindex-url = http://127.0.0.1:8000/simple\\n' >/etc/pip.conf
"""
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


def is_over(box: Box) -> bool:
    """Whether no installer is running."""
    return box.machine.attempt("flock", "-n", "/run/antiphon-install.lock", "true").returncode == 0


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


def test_an_update_that_is_killed_half_way_leaves_what_was(box: Box) -> None:
    before, pid = box.version(), box.unit("MainPID")
    update = ("antiphon", "update", "/wheelhouses/next")
    box.machine.run("systemd-run", "--unit=killed", "--collect", *update)
    begun = ("test", "-e", f"{OPT}/{NEXT}/pyvenv.cfg")
    wait_until(lambda: box.machine.attempt(*begun).returncode == 0, "it is made", READY_S)
    box.machine.run("systemctl", "kill", "--signal=KILL", "killed")
    assert box.machine.attempt("test", "-e", f"{OPT}/{NEXT}/.wheel").returncode != 0
    assert (box.version(), box.unit("MainPID")) == (before, pid)
    done = box.technician.tries("sudo", "antiphon", "update", "--rollback")
    assert "there is no version to go back to" in done.stdout


@pytest.fixture
def index(box: Box) -> Iterator[str]:
    """The package index that pip is set to on the box; the SHA-256 of its newest antiphon."""
    box.machine.run("bash", "-e", "-c", INDEX)
    serves = ("python3", "-c", "import urllib.request as it; it.urlopen('http://127.0.0.1:8000')")
    wait_until(lambda: box.machine.attempt(*serves).returncode == 0, "it serves", READY_S)
    yield box.machine.run("bash", "-c", "sha256sum /wheelhouses/next/antiphon-*").split()[0]
    box.machine.run("systemctl", "stop", "index")
    box.machine.run("rm", "-rf", "/etc/pip.conf", f"{OPT}/{NEXT}", f"{OPT}/previous")


def test_a_version_comes_from_the_package_index_if_it_has_the_hash(box: Box, index: str) -> None:
    update = ("sudo", "antiphon", "update", NEXT, "--sha256")
    done = box.technician.tries(*update, 64 * "0")
    assert done.returncode == 1
    assert f"no antiphon {NEXT} of this hash to be had: nothing was changed" in done.stdout
    assert box.version() == __version__
    assert f"{NEXT} is in use" in box.technician.types(*update, index)
    assert runs(box, NEXT)
    assert versions(box) == (NEXT, __version__, {NEXT, __version__})
    box.technician.types("sudo", "antiphon", "update", "--rollback")
    assert runs(box, __version__)


def test_an_upgrade_now_resumes_the_session_in_the_new_version(box: Box, recordings: Path) -> None:
    name = box.begin_session()
    for refused in (
        box.try_install("upgrade", "next"),
        box.technician.tries("sudo", "antiphon", "update", "/wheelhouses/next"),
    ):
        assert refused.returncode == 1
        assert "a session is being recorded: stop it first" in refused.stdout
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
    rolled_back = box.technician.types("sudo", "antiphon", "update", "--rollback")
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
    wait_until(lambda: is_over(box), "the installer has ended", READY_S)
    assert versions(box) == before
    assert runs(box, __version__)


def test_a_version_that_was_on_trial_when_the_power_was_cut_is_left_again(box: Box) -> None:
    before = versions(box)
    box.machine.write(f"{OPT}/{NEXT}/.on-trial", "another boot\n")
    box.machine.run("ln", "-sfn", NEXT, f"{OPT}/current")
    box.machine.run("ln", "-sfn", __version__, f"{OPT}/previous")
    box.begin_anew()
    assert runs(box, __version__)
    box.machine.run("rm", f"{OPT}/{NEXT}/.on-trial")
    box.machine.run("ln", "-sfn", NEXT, f"{OPT}/previous")
    assert versions(box) == before


def test_a_version_that_cannot_use_the_configuration_is_not_tried(box: Box) -> None:
    """The other version does not know `box`, as older ones do not."""
    [name] = box.machine.run(
        "bash", "-c", f"ls {OPT}/{NEXT}/lib/*/*/recorder/settings/file.py"
    ).split()
    migration = name.replace("file.py", "migration.py")
    whole, migrates = box.machine.run("cat", name), box.machine.run("cat", migration)
    box.machine.write(name, whole.replace('    box: BoxName = ""\n', ""))
    box.machine.write(migration, "raise SystemExit(1)\n")
    before, config = versions(box), box.machine.run("cat", CONFIG)
    assert 'box = "' in config
    done = box.technician.tries("sudo", "antiphon-install", "rollback")
    assert done.returncode == 1
    assert "cannot use the configuration, nothing was changed" in done.stdout
    assert (versions(box), box.machine.run("cat", CONFIG)) == (before, config)
    # With the configuration of its time it can.
    [named] = [line for line in config.splitlines() if line.startswith("box = ")]
    box.machine.write(f"{CONFIG}.{NEXT}", config.replace(f"{named}\n", ""))
    said = box.technician.types("sudo", "antiphon-install", "rollback")
    assert "it has the one of its own time again" in said
    assert runs(box, NEXT)
    assert named not in box.machine.run("cat", CONFIG)
    assert box.machine.run("cat", f"{CONFIG}.{__version__}") == config
    # And forth again: the configuration is brought along, and has the name again.
    box.technician.types("sudo", "antiphon-install", "rollback")
    assert runs(box, __version__)
    assert named in box.machine.run("cat", CONFIG).splitlines()
    box.machine.write(name, whole)
    box.machine.write(migration, migrates)


def test_two_installers_do_not_work_at_once(box: Box) -> None:
    hold = "flock /run/antiphon-install.lock sleep infinity"
    box.machine.run("systemd-run", "--unit=holds", "bash", "-c", hold)
    wait_until(lambda: not is_over(box), "the lock is held", READY_S)
    done = box.technician.tries("sudo", "antiphon-install", "rollback")
    box.machine.run("systemctl", "stop", "holds")
    assert done.returncode == 1
    assert "another installer is running: nothing was done" in done.stdout


def test_a_damaged_wheelhouse_is_not_used_nor_one_that_is_not_signed(box: Box) -> None:
    box.machine.run("cp", "-r", "/wheelhouses/next", "/tmp/damaged")
    box.machine.run("bash", "-c", "echo >>/tmp/damaged/click-*.whl")
    upgrade = (INSTALL, "upgrade", "--wheelhouse", "/tmp/damaged")
    done = box.machine.attempt(*upgrade)
    assert done.returncode == 1
    assert "/tmp/damaged is damaged: copy it again" in done.stderr
    box.machine.run("bash", "-c", "ssh-keygen -q -t ed25519 -N '' -f /root/signs </dev/null")
    signer = "antiphon " + box.machine.run("cat", "/root/signs.pub")
    box.machine.write("/etc/antiphon/update_signers", signer)
    assert "/tmp/damaged is not signed by anybody in" in box.machine.attempt(*upgrade).stderr
    sign = "ssh-keygen -q -Y sign -f /root/signs -n antiphon /tmp/damaged/SHA256SUMS"
    box.machine.run("bash", "-c", sign)
    assert "is damaged" in box.machine.attempt(*upgrade).stderr
    box.machine.run("bash", "-c", "echo >>/tmp/damaged/SHA256SUMS")
    assert "is not signed" in box.machine.attempt(*upgrade).stderr
    box.machine.run("rm", "/etc/antiphon/update_signers")


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
