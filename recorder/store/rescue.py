"""A session whose file was taken away while it grew: into a new file, through what is still open.

    <id>.antiphon           gone, or not what it was
    <id>.rescued.antiphon   all that could be read, and what is recorded from then on

A file that was deleted lives on while it is open, and SQLite can still read it whole. Where it was
written over or cut short, what can be read is copied row by row. The new file is complete before it
has its name. What is left of the old one is deleted only when nothing of it was lost.
"""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import count
from pathlib import Path

from recorder.store.files import (
    OwnFile,
    being_made,
    files_of,
    make_plain_file,
    open_made,
    primary_code,
    session_of,
)
from recorder.store.ground import Ground
from recorder.store.headers import SessionHeader
from recorder.store.ledger import Ledger
from recorder.store.reader import SessionReader

# So many steps of SQLite's are between two signs of life.
STEPS = 100_000
# Tables but those that make_plain_file has filled already, and what the ledger enters by itself.
_GROWING = """
SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%sqlite_%'
    AND name NOT IN ('session', 'person', 'board', 'channel', 'ledger')"""

Values = tuple[object, ...]

log = logging.getLogger("antiphon")


def rescue(
    file: OwnFile, ground: Ground, header: SessionHeader, alive: Callable[[], None]
) -> OwnFile:
    """Copy all of an open session file into a new one beside where it was, and open that.

    Args:
        file: closed when this returns.
        ground: what it stood on.
        header: of the session.
        alive: called now and then, for it may take minutes.

    Raises:
        OSError: no file can be made there; nothing has changed then.
        sqlite3.Error: the same.
    """
    ground.require_usable()
    path = _free_name(file.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    file.connection.set_progress_handler(alive, STEPS)
    try:
        with being_made(path) as (new, held):
            is_whole = _copy(file.connection, new, header)
            os.fsync(held)
            made = open_made(new, path, held)
    finally:
        file.connection.set_progress_handler(None, STEPS)
    left = ground.ours()
    file.close()
    if is_whole:
        _delete(left)
    log.warning("%s: what could be read of the session is in %s", file.path, path)
    return made


def _delete(paths: list[Path]) -> None:
    try:
        for path in paths:
            path.unlink(missing_ok=True)
    except OSError as error:  # the session is safe by now
        log.warning("what is left of a rescued session stays: %s", error)


def _free_name(path: Path) -> Path:
    """None of which anything is left: SQLite would take an old log for one of the new file."""
    session = session_of(path)
    names = (f"{session}.rescued{f'-{n}' if n > 1 else ''}.antiphon" for n in count(1))
    paths = (path.with_name(name) for name in names)
    return next(it for it in paths if it != path and not files_of(it))


def _copy(connection: sqlite3.Connection, new: Path, header: SessionHeader) -> bool:
    """Copy what can be read into an empty file; whether that is all there was."""
    try:
        connection.execute("VACUUM INTO ?", (str(new),))
        if _is_of(new, header):
            return True
    except sqlite3.DatabaseError as error:
        if primary_code(error) not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
    new.write_bytes(b"")
    make_plain_file(new, header)
    with closing(sqlite3.connect(new, isolation_level=None)) as other:
        other.execute("PRAGMA synchronous = OFF")  # it is flushed when it is complete
        with Ledger(other).transaction():
            for (table,) in other.execute(_GROWING).fetchall():
                _copy_table(connection, other, table)
    return False


def _is_of(new: Path, header: SessionHeader) -> bool:
    """Whether a copy is sound, and of this session."""
    with suppress(ValueError), SessionReader(new) as copy:
        is_sound = copy.query("PRAGMA quick_check(1)") == [("ok",)]
        return is_sound and copy.header == header
    return False


def _copy_table(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> None:
    names = [name for _, name, *_ in target.execute(f"PRAGMA table_info({table})")]
    columns = ", ".join(names)
    places = ", ".join("?" * (len(names) + 1))
    insert = f"INSERT OR IGNORE INTO {table} (rowid, {columns}) VALUES ({places})"  # noqa: S608
    for order in ("ASC", "DESC"):  # from both ends up to what cannot be read
        select = f"SELECT rowid, {columns} FROM {table} ORDER BY rowid {order}"  # noqa: S608
        target.executemany(insert, _readable(source, select))


def _readable(connection: sqlite3.Connection, select: str) -> Iterator[Values]:
    """Rows up to the first that cannot be read."""
    with suppress(sqlite3.DatabaseError):
        yield from connection.execute(select)
