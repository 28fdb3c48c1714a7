"""The files of notes beside a session's: their names, their rows, and two states made one.

    <id>.m1f3a9c2e.notes     written by the one machine of that name only, read by all
    <id>.notes               before there was one for each; becomes the one of who opens it first

Rows are added and never changed, so that of two states of a file the newer one has all rows of the
older one: that is how `sync` carries each to the other side and replaces nothing. But a text may be
struck out for good (privacy/striking.py).
"""

import hashlib
import secrets
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import cache
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING, Any, TypeVar

from recorder.durable import sync_directory
from recorder.store.beside import NOTES, notes_file_of, sha256_of, stored_sha256
from recorder.store.columns import columns_of, from_sql, insert_sql, to_sql
from recorder.store.files import BUSY_MS, LONGEST_VALUE_BYTES, require_known_version
from recorder.store.ledger import Ledger
from recorder.store.note_rows import (
    APPLICATION_ID,
    FIRST_RANDOM_ID,
    NOTE_ROWS,
    STEPS,
    STRUCK,
    TABLES,
    CommentRow,
    NoteIntervalRow,
    NoteMarkerRow,
    NoteRow,
    Origin,
    TranscriptRow,
)
from recorder.store.reader import SessionReader
from recorder.store.schema import begin_ledger, take_steps

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")


@cache
def machine_name() -> str:
    """Eight digits that are this machine's, on every start the same; they do not tell which."""
    try:
        known = Path("/etc/machine-id").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        known = ""
    return hashlib.sha256(f"antiphon notes {known or gethostname()}".encode()).hexdigest()[:8]


def own_notes_file(session_path: Path, machine: str = "") -> Path:
    """Where this machine keeps its notes on a session."""
    return session_path.with_name(f"{session_path.stem}.m{machine or machine_name()}{NOTES}")


def adopt(session_path: Path, machine: str = "") -> None:
    """Make notes of before there was a file for each machine this machine's, if it has none.

    Raises:
        ValueError: they are no notes, or of a newer version.
        OSError: somebody writes them, or they cannot be renamed.
    """
    old, own = notes_file_of(session_path), own_notes_file(session_path, machine)
    if not old.is_file() or own.exists():
        return
    move_notes(old, own)


def move_notes(old: Path, new: Path) -> None:
    """Give notes another place or name, unless somebody writes them. Raises OSError, ValueError."""
    with closing(open_to_write(old)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")  # so that nobody writes them meanwhile
            old.rename(new)
            connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise OSError(f"{old}: {error}") from error
    sync_directory(new.parent)
    sync_directory(old.parent)


def merge(ours: Path, theirs: Path, session_path: Path) -> tuple[bool, bool]:
    """Add what only another state of the same notes has to `ours`; nothing is taken away.

    Returns:
        Whether there was anything to add, and whether `ours` has what `theirs` has not.

    Raises:
        ValueError: one of them is damaged, or they are of another session than that.
        OSError: they cannot be read or written.
    """
    with closing(open_to_read(ours)) as own, closing(open_to_read(theirs)) as other:
        for connection, path in ((own, ours), (other, theirs)):
            require_whole(connection, path)
            require_origin(connection, path, origins_known(session_path))
        missing: list[NoteRow] = []
        ours_rows: set[NoteRow] = set()
        is_ahead = False
        kinds: tuple[type[Any], ...] = NOTE_ROWS
        for kind in kinds:
            mine, others = (
                Counter(rows_of_kind(own, ours, kind)),
                Counter(rows_of_kind(other, theirs, kind)),
            )
            missing += (others - mine).elements()
            ours_rows.update(mine)
            if any(_is_struck(row, others) for row in mine):
                text = "texts are struck out there that stand here: antiphon strike them here, too"
                raise ValueError(f"{theirs.name}: {text}")
            is_ahead |= bool(mine - others)
    # what was struck out here stays so, however it still stands there
    missing = [row for row in missing if not _is_struck(row, ours_rows)]
    if missing:
        with closing(open_to_write(ours)) as connection:
            add_rows(connection, ledger_of(connection, ours), ours, missing)
    return bool(missing), is_ahead


def _is_struck(row: NoteRow, ours: Collection[NoteRow]) -> bool:
    """Whether the same row is here without its text."""
    if isinstance(row, NoteMarkerRow | NoteIntervalRow):
        return replace(row, label=STRUCK) in ours
    return isinstance(row, TranscriptRow | CommentRow) and replace(row, text=STRUCK) in ours


def require_sound(path: Path, session_path: Path) -> None:
    """See that notes are whole, and of this session. Raises ValueError or OSError when not."""
    with closing(open_to_read(path)) as connection:
        require_whole(connection, path)
        require_origin(connection, path, origins_known(session_path))


def origins_known(session_path: Path) -> tuple[Origin, ...]:
    """What notes on a session may say that they belong to: to it as it is, or as it was before.

    Of a file that something was taken out of (redaction.py) the older notes are its notes, too.

    Raises:
        ValueError: the session has not ended, or is damaged.
        OSError: it cannot be read.
    """
    require_ended(session_path)
    with SessionReader(session_path) as session:
        return origins_of(session)


def require_ended(session_path: Path) -> None:
    """See that a session has ended. Raises ValueError when it has not, OSError."""
    with SessionReader(session_path) as session:
        if session.state == "recording":
            raise ValueError(f"{session_path}: this session has not ended")


def origins_of(session: SessionReader) -> tuple[Origin, ...]:
    """As `origins_known`, of a session that is open. Raises ValueError, OSError."""
    session_id, path = session.header.id, session.path
    before = [row.replaced_sha256 for row in session.redactions()]
    now = stored_sha256(path) or sha256_of(path)
    return tuple(Origin(session_id, sha256) for sha256 in (now, *before))


def require_origin(connection: sqlite3.Connection, path: Path, origins: tuple[Origin, ...]) -> None:
    """See that notes are of the recording. Raises ValueError when they are not."""
    known = rows_of_kind(connection, path, Origin)
    if len(known) != 1 or known[0] not in origins:
        raise ValueError(f"{path}: belongs to another recording than the one beside it")


def require_whole(connection: sqlite3.Connection, path: Path) -> None:
    """See that a file is whole as a database. Raises ValueError when it is not."""
    try:
        found = connection.execute("PRAGMA integrity_check(1)").fetchall()
    except sqlite3.Error as error:
        raise ValueError(f"{path}: damaged: {error}") from error
    if found != [("ok",)]:
        raise ValueError(f"{path}: damaged: {str(found[0][0]).splitlines()[0]}")


def open_to_write(path: Path) -> sqlite3.Connection:
    """To write: made when there are none, and brought to this version."""
    return _opened(path, str(path), _prepare)


def open_to_read(path: Path) -> sqlite3.Connection:
    """As they are: another machine's file is not even brought to this version."""
    return _opened(path, f"{path.absolute().as_uri()}?mode=ro", _require_notes)


def _opened(
    path: Path, name: str, prepare: Callable[[sqlite3.Connection, Path], None]
) -> sqlite3.Connection:
    try:
        with ExitStack() as on_failure:
            connection = sqlite3.connect(name, isolation_level=None, uri=name != str(path))
            on_failure.callback(connection.close)
            connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE_BYTES)
            prepare(connection, path)
            on_failure.pop_all()
    except sqlite3.OperationalError as error:
        raise OSError(f"{path}: cannot be opened: {error}") from error
    except sqlite3.Error as error:
        raise ValueError(f"{path}: no notes: {error}") from error
    return connection


