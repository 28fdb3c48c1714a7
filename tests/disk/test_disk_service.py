"""A disk that fills up or fails in mid-session: an alarm, and everything else goes on."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import msgspec
import pytest

from recorder.health.disk import RESERVE_BYTES
from recorder.rehearsal import processes as demo
from recorder.settings.file import Config
from recorder.store.catalog import find
from recorder.store.check import Report, verify
from recorder.store.finish import settle
from recorder.store.reader import SessionReader
from recorder.wire.client import ask
from recorder.wire.messages import SessionStatus, Status
from recorder.wire.wording import in_words
from tests.disk.small_disk import SmallDisk, small_disk
from tests.e2e.processes import (
    antiphon,
    begin_session,
    both_stream,
    box,
    has_recorded,
    service,
    until,
    until_status,
)
from tests.powercut.mounts import mounted as remounted
from tests.powercut.mounts import run, why_not

IMPATIENT = (sys.executable, "-m", "tests.disk.impatient")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    if why := why_not():
        pytest.skip(why)
    with small_disk(tmp_path / "disk", tmp_path / "disk.img") as disk:
        yield disk


@contextmanager
def box_on(disk: SmallDisk, directory: Path) -> Iterator[Config]:
    """Two emulated boards and a service that is to keep its sessions on `disk`."""
    with box(directory) as (_, boxed):
        config = msgspec.structs.replace(boxed, sessions=str(disk.path / "sessions"))
        yield config


def has_alarm(word: str) -> Callable[[Status], bool]:
    return lambda status: any(
        text.startswith("disk:") and word in text for text in map(in_words, status.alarms)
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
        and not any(alarm.kind in ("disk_error", "saving_behind") for alarm in status.alarms)
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
def test_a_disk_full_to_the_last_byte_is_an_alarm_and_what_waited_is_saved(
    tmp_path: Path, disk: SmallDisk
) -> None:
    with box_on(disk, tmp_path) as config:
        with service(config, tmp_path):
            session = begin_session(config)
            until_status(config.socket_path, has_recorded(1.0), "a second is recorded")
            disk.leave(1 << 20)
            disk.take_the_rest()
            full = until_status(config.socket_path, has_alarm("disk full:"), "the alarm")
            goes_on_unsaved(config, full)
            disk.make_room()
            until_status(config.socket_path, is_saved_again, "everything is saved")
            ask(config.socket_path, "stop")
        require_whole(config, session["id"])


@needs_root
def test_a_disk_that_fills_up_ends_the_part_and_the_next_begins_when_there_is_room(
    tmp_path: Path, disk: SmallDisk
) -> None:
    with box_on(disk, tmp_path) as config:
        with service(config, tmp_path):
            first = begin_session(config)["id"]
            until_status(config.socket_path, has_recorded(1.0), "a second is recorded")
            disk.leave(RESERVE_BYTES // 2)
            paused = until_status(config.socket_path, has_alarm("nothing is rec"), "the alarm")
            assert is_paused(paused)
            assert session_of(paused).id == first
            assert both_stream(paused)
            report = until(lambda: _closed(config, first), "the part is closed")
            assert report.problems == ()
            disk.make_room()
            until_status(config.socket_path, has_recorded(1.0), "the next part is recorded")
            ask(config.socket_path, "stop")
        second = find(config.sessions_path, f"{first}-2")
        require_part_after_a_gap(second)


@needs_root
def test_a_disk_that_turns_read_only_is_given_up_and_the_next_part_is_on_its_successor(
    tmp_path: Path, disk: SmallDisk
) -> None:
    impatient = mock.patch.object(demo, "ANTIPHON", IMPATIENT)
    with impatient, box_on(disk, tmp_path) as config, service(config, tmp_path):
        first = begin_session(config)["id"]
        until_status(config.socket_path, has_recorded(2.0), "two seconds are recorded")
        disk.fail()
        failing = until_status(config.socket_path, has_alarm("cannot save"), "the alarm", 3)
        goes_on_unsaved(config, failing)
        saved_s = session_of(failing).saved_s
        paused = until_status(config.socket_path, is_paused, "the part is given up", 60)
        assert both_stream(paused)
        with small_disk(disk.path, tmp_path / "successor.img"):
            until_status(config.socket_path, has_recorded(1.0), "the next part is recorded")
            ask(config.socket_path, "stop")
            require_part_after_a_gap(find(config.sessions_path, f"{first}-2"))
    require_saved(tmp_path, first, saved_s)


def session_of(status: Status) -> SessionStatus:
    assert status.session is not None
    return status.session


def is_paused(status: Status) -> bool:
    return status.state == "waiting for room"


def require_saved(directory: Path, session_id: str, saved_s: float) -> None:
    """On the disk that failed, what had been told to be saved is there, and can be put in order."""
    again = directory / "again"
    again.mkdir()
    run("umount", directory / "disk")
    subprocess.run(["e2fsck", "-fy", directory / "disk.img"], check=False, capture_output=True)
    with remounted(directory / "disk.img", again, "noatime"):
        path = settle(again / "sessions" / f"{session_id}.antiphon")
        report = verify(path)
        assert (report.problems, report.state) == ((), "interrupted")
        with SessionReader(path) as session:
            stored_s = (session.newest_t_ns() - session.header.started_t_ns) * 1e-9
    assert stored_s >= saved_s - 0.001


def require_part_after_a_gap(path: Path) -> None:
    report = verify(path)
    assert (report.problems, report.state) == ((), "closed")
    with SessionReader(path) as session:
        gaps = [gap for gap in session.gaps() if gap.cause == "disk"]
    assert sorted((gap.board, gap.n) for gap in gaps) == [(0, 0), (1, 0)]
    assert all(gap.end_ns - gap.begin_ns > 0.5e9 for gap in gaps)


@needs_root
def test_a_session_without_room_is_refused(tmp_path: Path, disk: SmallDisk) -> None:
    with box_on(disk, tmp_path) as config, service(config, tmp_path):
        until_status(config.socket_path, both_stream, "both boards stream")
        disk.leave(RESERVE_BYTES * 2)
        code, told, complaint = antiphon("start", "--socket", config.socket)
        assert (code, told) == (73, "")
        assert complaint.count("\n") == 1
        assert "MiB free, this session needs" in complaint
        assert not list(config.sessions_path.rglob("*.antiphon*"))


def _closed(config: Config, session_id: str) -> Report | None:
    """What `verify` says of a session once it is closed, which a thread does in its own time."""
    report = verify(find(config.sessions_path, session_id))
    return report if report.state == "closed" else None
