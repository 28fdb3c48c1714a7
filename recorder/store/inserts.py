"""How rows become SQL: one fixed INSERT per kind of row."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np

from recorder.store.codec import BLOCK_COLUMNS, seal
from recorder.store.columns import columns_of, insert_sql, to_sql
from recorder.store.headers import BoardHeader, ChannelHeader, Person, SessionHeader
from recorder.store.rows import (
    BlockRow,
    ClockFitRow,
    ClockUtcRow,
    EdgeRow,
    EventRow,
    FrameRow,
    GapRow,
    ImpedanceRow,
    IntervalRow,
    MarkerRow,
    MeasureRows,
    QualityRow,
    Row,
    SeriesRow,
)

# Significant digits of values, more than a measure's own error leaves them; of shares.
VALUE, SHARE, EVERY_DIGIT = ".6g", ".3g", ""
# What SQLite says of a row that can never be stored, as against a file that cannot be written now.
REFUSALS = (sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError, OverflowError)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Insert:
    """An INSERT and what makes its parameter tuples from one row; `first`: what that refers to."""

    sql: str
    parameters: Callable[[Any], Iterable[Sequence[Any]]]
    first: "Insert | None" = None


def _of_fields(table: str, row_type: type[Any], *, without: tuple[str, ...] = ()) -> Insert:
    """The insert of a dataclass whose field names are the columns of `table`."""
    columns = columns_of(row_type, without=without)
    values = attrgetter(*columns)
    return Insert(insert_sql(table, columns), lambda row: [[to_sql(v) for v in values(row)]])


def _in_whole_ns(knot: ClockFitRow) -> Sequence[Any]:
    """A knot whose delay and error are rounded, which SQLite stores in half the bytes."""
    delay_ns, sigma_ns = (float(np.rint(it)) for it in (knot.delay_ns, knot.sigma_ns))
    whole = replace(knot, delay_ns=delay_ns, sigma_ns=sigma_ns)
    return [to_sql(getattr(whole, name)) for name in columns_of(ClockFitRow)]


def _list(rows: MeasureRows) -> str:
    return _listed(rows.series.tobytes())


@lru_cache(maxsize=8)
def _listed(series: bytes) -> str:
    """The same ones come every second."""
    return json.dumps(np.frombuffer(series, np.int64).tolist(), separators=(",", ":"))


def _batch(rows: MeasureRows) -> Iterable[Sequence[Any]]:
    """One row for all series of an instant."""
    value = _written(rows.value.tolist(), EVERY_DIGIT if rows.as_sent else VALUE)
    clean = _once(_written(_once(rows.clean.tolist()), SHARE))
    has_any = np.isfinite(rows.percentile).any()
    percentile = _array(_written(rows.percentile.tolist(), SHARE)) if has_any else None
    return [(int(rows.t_ns), _list(rows), _array(value), _array(clean), percentile)]


def _written(numbers: list[float], digits: str) -> list[str]:
    written = f"%{digits or 'r'} " * len(numbers) % tuple(numbers)
    for odd in ("-inf", "inf", "nan"):
        written = written.replace(odd, "null")
    return written.split()


def _once(repeated: list[T]) -> list[T]:
    """The beginning that makes the whole when it is repeated."""
    n = len(repeated)
    fitting = (k for k in range(1, n) if n % k == 0 and repeated[:-k] == repeated[k:])
    return repeated[: next(fitting, n)]


def _array(written: list[str]) -> str:
    return f"[{','.join(written)}]"


# Parents before children: foreign keys are checked row by row.
INSERTS: dict[type, Insert] = {
    BlockRow: Insert(insert_sql("block", BLOCK_COLUMNS.split(", ")), lambda row: [seal(row)]),
    GapRow: _of_fields("gap", GapRow),
    ClockFitRow: replace(
        _of_fields("clock_fit", ClockFitRow), parameters=lambda row: [_in_whole_ns(row)]
    ),
    ClockUtcRow: _of_fields("clock_utc", ClockUtcRow),
    MarkerRow: _of_fields("marker", MarkerRow),
    IntervalRow: _of_fields("interval", IntervalRow),
    SeriesRow: _of_fields("series", SeriesRow),
    MeasureRows: Insert(
        "INSERT INTO measure_batch (t_ns, list, value, clean, percentile)"
        " VALUES (?, (SELECT id FROM series_list WHERE series = ?), ?, ?, ?)",
        _batch,
        first=Insert(
            "INSERT OR IGNORE INTO series_list (series) VALUES (?)", lambda rows: [(_list(rows),)]
        ),
    ),
    QualityRow: _of_fields("quality", QualityRow),
    EdgeRow: _of_fields("edge", EdgeRow),
    FrameRow: _of_fields("frame", FrameRow),
    ImpedanceRow: _of_fields("impedance", ImpedanceRow),
    EventRow: _of_fields("event", EventRow),
}
_PERSON = _of_fields("person", Person)
_BOARD = _of_fields("board", BoardHeader, without=("channels",))
_CHANNEL = insert_sql("channel", ("board", "idx", *columns_of(ChannelHeader)))
_channel_values = attrgetter(*columns_of(ChannelHeader))
_SESSION = _of_fields("session", SessionHeader, without=("persons", "boards"))


def insert_header(connection: sqlite3.Connection, header: SessionHeader) -> None:
    """Write the session, its persons, boards and channels.

    Raises:
        sqlite3.Error: they contradict each other (a board of nobody, two boards of one person), or
            the file cannot be written.
    """
    _insert_all(connection, _SESSION, [header])
    _insert_all(connection, _PERSON, header.persons)
    _insert_all(connection, _BOARD, header.boards)
    for board in header.boards:
        rows = ((board.id, idx, *_channel_values(one)) for idx, one in enumerate(board.channels))
        connection.executemany(_CHANNEL, rows)


def insert_rows(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Write `rows` in the open transaction.

    A row that SQLite will never take (an unknown board, say) must not hold up all that come after
    it: it is left out, and an event of kind `refused` at time 0 says so.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    for row_type, insert in INSERTS.items():
        mine = [row for row in rows if type(row) is row_type]
        if not mine:
            continue
        connection.execute("SAVEPOINT kind")
        try:
            _insert_all(connection, insert, mine)
        except REFUSALS:
            connection.execute("ROLLBACK TO kind")
            _insert_singly(connection, insert, mine)
        connection.execute("RELEASE kind")


def _insert_all(connection: sqlite3.Connection, insert: Insert, rows: Sequence[Any]) -> None:
    if insert.first is not None:
        _insert_all(connection, insert.first, rows)
    connection.executemany(
        insert.sql, (values for row in rows for values in insert.parameters(row))
    )


def _insert_singly(connection: sqlite3.Connection, insert: Insert, rows: Sequence[Any]) -> None:
    if insert.first is not None:
        _insert_singly(connection, insert.first, rows)
    for row in rows:
        for values in insert.parameters(row):
            try:
                connection.execute(insert.sql, values)
            except REFUSALS as error:
                # its own time may be what is wrong with it
                text = f"{type(row).__name__} {values[:4]}: {error}"
                refused = EventRow(t_ns=0, kind="refused", text=text)
                _insert_all(connection, INSERTS[EventRow], [refused])
