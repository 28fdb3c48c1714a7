"""Erasing a session from this machine, in an order that a power cut cannot break; then its copies.

    tombstone ─▶ the session file, what lies beside it, videos, what waits to be sent ─▶ receipts
                                                                                 without content

Once there is a tombstone the session is as good as gone: doing it again finishes what was begun,
and so does the next sync, which erases the copies at each destination and leaves a tombstone there.
"""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from glob import escape
from pathlib import Path

from recorder import wall_clock
from recorder.durable import sync_directory
from recorder.failure import EX_DATAERR, EX_IOERR, EX_NOINPUT, EX_TEMPFAIL, Failure, words
from recorder.store.catalog import SUFFIX
from recorder.store.catalog import sessions as session_files
from recorder.store.files import DONE, hold
from recorder.store.reader import SessionReader
from recorder.sync.delivery import Outcome, Place
from recorder.sync.outbox import OUTBOX
from recorder.sync.receipts import forget_content, have_receipts
from recorder.sync.tombstones import Tombstone, Why, confirm, session_of, store, tombstones


@dataclass(frozen=True, slots=True)
class Found:
    """The sessions of a person on this machine.

    Attributes:
        ids: of those sessions.
        unreadable: files of which it cannot be told whose they are.
        elsewhere: sessions that were deleted here and live on at a destination; whose they are
            is only in the copies.
    """

    ids: list[str]
    unreadable: list[str]
    elsewhere: list[str]


@dataclass(frozen=True, slots=True)
class Erasure:
    """What became of one session, or of a dry run would: `erased`, `to erase` or `refused`."""

    id: str
    state: str
    files: list[str]
    bytes: int
    problem: str = ""
    code: int = 0


def sessions_of(directory: Path, code: str) -> Found:
    """Which sessions of `directory` are those of the person with this code."""
    ids: list[str] = []
    unreadable: list[str] = []
    entries = session_files(directory)
    for entry in entries:
        try:
            with SessionReader(entry.path) as session:
                codes = {person.code for person in session.header.persons}
        except (ValueError, OSError):
            unreadable.append(entry.path.name)
            continue
        if code in codes:
            ids.append(session_of(entry.path))
    here = {session_of(entry.path) for entry in entries}
    here |= {tombstone.id for tombstone in tombstones(directory)}
    return Found(sorted(set(ids)), unreadable, sorted(have_receipts(directory) - here))


def parts_of(directory: Path, session_id: str) -> list[str]:
    """The ids of a session and its later parts, of all that is or was here.

    Raises:
        Failure: there is none of this id.
    """
    known = have_receipts(directory) | {tombstone.id for tombstone in tombstones(directory)}
    known |= {session_of(entry.path) for entry in session_files(directory)}
    part = re.compile(re.escape(session_id) + r"(-[0-9]+)?")
    parts = sorted(one for one in known if part.fullmatch(one))
    if not parts:
        text = f"no session is called {session_id!r} here; give its whole id"
        raise Failure(text, EX_NOINPUT)
    return parts


def remains(directory: Path, session_id: str) -> list[Path]:
    """All that this machine has of a session, the recording first."""
    name = escape(session_id)
    found = [
        path
        for place in (directory, directory / DONE)
        for pattern in (f"{name}.*", f"{name}-camera-*", f".{name}.*", f".{name}-export-*")
        for path in place.glob(pattern)
    ]
    found += (directory / OUTBOX).glob(f"*/*/{name}.*")
    return sorted(found, key=lambda path: path.suffix != SUFFIX)


def planned(directory: Path, session_id: str) -> Erasure:
    """What erasing this session would delete."""
    files = remains(directory, session_id)
    names = [str(path.relative_to(directory)) for path in files]
    return Erasure(session_id, "to erase", names, sum(map(_size, files)))


def erase(directory: Path, session_id: str, why: Why, when: str) -> Erasure:
    """Erase one session here and leave a tombstone; may be called again.

    A session that is being recorded is refused; of one that cannot be deleted the tombstone stays.
    """
    plan = planned(directory, session_id)
    try:
        with ExitStack() as held:  # so that nobody records into them meanwhile
            for path in remains(directory, session_id):
                if path.suffix == SUFFIX:
                    held.callback(os.close, hold(path))
            if session_id not in {tombstone.id for tombstone in tombstones(directory)}:
                store(directory, Tombstone(session_id, why, when))
            _delete(remains(directory, session_id))
            forget_content(directory, session_id)
    except BlockingIOError:
        problem, code = "it is being recorded: stop it first", EX_TEMPFAIL
        return replace(plan, state="refused", problem=problem, code=code)
    except OSError as error:
        return replace(plan, state="refused", problem=words(error), code=EX_IOERR)
    return replace(plan, state="erased")


def finish_erasures(directory: Path) -> None:
    """Delete what an erasure that was cut short has left, or what has turned up again since.

    Raises:
        Failure: something cannot be deleted.
    """
    for tombstone in tombstones(directory):
        if remains(directory, tombstone.id):
            left = erase(directory, tombstone.id, tombstone.why, tombstone.when)
            if left.problem:
                raise Failure(f"{tombstone.id}: {left.problem}", left.code or EX_DATAERR)


def to_bury(sessions: Path, address: str) -> list[Tombstone]:
    """The erased sessions of which this destination has not said that its copies are gone."""
    return [one for one in tombstones(sessions) if address not in one.gone]


def bury_all(sessions: Path, place: Place) -> Iterator[Outcome]:
    """Have the copies erased there; confirmed only when nothing of the session's name is left.

    Raises:
        Failure: the destination cannot be reached or written.
        OSError: the confirmation cannot be written.
    """
    for tombstone in to_bury(sessions, place.link.address):
        left = place.link.bury(tombstone.id, tombstone.inscription)
        if left:
            text = f"not ours to erase, but named after it, there: {', '.join(left[:5])}"
            yield Outcome(tombstone.id, "refused", 0, problem=text, code=EX_DATAERR)
            continue
        when = wall_clock.utc_text(place.utc_ns())
        confirm(sessions, tombstone, place.link.address, when)
        yield Outcome(tombstone.id, "erased there", 0)


def _delete(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        sync_directory(path.parent)


def _size(path: Path) -> int:
    """Bytes of a file, or of all in a directory; 0 of what has gone."""
    size = 0
    for file in path.rglob("*") if path.is_dir() else [path]:
        with suppress(OSError):
            size += file.lstat().st_size
    return size
