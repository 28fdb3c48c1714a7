"""Telling to which table a row belongs, from nothing but its values."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from recorder.store.pages import LeafRow, Value

# What may stand on disk in a column of a STRICT table; SQLite writes 4.0 as 4.
STORED: dict[str, tuple[type, ...]] = {
    "INTEGER": (int,),
    "REAL": (float, int),
    "TEXT": (str,),
    "BLOB": (bytes,),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What the rows of one table look like.

    Attributes:
        table: its name.
        columns: their names.
        kinds: their SQL types.
        optional: for each column whether it may be NULL.
        row_id: the column that is the row id, None: there is none.
        without_row_id: the table is WITHOUT ROWID.
    """

    table: str
    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    optional: tuple[bool, ...]
    row_id: int | None
    without_row_id: bool

    def values(self, row: LeafRow) -> tuple[Value, ...] | None:
        """All columns of `row`; None when it is not of this table.

        A row may end early where columns that may be NULL were added to the table after it.
        """
        missing = len(self.columns) - len(row.values)
        if missing < 0 or (row.row_id is None) != self.without_row_id:
            return None
        values = [*row.values, *[None] * missing]
        if self.row_id is not None:
            if values[self.row_id] is not None:
                return None
            values[self.row_id] = row.row_id
        return tuple(values) if all(map(_fits, values, self.kinds, self.optional)) else None


def shapes_of(connection: sqlite3.Connection) -> list[Shape]:
    """The shapes of all tables of the open file that are ours."""
    tables = connection.execute(
        "SELECT name, wr FROM pragma_table_list"
        " WHERE schema = 'main' AND type = 'table' AND strict ORDER BY name"
    ).fetchall()
    return [_shape(connection, name, bool(without)) for name, without in tables]


def which(shapes: Iterable[Shape], row: LeafRow) -> tuple[Shape, tuple[Value, ...]] | None:
    """The table of `row`, the one with as many columns first, and its values; None: of none."""
    for shape in sorted(shapes, key=lambda shape: len(shape.columns) != len(row.values)):
        values = shape.values(row)
        if values is not None:
            return shape, values
    return None


def _shape(connection: sqlite3.Connection, table: str, without_row_id: bool) -> Shape:  # noqa: FBT001
    described = connection.execute(
        'SELECT name, type, NOT "notnull", pk FROM pragma_table_info(?)', (table,)
    ).fetchall()
    names, kinds, optional, keys = zip(*described, strict=True)
    is_row_id = [key == 1 and kind == "INTEGER" for key, kind in zip(keys, kinds, strict=True)]
    alias = is_row_id.index(True) if True in is_row_id and not without_row_id else None
    # a key is never NULL, though a TEXT one is not said to be
    may_be_null = tuple(bool(o) and not key for o, key in zip(optional, keys, strict=True))
    return Shape(table, names, kinds, may_be_null, alias, without_row_id)


def _fits(value: Value, kind: str, optional: bool) -> bool:  # noqa: FBT001
    return optional if value is None else isinstance(value, STORED[kind])
