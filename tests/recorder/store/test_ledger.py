import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.store.check import verify
from recorder.store.fit import damage_of, notes_damage
from recorder.store.ledger import LEDGER, Ledger, crc_of_rows, enter_all, misfits
from recorder.store.note_rows import NoteMarkerRow
from recorder.store.notes import open_notes
from tests.recorder import session_files
from tests.recorder.session_files import START_NS, block


@pytest.fixture
def usual(tmp_path: Path) -> Path:
    return session_files.write(tmp_path / "s.antiphon", session_files.usual_rows())


@pytest.fixture
def file() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE a (id INTEGER PRIMARY KEY, x REAL, t TEXT) STRICT")
        connection.execute("CREATE TABLE k (b BLOB PRIMARY KEY) STRICT, WITHOUT ROWID")
        connection.execute(LEDGER)
        enter_all(connection)
        yield connection


def problems(connection: sqlite3.Connection) -> list[str]:
    return list(misfits(connection))


def test_the_form_of_a_row_is_the_one_written_down() -> None:
    form = (
        b"gap\0board\0i\x01\0\0\0\0\0\0\0cause\0s\x06\0\0\0\0\0\0\0r\xc3\xa4dio"
        b"w\0f\0\0\0\0\0\0\xe0\xbfx\0b\x01\0\0\0\0\0\0\0\xff"
    )
    crc = crc_of_rows("gap", ("board", "cause", "none", "w", "x"))
    assert crc((1, "rädio", None, -0.5, b"\xff")) == zlib.crc32(form)


def test_what_comes_changes_and_goes_is_entered(file: sqlite3.Connection) -> None:
    ledger = Ledger(file)
    with ledger.transaction():
        file.executemany(
            "INSERT INTO a (x, t) VALUES (?, ?)", [(1, "one"), (2.5, None), (1, "one")]
        )
        file.execute("INSERT INTO k VALUES (x'00ff')")
    with ledger.transaction():
        file.execute("UPDATE a SET t = 'two', id = 40 WHERE id = 2")
        file.execute("DELETE FROM a WHERE id = 3")
        file.execute("DELETE FROM k")
    assert problems(file) == []
    entered = file.execute("SELECT id, change, length(crcs) / 4 FROM ledger").fetchall()
    # three of the schema; four rows; then what went and what came
    assert entered == [(1, 1, 3), (2, 1, 4), (3, -1, 3), (4, 1, 1)]


def test_a_ledger_that_cannot_be_made_leaves_no_transaction_open(file: sqlite3.Connection) -> None:
    def refuse(action: int, *_: object) -> int:
        is_trigger = action == sqlite3.SQLITE_CREATE_TEMP_TRIGGER
        return sqlite3.SQLITE_DENY if is_trigger else sqlite3.SQLITE_OK

    file.set_authorizer(refuse)
    with pytest.raises(sqlite3.DatabaseError):
        Ledger(file)
    file.set_authorizer(None)
    assert not file.in_transaction
    with Ledger(file).transaction():
        pass


def test_what_is_undone_is_not_entered(file: sqlite3.Connection) -> None:
    ledger = Ledger(file)
    with ledger.transaction():
        file.execute("INSERT INTO a (t) VALUES ('kept')")
    with ledger.transaction():
        file.execute("SAVEPOINT kind")
        file.execute("INSERT INTO a (t) VALUES ('refused')")
        file.execute("ROLLBACK TO kind")
        file.execute("INSERT INTO a (t) VALUES ('kept, too')")
    with pytest.raises(sqlite3.IntegrityError), ledger.transaction():
        file.executemany("INSERT INTO a (id, t) VALUES (?, 'undone')", [(90,), (90,)])
    with ledger.transaction():
        file.execute("INSERT INTO a (t) VALUES ('after it')")
    assert problems(file) == []
    assert len(file.execute("SELECT * FROM a").fetchall()) == 3


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE a SET x = x + 1e-9 WHERE id = 1", "a: 1 row is not as written"),
        ("UPDATE a SET t = NULL", "a: 2 rows are not as written"),
        ("UPDATE a SET id = 9 WHERE id = 1", "a: 1 row is not as written"),
        ("DELETE FROM a WHERE id = 1", "1 row is missing that had been written"),
        ("DELETE FROM k", "1 row is missing that had been written"),
        ("INSERT INTO a VALUES (7, 1.0, 'one')", "a: 1 row is not as written"),
        ("CREATE VIEW v AS SELECT 1", "sqlite_master: 1 row is not as written"),
        ("UPDATE ledger SET id = 9 WHERE id = 3", "ledger: 1 entries are damaged or missing"),
        ("UPDATE ledger SET chain = 7 WHERE id = 3", "ledger: 1 entries are damaged or missing"),
        ("DELETE FROM ledger", "ledger: there is nothing in it"),
    ],
)
def test_damage_is_told(file: sqlite3.Connection, damage: str, told: str) -> None:
    ledger = Ledger(file)
    for text in ("one", "two"):
        with ledger.transaction():
            file.execute("INSERT INTO a (x, t) VALUES (1.0, ?)", (text,))
            file.execute("INSERT OR IGNORE INTO k VALUES (x'ff')")
    assert problems(file) == []
    file.execute(damage)
    assert told in problems(file)


def test_the_order_on_disk_and_the_row_ids_do_not_matter(usual: Path) -> None:
    with closing(sqlite3.connect(usual, isolation_level=None)) as db:
        db.execute("CREATE TEMP TABLE gaps AS SELECT * FROM gap ORDER BY rowid DESC")
        db.execute("DELETE FROM gap")
        db.execute("INSERT INTO gap SELECT * FROM gaps")
        db.execute("PRAGMA page_size = 4096")
        db.execute("VACUUM")
    assert verify(usual).problems == ()


@given(st.binary(min_size=1, max_size=8), st.integers(0, 63))
def test_a_flipped_bit_of_a_text_is_another_row(raw: bytes, bit: int) -> None:
    damaged = bytearray(raw)
    damaged[bit // 8 % len(raw)] ^= 1 << bit % 8
    one, other = (it.decode(errors="surrogateescape") for it in (raw, bytes(damaged)))
    crc = crc_of_rows("a", ("t",))
    assert crc((one,)) != crc((other,))


def test_notes_are_followed_and_their_damage_is_told(usual: Path) -> None:
    for text in ("one", "two"):
        with open_notes(usual) as notes:
            notes.add(NoteMarkerRow(START_NS, text, "post", "R1", 7))
    path = notes.path
    assert list(notes_damage(path)) == []
    assert verify(usual).ok
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE marker SET label = 'three' WHERE label = 'two'")
    assert list(notes_damage(path)) == [f"{path}: marker: 1 row is not as written"]
    assert [finding.kind for finding in verify(usual).findings] == ["notes"]


def test_a_resumed_and_an_interrupted_session_go_on_in_the_ledger(tmp_path: Path) -> None:
    path = tmp_path / "20261123T040000Z-1f3a.antiphon"
    writer = session_files.start(path)
    writer.put(block(0, 0))
    writer.leave()
    writer = session_files.resume(path)
    writer.put(block(0, 50))
    writer.leave()
    session_files.interrupt(path)
    with closing(sqlite3.connect(path)) as db:
        numbers = [number for (number,) in db.execute("SELECT id FROM ledger")]
    assert numbers == [*range(1, len(numbers) + 1)]
    assert damage_of(path) == []
