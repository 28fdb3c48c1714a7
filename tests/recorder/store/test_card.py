import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from recorder.store import card as cards
from recorder.store.beside import everything_of
from recorder.store.card import card_file_of, card_of, sweep_cards
from recorder.store.catalog import sessions
from recorder.store.finish import finish, settle
from recorder.store.reader import SessionReader
from recorder.store.rows import GapRow, QualityRow
from tests.recorder import session_files

ID = "20260101T080000Z-aaaa"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of a session that is put away, and has its card."""
    rows = session_files.usual_rows()
    return finish(session_files.write(tmp_path / f"{ID}.antiphon", rows))


def never(*_: object) -> SessionReader:
    raise AssertionError("the session file was opened")


def rename_patient(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE person SET code = 'P99' WHERE role = 'patient'")


def test_a_session_that_is_put_away_is_listed_without_being_opened(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sessions(path.parent.parent)
    monkeypatch.setattr(cards, "SessionReader", never)
    assert sessions(path.parent.parent) == before
    assert (before[0].id, before[0].state, before[0].duration_s) == (ID, "closed", 4.0)
    assert card_of(path).codes == ("P01", "T01")


def test_a_file_that_has_changed_is_read_again(path: Path) -> None:
    rename_patient(path)
    assert card_of(path).codes == ("P99", "T01")
    assert card_of(path).codes == ("P99", "T01")


def test_a_file_that_was_put_in_its_place_with_its_date_is_read_again(path: Path) -> None:
    before = path.stat()
    other = path.with_name("other")
    shutil.copy(path, other)
    rename_patient(other)
    other.replace(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert card_of(path).codes == ("P99", "T01")


def test_a_file_that_was_changed_in_place_and_dated_back_is_read_again(path: Path) -> None:
    before = path.stat()
    rename_patient(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert card_of(path).codes == ("P99", "T01")


def test_no_damage_to_a_card_is_believed(path: Path) -> None:
    whole = card_file_of(path).read_bytes()
    right = card_of(path)
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        card_file_of(path).write_bytes(damaged)
        assert card_of(path) == right
        card_file_of(path).write_bytes(whole[:place])
        assert card_of(path) == right


def test_a_session_that_may_still_change_has_no_card(tmp_path: Path) -> None:
    path = session_files.write(tmp_path / f"{ID}.antiphon", [session_files.block(0, 0)])
    assert sessions(tmp_path)[0].state == "closed"
    assert list(tmp_path.iterdir()) == [path]


def test_where_no_card_can_be_written_the_file_is_read(path: Path) -> None:
    card_file_of(path).unlink()
    card_file_of(path).mkdir()
    assert card_of(path).id == ID


def test_a_card_goes_with_its_session(path: Path) -> None:
    assert card_file_of(path) in everything_of(path)
    path.unlink()
    sweep_cards(path.parent.parent)
    assert not card_file_of(path).exists()


def test_a_card_tells_the_usable_share_and_the_marks(tmp_path: Path) -> None:
    at_ns = session_files.START_NS
    rows = [
        *session_files.usual_rows(),
        GapRow(1, 1, 0, 0, "unplugged", at_ns, at_ns + 1_000_000_000),
        *(QualityRow(at_ns, 1, 0, state, None, None) for state in ("good", "flat", "no data")),
    ]
    path = finish(session_files.write(tmp_path / f"{ID}.antiphon", rows))
    patient, therapist = card_of(path).usable
    assert (patient, card_of(path).marks) == (None, 1)
    assert therapist == pytest.approx(0.375)


def test_what_died_is_told_on_its_card_with_the_silence_at_its_end(tmp_path: Path) -> None:
    """Of four seconds to the newest sample of either, the patient's board was there for one."""
    path = tmp_path / f"{ID}.antiphon"
    writer = session_files.start(path)
    quality = QualityRow(session_files.START_NS, 0, 0, "good", None, None)
    for row in (session_files.block(0, 0, 250), session_files.block(1, 0, 1000), quality):
        assert writer.put(row)
    writer.leave()
    card = card_of(settle(path))
    assert card.state == "interrupted"
    assert card.usable[0] == pytest.approx(0.25, abs=0.01)
    made_then = card_file_of(path.parent / "done" / path.name)
    made_then.unlink()
    assert card_of(made_then.with_name(path.name)) == card


def test_a_session_whose_contacts_cannot_be_read_is_put_away_all_the_same(tmp_path: Path) -> None:
    path = session_files.write(tmp_path / f"{ID}.antiphon", session_files.usual_rows())
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DROP TABLE quality")
    assert card_of(finish(path)).usable == (None, None)
