"""What somebody takes back is gone from the file; what is the other's stays as it was."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from recorder.failure import Failure
from recorder.privacy.consent import require_shareable
from recorder.privacy.withdrawal import withdraw
from recorder.store.beside import sha256_of, stored_sha256, videos_of
from recorder.store.check import verify
from recorder.store.files import hold
from recorder.store.ledger import enter_all
from recorder.store.note_rows import NoteMarkerRow
from recorder.store.notes import open_notes
from recorder.store.reader import SessionReader
from recorder.store.repair import repair
from recorder.sync.delivery import Place, deliver_all, to_copy
from recorder.sync.receipts import Receipts, old_copies
from tests.places import ROOT
from tests.recorder.command_line import Shell
from tests.recorder.privacy.withdrawn import ID, MADE_NS, make
from tests.recorder.sync.directory_link import DirectoryLink

OF_PATIENT = (
    "SELECT payload FROM block WHERE board = 0",
    "SELECT aux FROM block WHERE board = 0",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return make(tmp_path / "sessions")


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


def payloads(path: Path) -> list[bytes]:
    """Enough of each of the patient's blobs to know it again."""
    found = [blob for sql in OF_PATIENT for (blob,) in rows(path, sql)]
    return [blob[:24] for blob in found if isinstance(blob, bytes) and len(blob) > 24]


def others(path: Path) -> list[object]:
    """All that is the therapist's alone."""
    tables = ("block", "gap", "clock_fit", "quality", "impedance", "channel")
    columns = {"block": "first_index, n, crc32, arrivals, payload, aux"}
    found: list[object] = [
        rows(path, f"SELECT {columns.get(table, '*')} FROM {table} WHERE board = 1 ORDER BY rowid")
        if table != "channel"
        else rows(path, "SELECT * FROM channel WHERE board = 1 ORDER BY idx")
        for table in tables
    ]
    return [*found, rows(path, "SELECT * FROM edge WHERE source GLOB 'therapist *'")]


def test_of_who_withdraws_the_eeg_nothing_is_left_and_of_the_other_all(path: Path) -> None:
    secret, before = payloads(path), others(path)
    assert secret
    withdraw(path, "patient", "eeg", MADE_NS)
    content = path.read_bytes()
    assert not any(blob in content for blob in secret)
    assert others(path) == before
    for table in ("block", "gap", "clock_fit", "quality", "impedance", "channel"):
        assert rows(path, f"SELECT * FROM {table} WHERE board = 0") == []
    assert rows(path, "SELECT count(*) FROM series")[0] == (0,)
    assert rows(path, "SELECT count(*) FROM measure_batch")[0] == (0,)
    assert rows(path, "SELECT source FROM edge") == [("therapist D17",)]
    assert rows(path, "SELECT * FROM person ORDER BY role") == [
        ("patient", "", 0, 0, 0),
        ("therapist", "T01", 1, 1, 1),
    ]
    assert rows(path, "SELECT label FROM marker WHERE id = 4") == [("(withdrawn) laughs at t01",)]
    assert ("(withdrawn) is tired; P012 is not",) in rows(path, "SELECT text FROM event")


