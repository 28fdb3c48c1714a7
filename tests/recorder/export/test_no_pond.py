"""Nothing is stored that nobody can read: each column of session file and notes comes out.

What is stored is asked of the files themselves. A column comes out when one of its values is a cell
of some table; where all of them are flags or nothing, which are in every table, when its name is a
heading. A column that is new must come out, or stand here with the reason why it does not.
"""

import csv
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from recorder.export import export_of
from recorder.export.csv_files import MEASURES
from recorder.export.tables import all_tables
from recorder.open import open_session
from recorder.store.note_files import own_notes_file
from tests.recorder.export.full import full_session

OTHERWISE = {
    "*.board": "as the role of whose board it is",
    "session.ended_t_ns": "as duration_s of the session",
    "session.blocks": "by it a repair knows how many there were",
    "board.aux_labels": "as block.aux",
    "block.aux": "accelerometer, pins and milliseconds of the boards: refit reads the pins",
    "block.arrivals": "refit fits the clocks to them",
    "block.first_index": "as index of each sample",
    "block.n": "as the number of samples",
    "block.codec": "how counts are packed",
    "block.crc32": "by it a block is checked",
    "block.payload": "as counts of the samples",
    "clock_fit.idx": "as t_ns of each sample",
    "clock_fit.t_ns": "as t_ns of each sample",
    "clock_fit.period_ns": "as t_ns of each sample",
    "clock_fit.delay_ns": "of the live fit; refit finds it anew",
    "clock_fit.sigma_ns": "of the live fit; refit finds it anew",
    "clock_fit.provisional": "such knots are not used when there are others",
    "block.late": "a sample that came late stands where it belongs",
    "marker.id": "for taking back",
    "marker.undoes": "what was taken back is not told",
    "marker.made_t_ns": "when the key was pressed; t_ns is what it marks",
    "interval.id": "for taking back",
    "interval.undoes": "what was taken back is not told",
    "interval.made_t_ns": "as marker.made_t_ns",
    "origin.session_id": "by it notes find their session",
    "origin.session_sha256": "by it notes find their session",
    "ledger.*": "by it each row is checked: verify",
    "measure_batch.list": "by it the values of an instant find their series",
    "interval.ends": "as end_ns of the interval that it ends",
    # no verb writes these yet
    "session.box": "the name of the box that recorded it",
    "session.practice": "a session that does not count",
    "board.provenance": "what imported samples are",
    "alignment.begin_s": "a piece of a video's mapping",
    "alignment.end_s": "as alignment.begin_s",
    "alignment.seen": "pulses in a video",
    "marker.blind": "of raters",
    "interval.blind": "of raters",
    "consent.given": "what was agreed to later",
    "result.parameters": "of an analysis",
    "result.outcome": "of an analysis",
}
IN_EVERY_TABLE = {None, "", 0, 1}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return full_session(tmp_path_factory.mktemp("pond") / "full")


@pytest.fixture(scope="module")
def cells(path: Path, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    found: set[str] = set()
    for file in export_of("csv")(path, tmp_path_factory.mktemp("out")):
        if file.suffix == ".csv":
            with file.open(encoding="utf-8", newline="") as lines:
                found.update(cell for row in csv.reader(lines) for cell in row)
    return found


@pytest.fixture(scope="module")
def headings(path: Path) -> set[str]:
    with open_session(path) as session:
        told = {name for table in all_tables(session) for name in table.columns}
    return told | set(MEASURES.strip().split(","))


def columns_of(file: Path) -> Iterator[tuple[str, set[Any]]]:
    """Each `table.column` of a SQLite file, and the values in it."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as db:
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '*sqlite*'"
        for (table,) in db.execute(names).fetchall():
            for _, column, *_ in db.execute(f"PRAGMA table_info({table})").fetchall():
                rows = db.execute(f"SELECT DISTINCT {column} FROM {table}").fetchall()
                yield f"{table}.{column}", {it for (value,) in rows for it in _each(value)}


def _each(value: object) -> list[object]:
    """A value; those of a list, and the list as tables tell it."""
    if isinstance(value, str) and value.startswith("["):
        listed = json.loads(value)
        return [*listed, "+".join(map(str, listed))] if len(listed) > 1 else listed
    return [value]


def is_otherwise(name: str) -> bool:
    table, _, column = name.partition(".")
    return not {name, f"{table}.*", f"*.{column}"}.isdisjoint(OTHERWISE)


def what_stays_in(file: Path, cells: set[str], headings: set[str]) -> list[str]:
    """Columns that do not come out."""
    stays = []
    for name, values in columns_of(file):
        telling = {str(it) for it in values - IN_EVERY_TABLE}
        comes_out = telling & cells if telling else name.partition(".")[2] in headings
        if not (comes_out or is_otherwise(name)):
            stays.append(name)
    return stays


def test_every_column_of_a_session_file_comes_out(
    path: Path, cells: set[str], headings: set[str]
) -> None:
    assert what_stays_in(path, cells, headings) == []


def test_every_column_of_the_notes_comes_out(
    path: Path, cells: set[str], headings: set[str]
) -> None:
    assert what_stays_in(own_notes_file(path), cells, headings) == []


def test_a_new_column_is_noticed(path: Path, cells: set[str], headings: set[str]) -> None:
    with closing(sqlite3.connect(":memory:")) as db, closing(sqlite3.connect(path)) as stored:
        stored.backup(db)
        db.execute("ALTER TABLE event ADD COLUMN mood TEXT")
        db.execute("ALTER TABLE event ADD COLUMN text_2 TEXT NOT NULL DEFAULT 'unheard of'")
        copy = path.with_name("with-new-columns")
        db.execute(f"VACUUM INTO '{copy}'")
    assert what_stays_in(copy, cells, headings) == ["event.mood", "event.text_2"]


def test_every_reason_is_still_needed(path: Path) -> None:
    files = path, own_notes_file(path)
    known = {name for file in files for name, _ in columns_of(file)}
    apart = [name.partition(".") for name in known]
    known |= {f"{table}.*" for table, *_ in apart} | {f"*.{column}" for *_, column in apart}
    assert set(OTHERWISE) <= known
