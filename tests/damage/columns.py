"""Every column of every table changed once, and a row of every table taken out."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
CHANGED = {
    "INTEGER": "coalesce({0}, 0) + 1",
    "REAL": "coalesce({0}, 0) + 0.5",
    "TEXT": "coalesce({0}, '') || 'x'",
    "BLOB": "CAST(coalesce({0}, x'') || x'00' AS BLOB)",
}
KEYS = "SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk"
Change = tuple[str, str, tuple[object, ...]]  # in words, a statement, its parameters


def changes(path: Path) -> Iterator[Change]:
    """Of the newest row of each table each column changed, and the row taken out; then the schema.

    To change the newest one's key makes it no other row's.
    """
    with closing(sqlite3.connect(path)) as db:
        for (table,) in db.execute(TABLES).fetchall():
            keys = [key for (key,) in db.execute(KEYS, (table,))] or ["rowid"]
            newest = ", ".join(f"{key} DESC" for key in keys)
            found = f"SELECT {', '.join(keys)} FROM {table} ORDER BY {newest} LIMIT 1"
            where = f"({', '.join(keys)}) = ({', '.join('?' * len(keys))})"
            for key in db.execute(found).fetchall():
                described = "SELECT name, type FROM pragma_table_info(?)"
                for column, kind in db.execute(described, (table,)).fetchall():
                    new = f"{column} = {CHANGED[kind].format(column)}"
                    yield f"{table}.{column}", f"UPDATE {table} SET {new} WHERE {where}", key
                yield f"{table}: a row gone", f"DELETE FROM {table} WHERE {where}", key
    for column in ("name", "tbl_name", "sql"):
        new = f"UPDATE sqlite_master SET {column} = {column} || ' ' WHERE name = ?"
        yield f"sqlite_master.{column}", new, ("measure_named",)


def changed(path: Path, copy: Path, change: Change) -> Path:
    """A copy of `path` in which that was done."""
    _, statement, parameters = change
    shutil.copy(path, copy)
    with closing(sqlite3.connect(copy, isolation_level=None)) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        db.execute("PRAGMA writable_schema = ON")
        assert db.execute(statement, parameters).rowcount == 1
    return copy
