"""The third step of the schema: see recorder/store/schema.py."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

# What was done about missing samples before the file said so.
LEFT_OUT = "left out"

# Written out in each row, as a repair knows a row by its columns.
SERIES_MISSING = (
    f"ALTER TABLE series ADD COLUMN missing TEXT NOT NULL DEFAULT '{LEFT_OUT}'",
    f"UPDATE series SET missing = '{LEFT_OUT}'",  # noqa: S608
)


def version_3(database: "Database") -> None:
    """`series.missing` tells what was done about missing samples."""
    for statement in SERIES_MISSING:
        database.execute(statement)
    database.execute("PRAGMA user_version = 3")
