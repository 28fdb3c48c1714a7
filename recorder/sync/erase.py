"""Erasing a session from this machine, in an order that a power cut cannot break; then its copies.

    disclosure ─▶ tombstone ─▶ the session file, what lies beside it, videos, what waits to be sent
                            ─▶ receipts without content

Once there is a tombstone the session is as good as gone: doing it again finishes what was begun,
and so does the next sync, which erases the copies at each destination and leaves a tombstone there.
"""

import os
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from recorder import wall_clock
from recorder.durable import sync_directory
from recorder.failure import EX_DATAERR, EX_IOERR, EX_NOINPUT, EX_TEMPFAIL, Failure, words
from recorder.privacy.disclosures import write_down
from recorder.store.files import DONE, SUFFIX, hold, where_it_is
from recorder.sync.delivery import Outcome, Place
from recorder.sync.holdings import look, read
from recorder.sync.receipts import forget_content, have_receipts, receipt_files
from recorder.sync.tombstones import (
    Tombstone,
    Why,
    can_be_told,
    confirm,
    has_tombstone,
    store,
    tombstones,
)

ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Found:
    """The sessions of a person on this machine.

    Attributes:
        ids: of those sessions, and the names that copies of them lie here under.
        unreadable: files of which it cannot be told whose they are.
        elsewhere: sessions that were deleted here and live on at a destination; whose they are
            is only in the copies.
        spelled: sessions by codes that differ from the one asked for in capitals only.
    """

    ids: list[str]
    unreadable: list[str]
    elsewhere: list[str]
    spelled: dict[str, list[str]]


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
    holdings = read(directory)
    by_code: dict[str, set[str]] = defaultdict(set)
    for name, codes in holdings.codes.items():
        for one in codes:
            by_code[one].add(name)
    ids = {one: names | holdings.copies_of(names) for one, names in by_code.items()}
    alike = sorted(one for one in ids if one.casefold() == code.casefold() and one != code)
    here = {name for name, _ in holdings.session_files()}
    here |= {tombstone.id for tombstone in tombstones(directory)}
    return Found(
        ids=sorted(ids.get(code, ())),
        unreadable=holdings.unreadable,
        elsewhere=sorted(have_receipts(directory) - here),
        spelled={one: sorted(ids[one]) for one in alike},
    )


def parts_of(directory: Path, session_id: str) -> list[str]:
    """The ids of a session and its later parts, of all that is or was here, and their copies'.

    Raises:
        Failure: there is none of this id.
    """
    holdings = read(directory)
    known = have_receipts(directory) | {tombstone.id for tombstone in tombstones(directory)}
    known |= {name for name, _ in holdings.session_files()}
    part = re.compile(re.escape(session_id) + r"(-[0-9]+)?")
    parts = {one for one in known | set(holdings.same) if part.fullmatch(one)}
    if not parts:
        text = f"no session is called {session_id!r} here; give its whole id"
        raise Failure(text, EX_NOINPUT)
    return sorted(parts | holdings.copies_of(parts))


def remains(directory: Path, session_id: str) -> list[Path]:
    """All that this machine has of a session, the recording first."""
    return look(directory).of(session_id)


def planned(directory: Path, session_ids: Iterable[str]) -> list[Erasure]:
    """What erasing these sessions would delete."""
    holdings = look(directory)
    return [_plan(directory, one, holdings.of(one)) for one in session_ids]


def erase(directory: Path, session_ids: Sequence[str], why: Why, when: str) -> list[Erasure]:
    """Erase sessions here and leave a tombstone of each; may be called again.

    One that is being recorded is refused; of one that cannot be deleted the tombstone stays. What a
    power cut brings back before this returns, the next sync erases.

    Raises:
        OSError: a directory cannot be read or written.
    """
    holdings, receipts = look(directory), receipt_files(directory)
    done = [
        _erase(directory, one, holdings.of(one), why, when, receipts.get(one, []))
        for one in session_ids
    ]
    again = look(directory)  # for what was put away or made meanwhile
    done = [
        _erase_rest(directory, one, again.of(one.id), why, when) if one.state == ERASED else one
        for one in done
    ]
    for place in (directory, directory / DONE):
        with suppress(FileNotFoundError):
            sync_directory(place)
    return done


def finish_erasures(directory: Path) -> None:
    """Delete what an erasure that was cut short has left, or what has turned up again since.

    Raises:
        Failure: something cannot be deleted.
    """
    holdings = look(directory)
    for tombstone in tombstones(directory):
        if holdings.of(tombstone.id):
            [left] = erase(directory, [tombstone.id], tombstone.why, tombstone.when)
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


def _plan(directory: Path, session_id: str, paths: list[Path]) -> Erasure:
    names = [str(path.relative_to(directory)) for path in paths]
    return Erasure(session_id, "to erase", names, sum(map(_size, paths)))


def _erase(
    directory: Path, session_id: str, paths: list[Path], why: Why, when: str, receipts: list[Path]
) -> Erasure:
    plan = _plan(directory, session_id, paths)
    try:
        with ExitStack() as held:  # so that nobody records into them meanwhile
            for path in paths:
                if path.suffix == SUFFIX:
                    held.callback(os.close, hold(where_it_is(path)))
            is_tellable = can_be_told(session_id)
            if not (is_tellable and has_tombstone(directory, session_id)):
                write_down(directory, when, "erased", session_id)
                if is_tellable:
                    store(directory, Tombstone(session_id, why, when))
            _delete(paths)
            forget_content(receipts)
    except BlockingIOError:
        problem, code = "it is being recorded: stop it first", EX_TEMPFAIL
        return replace(plan, state="refused", problem=problem, code=code)
    except OSError as error:
        return replace(plan, state="refused", problem=words(error), code=EX_IOERR)
    return replace(plan, state=ERASED)


def _erase_rest(
    directory: Path, erased: Erasure, paths: list[Path], why: Why, when: str
) -> Erasure:
    if not paths:
        return erased
    rest = _erase(directory, erased.id, paths, why, when, [])
    return replace(rest, files=erased.files + rest.files, bytes=erased.bytes + rest.bytes)


def _delete(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    """Bytes of a file, or of all in a directory; 0 of what has gone."""
    size = 0
    for file in path.rglob("*") if path.is_dir() else [path]:
        with suppress(OSError):
            size += file.lstat().st_size
    return size
