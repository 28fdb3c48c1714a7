"""What comes to be known after a session: the notes of all machines on it, read as one.

Each machine writes a file of its own (note_files.py), and reads everybody's. The recording itself
is never changed again, so that its hash stays true. An id is random, and an undo may be of another
machine's row.
"""

import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from operator import attrgetter
from pathlib import Path
from typing import Any

from recorder.durable import sync_directory
from recorder.store.beside import notes_files_of
from recorder.store.files import DONE, hold
from recorder.store.ledger import Ledger
from recorder.store.note_files import (
    R,
    add_rows,
    adopt,
    insert_row,
    ledger_of,
    open_to_read,
    open_to_write,
    origins_known,
    origins_of,
    own_notes_file,
    require_ended,
    require_origin,
    require_whole,
    rows_of_kind,
)
from recorder.store.note_rows import (
    FIRST_RANDOM_ID,
    MARKS,
    TABLES,
    NoteIntervalRow,
    NoteMarkerRow,
    NoteRow,
    Origin,
)
from recorder.store.reader import SessionReader


def open_notes(session_path: Path, machine: str = "") -> "Notes":
    """Open the notes of a session that has ended: to write this machine's, to read everybody's.

    Makes this machine's when there are none. `machine` is another name than its own.

    Raises:
        FileNotFoundError: there is no such session.
        ValueError: the session has not ended, or what is there are no notes, of a newer version, or
            of another recording.
        OSError: they cannot be opened or made; BlockingIOError, while the session is put away.
    """
    with _staying(session_path):
        return _open_all(session_path, machine)


@contextmanager
def _staying(session_path: Path) -> Iterator[None]:
    """See that a session is not packed or moved meanwhile: notes would be left behind."""
    with ExitStack() as held:
        if session_path.parent.name != DONE:
            require_ended(session_path)
            with suppress(ImportError):  # of fcntl: nothing records on such a system
                held.callback(os.close, hold(session_path))
        yield


def _open_all(session_path: Path, machine: str) -> "Notes":
    origins = origins_known(session_path)
    adopt(session_path, machine)
    path = own_notes_file(session_path, machine)
    with ExitStack() as on_failure:
        connection = open_to_write(path)
        on_failure.callback(connection.close)
        notes = Notes(path, connection, origins)
        for other in notes_files_of(session_path):
            if other != path:
                notes.join(other)
        on_failure.pop_all()
    sync_directory(path.parent)
    return notes


class Notes(AbstractContextManager["Notes"]):
    """The notes of one session; a context manager. Made by `open_notes`.

    Every method raises ValueError when a file is damaged, OSError when it cannot be written.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, origins: tuple[Origin, ...]
    ) -> None:
        """`origins` are what they may say that they belong to, as it is now first."""
        self.path = path
        self.origin = origins[0]
        self._origins = origins
        self._connection = connection
        self._ledger = ledger_of(connection, path)
        self._others: list[Path] = []
        _claim(connection, self._ledger, path, origins)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._connection.close()

    def join(self, other: Path) -> None:
        """Read another machine's notes along with these, which are the only ones written to.

        Raises:
            ValueError: they are no notes, of a newer version, or of another recording.
        """
        with closing(open_to_read(other)) as connection:
            require_origin(connection, other, self._origins)
        self._others.append(other)

    def add(self, *rows: NoteRow) -> None:
        """Write rows, all or none; when this returns they outlive a power cut.

        Raises:
            ValueError: a row contradicts the tables: an unknown provenance, an undo of nothing.
            OSError: the file cannot be written.
        """
        for row in rows:
            if isinstance(row, NoteMarkerRow | NoteIntervalRow) and row.undoes is not None:
                self._require_there(type(row), row.undoes)
        add_rows(self._connection, self._ledger, self.path, rows)

    def read(self, row_type: type[R]) -> list[R]:
        """All rows of one kind, of all machines, but for marks that have been taken back.

        Refits, alignments and relabellings come by when they were made, the newest of a camera or
        role is the one to use; the others by where they are in the session. What two files have is
        told once.
        """
        return _joined(row_type, self._of_each(row_type))

    def _of_each(self, row_type: type[R]) -> Iterator[list[R]]:
        yield rows_of_kind(self._connection, self.path, row_type)
        for other in self._others:
            with closing(open_to_read(other)) as connection:
                yield rows_of_kind(connection, other, row_type)

    def _require_there(self, row_type: type[Any], key: int) -> None:
        files: Iterator[Sequence[Any]] = self._of_each(row_type)
        if not any(row.id == key for rows in files for row in rows):
            raise ValueError(f"{self.path}: not written: there is no {key} to take back")


class ReadNotes:
    """The notes of a session as they are: nothing is made, brought to a version, or claimed.

    Attributes:
        damage: why a file of notes is left out, in one line each.
    """

    def __init__(self, session: SessionReader) -> None:
        """`session` is the one they must be of; what is of another one is left out."""
        self.damage: tuple[str, ...] = ()
        self._files = notes_files_of(session.path)
        if self._files:
            origins = origins_of(session)
            self._files = [path for path in self._files if self._is_sound(path, origins)]

    def read(self, row_type: type[R]) -> list[R]:
        """As Notes.read."""
        return _joined(row_type, (self._rows_of(path, row_type) for path in self._files))

    def _rows_of(self, path: Path, row_type: type[R]) -> list[R]:
        with closing(open_to_read(path)) as connection:
            return rows_of_kind(connection, path, row_type)

    def _is_sound(self, path: Path, origins: tuple[Origin, ...]) -> bool:
        try:
            with closing(open_to_read(path)) as connection:
                require_whole(connection, path)
                require_origin(connection, path, origins)
        except (OSError, ValueError) as error:
            self.damage += (f"notes left out: {error}",)
            return False
        return True


def _joined(row_type: type[R], of_each: Iterable[list[R]]) -> list[R]:
    """The rows of several files, each told once, without marks that have been taken back."""
    files = [*of_each]
    found: Counter[Any] = Counter()
    for rows in files:
        found |= Counter(rows)
    taken_back = {row for rows in files for row in _taken_back(rows, found)}
    told = [row for row in found.elements() if row not in taken_back]
    order = TABLES[row_type][1]
    return sorted(told, key=attrgetter(order)) if order else told


def _taken_back(rows: Sequence[Any], found: Iterable[Any]) -> set[Any]:
    """The marks of one file that only take back, and those that they do.

    An id that counts from one is of this file; a random one may be of any that is `found`.
    """
    marks = [row for row in rows if isinstance(row, MARKS)]
    undone = {row.undoes for row in marks}
    taken = [row for row in marks if row.undoes is not None or row.id in undone]
    anywhere = {key for key in undone if key is not None and key >= FIRST_RANDOM_ID}
    taken += [row for row in found if isinstance(row, MARKS) and row.id in anywhere]
    return set(taken)


def _claim(
    connection: sqlite3.Connection, ledger: Ledger, path: Path, origins: tuple[Origin, ...]
) -> None:
    """Say whose notes these are when they are new; refuse them when they are another's."""
    if not rows_of_kind(connection, path, Origin):
        with ledger.transaction():
            insert_row(connection, origins[0])
    require_origin(connection, path, origins)