def test_measures_of_the_other_alone_stay_as_they_were(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("""UPDATE series SET persons = '["therapist"]' WHERE id = 2""")
        db.execute("DELETE FROM ledger")
    with closing(sqlite3.connect(path)) as db, db:
        enter_all(db)
    path.with_name(path.name + ".sha256").unlink()
    withdraw(path, "patient", "eeg", MADE_NS)
    assert rows(path, "SELECT id FROM series") == [(2,)]
    batch = "SELECT series, value, clean FROM measure_batch JOIN series_list ON list = id"
    assert rows(path, batch) == [("[2]", "[0.75]", "[1]")]


@pytest.mark.parametrize("what", ["eeg", "video", "share"])
def test_the_new_file_is_whole_and_says_what_was_done(path: Path, what: str) -> None:
    old = sha256_of(path)
    withdraw(path, "patient", what, MADE_NS)  # type: ignore[arg-type]
    assert verify(path).problems == ()
    assert stored_sha256(path) == sha256_of(path) != old
    with SessionReader(path) as session:
        [row] = session.redactions()
        assert (row.made_utc_ns, row.what, row.role) == (MADE_NS, what, "patient")
        assert row.replaced_sha256 == old
        assert session.header.id == ID
    assert bool(videos_of(path)) == (what != "video")


@pytest.mark.parametrize("what", ["video", "share"])
def test_only_that_consent_of_that_person_goes(path: Path, what: str) -> None:
    secret = payloads(path)
    withdraw(path, "therapist", what, MADE_NS)  # type: ignore[arg-type]
    [patient, therapist] = rows(path, "SELECT * FROM person ORDER BY role")
    assert patient == ("patient", "P01", 1, 0, 0)
    assert therapist == ("therapist", "T01", 1, int(what != "video"), int(what != "share"))
    assert payloads(path) == secret


def test_the_code_is_in_nothing_that_lies_beside_it(path: Path) -> None:
    withdraw(path, "patient", "eeg", MADE_NS)
    beside = [it for it in path.parent.parent.rglob("*") if it.is_file() and it != path]
    assert beside
    assert not any(b"P01" in it.read_bytes() for it in beside)


def test_who_is_not_in_it_any_more_does_not_keep_it_from_others(path: Path) -> None:
    with pytest.raises(Failure, match="patient"):
        require_shareable(path)
    withdraw(path, "patient", "eeg", MADE_NS)
    require_shareable(path)
    withdraw(path, "therapist", "share", MADE_NS)
    with pytest.raises(Failure, match="therapist"):
        require_shareable(path)


def test_a_second_withdrawal_tells_of_both(path: Path) -> None:
    withdraw(path, "patient", "eeg", MADE_NS)
    withdraw(path, "therapist", "eeg", MADE_NS + 1)
    with SessionReader(path) as session:
        assert [row.role for row in session.redactions()] == ["patient", "therapist"]
        assert session.boards() == ()
    assert verify(path).problems == ()


def test_notes_of_before_are_its_notes_and_new_ones_join_them(path: Path) -> None:
    with open_notes(path, "0badcafe") as notes:
        notes.add(NoteMarkerRow(5, "before", "rater", "R1", 0))
    withdraw(path, "patient", "eeg", MADE_NS)
    for machine in ("0badcafe", "0badf00d"):
        with open_notes(path, machine) as notes:
            notes.add(NoteMarkerRow(6, "after", "rater", "R1", 0))
            assert "before" in [row.label for row in notes.read(NoteMarkerRow)]
    assert verify(path).problems == ()


def test_notes_of_another_recording_stay_refused(path: Path, tmp_path: Path) -> None:
    other = make(tmp_path / "other")
    other.with_name(other.name + ".sha256").write_text(f"{'ab' * 32}  x\n")
    with open_notes(other, "0badcafe") as notes:
        notes.add(NoteMarkerRow(5, "before", "rater", "R1", 0))
    notes.path.rename(path.parent / notes.path.name)
    withdraw(path, "patient", "share", MADE_NS)
    with pytest.raises(ValueError, match="another recording"):
        open_notes(path, "0badcafe")


def test_a_repaired_file_still_says_what_was_taken_out(path: Path, tmp_path: Path) -> None:
    withdraw(path, "patient", "share", MADE_NS)
    out = tmp_path / "repaired.antiphon"
    repaired = repair(path, out)
    assert (repaired.lost_blocks, repaired.notes) == (0, ())
    with SessionReader(out) as session:
        assert [row.what for row in session.redactions()] == ["share"]


def test_sync_replaces_the_old_copies_and_until_then_it_is_told(path: Path, tmp_path: Path) -> None:
    sessions = path.parent.parent
    (tmp_path / "ward").mkdir()
    link = DirectoryLink(tmp_path / "ward")
    place = Place(link, Receipts(sessions, "ward", link.address))
    assert all(not it.problem for it in deliver_all(to_copy(sessions, place.receipts), place))
    old, secret = sha256_of(path), payloads(path)
    withdraw(path, "patient", "eeg", MADE_NS)
    assert [it.destination for it in old_copies(sessions, path, {old})] == [link.address]
    outcomes = list(deliver_all(to_copy(sessions, place.receipts), place))
    assert [(it.state, it.problem) for it in outcomes] == [("copied", "")] * 2
    assert old_copies(sessions, path, {old}) == []
    there = (link.place / path.name).read_bytes()
    assert there == path.read_bytes()
    assert not any(blob in there for blob in secret)


def test_a_copy_that_is_neither_stays_anybodys(path: Path, tmp_path: Path) -> None:
    sessions = path.parent.parent
    (tmp_path / "ward").mkdir()
    link = DirectoryLink(tmp_path / "ward")
    (link.place / path.name).write_bytes(b"another")
    withdraw(path, "patient", "share", MADE_NS)
    place = Place(link, Receipts(sessions, "ward", link.address))
    [refused] = deliver_all(to_copy(sessions, place.receipts), place)
    assert "another file of this name" in refused.problem
    assert (link.place / path.name).read_bytes() == b"another"


@pytest.mark.parametrize("what", ["video", "eeg", "words"])
def test_killed_at_any_step_there_is_the_old_or_the_new_and_nothing_in_between(
    tmp_path: Path, what: str
) -> None:
    words = [sys.executable, "-m", "tests.recorder.privacy.withdrawn", str(tmp_path), what]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    told = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, check=True)
    states = [json.loads(line) for line in told.stdout.splitlines()]
    assert len(states) > 15
    for state in states:
        assert (state["problems"], state["hash_fits"]) == ([], True)
        assert state["videos"] == (0 if state["withdrawn"] and what == "video" else 1)
        assert len(state["files"]) == 4 + state["videos"]
    withdrawn = [state["withdrawn"] for state in states]
    assert withdrawn == sorted(withdrawn)
    assert (withdrawn[0], withdrawn[-1]) == (0, 1)
    assert 10 < sum(withdrawn) < len(withdrawn) - 10  # kills on both sides


