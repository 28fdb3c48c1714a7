"""How rows become SQL: one fixed INSERT per kind of row."""

import json
import math
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    MarkerRow,
    MeasureRows,
    QualityRow,
    Row,
    SeriesRow,
)

# What SQLite says of a row that can never be stored, as against a file that cannot be written now.
REFUSALS = (sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError, OverflowError)


@dataclass(frozen=True, slots=True)
class Insert:
    """An INSERT and what makes its parameter tuples from one row."""

    sql: str
    parameters: Callable[[Any], Iterable[Sequence[Any]]]


def _of_fields(table: str, row_type: type[Any], *, without: tuple[str, ...] = ()) -> Insert:
    """The insert of a dataclass whose field names are the columns of `table`."""
    columns = columns_of(row_type, without=without)
    values = attrgetter(*columns)
    return Insert(insert_sql(table, columns), lambda row: [[to_sql(v) for v in values(row)]])


def _measure_values(rows: MeasureRows) -> Iterable[Sequence[Any]]:
    """One row for all series: see MEASURE_BATCH in recorder/store/schema.py."""
    percentile = _json_array(rows.percentile, 4) if np.isfinite(rows.percentile).any() else None
    series = json.dumps(rows.series.tolist(), separators=(",", ":"))
    return [
        (int(rows.t_ns), series, _json_array(rows.value, 6), _json_array(rows.clean, 3), percentile)
    ]


def _json_array(numbers: NDArray[np.float64], digits: int) -> str:
    """Numbers to so many significant digits: more than a measure's own error leaves it."""
    listed = np.asarray(numbers, np.float64).tolist()
    written = (f"{one:.{digits}g}" if math.isfinite(one) else "null" for one in listed)
    return f"[{','.join(written)}]"


# Parents before children: foreign keys are checked row by row.
INSERTS: dict[type, Insert] = {
    BlockRow: Insert(insert_sql("block", BLOCK_COLUMNS.split(", ")), lambda row: [seal(row)]),
    GapRow: _of_fields("gap", GapRow),
    ClockFitRow: _of_fields("clock_fit", ClockFitRow),
    ClockUtcRow: _of_fields("clock_utc", ClockUtcRow),
    MarkerRow: _of_fields("marker", MarkerRow),
    SeriesRow: _of_fields("series", SeriesRow),
    MeasureRows: Insert(
        insert_sql("measure_batch", ("t_ns", "series", "value", "clean", "percentile")),
        _measure_values,
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


def _insert_all(connection: sqlite3.Connection, insert: Insert, rows: Iterable[Any]) -> None:
    connection.executemany(
        insert.sql, (values for row in rows for values in insert.parameters(row))
    )


def _insert_singly(connection: sqlite3.Connection, insert: Insert, rows: Iterable[Any]) -> None:
    for row in rows:
        for values in insert.parameters(row):
            try:
                connection.execute(insert.sql, values)
            except REFUSALS as error:
                # its own time may be what is wrong with it
                text = f"{type(row).__name__} {values[:4]}: {error}"
                refused = EventRow(t_ns=0, kind="refused", text=text)
                _insert_all(connection, INSERTS[EventRow], [refused])
