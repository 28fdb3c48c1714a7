"""`antiphon` with a database that does not wait for the disk: what the power cuts must find.

python -m tests.powercut.careless serve ...
"""

import sqlite3
from functools import partial
from typing import Any
from unittest import mock

from tests.powercut.small import main_on_a_small_card


class Careless(sqlite3.Connection):
    """A connection that always has synchronous = NORMAL, whatever it is told."""

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        is_setting = sql.startswith("PRAGMA synchronous")
        return super().execute("PRAGMA synchronous = NORMAL" if is_setting else sql, *parameters)


if __name__ == "__main__":
    with mock.patch.object(sqlite3, "connect", partial(sqlite3.connect, factory=Careless)):
        main_on_a_small_card()
