"""A text that somebody typed by mistake, such as a name, taken out of a session and its notes."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from recorder.store.beside import notes_files_of
from recorder.store.note_rows import STRUCK
from recorder.store.redaction import Change, redact, redact_notes

# (table, column with the text, column with the time, which rows)
IN_SESSION = (
    ("marker", "label", "t_ns", "1"),
    ("interval", "label", "begin_ns", "1"),
    ("event", "text", "t_ns", "kind = 'note'"),
)
IN_NOTES = (
    *IN_SESSION[:2],
    ("transcript", "text", "begin_ns", "1"),
    ("comment", "text", "coalesce(t_ns, 0)", "1"),
)


@dataclass(frozen=True, slots=True)
class Typed:
    """A mark, a note or a line of a transcript: where it stands, when it is of, what it says."""

    file: str
    table: str
    row_id: int
    t_ns: int
    text: str


def typed(path: Path) -> list[Typed]:
    """All that people have typed about a session that has ended, by the time that it is of.

    Raises:
        ValueError: a file is damaged.
        OSError: one cannot be read.
    """
    found = [it for file in (path, *notes_files_of(path)) for it in _typed_in(file, path)]
    return sorted(found, key=lambda it: (it.t_ns, it.file != path.name, it.table, it.row_id))


def strike(path: Path, chosen: list[Typed], made_utc_ns: int) -> None:
    """Put STRUCK in the place of texts, for good; the notes first, then the session.

    Raises:
        BlockingIOError, ValueError, OSError: see recorder.store.redaction.redact.
    """
    for name in sorted({it.file for it in chosen} - {path.name}):
        redact_notes(path.with_name(name), _striking(chosen, name))
    if any(it.file == path.name for it in chosen):
        redact(path, "struck", "", made_utc_ns, _striking(chosen, path.name))


def _striking(chosen: list[Typed], file: str) -> Change:
    columns = {table: column for table, column, _, _ in (*IN_SESSION, *IN_NOTES)}

    def change(connection: sqlite3.Connection) -> None:
        for it in chosen:
            if it.file == file:
                connection.execute(
                    f"UPDATE {it.table} SET {columns[it.table]} = ? WHERE rowid = ?",  # noqa: S608
                    (STRUCK, it.row_id),
                )

    return change


def _typed_in(file: Path, path: Path) -> list[Typed]:
    tables = IN_SESSION if file == path else IN_NOTES
    uri = f"{file.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            return [
                Typed(file.name, table, *row)
                for table, text, t_ns, which in tables
                for row in connection.execute(
                    f"SELECT rowid, {t_ns}, {text} FROM {table}"  # noqa: S608
                    f" WHERE {which} AND {text} NOT IN (?, '')",
                    (STRUCK,),
                )
            ]
    except sqlite3.Error as error:
        raise ValueError(f"{file}: {error}") from error
