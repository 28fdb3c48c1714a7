"""An ended session written anew without what somebody has taken back; the one exception.

An ended file is never changed. What has to be taken out of it for good is left out of a new file,
of the same id, that takes its place: made beside it, all pages and the ledger new, looked through
whole, and renamed over the old one. The table `redaction` in it says what was done, and which file
it replaced.

    .<id>.redacting ─▶ renamed over done/<id>.antiphon ─▶ .sha256 ─▶ videos, card ─▶ .redacting gone

Killed before the renaming the old file is there, as it was. Killed after it, `finish_redactions`
does the rest: by the replaced hash it is known that the file is the new one.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from recorder.durable import sync_directory, write_whole
from recorder.store.beside import hash_file_of, sha256_of, stored_sha256, videos_of
from recorder.store.card import card_file_of, card_of
from recorder.store.check import verify
from recorder.store.columns import columns_of, insert_sql
from recorder.store.files import DONE, SUFFIX, hold, session_of
from recorder.store.fit import damage_of, notes_damage
from recorder.store.ledger import enter_all
from recorder.store.reader import SessionReader
from recorder.store.rows import RedactionRow
from recorder.store.workplace import workplace

REDACTING = ".redacting"
VIDEO = "video"

Change = Callable[[sqlite3.Connection], None]


def redact(path: Path, what: str, role: str, made_utc_ns: int, change: Change) -> None:
    """Put a new file in the place of a session that is put away; on disk when this returns.

    Args:
        path: the session, in `done/`.
        what: as in RedactionRow.
        role: of whom.
        made_utc_ns: now.
        change: takes the rows out, in an open transaction; ValueError when they are still there.

    Raises:
        BlockingIOError: another process has it.
        ValueError: it is damaged, or what was made of it is.
        OSError: it cannot be read, or the new one not written.
    """
    held = hold(path)
    try:
        if damage := damage_of(path):
            raise ValueError(f"{damage[0]}; antiphon repair first")
        row = RedactionRow(made_utc_ns, what, role, sha256_of(path))
        session_id = path.name.removesuffix(SUFFIX)
        with workplace(path.parent, session_id, "redaction") as place:
            new = place / path.name
            _make(path, new, _entering(change, row))
            if problems := verify(new).problems:
                raise ValueError(f"{path}: not changed: the new file is not whole: {problems[0]}")
            _intent(path).touch(0o640)
            sync_directory(path.parent)
            new.replace(path)
            sync_directory(path.parent)
        _finish(path)
    finally:
        os.close(held)


def finish_redactions(directory: Path) -> None:
    """Do the rest of what was cut short in the sessions of `directory`.

    Raises:
        ValueError: a file is damaged.
        OSError: it cannot be read or written.
    """
    for intent in sorted((directory / DONE).glob(f".*{REDACTING}")):
        path = intent.with_name(intent.name[1:].removesuffix(REDACTING) + SUFFIX)
        if path.exists():
            _finish(path)
        else:
            intent.unlink(missing_ok=True)


def _intent(path: Path) -> Path:
    return path.with_name(f".{path.name.removesuffix(SUFFIX)}{REDACTING}")


def redact_notes(path: Path, change: Change) -> None:
    """Put a new file in the place of a file of notes; on disk when this returns.

    Raises:
        ValueError: it is damaged, or what was made of it is.
        OSError: it cannot be read, or the new one not written.
    """
    if damage := [*notes_damage(path)]:
        raise ValueError(damage[0])
    session_id = session_of(path)
    with workplace(path.parent, session_id, "redaction") as place, _held_notes(path):
        new = place / path.name
        _make(path, new, change)
        if damage := [*notes_damage(new)]:
            raise ValueError(f"not changed: {damage[0]}")
        new.replace(path)
        sync_directory(path.parent)


@contextmanager
def _held_notes(path: Path) -> Iterator[None]:
    """So that nobody writes them meanwhile. Raises OSError when somebody does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise OSError(f"{path}: {error}") from error
        yield
        connection.execute("ROLLBACK")


def _entering(change: Change, row: RedactionRow) -> Change:
    """With a line in the file about it."""

    def both(connection: sqlite3.Connection) -> None:
        columns = columns_of(RedactionRow)
        change(connection)
        values = [getattr(row, column) for column in columns]
        connection.execute(insert_sql("redaction", columns), values)

    return both


def _make(path: Path, new: Path, change: Change) -> None:
    """The new file, of the rows that stay; on disk, but not yet in its place."""
    copy = new.with_name("copy")
    shutil.copyfile(path, copy)
    try:
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            connection.execute("BEGIN")
            change(connection)
            connection.execute("DELETE FROM ledger")  # whose numbers tell of what has gone
            connection.execute("COMMIT")
            connection.execute("VACUUM INTO ?", (str(new),))  # so that no old page comes along
        with closing(sqlite3.connect(new, isolation_level=None)) as connection:
            connection.execute("BEGIN")
            enter_all(connection)
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise OSError(f"{path}: not changed: {error}") from error
    new.chmod(path.stat().st_mode & 0o777)
    with open(new, "rb") as file:
        os.fsync(file.fileno())


def _finish(path: Path) -> None:
    """What comes after the renaming; nothing when it had not come to that."""
    with SessionReader(path) as session:
        rows = session.redactions()
    stored = stored_sha256(path)
    if stored is None or stored in {row.replaced_sha256 for row in rows}:
        write_whole(hash_file_of(path), f"{sha256_of(path)}  {path.name}\n".encode())
    if any(row.what == VIDEO for row in rows):
        for video in videos_of(path):
            video.unlink(missing_ok=True)
        sync_directory(path.parent.parent)
    card_file_of(path).unlink(missing_ok=True)  # it holds codes
    sync_directory(path.parent)
    card_of(path)
    _intent(path).unlink(missing_ok=True)
