"""A session file as a file: made, opened, and left as one plain file at the end."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from recorder.durable import make_anew, sync_directory
from recorder.store.headers import SessionHeader
from recorder.store.inserts import insert_header
from recorder.store.ledger import Ledger, enter_all
from recorder.store.schema import APPLICATION_ID, PAGE_BYTES, STEPS, Steps, make_tables
from recorder.store.wal import require_whole_log

SUFFIX = ".antiphon"
DONE = "done"  # the directory, beside the sessions, of those that never change again
BUSY_MS = 5000
CAMERA = "-camera-"  # between a session's id and the number of its video
NEW = ".new"  # a file that is not complete yet
WRITING = (
    f"busy_timeout = {BUSY_MS}",
    "journal_mode = WAL",
    "synchronous = FULL",
    "wal_autocheckpoint = 1000",
    "foreign_keys = ON",
)
# In SQLite's header: 1 when the file is complete in itself, 2 when a log may belong to it.
READ_VERSION_AT = 19
APPLICATION_ID_AT = 68
SQLITE_WORDS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk or card reports an error: is it full, or broken?",
    sqlite3.SQLITE_READONLY: "the file, or its disk, cannot be written",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_BUSY: "another program has the file",
    sqlite3.SQLITE_LOCKED: "another program has the file",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
    sqlite3.SQLITE_NOTADB: "the file is damaged at its beginning",
}
# No row of ours is larger; a damaged length must not make SQLite allocate a gigabyte.
LONGEST_VALUE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A session file that this process alone writes: its connection, and the lock on it.

    Used by one thread at a time.
    """

    path: Path
    connection: sqlite3.Connection
    held: int

    def close(self) -> None:
        """Let go of it, once: closing any descriptor of a file drops SQLite's own locks on it."""
        self.connection.close()
        os.close(self.held)


def make_file(path: Path, header: SessionHeader) -> OwnFile:
    """Make a session file with its header; when this returns, a power cut leaves it whole.

    It is ours from before it has its name: nobody can take it in between, and what cannot be made
    is gone again.

    Raises:
        FileExistsError: there is a file of this name.
        OSError: the file cannot be made, or the header contradicts itself.
    """
    if path.exists():
        raise FileExistsError(f"{path}: there is a file of this name")
    with being_made(path) as (new, held):
        make_plain_file(new, header)
        return open_made(new, path, held)


@contextmanager
def being_made(path: Path) -> Iterator[tuple[Path, int]]:
    """An empty file to be filled and then renamed to `path`, and a descriptor that holds it.

    Nobody sweeps it up meanwhile. Whoever takes the descriptor over closes it; it is closed here
    when something fails, and the file is gone then.

    Raises:
        OSError: it cannot be made.
    """
    new = path.with_name(path.name + NEW)
    try:
        os.close(make_anew(new, 0o640))
        with ExitStack() as on_failure:
            held = hold(new)
            on_failure.callback(os.close, held)
            yield new, held
            on_failure.pop_all()
    except sqlite3.Error as error:
        raise OSError(f"{path}: the session file cannot be made: {in_words(error)}") from error
    finally:
        new.unlink(missing_ok=True)


def open_made(new: Path, path: Path, held: int) -> OwnFile:
    """Give a complete file its name, and open it to be appended to; on disk when this returns.

    Raises:
        sqlite3.Error: it cannot be written; it is gone then.
        OSError: its directory cannot; the same.
    """
    with ExitStack() as on_failure:
        new.rename(path)
        on_failure.callback(_delete, path)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        on_failure.callback(connection.close)
        prepare_to_write(connection)
        connection.execute("SELECT id FROM session").fetchall()  # makes the log
        sync_directory(path.parent)
        on_failure.pop_all()
    return OwnFile(path, connection, held)


def _delete(path: Path) -> None:
    for file in files_of(path):
        file.unlink(missing_ok=True)


