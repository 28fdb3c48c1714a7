"""Services killed at any instant: while they record, begin, mark, or close and put away a session.

python -m tests.e2e.kill_anywhere [--kills 200] [--jobs N] [--seed N] [--json FILE]
"""

import json
import multiprocessing
import socket
import subprocess
import sys
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from os import cpu_count
from pathlib import Path

import click
import numpy as np

from recorder.failure import Failure
from recorder.recording.decisions import is_over
from recorder.rehearsal.processes import scratch_directory
from recorder.settings.file import Config
from recorder.store.check import verify
from recorder.store.files import SUFFIX
from recorder.store.reader import SessionReader
from recorder.wire.client import ask
from tests.e2e.processes import (
    both_stream,
    box,
    has_recorded,
    service,
    status_of,
    until_status,
)

# What is going on when the service is killed, how often, and within how many seconds of its begin.
PHASES = {"record": (0.4, 1.6), "start": (0.2, 0.15), "mark": (0.15, 0.05), "stop": (0.25, 0.3)}
MISSING_LIMIT_S = 1.0
ROUNDING_S = 0.001
GOES_ON_S = 0.3
UNSEEN_NS = 200_000_000  # boards may have been heard so long before their status said so


@dataclass(frozen=True, slots=True)
class Instant:
    """When to kill: so long after something was asked for (or, for `record`, after it grew)."""

    phase: str
    after_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a kill left.

    Attributes:
        instant: when it was.
        state: of the session, "" when there is no file of it or one that holds none yet.
        missing_s: what the worse of the boards had lost; 0 when the session had been closed.
        problems: one line each.
    """

    instant: Instant
    state: str
    missing_s: float
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether it is as promised."""
        return not self.problems and self.missing_s < MISSING_LIMIT_S


def instants(count: int, rng: np.random.Generator) -> list[Instant]:
    """Random ones, of all phases."""
    shares = [share for share, _ in PHASES.values()]
    phases = rng.choice(list(PHASES), count, p=shares).tolist()
    return [Instant(phase, float(rng.uniform(0, PHASES[phase][1]))) for phase in phases]


def kill_at(directory: Path, moments: Iterable[Instant]) -> Iterator[Outcome]:
    """Kill one service after the other on the same box; at last end what is left in order."""
    with box(directory) as (_, config):
        expected: str | None = None
        for moment in moments:
            with _service_that_goes_on(config, directory, expected) as (process, problems):
                heard_ns = time.monotonic_ns() - UNSEEN_NS
                session = _prepare(config, moment)
                told_s = _saved_s(config)
                with _asked(config, moment):
                    threading.Event().wait(moment.after_s)
                    killed_ns = time.monotonic_ns()
                    process.kill()
                    process.wait()
            outcome = _look(config, moment, session, told_s, (heard_ns, killed_ns))
            expected = _expected(config)
            yield Outcome(moment, outcome.state, outcome.missing_s, outcome.problems + problems)
        with _service_that_goes_on(config, directory, expected) as (_, problems):
            ask(config.socket_path, "stop")
        at_last = tuple(_problems(config, allow=("closed", "interrupted")))
        yield Outcome(Instant("end", 0.0), "closed", 0.0, problems + at_last)


@contextmanager
def _service_that_goes_on(
    config: Config, directory: Path, expected: str | None
) -> Iterator[tuple[subprocess.Popen[bytes], tuple[str, ...]]]:
    """A service, and what is wrong with the session that it resumes."""
    with service(config, directory) as process:
        status = until_status(config.socket_path, both_stream, "both boards stream", 40)
        found = status.session.id if status.session is not None else None
        right = found == expected
        yield process, () if right else (f"resumes {found}, not {expected}",)


def _prepare(config: Config, moment: Instant) -> str | None:
    """Come to where the moment begins; the id of the session that is running then."""
    if moment.phase == "start":
        ask(config.socket_path, "stop")
        return None
    ask(config.socket_path, "start")
    session = status_of(config.socket_path).session
    assert session is not None
    longer_s = session.elapsed_s + GOES_ON_S
    until_status(config.socket_path, has_recorded(longer_s), "the session grows")
    return session.id


def _saved_s(config: Config) -> float:
    session = status_of(config.socket_path).session
    return 0.0 if session is None else session.saved_s


@contextmanager
def _asked(config: Config, moment: Instant) -> Iterator[None]:
    """Something has been asked for and not yet been answered."""
    with closing(socket.socket(socket.AF_UNIX)) as connection:
        if moment.phase in ("start", "mark", "stop"):
            connection.connect(str(config.socket_path))
            connection.sendall(json.dumps({"do": moment.phase, "label": "x"}).encode() + b"\n")
        yield


