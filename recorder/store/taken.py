"""A session file whose recorder is gone: taken once, read, then resumed or ended."""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from recorder.store.card import Card, card_from
from recorder.store.elapsed import last_gaps
from recorder.store.files import OwnFile, end_file, files_of, one_line, open_own, prepare_to_write
from recorder.store.inserts import insert_rows
from recorder.store.ledger import Ledger
from recorder.store.reader import SessionReader


class Taken(AbstractContextManager["Taken"]):
    """Such a file, ours alone, and opened once for all that is done with it; a context manager.

    Nothing is written before `for_writing` or `end`.

    Attributes:
        path: of the file.
        session: what is in it.

    Raises:
        BlockingIOError: another process records into it.
        FileNotFoundError: there is no such file.
        OSError: it cannot be opened.
        ValueError: it is not a session file, or one of another version, or its log is damaged: to
            open it would lose what can still be repaired.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = open_own(path)
        self._is_ours = True
        self.session = SessionReader(path, self._file.connection)

    def __exit__(self, *_: object) -> None:
        if self._is_ours:
            self._file.close()

    def for_writing(self) -> OwnFile:
        """Hand the file over to whoever resumes the session, and closes it then.

        Raises:
            OSError: it cannot be written.
        """
        with self._writing():
            self._is_ours = False
        return self._file

    def end(self) -> Card:
        """End the session if its recorder has not: state `interrupted`; leave one plain file.

        Of one that has ended, only what lies beside it is cleared away; a plain file is left as it
        is. The file stays ours, but is not open any more.

        Returns:
            What the lists tell of it.

        Raises:
            OSError: it cannot be written.
            ValueError: it is too damaged to be read.
        """
        ended_t_ns = self.session.ended_t_ns
        is_open = self.session.state == "recording"
        gaps = last_gaps(self.session, ended_t_ns) if is_open else []
        card = card_from(self.session, "interrupted" if is_open else "", gaps)
        if is_open or files_of(self.path) != [self.path]:
            with self._writing() as connection:
                with Ledger(connection).transaction():
                    insert_rows(connection, gaps)
                end_file(connection, self.path, "interrupted", ended_t_ns)
        self.session.close()
        return card

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """The file's connection, ready to write."""
        connection = self._file.connection
        try:
            prepare_to_write(connection)
            yield connection
        except sqlite3.Error as error:
            raise OSError(f"{self.path}: {one_line(error)}") from error
