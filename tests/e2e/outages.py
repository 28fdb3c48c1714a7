"""A session in which one board stalls and is pulled out, and what the service said of it."""

import time
from dataclasses import dataclass
from pathlib import Path

from recorder.settings.file import Config
from recorder.wire.messages import Status
from tests.e2e.processes import (
    begin_session,
    board_of,
    box,
    has_recorded,
    service,
    told_json,
    until_status,
)

UNPLUGGED_S = 3.0
FAULTS = ("--fault", "patient:4:stall:2", "--fault", f"patient:8:unplug:{UNPLUGGED_S}")


@dataclass(frozen=True, slots=True)
class Seen:
    """The first status in which the patient's board was in a state, and when that was."""

    status: Status
    t_ns: int


@dataclass(frozen=True, slots=True)
class Outages:
    """What the service said, one after the other, and the session's file."""

    stalled: Seen
    recovered: Seen
    lost: Seen
    returned: Seen
    path: Path


def record_outages(directory: Path) -> Outages:
    """Record a session while the faults befall the patient's board."""
    with box(directory, *FAULTS) as (_, config), service(config, directory):
        session = begin_session(config)
        seen = Outages(
            stalled=_await(config, "stalled"),
            recovered=_await(config, "streaming"),
            lost=_await(config, "lost"),
            returned=_await(config, "streaming"),
            path=Path(session["file"]),
        )
        longer_s = _elapsed_s(seen.returned.status) + 1.5
        until_status(config.socket_path, has_recorded(longer_s), "the recording goes on")
        told_json("stop", "--socket", config.socket)
    return seen


def _await(config: Config, state: str) -> Seen:
    status = until_status(
        config.socket_path, lambda status: board_of(status, "patient").state == state, state
    )
    return Seen(status, time.monotonic_ns())


def _elapsed_s(status: Status) -> float:
    assert status.session is not None
    return status.session.elapsed_s
