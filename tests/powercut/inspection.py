"""What is left of the sessions on a card after a power cut, held against what had been told."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from recorder.store.check import Report, verify
from recorder.store.files import DONE, SUFFIX, files_of
from recorder.store.finish import settle
from recorder.store.reader import SessionReader

ROUNDING_S = 0.001
# A session ends with the stop, its samples with the last read before it: a rest and a tick earlier.
BEFORE_END_NS = 250_000_000


@dataclass(slots=True)
class Promise:
    """What the service had told of one session; a mark is told when it is on disk."""

    saved_s: float = 0.0
    closed: bool = False
    put_away: bool = False
    marks: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Found:
    """What a cut left.

    Attributes:
        lost_s: the most that is missing of what had been told to be saved.
        problems: whatever else is not as it should be, one line each.
        files: session files that are there.
        unborn: of these, files of sessions that nobody had been told of and that hold none yet.
    """

    lost_s: float = 0.0
    problems: list[str] = field(default_factory=list)
    files: int = 0
    unborn: int = 0

    @property
    def is_corrupt(self) -> bool:
        """Whether something is damaged; to have lost what came last is not damage."""
        return bool(self.problems)


def promises(notes: Iterable[str]) -> dict[str, Promise]:
    """What had been told of each session by the notes."""
    told: dict[str, Promise] = {}
    for note in map(json.loads, notes):
        if note["told"] == "over":
            continue
        promise = told.setdefault(note["id"], Promise())
        promise.saved_s = max(promise.saved_s, note.get("saved_s", 0.0))
        promise.closed |= note["told"] == "closed"
        promise.put_away |= note["told"] == "put away"
        if note["told"] == "marked":
            promise.marks.add(note["label"])
    return told


def inspect(root: Path, told: dict[str, Promise]) -> Found:
    """Look at every session file under `root`; then end, as the next boot does, what was cut."""
    found = Found()
    # what lies in a hidden place is half made, and swept by the next service
    paths = {it.stem: it for it in root.rglob(f"*{SUFFIX}") if not it.parent.name.startswith(".")}
    found.files = len(paths)
    for session in told.keys() - paths.keys():
        found.lost_s = max(found.lost_s, told[session].saved_s)
        found.problems.append(f"{session}: the file is gone")
    for session, path in paths.items():
        report = verify(path)
        if session in told:
            _hold_against(path, report, told[session], found)
        elif not report.state:
            found.unborn += 1
            continue
        if path.parent.name != DONE or len(files_of(path)) > 1:
            found.problems += _recovery_problems(path)
    return found


def _hold_against(path: Path, report: Report, promise: Promise, found: Found) -> None:
    found.problems += report.problems
    if promise.closed and report.state != "closed":
        found.problems.append(f"{path.name}: told to be closed, is {report.state!r}")
    if promise.put_away and path.parent.name != DONE:
        found.problems.append(f"{path.name}: told to be put away, is in {path.parent.name}")
    if report.state:
        found.problems += _lost(path, promise, found)


def _lost(path: Path, promise: Promise, found: Found) -> list[str]:
    """What is not there of what had been told; all of it where the file cannot be read."""
    try:
        with SessionReader(path) as session:
            saved_s = (_reached_ns(session) - session.header.started_t_ns) * 1e-9
            there = {marker.label for marker in session.markers()}
    except ValueError as error:
        found.lost_s = max(found.lost_s, promise.saved_s)
        return [str(error)]
    found.lost_s = max(found.lost_s, promise.saved_s - saved_s - ROUNDING_S)
    return [f"{path.name}: {mark} is lost" for mark in promise.marks - there]


def _reached_ns(session: SessionReader) -> int:
    """Until when all is there: the newest sample, or the end where nothing can have come since."""
    newest_ns = session.newest_t_ns()
    if session.state == "closed" and session.ended_t_ns <= newest_ns + BEFORE_END_NS:
        return max(newest_ns, session.ended_t_ns)
    return newest_ns


def _recovery_problems(path: Path) -> Iterator[str]:
    """What goes wrong when the session is ended as one of an earlier boot."""
    try:
        report = verify(settle(path))
    except (OSError, ValueError) as error:
        yield str(error)
        return
    yield from report.problems
    if report.state not in ("closed", "interrupted"):
        yield f"{path.name}: {report.state!r} after its recovery"