def _look(
    config: Config, moment: Instant, session: str | None, told_s: float, lived: tuple[int, int]
) -> Outcome:
    """Hold the files against what had been told of the session that was running.

    `lived` is from when the service had heard both boards until it was killed: while there was no
    service, nothing could be recorded, and what it takes to be back is not what a kill loses.
    """
    heard_ns, killed_ns = lived
    problems = list(_problems(config, allow=("recording", "closed", "interrupted")))
    path = next((path for path in _files(config) if path.stem == session), None)
    if session is not None and path is None:
        problems.append(f"{session}: the file is gone")
    if path is None or not verify(path).state:
        return Outcome(moment, "", 0.0, tuple(problems))
    with SessionReader(path) as file:
        state, newest_ns = file.state, min(_newest_ns(file, it.id) for it in file.boards())
        stored_s = (file.newest_t_ns() - file.header.started_t_ns) * 1e-9
    if stored_s < told_s - ROUNDING_S:
        problems.append(f"{session}: {told_s} s were told to be saved, {stored_s:.3f} s are")
    missing_ns = killed_ns - max(newest_ns, heard_ns) if state == "recording" else 0
    return Outcome(moment, state, missing_ns * 1e-9, tuple(problems))


def _newest_ns(session: SessionReader, board: int) -> int:
    """The newest arrival of a board's data that is stored, or the end of its newest gap."""
    arrivals = [int(block.arrival_ns.max()) for block in session.blocks(board)]
    ends = [gap.end_ns for gap in session.gaps() if gap.board == board]
    return max([*arrivals, *ends], default=session.header.started_t_ns)


def _files(config: Config) -> list[Path]:
    """Session files, wherever they have been put by now; not copies that are being made of them."""
    found = sorted(config.sessions_path.rglob(f"*{SUFFIX}"))
    return [path for path in found if not path.parent.name.startswith(".")]


def _problems(config: Config, allow: tuple[str, ...]) -> Iterator[str]:
    for path in _files(config):
        report = verify(path)
        yield from (f"{path.name}: {problem}" for problem in report.problems)
        if report.state not in allow:
            yield f"{path.name}: is {report.state!r}"


def _expected(config: Config) -> str | None:
    """The session that the next service must resume: not one whose stop was written down."""
    open_ones = [path for path in _files(config) if verify(path).state == "recording"]
    return max((path.stem for path in open_ones if not is_over(path)), default=None)


def main() -> int:
    """Kill, print a table, return 1 when something was not as promised."""
    wanted = _arguments()
    began_s = time.monotonic()
    moments = instants(wanted.kills, np.random.default_rng(wanted.seed))
    shares = [moments[job :: wanted.jobs] for job in range(wanted.jobs)]
    with multiprocessing.get_context("spawn").Pool(wanted.jobs) as pool:
        outcomes = [it for share in pool.map(_job, shares) for it in share]
    table = [_row(phase, [it for it in outcomes if it.instant.phase == phase]) for phase in PHASES]
    for row in table:
        click.echo("  ".join(f"{name} {value}" for name, value in row.items()))
    bad = [it for it in outcomes if not it.ok]
    for it in bad[:20]:
        click.echo(f"    {it}")
    seconds = round(time.monotonic() - began_s)
    click.echo(f"{wanted.kills} kills in {seconds} s, {len(bad)} not as promised")
    if wanted.json:
        told = {"schema": "antiphon.kills/1", "ok": not bad, "wall_s": seconds, "phases": table}
        told["bad"] = [asdict(it) for it in bad]
        wanted.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return int(bool(bad))


def _job(moments: list[Instant]) -> list[Outcome]:
    """In a process of its own, whose exceptions must be of a kind that can be sent."""
    with scratch_directory() as directory:
        try:
            return list(kill_at(directory, moments))
        except Failure as failure:
            raise RuntimeError(str(failure)) from None


def _row(phase: str, outcomes: list[Outcome]) -> dict[str, object]:
    return {
        "phase": phase,
        "kills": len(outcomes),
        "recording": sum(it.state == "recording" for it in outcomes),
        "closed": sum(it.state == "closed" for it in outcomes),
        "worst_missing_s": round(max((it.missing_s for it in outcomes), default=0.0), 3),
        "bad": sum(not it.ok for it in outcomes),
    }


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="tests.e2e.kill_anywhere", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=cpu_count(), help="boxes at once; one a core")
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
