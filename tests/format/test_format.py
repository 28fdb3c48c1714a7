"""recorder/store/FORMAT.md says what is in a file: all of it, and nothing else."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hardware.board import MISSING_COUNT
from recorder.store.finish import finish
from recorder.store.headers import ChannelHeader
from recorder.store.note_rows import STEPS as NOTES_STEPS
from recorder.store.reader import SessionReader
from recorder.store.rows import BlockRow, Row
from recorder.store.schema import VERSION, make_tables, take_steps
from tests.format.plain_checks import damage
from tests.format.plain_reader import Session
from tests.places import ROOT
from tests.recorder import session_files
from tests.recorder.session_files import UV_PER_COUNT, block, gap

FORMAT = (ROOT / "recorder" / "store" / "FORMAT.md").read_text(encoding="utf-8")
READER = Path(__file__).parent / "plain_reader.py"
LINES = 150
Made = Callable[[sqlite3.Connection], None]


def make_notes(connection: sqlite3.Connection) -> None:
    take_steps(connection, "antiphon-notes", NOTES_STEPS)


def described(prefix: str) -> dict[str, list[str]]:
    """Table: columns, as the page has them; of the notes, whose tables begin with `notes.`."""
    found = {}
    for part in re.split(r"^### ", FORMAT, flags=re.MULTILINE)[1:]:
        named = re.match(r"`([\w.]+)`\n", part)
        columns = re.findall(r"^\| `(\w+)` \|", part.partition("\n#")[0], flags=re.MULTILINE)
        if named and "| column |" in part.partition("\n#")[0]:
            found[named[1]] = columns
    if prefix:
        return {name.removeprefix(prefix): it for name, it in found.items() if prefix in name}
    return {name: it for name, it in found.items() if not name.startswith("notes.")}


@pytest.mark.parametrize(("prefix", "make"), [("", make_tables), ("notes.", make_notes)])
def test_every_table_and_column_is_described_and_none_that_is_not_there(
    prefix: str, make: Made
) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        make(db)
        named = "SELECT name FROM sqlite_master WHERE type = ? AND name NOT GLOB 'sqlite_*'"
        tables = [name for (name,) in db.execute(named, ("table",))]
        views = {name for (name,) in db.execute(named, ("view",))}
        columns = {
            table: [name for _, name, *_ in db.execute(f"PRAGMA table_info({table})")]
            for table in tables
        }
    assert described(prefix) == columns
    told = re.findall(
        r"^\| `(\w+)` \|", FORMAT.partition("## Views")[2].partition("\n## ")[0], re.M
    )
    assert prefix or set(told) == views


def eeg(board: int, first: int, n: int, channels: int, *, holes: bool = False) -> BlockRow:
    """Columns that have much in common, as those of EEG; `holes`: halves of samples are missing."""
    rng = np.random.default_rng([board, first])
    common = np.cumsum(rng.normal(0, 300, n))[:, None] * rng.normal(1, 0.2, channels)
    counts = np.rint(common + rng.normal(0, 40, (n, channels)) - 1e5).astype(np.int32)
    if holes:
        counts[rng.random(n) < 0.2, channels // 2 :] = MISSING_COUNT
    return replace(block(board, first, n), counts=counts)


def daisy() -> list[Row]:
    rows: list[Row] = [eeg(0, first, 125, 16, holes=True) for first in range(0, 500, 125)]
    return [*rows, *(eeg(1, first, 1, 3) for first in range(5))]


def second_segment() -> list[Row]:
    return [*session_files.usual_rows(), block(0, 7, segment=1), gap(1, 3, 4, segment=1)]


@pytest.mark.parametrize("rows", [session_files.usual_rows, daisy, second_segment])
def test_a_reader_made_from_it_gives_the_same_samples_and_times(
    tmp_path: Path, rows: Callable[[], list[Row]]
) -> None:
    path, made = tmp_path / "s.antiphon", rows()
    width = next(it.counts.shape[1] for it in made if isinstance(it, BlockRow) and it.board == 0)
    head = session_files.header("s")
    channels = tuple(ChannelHeader(f"c{n}", "uV", UV_PER_COUNT, "SRB2") for n in range(width))
    boards = (replace(head.boards[0], channels=channels), head.boards[1])
    put_away = finish(session_files.write(path, made, replace(head, boards=boards)))
    plain = Session(put_away)
    with closing(sqlite3.connect(put_away)) as db:
        assert list(damage(db)) == []
    with closing(plain.db), SessionReader(put_away) as session:
        for board in session.boards():
            told = list(plain.samples(board.id))
            place = 0
            for run in session.samples(board.id):
                mine = told[place : place + len(run.index)]
                place += len(mine)
                times_ns = session.times_ns(board.id, run.segment, run.index)
                assert [it[:3] for it in mine] == [
                    (run.segment, index, t_ns)
                    for index, t_ns in zip(run.index.tolist(), times_ns.tolist(), strict=True)
                ]
                assert [it[3] for it in mine] == run.counts.tolist()
                assert [it[4] for it in mine] == run.aux.tolist()
            assert place == len(told) > 0


def test_its_checks_find_what_is_changed(tmp_path: Path) -> None:
    path = session_files.write(tmp_path / "s.antiphon", session_files.usual_rows())
    changes = (
        "UPDATE marker SET label = 'x' WHERE id = 1",
        "UPDATE block SET aux = zeroblob(8) WHERE id = 3",
        "DELETE FROM gap WHERE first_index = 500",
        "UPDATE ledger SET chain = chain + 1 WHERE id = 1",
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for change in changes:
            db.execute("BEGIN")
            db.execute(change)
            assert list(damage(db)) != [], change
            db.execute("ROLLBACK")
        assert list(damage(db)) == []


def test_it_needs_nothing_but_python_and_is_short() -> None:
    for file in READER.parent.glob("plain_*.py"):
        text = file.read_text(encoding="utf-8")
        imported = set(re.findall(r"^(?:import|from) (\w+)", text, flags=re.MULTILINE))
        assert imported <= {"json", "sqlite3", "struct", "sys", "zlib", "collections", "typing"}
        assert len(text.splitlines()) <= LINES


REFUSED = (
    ("session", "INSERT INTO interval VALUES (1, 5, 4, 'x', 'live', '', NULL, NULL, 5)"),
    ("session", "INSERT INTO interval VALUES (1, 4, 5, 'x', 'guess', '', NULL, NULL, 5)"),
    ("session", "INSERT INTO interval VALUES (1, 4, 5, 'x', 'live', '', 9, NULL, 5)"),
    ("session", "INSERT INTO interval VALUES (1, 4, 5, 'x', 'live', '', NULL, 9, 5)"),
    ("session", "INSERT INTO interval VALUES (1, 4, 5, 'x', 'live', NULL, NULL, NULL, 5)"),
    ("notes", "INSERT INTO comment VALUES (NULL, NULL, 'T01', 1)"),
    ("notes", "INSERT INTO relabel VALUES ('patient', NULL, 'T01', 1)"),
    ("notes", "INSERT INTO consent VALUES ('patient', 'share', 2, 'T01', 1)"),
    ("notes", "INSERT INTO result VALUES ('x', '{', '{}', '1', 1)"),
    ("notes", "INSERT INTO result VALUES ('x', '{}', 'nan', '1', 1)"),
)
TAKEN = (
    ("session", "INSERT INTO interval VALUES (1, 4, NULL, 'x', 'live', 'pedal', NULL, NULL, 5)"),
    ("session", "INSERT INTO interval VALUES (1, 4, 5, 'x', 'live', '', NULL, NULL, NULL)"),
    ("notes", "INSERT INTO comment VALUES (NULL, 'calm', 'T01', 1)"),
    ("notes", """INSERT INTO relabel VALUES ('patient', '["F3"]', 'T01', 1)"""),
    ("notes", "INSERT INTO consent VALUES ('patient', 'transcript', 0, 'T01', 1)"),
    ("notes", """INSERT INTO result VALUES ('x', '{"seed":1}', '{"p":0.5}', '1', 1)"""),
)


@pytest.mark.parametrize(("file", "statement"), REFUSED + TAKEN)
def test_what_nobody_writes_yet_is_bounded_already(file: str, statement: str) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.execute("PRAGMA foreign_keys = ON")
        (make_tables if file == "session" else make_notes)(db)
        if (file, statement) in TAKEN:
            assert db.execute(statement).rowcount == 1
        else:
            with pytest.raises(sqlite3.IntegrityError):
                db.execute(statement)


def test_the_page_says_which_versions_it_is_of() -> None:
    assert f"`PRAGMA user_version` is {VERSION}." in FORMAT
    assert f"`user_version` is {max(NOTES_STEPS)}." in FORMAT
