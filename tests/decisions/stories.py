"""What people ask for, done in a process that dies or fails in the midst of it; told to a file.

What is told has been answered to somebody: it is a promise.
"""

import asyncio
import json
import logging
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recorder.export import export_of
from recorder.export.encrypted import export_encrypted
from recorder.failure import Failure
from recorder.recording.endings import RETRY_S
from recorder.recording.leftovers import Leftovers
from recorder.store.finish import finish
from recorder.store.repair import repair
from recorder.store.rows import MarkerRow
from recorder.sync.delivery import Place, deliver_all, to_copy
from recorder.sync.erase import erase
from recorder.sync.receipts import Receipts, alone
from recorder.sync.retention import DAY_NS, delete, verdicts
from recorder.wire.lines import ServiceUnreachable
from tests.decisions import strike
from tests.recorder import session_files
from tests.recorder.bounded import until
from tests.recorder.served_box import Box
from tests.recorder.sync.directory_link import DirectoryLink

A, B = "20260101T080000Z-aaaa", "20260102T080000Z-bbbb"
WHEN = "2026-11-23T12:00:00Z"
LATER_NS = session_files.header().created_utc_ns + 100 * DAY_NS
SECRET = "a word that is nowhere else"
KEY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


@dataclass(frozen=True)
class Run:
    """One process: where, and what is told of it."""

    directory: Path

    @property
    def sessions(self) -> Path:
        return self.directory / "sessions"

    @property
    def ward(self) -> Path:
        return self.directory / "ward"

    def tell(self, what: str, **facts: Any) -> None:
        """On its way to the reader when this returns, also if this process dies then."""
        line = json.dumps({"what": what, **facts}) + "\n"
        with (self.directory / "told").open("ab", buffering=0) as file:  # no step: strike.py
            file.write(line.encode())

    def told(self) -> list[dict[str, Any]]:
        path = self.directory / "told"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


# --- the service


def live(run: Run, do: str, at: int, way: strike.Way) -> None:
    """A service with scripted boards; `do` is asked for when strikes are armed. Ends by a kill."""
    strike.watch()
    asyncio.run(_live(run, do, at, way))


async def _live(run: Run, do: str, at: int, way: strike.Way) -> None:
    box = Box(run.directory)
    box.bed.stream_both(6.0)
    async with box.running():
        await box.ticked()
        if do != "start":
            await _begin(run, box)
        with _struck(run, at, way):
            await _ask(run, box, do)
        if way == "fail":
            await _recover(run, box, do)
        os.kill(os.getpid(), signal.SIGKILL)


async def _begin(run: Run, box: Box) -> None:
    session = await box.start()
    run.tell("started", id=session.id)
    await box.tick_until(4)
    await box.ask("mark", label="first")
    run.tell("marked", label="first")
    status = await box.status()
    assert status.session is not None
    run.tell("saved", id=session.id, seconds=status.session.saved_s)


async def _ask(run: Run, box: Box, do: str) -> None:
    try:
        answer = await box.ask(do, **({"label": "second"} if do == "mark" else {}))
    except (Failure, ServiceUnreachable) as no:
        run.tell("refused", text=str(no))
        return
    if do == "start":
        run.tell("started", id=answer["id"])
    elif do == "mark":
        run.tell("marked", label="second")
    else:
        run.tell("stopped", id=answer["id"])


async def _recover(run: Run, box: Box, do: str) -> None:
    """After a failure the service lives on: what it says then, and whether a stop is done."""
    status = await box.status()
    run.tell("status", id=status.session.id if status.session else None)
    if do == "stop" and status.session is None:
        endings = box.service._parts.endings
        for _ in range(2):
            box.bed.clock.advance(RETRY_S)
            await asyncio.to_thread(endings.retry)
        await until(lambda: not endings.paths)
        run.tell("closed")


# --- what is done with sessions that have ended


