"""The third step of the schema: see recorder/store/schema.py."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def version_3(database: "Database") -> None:
    """`series.mains_hz` tells what was taken for the mains; NULL in older files."""
    database.execute("ALTER TABLE series ADD COLUMN mains_hz REAL")
    database.execute("PRAGMA user_version = 3")