def make_plain_file(path: Path, header: SessionHeader) -> None:
    """A session file that needs nothing beside it, on disk when this returns."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for setting in (f"page_size = {PAGE_BYTES}", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {setting}")
        make_tables(connection)
        connection.execute("BEGIN IMMEDIATE")
        insert_header(connection, header)
        enter_all(connection)
        connection.execute("COMMIT")


def sweep(directory: Path) -> None:
    """Delete files that a crash left half made; one that is being made right now stays.

    Raises:
        OSError: one cannot be deleted.
    """
    for new in directory.glob(f"*{NEW}"):
        with suppress(BlockingIOError, FileNotFoundError):
            os.close(hold(new))
            new.unlink()
            new.with_name(f"{new.name}-journal").unlink(missing_ok=True)


def hold(path: Path) -> int:
    """Take a session file for this process alone; the lock of the returned descriptor dies with us.

    Close the descriptor only after the file's connection: closing any descriptor of a file drops
    the locks that SQLite has on it.

    Raises:
        FileNotFoundError: there is no such file.
        BlockingIOError: another process records into it.
    """
    import fcntl  # sessions are read where there is none, too

    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise BlockingIOError(f"{path}: another process records into it") from error
    return descriptor


def open_own(path: Path) -> OwnFile:
    """Take a session file that is there for this process, and open it; nothing is written yet.

    Raises:
        BlockingIOError: another process records into it.
        FileNotFoundError: there is no such file.
        OSError: it may not be read.
        ValueError: it is not a session file, or one of another version, or its log is damaged.
    """
    held = hold(path)
    try:
        require_whole_log(path)
        with _opening(path):
            return OwnFile(path, _open(path, "rw"), held)
    except (OSError, ValueError):
        os.close(held)
        raise


def prepare_to_write(connection: sqlite3.Connection) -> None:
    """Set how a session file is appended to.

    WAL with FULL is the only setting that loses no returned commit at a power cut with fewer than
    two flushes a commit. The log is reused, not cut, which saves a third of the writes.

    Raises:
        sqlite3.Error: it cannot be written.
    """
    for setting in WRITING:
        connection.execute(f"PRAGMA {setting}")


def where_it_is(path: Path) -> Path:
    """A session file, or where it has been put away since it was last seen at `path`.

    Where the directory may not be looked into, `path`: whoever opens it is told.
    """
    put_away = path.parent / DONE / path.name
    with suppress(PermissionError):
        return put_away if put_away.is_file() and not path.exists() else path
    return path


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a session file read-only, whether it is closed, growing, or left by a crash.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: it may not be read, or it was left by a crash where nothing may be written.
        ValueError: it is not a session file, or one of another version.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    with _opening(path):
        try:
            return _open(path, "ro")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
                raise
            _roll_back(path)
            return _open(path, "ro")


@contextmanager
def _opening(path: Path) -> Iterator[None]:
    """What keeps a file from being opened, in words."""
    try:
        yield
    except sqlite3.Error as error:
        if primary_code(error) == sqlite3.SQLITE_CANTOPEN:
            raise OSError(
                f"{path}: cannot be opened: may it be read, and its directory?"
            ) from error
        if primary_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise OSError(f"{path}: another program has it: try again") from error
        if _was_ours(path):
            raise ValueError(f"{path}: damaged: antiphon repair saves what is whole") from error
        raise ValueError(f"{path}: not a session file") from error


def _was_ours(path: Path) -> bool:
    """Whether it begins as a session file does, whatever has become of the rest."""
    with suppress(OSError), open(path, "rb") as file:
        head = file.read(APPLICATION_ID_AT + 4)
        return head[APPLICATION_ID_AT:] == APPLICATION_ID.to_bytes(4, "big")
    return False


def _open(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    with ExitStack() as on_failure:
        # whoever forgets an open session may have it collected, and closed, in any thread
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        on_failure.callback(connection.close)
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE_BYTES)
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise ValueError(f"{path}: not a session file")
        require_known_version(connection, path, STEPS)
        on_failure.pop_all()
    return connection


def _roll_back(path: Path) -> None:
    """Undo the last step of closing, which a crash has cut short: only a writer may do that."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)) as connection:
        connection.execute("PRAGMA user_version").fetchone()


def end_file(connection: sqlite3.Connection, path: Path, state: str, ended_t_ns: int) -> None:
    """Say in the file how the session ended, and leave one plain file with nothing beside it.

    A program that is reading the file may keep its -wal and -shm in being; they are empty then, and
    `recorder.store.finish.settle` clears them away later. Closes `connection`.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    with Ledger(connection).transaction():
        connection.execute(
            "UPDATE session SET state = ?, ended_t_ns = ?, blocks = (SELECT max(id) FROM block)"
            " WHERE state = 'recording'",
            (state, ended_t_ns),
        )
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        if primary_code(error) not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise
    connection.close()
    sync_directory(path.parent)


def session_of(path: Path) -> str:
    """The session that a file is about: its name up to the first dot, or to a video's `-camera-`.

    A repaired one has two dots.
    """
    return path.name.partition(".")[0].partition(CAMERA)[0]


def files_of(path: Path) -> list[Path]:
    """The session file and what SQLite keeps beside it while it grows; those that are there."""
    return [file for file in _names(path) if file.is_file()]


def _names(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm", "-journal")]


def is_plain(path: Path) -> bool:
    """Whether the session file is all there is: no log lies beside it or belongs to it."""
    with open(path, "rb") as file:
        head = file.read(READ_VERSION_AT + 1)
    return files_of(path) == [path] and head[READ_VERSION_AT:] == b"\1"


def size_of(path: Path) -> int:
    """Bytes on disk of a session, with what is beside it: as far as it can be seen just now."""
    size = 0
    for file in _names(path):
        with suppress(OSError):
            size += file.stat().st_size
    return size


def require_known_version(connection: sqlite3.Connection, path: Path, steps: Steps) -> None:
    """See that a file is of a version that this program knows: of one of `steps`.

    Raises:
        ValueError: it is not.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if unknown := unknown_version(version, steps):
        raise ValueError(f"{path}: {unknown}")


def unknown_version(version: int, steps: Steps) -> str:
    """Why a file of this version cannot be read, in words; "" where it can."""
    if version in steps:
        return ""
    age = "a newer" if version > max(steps) else "an older"
    known = ", ".join(map(str, steps))
    return f"made by {age} antiphon; it has file version {version}, this program reads {known}"


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code without the extension in its upper bytes; 0 for Python's own errors."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def one_line(error: Exception) -> str:
    """An error for people; the disk being full is the one they can do something about."""
    if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL":
        return "disk full: free some space, the recording waits in memory"
    return f"cannot save: {in_words(error)}"


def in_words(error: Exception) -> str:
    """What SQLite complains of, for people who have never heard of it; other errors as they are."""
    code = primary_code(error) if isinstance(error, sqlite3.Error) else 0
    return SQLITE_WORDS.get(code) or " ".join(str(error).split())