def make(run: Run) -> None:
    """Two finished sessions, of which one holds the secret, and a destination that has them."""
    run.sessions.mkdir(parents=True)
    run.ward.mkdir()
    for name in (A, B):
        writer = session_files.start(run.sessions / f"{name}.antiphon")
        for row in session_files.usual_rows():
            writer.put(row)
        writer.put(MarkerRow(session_files.START_NS, SECRET if name == A else "harmless"))
        writer.close(session_files.START_NS + 4 * 10**9)
        finish(writer.path)


def place(run: Run) -> Place:
    """The destination."""
    link = DirectoryLink(run.ward)
    return Place(link, Receipts(run.sessions, "ward", link.address), utc_ns=lambda: LATER_NS)


def copy_all(run: Run) -> None:
    """As `antiphon sync` does."""
    there = place(run)
    for outcome in deliver_all(to_copy(run.sessions, there.receipts), there):
        if outcome.problem:
            run.tell("refused", text=outcome.problem)
        else:
            run.tell("copied", name=outcome.name)


def do_erase(run: Run) -> None:
    """As `antiphon erase ID --apply` does."""
    with alone(run.sessions):
        [erased] = erase(run.sessions, [A], "session", WHEN)
    run.tell("refused", text=erased.problem) if erased.problem else run.tell("erased", id=A)


def do_prune(run: Run) -> None:
    """As `antiphon prune --apply` does."""
    judged = verdicts(run.sessions, [place(run)], older_than_days=30, utc_ns=LATER_NS)
    for verdict in judged:
        if not verdict.kept_because:
            delete(verdict.path)
            run.tell("pruned", id=verdict.id)


def do_put_away(run: Run) -> None:
    """As the service does once a minute."""
    Leftovers(run.sessions, list).clear()


def do_repair(run: Run) -> None:
    """As `antiphon repair` does."""
    path = run.sessions / "done" / f"{A}.antiphon"
    repair(path, path.with_name(f"{A}.repaired.antiphon"))


def do_export(run: Run) -> None:
    """As `antiphon export --encrypt-to` does."""
    path = run.sessions / "done" / f"{A}.antiphon"
    export_encrypted(export_of("csv"), path, run.directory / "exported", KEY, lambda *_: None)


def leave_unplain(run: Run) -> None:
    """A session that was read when it was closed."""
    path = run.sessions / f"{A}.antiphon"
    (run.sessions / "done" / path.name).rename(path)
    (run.sessions / "done" / f"{path.name}.sha256").unlink()
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode = WAL")


Act = Callable[[Run], None]
# What is done, and what is done before, when nothing happens yet.
ENDED: dict[str, tuple[Act, tuple[Act, ...]]] = {
    "erase": (do_erase, (copy_all,)),
    "sync": (copy_all, ()),
    "prune": (do_prune, (copy_all,)),
    "put-away": (do_put_away, (leave_unplain,)),
    "repair": (do_repair, ()),
    "encrypted export": (do_export, ()),
}
LIVE = ("start", "mark", "stop")
STORIES = (*LIVE, *ENDED)


def ended(run: Run, do: str, at: int, way: strike.Way) -> None:
    """One of ENDED, in a process of its own."""
    act, before = ENDED[do]
    make(run)
    for one in before:
        one(run)
    strike.watch()
    with suppress(OSError, sqlite3.Error, ValueError, Failure), _struck(run, at, way):
        act(run)
    os.kill(os.getpid(), signal.SIGKILL)


def tell(directory: Path, story: str, at: int, way: strike.Way) -> None:
    """Live through one story; this process does not outlive it."""
    logging.disable()
    run = Run(directory)
    directory.mkdir()
    if story in LIVE:
        live(run, story, at, way)
    else:
        ended(run, story, at, way)


@contextmanager
def _struck(run: Run, at: int, way: strike.Way) -> Iterator[None]:
    strike.arm(at, way)
    try:
        yield
    finally:
        run.tell("steps", count=strike.disarm())
