"""A disk that fills up or fails in mid-session: an alarm, and everything else goes on."""

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from recorder.catalog import find
from recorder.config import Config
from recorder.control import ask
from recorder.messages import Status
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from tests.e2e.processes import begin_session, both_stream, box, has_recorded, service, until_status

TMPFS_KIB = 4096
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of TMPFS_KIB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    options = f"size={TMPFS_KIB}k"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], check=False)
    if mounted.returncode:
        pytest.skip("no tmpfs can be mounted here")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def has_alarm(word: str) -> Callable[[Status], bool]:
    return lambda status: any(
        alarm.startswith("disk:") and word in alarm for alarm in status.alarms
    )


def goes_on_unsaved(config: Config, status: Status) -> None:
    """While nothing can be saved, samples arrive and the screen is told."""
    assert status.session is not None
    longer_s = status.session.elapsed_s + 1.0
    later = until_status(config.socket_path, has_recorded(longer_s), "the boards stream on")
    assert later.session is not None
    assert later.session.saved_s < later.session.elapsed_s - 0.9
    assert both_stream(later)


def is_saved_again(status: Status) -> bool:
    session = status.session
    return (
        session is not None
        and session.elapsed_s - session.saved_s < 1.5
        and not any(
            alarm.startswith(("disk: cannot", "disk: disk full", "saving"))
            for alarm in status.alarms
        )
    )


def require_whole(config: Config, session_id: str) -> None:
    path = find(config.sessions_path, session_id)
    report = verify(path)
    assert (report.problems, report.state) == ((), "closed")
    with SessionReader(path) as session:
        assert not [gap for gap in session.gaps() if gap.cause == "disk"]


def test_writes_that_fail_are_an_alarm_and_are_made_up_for(tmp_path: Path) -> None:
    with box(tmp_path) as (_, config), service(config, tmp_path) as process:
        session = begin_session(config)
        until_status(config.socket_path, has_recorded(1.0), "a second is recorded")
        no_limit = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4096, no_limit[1]))
        failing = until_status(config.socket_path, has_alarm("cannot save"), "the alarm")
        goes_on_unsaved(config, failing)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, no_limit)
        until_status(config.socket_path, is_saved_again, "everything is saved")
        ask(config.socket_path, "stop")
    require_whole(config, session["id"])


@needs_root
def test_a_full_disk_is_an_alarm_and_what_waited_is_saved_when_there_is_room(
    tmp_path: Path, small_disk: Path
) -> None:
    with box(tmp_path) as (_, boxed):
        config = msgspec.structs.replace(boxed, sessions=str(small_disk / "sessions"))
        with service(config, tmp_path):
            session = begin_session(config)
            until_status(config.socket_path, has_recorded(1.0), "a second is recorded")
            ballast = small_disk / "ballast"
            fill(ballast)
            full = until_status(config.socket_path, has_alarm("full"), "the alarm")
            goes_on_unsaved(config, full)
            ballast.unlink()
            until_status(config.socket_path, is_saved_again, "everything is saved")
            ask(config.socket_path, "stop")
        require_whole(config, session["id"])


def fill(path: Path) -> None:
    """Write until there is no room for a byte more."""
    with path.open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(bytes(4096))
        except OSError:
            return
