"""The file of a running recording is taken away: that is told, and next to nothing is lost."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from recorder.rehearsal import processes as demo
from recorder.settings.file import Config
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from recorder.wire.messages import Status
from tests.e2e.processes import (
    begin_session,
    box,
    has_recorded,
    service,
    status_of,
    told_json,
    until,
    until_status,
)
from tests.recorder.store import test_ground as ground

pytestmark = pytest.mark.alone

RECORDED_S = 2.0
ALARM_WITHIN_S = 3.0
LOST_LIMIT_S = 3.0


@dataclass(frozen=True)
class Moved:
    """How long it took to be told, what was told to be saved at most, and what there is of it."""

    way: str
    alarm_s: float
    saved_s: float
    stored_s: float
    missing_s: float
    problems: tuple[str, ...]


def move(config: Config, way: Callable[[Path], None]) -> Moved:
    """Record a session, take its file away in this way, record on, and stop."""
    path = Path(begin_session(config)["file"])
    until_status(config.socket_path, has_recorded(RECORDED_S), "the session grows")
    moved_s = time.monotonic()
    way(path)
    until_status(config.socket_path, _is_told, "an alarm tells of it")
    alarm_s = time.monotonic() - moved_s
    session = until(lambda: _saved_beyond(config, RECORDED_S + 2.0), "it is saved again")
    stopped = told_json("stop", "--socket", config.socket)["session"]
    rescued = Path(stopped["file"])
    with SessionReader(rescued) as file:
        stored_s = (file.newest_t_ns() - file.header.started_t_ns) * 1e-9
    missing_s = max(stopped["missing_s"].values())
    report = verify(rescued)
    return Moved(way.__name__, alarm_s, session, stored_s, missing_s, report.problems)


def _is_told(status: Status) -> bool:
    kinds = {alarm.kind for alarm in status.alarms}
    return bool(kinds & {"file_gone", "file_rescued"})


def _saved_beyond(config: Config, seconds: float) -> float | None:
    session = status_of(config.socket_path).session
    return session.saved_s if session is not None and session.saved_s > seconds else None


@pytest.mark.parametrize("way", [ground.remove_directory, ground.remove_what_is_beside, ground.cut])
def test_it_is_told_in_time_and_what_was_told_to_be_saved_is_there(
    tmp_path: Path, way: Callable[[Path], None]
) -> None:
    with box(tmp_path) as (_, config), service(config, tmp_path):
        moved = move(config, way)
    assert moved.problems == ()
    assert moved.alarm_s < ALARM_WITHIN_S
    assert moved.stored_s >= moved.saved_s - 0.001
    assert moved.missing_s < LOST_LIMIT_S


# Root without its privilege over files: a mode binds it as it binds the service of a box.
BOUND = "-dac_override,-dac_read_search"
ORDINARY = ("setpriv", f"--bounding-set={BOUND}", f"--inh-caps={BOUND}")


@dataclass(frozen=True)
class Forbidden:
    """What may not be opened, or not be written, for a while."""

    what: Callable[[Path], list[Path]]
    mode: int | None = None  # or it is made immutable

    def forbid(self, path: Path) -> None:
        """Only for a while."""
        for one in self.what(path):
            one.chmod(self.mode) if self.mode is not None else _set_attribute("+i", one)

    def allow(self, path: Path) -> None:
        """As it was, of what is still there."""
        for one in reversed(self.what(path)):
            with suppress(FileNotFoundError):
                if self.mode is None:
                    _set_attribute("-i", one)
                else:
                    one.chmod(0o750 if one.is_dir() else 0o640)


def _set_attribute(change: str, path: Path) -> None:
    words = ["chattr", change, str(path)]
    if path.exists() and subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("no attributes on this file system")


def the_file(path: Path) -> list[Path]:
    return [path]


def the_directory(path: Path) -> list[Path]:
    return [path.parent]


def all_of_it(path: Path) -> list[Path]:
    beside = [path.with_name(path.name + suffix) for suffix in ("-wal", "-shm")]
    return [path, *beside, path.parent]


WAYS = [
    Forbidden(the_file, 0),
    Forbidden(the_directory, 0),
    Forbidden(the_file),
    Forbidden(all_of_it),  # the map is a SIGBUS for whoever writes into it then
]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a file immutable")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is missing")
@pytest.mark.skipif(
    shutil.which("chattr") is None, reason="chattr is missing: apt install e2fsprogs"
)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.what.__name__}-{way.mode}")
def test_what_may_not_be_written_for_a_while_is_told_and_nothing_is_lost(
    tmp_path: Path, way: Forbidden
) -> None:
    bound = mock.patch.object(demo, "ANTIPHON", (*ORDINARY, *demo.ANTIPHON))
    with bound, box(tmp_path) as (_, config), service(config, tmp_path) as process:
        path = Path(begin_session(config)["file"])
        until_status(config.socket_path, has_recorded(RECORDED_S), "the session grows")
        try:
            moved_s = time.monotonic()
            way.forbid(path)
            until_status(config.socket_path, _is_told, "an alarm tells of it")
            alarm_s = time.monotonic() - moved_s
            later = until_status(config.socket_path, has_recorded(RECORDED_S + 3.0), "it goes on")
        finally:
            way.allow(path)
        assert later.session is not None
        _require_stored(path, later.session.saved_s)
        until(lambda: _saved_beyond(config, RECORDED_S + 3.0), "it is saved again")
        stopped = told_json("stop", "--socket", config.socket)["session"]
        assert process.poll() is None
    assert alarm_s < ALARM_WITHIN_S
    assert max(stopped["missing_s"].values()) < LOST_LIMIT_S
    assert verify(Path(stopped["file"])).problems == ()
    with box(tmp_path) as (_, config), service(config, tmp_path):
        assert status_of(config.socket_path).session is None


def _require_stored(path: Path, saved_s: float) -> None:
    """That as much can be read, in what the session is written to now."""
    rescued = path.with_name(f"{path.stem}.rescued.antiphon")
    with SessionReader(rescued if rescued.exists() else path) as file:
        stored_s = (file.newest_t_ns() - file.header.started_t_ns) * 1e-9
    assert stored_s >= saved_s - 0.001