def test_without_apply_it_is_told_and_nothing_done(path: Path, shell: Shell) -> None:
    before = path.read_bytes()
    sessions = path.parent.parent
    words = ("consent", ID, "--role", "therapist", "--withdraw", "video", "--sessions", sessions)
    ran = shell(*words)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[0].split() == ["patient", "P01", "eeg"]
    assert f"would be deleted: {sessions / f'{ID}-camera-1.mkv'}" in ran.out
    assert path.read_bytes() == before
    assert len(videos_of(path)) == 1
    told = shell(*words, "--apply", "--json").json
    assert (told["schema"], told["applied"], told["videos"]) == ("antiphon.consent/1", True, [])
    assert [it["consent_video"] for it in told["persons"]] == [False, False]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--role", "patient"), 64),
        (("--withdraw", "eeg"), 64),
        (("--apply",), 64),
        (("--role", "nurse", "--withdraw", "eeg"), 64),
    ],
)
def test_what_cannot_be_meant_is_refused(
    path: Path, shell: Shell, words: tuple[str, ...], code: int
) -> None:
    before = path.read_bytes()
    assert shell.failure("consent", ID, *words, "--sessions", path.parent.parent)[0] == code
    assert path.read_bytes() == before


def test_a_session_that_somebody_has_is_75_one_that_is_damaged_65_none_66(
    path: Path, shell: Shell
) -> None:
    sessions = path.parent.parent
    words = ("--role", "patient", "--withdraw", "eeg", "--apply", "--sessions", sessions)
    held = hold(path)
    assert shell.failure("consent", ID, *words)[0] == 75
    os.close(held)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE person SET code = 'X'")
    assert shell.failure("consent", ID, *words)[0] == 65
    assert shell.failure("consent", "2030", *words)[0] == 66


def test_an_old_copy_at_a_destination_that_is_no_more_is_69(path: Path, shell: Shell) -> None:
    sessions = path.parent.parent
    (sessions.parent / "ward").mkdir()
    link = DirectoryLink(sessions.parent / "ward")
    place = Place(link, Receipts(sessions, "ward", link.address))
    assert all(not it.problem for it in deliver_all(to_copy(sessions, place.receipts), place))
    words = ("--role", "patient", "--withdraw", "share", "--apply", "--sessions", sessions)
    ran = shell("consent", ID, *words)
    assert (ran.code, link.address in ran.err) == (69, True)
    assert stored_sha256(path) == sha256_of(path)
