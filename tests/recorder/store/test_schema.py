import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from recorder.store.codec import BLOCK_COLUMNS
from recorder.store.columns import columns_of
from recorder.store.inserts import INSERTS
from recorder.store.pages import LeafRow, Value
from recorder.store.rows import BlockRow, MeasureRows
from recorder.store.schema import APPLICATION_ID, VERSION, make_tables
from recorder.store.shapes import shapes_of, which
from tests.places import ROOT
from tests.recorder import session_files


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        make_tables(connection)
        yield connection


def test_a_file_says_what_it_is(connection: sqlite3.Connection) -> None:
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert APPLICATION_ID.to_bytes(4, "big") == b"ANTP"
    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)


def test_every_table_is_strict(connection: sqlite3.Connection) -> None:
    tables = connection.execute("SELECT name, strict FROM pragma_table_list WHERE type = 'table'")
    loose = {name for name, strict in tables if not strict and not name.startswith(("sqlite", "_"))}
    assert not loose


def test_the_growing_tables_have_no_index_to_rewrite(connection: sqlite3.Connection) -> None:
    for table in ("block", "gap", "clock_fit", "measure_batch", "quality", "event"):
        assert connection.execute(f"PRAGMA index_list({table})").fetchall() == []


def test_making_twice_changes_nothing(connection: sqlite3.Connection) -> None:
    before = connection.execute("SELECT sql FROM sqlite_master").fetchall()
    make_tables(connection)
    assert connection.execute("SELECT sql FROM sqlite_master").fetchall() == before


def test_every_row_has_a_column_for_each_field(connection: sqlite3.Connection) -> None:
    for row_type, insert in INSERTS.items():
        marks = insert.sql.count("?")
        connection.execute(f"EXPLAIN {insert.sql}", [None] * marks)
        if row_type not in (BlockRow, MeasureRows):
            assert marks == len(columns_of(row_type))
    assert len(BLOCK_COLUMNS.split(", ")) == INSERTS[BlockRow].sql.count("?")


def test_the_views_answer_what_a_person_asks(tmp_path: Path) -> None:
    path = session_files.write(tmp_path / "s.antiphon", session_files.usual_rows())
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT label FROM marker_live").fetchall() == [("music, ends",)]
        assert db.execute("SELECT name, band, persons, value FROM measure_named").fetchall() == [
            ("plv", "alpha", '["patient", "therapist"]', 0.25)
        ]
        assert db.execute(
            "SELECT role, samples, lost, late, segments FROM loss_per_board ORDER BY board"
        ).fetchall() == [("patient", 1004, 6, 4, 1), ("therapist", 1000, 0, 0, 1)]


def test_recording_and_reading_do_not_load_sqlite_utils_only_making_a_file_does() -> None:
    program = (
        "import sys, recorder.store.writer, recorder.store.check, recorder.store.catalog,"
        " recorder.export; assert 'sqlite_utils' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


EXAMPLES: dict[str, Value] = {"INTEGER": 7, "REAL": 0.5, "TEXT": "x", "BLOB": b"x"}


def test_a_row_tells_by_its_values_of_which_table_it_is(connection: sqlite3.Connection) -> None:
    shapes = shapes_of(connection)
    assert len(shapes) == 20
    for shape in shapes:
        for with_nulls in (False, True):
            values: list[Value] = [
                None if with_nulls and optional else EXAMPLES[kind]
                for kind, optional in zip(shape.kinds, shape.optional, strict=True)
            ]
            if shape.row_id is not None:
                values[shape.row_id] = None
            row = LeafRow(None if shape.without_row_id else 5, tuple(values))
            found = which(shapes, row)
            assert found is not None
            assert found[0] is shape
