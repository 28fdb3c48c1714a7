"""The file of a running recording is taken away: that is told, and next to nothing is lost."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

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
