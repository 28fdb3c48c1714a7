"""The ledger of a session file, and of notes: by it every row can be checked.

    ledger   id      1, 2, 3 ... one for each transaction, two where rows went, too
             change  1: these rows came, -1: these rows went (a row that changes goes and comes)
             crcs    the CRC-32 of each of these rows, 4 bytes, little end first
             chain   CRC-32 of: the chain before (0 at first), id, change, each as a little-endian
                     int64, then crcs

The rows that are there, of all tables but the ledger, are those that came less those that went. A
row that is not among them is damaged; one of them that is not there is lost; and where the chain
breaks the ledger itself is damaged. That finds accidents. It proves nothing against forgers.

The CRC-32 of a row (that of zlib) is taken of these bytes, with no regard to row ids, pages or the
order of columns, so that a row stays itself through VACUUM and through later file versions:

    the table's name, 0
    for each column that is not NULL, in the order of the names (by code point):
        its name, 0, then  i  and an int64       for an integer
                           f  and a float64      for a real number
                           s  and text in UTF-8  behind its length in bytes, an int64
                           b  and bytes          behind their length, an int64

all numbers little end first. Of `block` only `id` and `crc32` count: its crc32 covers the rest. Of
the schema each table, index and view counts as a row of `sqlite_master` with the columns `type`,
`name`, `tbl_name` and `sql`; what SQLite makes for itself (`sqlite_...`) does not. A column that a
later version adds must be NULL in older rows; a step that has to change rows or the schema enters
what it changes.
"""

import sqlite3
import struct
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEDGER = """CREATE TABLE ledger (
    id INTEGER PRIMARY KEY,               -- 1, 2, 3 ...
    change INTEGER NOT NULL,              -- 1: rows that came, -1: rows that went
    crcs BLOB NOT NULL,                   -- of each of them, see recorder/store/ledger.py
    chain INTEGER NOT NULL                -- CRC-32 of the chain before, id, change, crcs
) STRICT"""
CAME, WENT = 1, -1

Crcs = NDArray[np.uint32]
Counts = NDArray[np.int64]

SCHEMA = "sqlite_master"
_SCHEMA_COLUMNS = ("name", "sql", "tbl_name", "type")
_BLOCK_COLUMNS = ("crc32", "id")
_TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'ledger'"
    " AND name NOT GLOB 'sqlite_*' ORDER BY name"
)
_COLUMNS = "SELECT name FROM pragma_table_info(?) ORDER BY name"
# Of the changes since the last entry; temporary, so that it is undone with them.
_CHANGES = "CREATE TEMP TABLE IF NOT EXISTS changes (change INTEGER, crc INTEGER) STRICT"
_ENTRY = struct.Struct("<3q")
_INT, _FLOAT = struct.Struct("<cq"), struct.Struct("<cd")


class Ledger:
    """Follows what one connection changes, and enters it; see the head of this file.

    Args:
        connection: to a file with a ledger that has its first entry, outside of a transaction.

    Raises:
        sqlite3.Error: the file cannot be read.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute("PRAGMA temp_store = MEMORY")
        with _all_or_nothing(connection, "BEGIN"):
            connection.execute(_CHANGES)
            for table, columns in _covered(connection).items():
                _follow(connection, table, columns)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction whose changes are entered at its end; undone when something raises."""
        with _all_or_nothing(self._connection, "BEGIN IMMEDIATE"):
            yield
            self.enter()

    def enter(self) -> None:
        """Enter what has changed, just before the commit.

        Raises:
            sqlite3.Error: the file cannot be written.
        """
        noted = self._connection.execute("SELECT change, crc FROM changes").fetchall()
        for change in (WENT, CAME):
            crcs = [crc for one, crc in noted if one == change]
            if crcs:
                _enter(self._connection, change, struct.pack(f"<{len(crcs)}I", *crcs))
        self._connection.execute("DELETE FROM changes")


