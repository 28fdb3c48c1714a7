"""What the next service finds, held against what had been told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recorder.recording.interrupted import take_over
from recorder.recording.leftovers import Leftovers
from recorder.settings.file import Config
from recorder.store.beside import SHA256, sha256_of, stored_sha256
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from recorder.sync.erase import bury_all
from recorder.sync.receipts import alone
from recorder.sync.tombstones import tombstones
from tests.decisions.stories import LIVE, SECRET, A, Run, do_erase, place
from tests.recorder.session_files import START_NS

LATER_NS = START_NS + 60 * 10**9
ROUNDING_S = 0.001


def problems(directory: Path, story: str) -> list[str]:
    """What is not as it was told; the next service has come and gone then."""
    run = Run(directory)
    told = run.told()
    stopped = {note.stem for note in run.sessions.glob("*.stop")}
    resumed = _next_service(run)
    found = _of_live(run, story, told, resumed) if story in LIVE else _of_ended(run, story, told)
    again = [f"{resumed} was to end, and is recorded again"] if resumed in stopped else []
    return [*found, *again, *_damaged(run)]


def _next_service(run: Run) -> str | None:
    """The session that a service records into when it begins now; it has ended it then."""
    config = Config(sessions=str(run.sessions))
    found = take_over(config, LATER_NS)
    if found is not None:
        found.writer.close(LATER_NS)
    for _ in range(2):
        Leftovers(run.sessions, list).clear()
    return None if found is None else found.header.id


def _of_live(
    run: Run, story: str, told: list[dict[str, Any]], resumed: str | None
) -> Iterator[str]:
    last = {line["what"]: line for line in told}
    started = last["started"]["id"] if "started" in last else None
    yield from _recorded(story, last, started, resumed)
    if started is None:
        return
    paths = sorted(run.sessions.rglob(f"{started}*.antiphon"))
    labels = [label for path in paths for label in _labels(path)]
    wanted = [line["label"] for line in told if line["what"] == "marked"]
    yield from (f"the mark {label!r} is lost" for label in wanted if label not in labels)
    if "saved" in last:
        saved_s, stored_s = last["saved"]["seconds"], max(map(_stored_s, paths), default=0.0)
        if stored_s < saved_s - ROUNDING_S:
            yield f"{saved_s} s were told to be saved, {stored_s:.3f} s are"


def _recorded(
    story: str, last: dict[str, Any], started: str | None, resumed: str | None
) -> Iterator[str]:
    """Whether it is recorded when, and only when, somebody has asked for it."""
    answered = "steps" in last
    if story == "stop":
        was_told = "stopped" in last or "not closed yet" in last.get("refused", {}).get("text", "")
        if was_told and resumed is not None:
            yield f"{resumed} was stopped, and is recorded again"
        if "status" in last and last["status"]["id"] is None and resumed is not None:
            yield f"{resumed} was idle, and is recorded again"
    elif story == "start" and "refused" in last:
        if resumed is not None or ("status" in last and last["status"]["id"] is not None):
            yield f"the start was refused, and {resumed} is recorded"
    elif answered and started is not None and resumed != started:
        yield f"{started} was begun, and {resumed} is recorded"


def _of_ended(run: Run, story: str, told: list[dict[str, Any]]) -> Iterator[str]:
    what = {line["what"] for line in told}
    is_erased = any(tombstone.id == A for tombstone in tombstones(run.sessions))
    if "erased" in what and not is_erased:
        yield "it was erased, and there is no tombstone"
    copied = {line["name"] for line in told if line["what"] == "copied"}
    if not is_erased:
        yield from _lost(run, copied)
    if story != "erase" or is_erased:
        yield from _kept(run)


def _is_whole(copy: Path) -> bool:
    if copy.suffix == SHA256:
        return stored_sha256(copy.with_suffix("")) == sha256_of(copy.with_suffix(""))
    return not verify(copy).problems


def _lost(run: Run, copied: set[str]) -> Iterator[str]:
    """What was there, or was copied, and is nowhere any more."""
    here = (run.sessions / "done" / f"{A}.antiphon").is_file()
    there = (run.ward / f"{A}.antiphon").is_file()
    if not here and not there:
        yield "the session is neither here nor there"
    for name in copied:
        if not _is_whole(run.ward / name):
            yield f"{name} was copied, and the copy is not whole"


def _kept(run: Run) -> Iterator[str]:
    """What is left of the session on the disk and at the destination once it is erased."""
    with alone(run.sessions):
        list(bury_all(run.sessions, place(run)))
    if not any(tombstone.id == A for tombstone in tombstones(run.sessions)):
        do_erase(run)
        with alone(run.sessions):
            list(bury_all(run.sessions, place(run)))
    for root in (run.sessions, run.ward):
        for path in root.rglob("*"):
            if path.is_file() and SECRET.encode() in path.read_bytes():
                yield f"erased, and still in {path.relative_to(run.directory)}"


def _damaged(run: Run) -> Iterator[str]:
    for path in [*run.sessions.glob("*.antiphon"), *run.sessions.glob("done/*.antiphon")]:
        for problem in verify(path).problems:
            yield f"{path.name}: {problem}"


def _labels(path: Path) -> list[str]:
    with SessionReader(path) as session:
        return [marker.label for marker in session.markers()]


def _stored_s(path: Path) -> float:
    with SessionReader(path) as session:
        return (session.newest_t_ns() - session.header.started_t_ns) * 1e-9
