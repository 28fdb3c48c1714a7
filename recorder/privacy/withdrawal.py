"""Consent taken back after a session: what that takes out of its file, for good.

    video   the videos here, and the consent to them
    share   the consent to give the session to others
    eeg     that person's samples with all that was measured of them, alone or with the other, their
            code wherever it stands, and all consent; the other person's stay

What copies of the file there are is for `sync` to replace.
"""

import json
import re
import sqlite3
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Literal

from recorder.store.reader import SessionReader
from recorder.store.redaction import redact

Withdrawn = Literal["eeg", "video", "share"]

TAKEN_OUT = "(withdrawn)"
OF_BOARD = ("block", "gap", "clock_fit", "quality", "impedance", "channel")
TEXTS = (("marker", "label"), ("interval", "label"), ("event", "text"))


def withdraw(path: Path, role: str, what: Withdrawn, made_utc_ns: int) -> None:
    """Take out of a session what the person with `role` has taken back; final when this returns.

    Raises:
        LookupError: there is no such person in it.
        BlockingIOError, ValueError, OSError: see recorder.store.redaction.redact.
    """
    with SessionReader(path) as session:
        codes = {person.role: person.code for person in session.header.persons}
    if role not in codes:
        raise LookupError(f"{path.stem}: there is no {role} in it")
    code = codes[role] if list(codes.values()).count(codes[role]) == 1 else ""

    def change(connection: sqlite3.Connection) -> None:
        if what == "eeg":
            _take_out_eeg(connection, role, code)
        else:
            connection.execute(f"UPDATE person SET consent_{what} = 0 WHERE role = ?", (role,))  # noqa: S608

    redact(path, what, role, made_utc_ns, change)


def _take_out_eeg(connection: sqlite3.Connection, role: str, code: str) -> None:
    boards = connection.execute("SELECT id FROM board WHERE role = ?", (role,)).fetchall()
    for table in OF_BOARD:
        connection.executemany(f"DELETE FROM {table} WHERE board = ?", boards)  # noqa: S608
    connection.execute("DELETE FROM board WHERE role = ?", (role,))
    connection.execute("DELETE FROM edge WHERE source GLOB ?", (f"{role} *",))
    _number_blocks(connection)
    _take_out_series(connection, role)
    connection.execute(
        "UPDATE person SET code = '', consent_record = 0, consent_video = 0, consent_share = 0"
        " WHERE role = ?",
        (role,),
    )
    if code:
        _take_out_code(connection, code)


def _number_blocks(connection: sqlite3.Connection) -> None:
    """From 1 on, without holes, as a file has them in which nothing is lost."""
    ids = [number for (number,) in connection.execute("SELECT id FROM block ORDER BY id")]
    pairs = ((new, old) for new, old in enumerate(ids, start=1) if new != old)
    # none is in the way of another: each number goes down, the lowest first
    connection.executemany("UPDATE block SET id = ? WHERE id = ?", pairs)
    connection.execute("UPDATE session SET blocks = ?", (len(ids) or None,))


def _take_out_series(connection: sqlite3.Connection, role: str) -> None:
    """All measures that the person takes part in."""
    listed = connection.execute("SELECT id, persons FROM series").fetchall()
    gone = {number for number, persons in listed if role in json.loads(persons)}
    for key, series in connection.execute("SELECT id, series FROM series_list").fetchall():
        stay = [number not in gone for number in json.loads(series)]
        if not all(stay):
            _take_out_of_list(connection, key, _only(series, stay), stay)
    connection.executemany("DELETE FROM series WHERE id = ?", [(number,) for number in gone])


def _take_out_of_list(
    connection: sqlite3.Connection, key: int, left: str | None, stay: Sequence[bool]
) -> None:
    """The values that do not stay in the batches of a list, and in the list, which is `left` then.

    Another list may be as it is then; they become one.
    """
    batches = "SELECT rowid, value, clean, percentile FROM measure_batch WHERE list = ?"
    if not any(stay):
        connection.execute("DELETE FROM measure_batch WHERE list = ?", (key,))
        connection.execute("DELETE FROM series_list WHERE id = ?", (key,))
        return
    for row_id, *columns in connection.execute(batches, (key,)).fetchall():
        connection.execute(
            "UPDATE measure_batch SET (value, clean, percentile) = (?, ?, ?) WHERE rowid = ?",
            (*(_only(column, stay) for column in columns), row_id),
        )
    same = connection.execute("SELECT id FROM series_list WHERE series = ?", (left,)).fetchall()
    if same:
        connection.execute("UPDATE measure_batch SET list = ? WHERE list = ?", (*same[0], key))
        connection.execute("DELETE FROM series_list WHERE id = ?", (key,))
    else:
        connection.execute("UPDATE series_list SET series = ? WHERE id = ?", (left, key))


def _only(array: str | None, stay: Sequence[bool]) -> str | None:
    """Those items of a JSON array of numbers that stay, as they were written; it may repeat."""
    if array is None:
        return None
    all_items = cycle(array[1:-1].split(","))
    items = [item for item, stays in zip(all_items, stay, strict=False) if stays]
    return f"[{','.join(items)}]"


def _take_out_code(connection: sqlite3.Connection, code: str) -> None:
    """Wherever it stands as a word. Raises ValueError when it is still somewhere."""
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(code)}(?![A-Za-z0-9])", re.IGNORECASE)
    connection.create_function("without", 1, lambda text: word.sub(TAKEN_OUT, text))
    connection.create_function("has_code", 1, lambda it: bool(word.search(it)))
    for table, column in TEXTS:
        connection.execute(
            f"UPDATE {table} SET {column} = without({column}) WHERE has_code({column})"  # noqa: S608
        )
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
    for (table,) in connection.execute(tables).fetchall():
        columns = connection.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
        for (column,) in columns:
            found = connection.execute(
                f'SELECT count(*) FROM "{table}"'  # noqa: S608
                f""" WHERE typeof("{column}") = 'text' AND has_code("{column}")"""
            ).fetchone()
            if found[0] and table != "session":
                raise ValueError(f"the code is still in {table}.{column}: nothing was changed")