@contextmanager
def _all_or_nothing(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    """A transaction that is not left open, whatever fails in it: the next one could not begin."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def enter_all(connection: sqlite3.Connection) -> None:
    """Make the first entry of a ledger, of all that is in the file, in the open transaction.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    covered = _all_covered(connection)
    crcs = (_crcs_of(connection, *one).astype("<u4").tobytes() for one in covered)
    _enter(connection, CAME, b"".join(crcs))


def crc_of_rows(table: str, columns: Iterable[str]) -> Callable[[Iterable[Any]], int]:
    """What makes the CRC-32 of a table's rows.

    Args:
        table: its name.
        columns: those that count, in the order of their names.

    Returns:
        A function of the values of these columns: int, float, str, bytes or None each.
    """
    head, keys = table.encode() + b"\0", [column.encode() + b"\0" for column in columns]

    def crc(values: Iterable[Any]) -> int:
        parts = [head]
        for key, value in zip(keys, values, strict=True):
            if value is not None:
                parts.append(key)
                parts.append(_value_bytes(value))
        return zlib.crc32(b"".join(parts))

    return crc


def counting_columns(table: str, columns: Iterable[str]) -> tuple[str, ...]:
    """Those of a table's columns that its rows' CRC-32 is taken of, in order."""
    return _BLOCK_COLUMNS if table == "block" else tuple(sorted(columns))


def misfits(connection: sqlite3.Connection) -> Iterator[str]:
    """What does not fit the ledger, one line each, of all rows as they are at one moment.

    Raises:
        sqlite3.Error: the file is so damaged that it cannot be read.
    """
    text_factory = connection.text_factory
    # what is damaged may be no UTF-8 any more
    connection.text_factory = lambda raw: raw.decode(errors="surrogateescape")
    connection.execute("BEGIN")
    try:
        yield from _misfits(connection)
    finally:
        connection.execute("COMMIT")
        connection.text_factory = text_factory


def expected_crcs(entries: Iterable[tuple[int, bytes]]) -> tuple[Crcs, Counts]:
    """The rows that are to be there by entries of (change, crcs).

    Returns:
        Their CRC-32 in order, and how many rows have each.
    """
    came, went = bytearray(), bytearray()
    for change, entered in entries:
        (came if change == CAME else went).extend(entered[: len(entered) // 4 * 4])
    crcs, counts = np.unique(np.frombuffer(came, "<u4"), return_counts=True)
    gone, times = np.unique(np.frombuffer(went, "<u4"), return_counts=True)
    known = np.isin(gone, crcs)
    counts[np.searchsorted(crcs, gone[known])] -= times[known]
    there = counts > 0
    return crcs[there].astype(np.uint32), counts[there].astype(np.int64)


def entry_fits(number: int, chain: int, entry: tuple[int, int, bytes, int]) -> bool:
    """Whether an entry (id, change, crcs, chain) follows the one with this number and chain."""
    own, change, crcs, own_chain = entry
    return own == number + 1 and own_chain == _chain(chain, own, change, crcs)


def _misfits(connection: sqlite3.Connection) -> Iterator[str]:
    entries: list[tuple[int, bytes]] = []
    yield from _broken_entries(connection, entries)
    if not entries:
        yield "ledger: there is nothing in it"
        return
    crcs, counts = expected_crcs(entries)
    strangers = 0
    for table, columns in _all_covered(connection):
        found, times = np.unique(_crcs_of(connection, table, columns), return_counts=True)
        known = np.isin(found, crcs)
        places = np.searchsorted(crcs, found[known])
        too_many = np.maximum(times[known] - counts[places], 0).sum() + times[~known].sum()
        counts[places] = np.maximum(counts[places] - times[known], 0)
        if too_many:
            yield f"{table}: {_rows(int(too_many))} not as written"
        strangers += int(too_many)
    if (lost := int(counts.sum()) - strangers) > 0:
        yield f"{_rows(lost)} missing that had been written"


def _rows(count: int) -> str:
    return "1 row is" if count == 1 else f"{count} rows are"


def _broken_entries(
    connection: sqlite3.Connection, entries: list[tuple[int, bytes]]
) -> Iterator[str]:
    """Where the chain breaks; the entries that can be used are put into `entries`."""
    before, broken = (0, 0), 0
    for number, change, crcs, chain in connection.execute("SELECT * FROM ledger ORDER BY id"):
        if not (isinstance(crcs, bytes) and change in (CAME, WENT)):
            broken += 1
            continue
        broken += not entry_fits(*before, (number, change, crcs, chain))
        entries.append((change, crcs))
        before = number, chain if isinstance(chain, int) else 0
    if broken:
        yield f"ledger: {broken} entries are damaged or missing"


def _enter(connection: sqlite3.Connection, change: int, crcs: bytes) -> None:
    newest = connection.execute("SELECT id, chain FROM ledger ORDER BY id DESC LIMIT 1")
    number, chain = newest.fetchone() or (0, 0)
    row = (number + 1, change, crcs, _chain(chain, number + 1, change, crcs))
    connection.execute("INSERT INTO ledger VALUES (?, ?, ?, ?)", row)


def _chain(before: int, number: int, change: int, crcs: bytes) -> int:
    return zlib.crc32(crcs, zlib.crc32(_ENTRY.pack(before, number, change)))


def _follow(connection: sqlite3.Connection, table: str, columns: Sequence[str]) -> None:
    """Have each row that comes to a table, changes or goes noted, whoever's statement it is."""
    crc = crc_of_rows(table, columns)
    connection.create_function(f"crc_of_{table}", len(columns), lambda *values: crc(values))
    old, new = (_note(table, columns, *one) for one in ((WENT, "OLD"), (CAME, "NEW")))
    for event, body in (("INSERT", new), ("DELETE", old), ("UPDATE", old + new)):
        connection.execute(
            f'CREATE TEMP TRIGGER IF NOT EXISTS "{table} {event}" AFTER {event} ON main."{table}"'
            f" BEGIN {body} END"
        )


def _note(table: str, columns: Sequence[str], change: int, side: str) -> str:
    """The statement of a trigger that notes the old or the new row."""
    values = ", ".join(f'{side}."{column}"' for column in columns)
    return f"INSERT INTO changes VALUES ({change}, crc_of_{table}({values}));"  # noqa: S608


def _covered(connection: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """The tables whose rows are entered, with their columns that count."""
    tables = [name for (name,) in connection.execute(_TABLES)]
    columns = {name: [one for (one,) in connection.execute(_COLUMNS, (name,))] for name in tables}
    return {name: counting_columns(name, columns[name]) for name in tables}


def _all_covered(connection: sqlite3.Connection) -> list[tuple[str, tuple[str, ...]]]:
    return [(SCHEMA, _SCHEMA_COLUMNS), *_covered(connection).items()]


def _crcs_of(connection: sqlite3.Connection, table: str, columns: Sequence[str]) -> Crcs:
    """Of each row of a table, in the order of the file."""
    ours = " WHERE name NOT GLOB 'sqlite_*'" if table == SCHEMA else ""
    names = ", ".join(f'"{column}"' for column in columns)
    rows = connection.execute(f'SELECT {names} FROM "{table}"{ours}')  # noqa: S608
    return np.array(array("I", map(crc_of_rows(table, columns), rows)), np.uint32)


def _value_bytes(value: float | str | bytes) -> bytes:
    if isinstance(value, int):
        return _INT.pack(b"i", value)
    if isinstance(value, float):
        return _FLOAT.pack(b"f", value)
    if isinstance(value, str):
        raw = value.encode(errors="surrogateescape")
        return _INT.pack(b"s", len(raw)) + raw
    return _INT.pack(b"b", len(value)) + value