def _require_notes(connection: sqlite3.Connection, path: Path) -> None:
    [application_id] = connection.execute("PRAGMA application_id").fetchone()
    if application_id != APPLICATION_ID:
        raise ValueError(f"{path}: no notes")
    require_known_version(connection, path, STEPS)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA synchronous = EXTRA")
    # what a crash left while the notes were made has no mark of ours yet, but no tables either
    [tables] = connection.execute(
        "SELECT count(*) FROM sqlite_master WHERE name NOT GLOB '*_sqlite*'"
    )
    [application_id] = connection.execute("PRAGMA application_id").fetchone()
    if application_id != APPLICATION_ID and (application_id or tables[0]):
        raise ValueError(f"{path}: no notes")
    if application_id:  # new ones have no version yet
        require_known_version(connection, path, STEPS)
    path.chmod(0o640)
    take_steps(connection, "antiphon-notes", STEPS)
    begin_ledger(connection)


def ledger_of(connection: sqlite3.Connection, path: Path) -> Ledger:
    """By what the rows of a file are checked. Raises ValueError when it is damaged."""
    try:
        return Ledger(connection)
    except sqlite3.Error as error:
        raise ValueError(f"{path}: damaged: {error}") from error


def rows_of_kind(connection: sqlite3.Connection, path: Path, row_type: type[R]) -> list[R]:
    """All rows of one kind in one file, in the order they were written in."""
    table, _ = TABLES[row_type]
    sql = f"SELECT {', '.join(columns_of(row_type))} FROM {table} ORDER BY rowid"  # noqa: S608
    try:
        return [from_sql(row_type, row) for row in connection.execute(sql)]
    except (sqlite3.Error, ValueError) as error:
        raise ValueError(f"{path}: {table}: {error}") from error


def add_rows(
    connection: sqlite3.Connection, ledger: Ledger, path: Path, rows: Iterable[NoteRow]
) -> None:
    """Write rows, all or none. Raises ValueError when one contradicts the tables, OSError."""
    try:
        with ledger.transaction():
            for row in rows:
                insert_row(connection, _with_id(row))
    except (sqlite3.IntegrityError, OverflowError) as error:
        raise ValueError(f"{path}: not written: {error}") from error
    except sqlite3.Error as error:
        raise OSError(f"{path}: not written: {error}") from error


def insert_row(connection: sqlite3.Connection, row: NoteRow | Origin) -> None:
    """Insert a row, within a transaction. Raises sqlite3.Error."""
    columns = columns_of(type(row))
    values = [to_sql(getattr(row, column)) for column in columns]
    connection.execute(insert_sql(TABLES[type(row)][0], columns), values)


def _with_id(row: NoteRow) -> NoteRow:
    if isinstance(row, NoteMarkerRow | NoteIntervalRow) and row.id is None:
        new_id = FIRST_RANDOM_ID + secrets.randbelow((1 << 63) - FIRST_RANDOM_ID)
        return replace(row, id=new_id)
    return row
