"""Erasing a session from this machine, in an order that a power cut cannot break; then its copies.

    disclosures ─▶ tombstones ─▶ receipts without content
                ─▶ the session files, what lies beside them, videos, what waits to be sent

Each step is on disk before the next is begun, for many sessions at once. Once there is a tombstone
the session is as good as gone: doing it again finishes what was begun, and so does the next sync,
which erases the copies at each destination and leaves a tombstone there.
"""

import os
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from recorder import wall_clock
from recorder.durable import sync_directory
from recorder.failure import EX_DATAERR, EX_IOERR, EX_NOINPUT, EX_TEMPFAIL, Failure, words
from recorder.privacy.disclosures import write_down
from recorder.store.files import CAMERA, DONE, SUFFIX, hold, session_of, where_it_is
from recorder.store.reader import SessionReader
from recorder.store.redaction import VIDEO
from recorder.sync.delivery import Outcome, Place
from recorder.sync.finished import finished, may_travel
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
REFUSED = "refused"
AT_ONCE = 100  # sessions; a descriptor of each of their files is open meanwhile


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
    """What became of one session, or of a dry run would: ERASED, `to erase` or REFUSED."""

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
    holdings = look(directory)
    done = _erase(directory, {one: holdings.of(one) for one in session_ids}, why, when)
    again = look(directory)  # for what was put away or made meanwhile
    erased = {one: again.of(one) for one, it in done.items() if it.state == ERASED}
    rest = {one: paths for one, paths in erased.items() if paths}
    for one, it in _erase(directory, rest, why, when).items():
        before = done[one]
        done[one] = replace(it, files=before.files + it.files, bytes=before.bytes + it.bytes)
    for place in (directory, directory / DONE):
        with suppress(FileNotFoundError):
            sync_directory(place)
    return list(done.values())


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


def unfilm_all(sessions: Path, place: Place) -> Iterator[Outcome]:
    """Have those videos erased there that somebody has taken back since.

    Raises:
        Failure: the destination cannot be reached or written.
        OSError: their receipts cannot be deleted.
    """
    if filmed := place.receipts.filmed():
        for entry in finished(sessions):
            session_id = session_of(entry.path)
            if session_id in filmed and not may_travel(entry) and _was_taken_back(entry.path):
                place.link.unfilm(session_id)
                place.receipts.forget(filmed[session_id])
                yield Outcome(f"{session_id}{CAMERA}*", "erased there", 0)


def _was_taken_back(path: Path) -> bool:
    """Whether it is written in the session: a consent that is missing may be a damaged one."""
    try:
        with SessionReader(path) as session:
            return any(row.what == VIDEO for row in session.redactions())
    except (OSError, ValueError):
        return False


def _plan(directory: Path, session_id: str, paths: list[Path]) -> Erasure:
    names = [str(path.relative_to(directory)) for path in paths]
    return Erasure(session_id, "to erase", names, sum(map(_size, paths)))


def _erase(
    directory: Path, sessions: Mapping[str, list[Path]], why: Why, when: str
) -> dict[str, Erasure]:
    """Erase sessions, of which these files are here, a few at a time."""
    receipts = receipt_files(directory) if sessions else {}
    ids, done = list(sessions), dict[str, Erasure]()
    for start in range(0, len(ids), AT_ONCE):
        few = {one: sessions[one] for one in ids[start : start + AT_ONCE]}
        done |= _erase_few(directory, few, receipts, why, when)
    return done


def _erase_few(
    directory: Path,
    sessions: Mapping[str, list[Path]],
    receipts: Mapping[str, list[Path]],
    why: Why,
    when: str,
) -> dict[str, Erasure]:
    """Nothing of any is deleted before it is written down that all of them are erased."""
    done = {one: _plan(directory, one, paths) for one, paths in sessions.items()}
    with ExitStack() as held:  # so that nobody records into them meanwhile
        for one, paths in sessions.items():
            with _refusing(done, one):
                _hold(paths, held)
        ours = _not_refused(done)
        with _refusing(done, *ours):
            _write_down(directory, ours, why, when)
            forget_content(file for one in ours for file in receipts.get(one, ()))
        for one in _not_refused(done):
            with _refusing(done, one):
                _delete(sessions[one])
                done[one] = replace(done[one], state=ERASED)
    return done


@contextmanager
def _refusing(done: dict[str, Erasure], *session_ids: str) -> Iterator[None]:
    """A step that fails refuses the sessions that it is about."""
    try:
        yield
        return
    except BlockingIOError:
        problem, code = "it is being recorded: stop it first", EX_TEMPFAIL
    except OSError as error:
        problem, code = words(error), EX_IOERR
    for one in session_ids:
        done[one] = replace(done[one], state=REFUSED, problem=problem, code=code)


def _not_refused(done: Mapping[str, Erasure]) -> list[str]:
    return [one for one, it in done.items() if it.state != REFUSED]


def _hold(paths: Iterable[Path], held: ExitStack) -> None:
    for path in paths:
        if path.suffix == SUFFIX:
            held.callback(os.close, hold(where_it_is(path)))


def _write_down(directory: Path, session_ids: Iterable[str], why: Why, when: str) -> None:
    """For people, then for the next sync; not again where it has been."""
    told = {one: can_be_told(one) for one in session_ids}
    new = [one for one, it in told.items() if not (it and has_tombstone(directory, one))]
    if new:
        write_down(directory, when, "erased", *new)
        store(directory, *(Tombstone(one, why, when) for one in new if told[one]))


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
