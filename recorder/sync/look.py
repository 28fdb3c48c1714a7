"""A session that is being recorded, copied for a look: as it was on the disk at one moment.

Made by SQLite's own backup, which disturbs no recorder. It is called <id>.antiphon.look wherever it
goes, is no copy that counts, and goes when the finished session has arrived. An erasure finds it by
its name, here and there.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from recorder import wall_clock
from recorder.failure import EX_DATAERR, EX_IOERR, Refused, words
from recorder.privacy.disclosures import write_down
from recorder.store.catalog import unfinished
from recorder.store.files import SUFFIX, open_for_reading, session_of
from recorder.store.reader import SessionReader
from recorder.store.workplace import workplace
from recorder.sync.delivery import COPIED, DAMAGED, Outcome, Place
from recorder.sync.finished import seal
from recorder.sync.tombstones import can_be_told, has_tombstone

LOOK = ".look"
PAGES_AT_ONCE = 1000


def show_running(sessions: Path, place: Place) -> Iterator[Outcome]:
    """Copy what is being recorded here, as far as it is on the disk by now.

    Raises:
        Failure: the destination cannot be reached or written.
        OSError: the disclosure cannot be written.
    """
    for path in unfinished(sessions):
        one = session_of(path)
        if can_be_told(one) and not has_tombstone(sessions, one):
            try:
                yield from _show(sessions, path, place)
            except Refused as no:
                yield Outcome(path.name + LOOK, "refused", 0, problem=str(no), code=no.code)


def clear_looks(outcomes: list[Outcome], place: Place) -> None:
    """Of what has arrived whole, take away what was there for a look."""
    arrived = [one.name for one in outcomes if one.name.endswith(SUFFIX) and one.state == COPIED]
    if names := [name for one in arrived for name in place.outbox.names_of(Path(one + LOOK))]:
        place.link.remove(names)


def _show(sessions: Path, path: Path, place: Place) -> Iterator[Outcome]:
    if not _is_shown(path):
        return
    with workplace(sessions, session_of(path), "look") as work:
        look = work / (path.name + LOOK)
        _copy(path, look)
        sent = place.outbox.wrap(seal(look))
        when, to = wall_clock.utc_text(place.utc_ns()), place.link.address
        write_down(sessions, when, "copied", session_of(path), to=to)
        try:
            place.link.send(sent)
            if not place.link.settle(sent, replace=True):
                raise Refused(DAMAGED, EX_IOERR)
        finally:
            place.outbox.throw_away(look)
        yield Outcome(look.name, "to look at", sent.bytes, sent.sha256)


def _is_shown(path: Path) -> bool:
    """Whether it is being recorded, of people."""
    try:
        with SessionReader(path) as session:
            return session.state == "recording" and not session.header.practice
    except FileNotFoundError:
        return False  # it was put away meanwhile
    except (OSError, ValueError) as error:
        raise Refused(words(error), EX_DATAERR) from error


def _copy(path: Path, look: Path) -> None:
    """One plain file, of one moment."""
    try:
        with (
            closing(open_for_reading(path)) as running,
            closing(sqlite3.connect(look, isolation_level=None)) as copy,
        ):
            running.backup(copy, pages=PAGES_AT_ONCE)
            copy.execute("PRAGMA journal_mode = DELETE")
    except (sqlite3.Error, OSError, ValueError) as error:
        raise Refused(words(error), EX_IOERR) from error
