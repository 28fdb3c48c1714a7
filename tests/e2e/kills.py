"""A session whose service is killed again and again."""

import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recorder.settings.file import Config
from recorder.store.check import Report, verify
from recorder.store.reader import SessionReader
from tests.e2e.processes import (
    begin_session,
    both_stream,
    box,
    has_recorded,
    service,
    status_of,
    told,
    told_json,
    until_status,
)

KILLS = 5


@dataclass(frozen=True, slots=True)
class Kill:
    """What the file held after one kill; `missing_s` is what the worse of the boards had lost."""

    session: str
    missing_s: float
    report: Report


@dataclass(frozen=True, slots=True)
class Killed:
    """A session of several services.

    Attributes:
        path: its file.
        kills: one after the other.
        copy: directory of the files as the first kill left them.
        ended: what `stop` told.
    """

    path: Path
    kills: list[Kill]
    copy: Path
    ended: dict[str, object]


def record_and_kill(directory: Path) -> Killed:
    """Kill the service of one session at moments that a seed decides; then stop the session."""
    copy = directory / "copy"
    moments_s = np.random.default_rng(20261123).uniform(0.2, 1.6, KILLS).tolist()
    kills = []
    with box(directory) as (_, config):
        for number, moment_s in enumerate(moments_s):
            kills.append(_one_kill(config, directory, number, moment_s))
            if not number:
                shutil.copytree(config.sessions, copy)
        with service(config, directory):
            until_status(config.socket_path, both_stream, "both boards stream")
            ended = told_json("stop", "--socket", config.socket)["session"]
    return Killed(Path(ended["file"]), kills, copy, ended)


def _one_kill(config: Config, directory: Path, number: int, moment_s: float) -> Kill:
    """Let a service record until some moment after a mark, kill it, and look at the file."""
    with service(config, directory) as process:
        if not number:
            begin_session(config)
        path = _until_it_grows(config)
        told("mark", f"mark {number}", "--socket", config.socket)
        threading.Event().wait(moment_s)
        killed_ns = time.monotonic_ns()
        process.kill()
        process.wait()
    with SessionReader(path) as session:
        newest_ns = min(_newest_ns(session, board.id) for board in session.boards())
        missing_s = (killed_ns - newest_ns) * 1e-9
    return Kill(path.stem, missing_s, verify(path))


def _newest_ns(session: SessionReader, board_id: int) -> int:
    """The newest arrival of a board's data that is stored, or the end of its newest gap.

    Where there is neither yet, the begin of the session: all since then is missing.
    """
    arrivals = [int(block.arrival_ns.max()) for block in session.blocks(board_id)]
    ends = [gap.end_ns for gap in session.gaps() if gap.board == board_id]
    return max([*arrivals, *ends], default=session.header.started_t_ns)


def _until_it_grows(config: Config) -> Path:
    """Wait until samples come into the session that goes on; its file."""
    session = status_of(config.socket_path).session
    assert session is not None
    until_status(config.socket_path, has_recorded(session.elapsed_s + 0.01), "the session grows")
    return Path(session.file)
