"""Whether a session file is as it was written, for whoever is about to use it.

A file with the hash that was written down beside it is. Of any other the rows are held against its
ledger (ledger.py), the blocks against their checksums and the log, where there is one, against what
SQLite takes of it (wal.py). `verify` (check.py) looks further, at what the rows say; this is short
enough to come before each use.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from recorder.store.beside import sha256_of, stored_sha256
from recorder.store.codec import BLOCK_COLUMNS, require_intact
from recorder.store.files import BUSY_MS, LONGEST_VALUE_BYTES, in_words
from recorder.store.ledger import misfits
from recorder.store.pages import read_head
from recorder.store.reader import SessionReader
from recorder.store.wal import Log, lost_words, read_log


def damage_of(path: Path) -> list[str]:
    """What is damaged in a session file that is about to be used, one line each.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: it cannot be read.
        ValueError: it is not a session file, or one of another version.
    """
    with SessionReader(path) as session:
        return _damage_of(session)


def damage_seen(session: SessionReader) -> list[str]:
    """What is damaged in a session that is looked at; of one that grows, its log alone.

    Raises:
        OSError: it cannot be read.
    """
    try:
        is_ended = session.state != "recording"
    except ValueError as error:
        return [str(error)]
    return _damage_of(session) if is_ended else list(log_damage(session.path))


def _damage_of(session: SessionReader) -> list[str]:
    found: list[str] = []
    try:
        found.extend(_damage_in_turn(session))
    except ValueError as error:
        found.append(str(error))
    return found


def _damage_in_turn(session: SessionReader) -> Iterator[str]:
    path = session.path
    stored = stored_sha256(path)
    if stored is None:
        yield from log_damage(path)
        yield from row_damage(session)
        yield from _block_damage(session)
    elif stored != sha256_of(path):
        yield another_hash(path)


def another_hash(path: Path) -> str:
    """What is said of a file whose hash is not the one beside it."""
    return f"{path}: not the file that was put away: another SHA-256"


def row_damage(session: SessionReader) -> Iterator[str]:
    """Rows that do not fit the ledger.

    Raises:
        ValueError: the file cannot be read there.
    """
    try:
        yield from misfits(session.connection)
    except (sqlite3.Error, ValueError) as error:
        raise ValueError(f"{session.path}: {in_words(error)}") from error


def log_damage(path: Path) -> Iterator[str]:
    """Frames of the log with what was saved, which SQLite does not take.

    Raises:
        OSError: the log cannot be read.
    """
    log = log_of_session(path)
    if log is not None and log.is_damaged:
        yield f"log: damaged: {lost_words(log)}; antiphon repair reads them"


def log_of_session(path: Path) -> Log | None:
    """The log beside a session file. Raises OSError when it cannot be read."""
    return read_log(path, read_head(path).page_size)


def notes_damage(path: Path) -> Iterator[str]:
    """What is damaged in a file of notes; they are read, and never made.

    Raises:
        OSError: they cannot be read.
    """
    try:
        with closing(_open_notes(path)) as notes:
            [tables] = notes.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if not tables:
                yield f"{path}: there is nothing in it"
                return
            lines = [line for (line,) in notes.execute("PRAGMA quick_check(100)") if line != "ok"]
            for line in (*lines, *misfits(notes)):
                yield f"{path}: {' '.join(line.split())}"
    except (sqlite3.Error, ValueError) as error:
        yield f"{path}: {in_words(error)}"


def _open_notes(path: Path) -> sqlite3.Connection:
    # to write, so that SQLite may undo what a crash has cut short
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE_BYTES)
    return connection


def _block_damage(session: SessionReader) -> Iterator[str]:
    """Blocks with a wrong checksum; they are not unpacked."""
    sql = f"SELECT {BLOCK_COLUMNS} FROM block WHERE id = ?"  # noqa: S608
    for (block_id,) in session.query("SELECT id FROM block ORDER BY id"):
        try:
            for sealed in session.query(sql, block_id) or [()]:
                require_intact(sealed)
        except ValueError as error:
            yield f"block {block_id}: {error}"
