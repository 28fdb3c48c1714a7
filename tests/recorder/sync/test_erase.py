import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recorder.privacy.disclosures import disclosures
from recorder.store.catalog import sessions as catalogue
from recorder.store.finish import finish
from recorder.store.headers import SessionHeader
from recorder.store.notes import open_notes
from recorder.store.writer import SessionWriter
from recorder.sync.delivery import Place
from recorder.sync.erase import (
    Erasure,
    finish_erasures,
    planned,
    remains,
    sessions_of,
    unfilm_all,
)
from recorder.sync.erase import erase as erase_all
from recorder.sync.holdings import Holdings, look
from recorder.sync.receipts import Receipt, Receipts
from recorder.sync.tombstones import Tombstone, Why, confirm, tombstones
from tests.places import ROOT
from tests.recorder import session_files
from tests.recorder.command_line import Shell
from tests.recorder.sync.conftest import IDS
from tests.recorder.sync.directory_link import DirectoryLink

ID, OTHER = "20260101T080000Z-aaaa", "20260102T080000Z-bbbb"
CAMERA = f"{ID}-camera"
WHEN = "2026-11-23T12:00:00Z"
ADDRESS = "antiphon@ward:22/srv/eeg"


def header(id_: str, code: str) -> SessionHeader:
    usual = session_files.header(id_)
    patient, therapist = usual.persons
    return replace(usual, persons=(replace(patient, code=code), therapist))


def record(path: Path, code: str) -> Path:
    writer = SessionWriter.create(path, header(path.stem, code))
    assert writer.put(session_files.block(0, 0))
    writer.close(session_files.START_NS + 4 * 10**9)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session with all that can belong to it, put away, and one that is not."""
    made = tmp_path_factory.mktemp("made")
    record(made / f"{OTHER}.antiphon", "P08")
    with closing(open_notes(finish(record(made / f"{ID}.antiphon", "P07")))):
        pass
    (made / f"{CAMERA}-1.mkv").write_bytes(b"a face")
    (made / "done" / f"{CAMERA}-2.mkv").write_bytes(b"a face")
    (made / f".{ID}-export-x").mkdir()
    (made / f".{ID}-export-x" / "table.csv").write_bytes(b"1,2")
    (made / "outbox" / "ward" / "0123").mkdir(parents=True)
    (made / "outbox" / "ward" / "0123" / f"{ID}.antiphon.age").write_bytes(b"age")
    return made


@pytest.fixture
def sessions(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "sessions")
    receipts = Receipts(tmp_path / "sessions", "ward", ADDRESS)
    for name in (f"{ID}.antiphon", f"{ID}.notes", f"{OTHER}.antiphon"):
        receipts.store(Receipt(name, 12, "ab" * 32, 34, WHEN, ADDRESS, verified=True))
    return tmp_path / "sessions"


WARD = '[sync.ward]\nhost = "ward"\nuser = "antiphon"\npath = "/srv/eeg"\n'


@pytest.fixture
def shell(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Shell:
    """With the destination at ADDRESS configured."""
    (tmp_path / "antiphon.toml").write_text(WARD)
    monkeypatch.setenv("ANTIPHON_CONFIG", str(tmp_path / "antiphon.toml"))
    return Shell(capsys, monkeypatch)


def erase(sessions: Path, id_: str, why: Why, when: str) -> Erasure:
    [erased] = erase_all(sessions, [id_], why, when)
    return erased


def files_about(sessions: Path, id_: str) -> list[str]:
    return sorted(str(path.relative_to(sessions)) for path in sessions.rglob(f"*{id_}*"))


def test_all_of_a_session_goes_but_its_tombstone_and_its_emptied_receipts(sessions: Path) -> None:
    others = files_about(sessions, OTHER)
    erased = erase(sessions, ID, "session", WHEN)
    assert (erased.state, erased.problem) == ("erased", "")
    assert len(erased.files) == 8
    assert files_about(sessions, ID) == [
        f"receipts/ward/{ID}.json",
        f"receipts/ward/{ID}.notes.json",
        f"tombstones/{ID}.json",
    ]
    assert tombstones(sessions) == [Tombstone(ID, "session", WHEN)]
    receipt = (sessions / "receipts" / "ward" / f"{ID}.json").read_text()
    assert "ab" * 32 not in receipt
    assert ADDRESS in receipt
    assert files_about(sessions, OTHER) == others


def test_nothing_that_stays_knows_the_persons_code(sessions: Path) -> None:
    erase(sessions, ID, "person", WHEN)
    shutil.rmtree(sessions / "done")
    (sessions / f"{OTHER}.antiphon").unlink()
    left = [path.read_bytes() for path in sessions.rglob("*") if path.is_file()]
    assert left
    assert not any(b"P07" in content for content in left)


def told(sessions: Path) -> list[tuple[str, str, str]]:
    return [(it.at, it.what, it.session) for it in disclosures(sessions)]


def test_an_erasure_is_written_down_once_and_a_refused_one_is_not(sessions: Path) -> None:
    for _ in range(2):
        erase(sessions, ID, "person", WHEN)
    path = sessions / f"{OTHER}.antiphon"
    held = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert erase(sessions, OTHER, "session", WHEN).state == "refused"
    finally:
        os.close(held)
    assert told(sessions) == [(WHEN, "erased", ID)]


def test_an_erasure_that_cannot_be_written_down_deletes_nothing(
    sessions: Path,
) -> None:
    before = files_about(sessions, ID)
    (sessions / "disclosures.jsonl").mkdir()
    assert erase(sessions, ID, "session", WHEN).state == "refused"
    assert files_about(sessions, ID) == before


def test_erasing_again_changes_nothing(sessions: Path) -> None:
    erase(sessions, ID, "person", WHEN)
    again = erase(sessions, ID, "session", "2027-01-01T00:00:00Z")
    assert (again.state, again.files) == ("erased", [])
    assert tombstones(sessions) == [Tombstone(ID, "person", WHEN)]


def test_the_sessions_of_a_person_are_found_wherever_they_lie(sessions: Path) -> None:
    (sessions / "20260103T080000Z-cccc.antiphon").write_bytes(b"rubbish")
    receipts = Receipts(sessions, "ward", ADDRESS)
    receipts.store(Receipt("gone.antiphon", 1, "ab" * 32, 1, WHEN, ADDRESS, verified=True))
    found = sessions_of(sessions, "P07")
    assert found.ids == [ID]
    assert found.unreadable == ["20260103T080000Z-cccc.antiphon"]
    assert found.elsewhere == ["gone"]
    assert sessions_of(sessions, "T01").ids == [ID, OTHER]
    assert sessions_of(sessions, "P0").ids == []


def test_a_session_that_is_being_recorded_is_refused_and_left_alone(sessions: Path) -> None:
    path = sessions / "20260103T080000Z-cccc.antiphon"
    writer = SessionWriter.create(path, header(path.stem, "P09"))
    try:
        refused = erase(sessions, path.stem, "session", WHEN)
        assert (refused.state, refused.code) == ("refused", 75)
        assert "stop it first" in refused.problem
        assert path.exists()
        assert tombstones(sessions) == []
    finally:
        writer.close(session_files.START_NS)
    assert erase(sessions, path.stem, "session", WHEN).state == "erased"


def test_one_that_a_crash_left_behind_can_be_erased(sessions: Path) -> None:
    path = sessions / "20260103T080000Z-cccc.antiphon"
    words = [sys.executable, "-m", "tests.recorder.store.doomed_writer", str(path), "0.1"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=ROOT) as doomed:
        assert doomed.stdout is not None
        doomed.stdout.readline()
        doomed.kill()
    assert len(remains(sessions, path.stem)) == 3
    assert erase(sessions, path.stem, "session", WHEN).state == "erased"
    assert remains(sessions, path.stem) == []


@pytest.mark.parametrize("deleted", range(8))
def test_whenever_the_power_goes_the_next_sync_finishes_it(
    sessions: Path, monkeypatch: pytest.MonkeyPatch, deleted: int
) -> None:
    class PowerCut(BaseException):
        """Nothing comes after it."""

    count, unlink = [0], Path.unlink

    def cut(path: Path, missing_ok: bool = False) -> None:
        if count[0] == deleted:
            raise PowerCut
        count[0] += 1
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", cut)
    try:
        erase(sessions, ID, "session", WHEN)
    except PowerCut:
        assert tombstones(sessions) == [Tombstone(ID, "session", WHEN)]
    monkeypatch.undo()
    finish_erasures(sessions)
    assert remains(sessions, ID) == []
    receipt = (sessions / "receipts" / "ward" / f"{ID}.json").read_text()
    assert "ab" * 32 not in receipt


def test_what_was_salvaged_of_a_session_goes_with_it(sessions: Path) -> None:
    repaired = sessions / "done" / f"{ID}.repaired.antiphon"
    shutil.copy(sessions / "done" / f"{ID}.antiphon", repaired)
    assert sessions_of(sessions, "P07").ids == [ID]
    erase(sessions, ID, "session", WHEN)
    assert not repaired.exists()


def test_a_session_goes_with_its_later_parts_and_a_part_alone(sessions: Path, shell: Shell) -> None:
    for part in (f"{ID}-2", f"{ID}-3"):
        record(sessions / f"{part}.antiphon", "P07")
    assert shell("erase", f"{ID}-3", "--apply", "--sessions", sessions).code == 0
    assert {one.id for one in catalogue(sessions)} == {ID, f"{ID}-2", OTHER}
    assert shell("erase", ID, "--apply", "--sessions", sessions).code == 0
    assert [one.id for one in catalogue(sessions)] == [OTHER]
    assert {one.id for one in tombstones(sessions)} == {ID, f"{ID}-2", f"{ID}-3"}


def test_a_copy_that_is_brought_back_goes_again(sessions: Path, made: Path) -> None:
    erase(sessions, ID, "session", WHEN)
    shutil.copy(made / "done" / f"{ID}.antiphon", sessions)
    finish_erasures(sessions)
    assert [entry.id for entry in catalogue(sessions)] == [OTHER]


def test_without_apply_nothing_is_erased(sessions: Path, shell: Shell) -> None:
    before = sorted(sessions.rglob("*"))
    ran = shell("erase", ID, "--sessions", sessions)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[0].split()[:3] == [ID, "to", "erase"]
    assert ran.out.splitlines()[-1] == "nothing was erased: --apply does it"
    assert sorted(sessions.rglob("*")) == before


def test_all_of_a_person_are_erased_and_the_code_is_not_told(sessions: Path, shell: Shell) -> None:
    ran = shell("erase", "--person", "P07", "--apply", "--json", "--sessions", sessions)
    assert ran.code == 0
    assert (ran.json["schema"], ran.json["applied"]) == ("antiphon.erase/1", True)
    assert [(one["id"], one["state"]) for one in ran.json["sessions"]] == [(ID, "erased")]
    assert tombstones(sessions)[0].why == "person"
    again = shell("erase", "--person", "P07", "--apply", "--sessions", sessions)
    assert (again.code, again.out) == (66, "")
    assert again.err == "antiphon: no session here is of 'P07'\n"


def test_a_file_that_may_be_the_persons_is_no_success(sessions: Path, shell: Shell) -> None:
    (sessions / "20260103T080000Z-cccc.antiphon").write_bytes(b"rubbish")
    ran = shell("erase", "--person", "P07", "--apply", "--sessions", sessions)
    assert (ran.code, "20260103T080000Z-cccc.antiphon" in ran.err) == (65, True)
    assert remains(sessions, ID) == []


def test_a_session_that_lives_on_elsewhere_only_can_be_erased(sessions: Path, shell: Shell) -> None:
    (sessions / f"{OTHER}.antiphon").unlink()
    assert shell("erase", OTHER, "--apply", "--sessions", sessions).code == 0
    assert [one.id for one in tombstones(sessions)] == [OTHER]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 64),
        ((ID, "--person", "P07"), 64),
        (("2026",), 66),
        ((ID[:-5],), 66),
        (("*",), 66),
        (("../sessions",), 66),
    ],
)
def test_what_cannot_be_meant_is_refused(
    sessions: Path, shell: Shell, words: tuple[str, ...], code: int
) -> None:
    before = sorted(sessions.rglob("*"))
    assert shell.failure("erase", *words, "--apply", "--sessions", sessions)[0] == code
    assert sorted(sessions.rglob("*")) == before


def test_an_unwritable_directory_is_74_and_the_session_stays(sessions: Path, shell: Shell) -> None:
    if os.getuid() == 0:
        (sessions / "tombstones").write_bytes(b"in the way")  # root may write anywhere
    else:
        sessions.chmod(0o500)
    code = shell("erase", ID, "--apply", "--sessions", sessions).code
    assert code == 74
    assert remains(sessions, ID)


@pytest.mark.parametrize(
    ("words", "taken"),
    [((), [OTHER]), (("--yes",), [OTHER, ID])],
)
def test_a_code_in_other_letters_is_told_and_taken_only_when_somebody_says_so(
    sessions: Path, shell: Shell, words: tuple[str, ...], taken: list[str]
) -> None:
    path = sessions / "20260103T080000Z-cccc.antiphon"
    record(path, "p07")
    ran = shell("erase", "--person", "p07", "--apply", *words, "--sessions", sessions)
    assert ran.code == 0
    assert ("written otherwise: 'P07' (1)" in ran.err) == (not words)
    assert bool(remains(sessions, ID)) == (not words)
    assert not remains(sessions, path.stem)


def test_a_code_that_is_only_written_otherwise_here_is_66_and_says_so(
    sessions: Path, shell: Shell
) -> None:
    ran = shell("erase", "--person", "p07", "--apply", "--sessions", sessions)
    assert ran.code == 66
    assert "0 sessions of 'p07'; written otherwise: 'P07' (1): --yes takes them" in ran.err
    assert remains(sessions, ID)
    assert shell("erase", "--person", "p07", "--yes", "--apply", "--sessions", sessions).code == 0
    assert not remains(sessions, ID)


def test_it_ends_with_where_a_copy_still_is(sessions: Path, shell: Shell) -> None:
    ran = shell("erase", ID, "--apply", "--json", "--sessions", sessions)
    assert ran.code == 0
    [left] = ran.json["remains"]
    assert (left["where"], left["code"]) == (f"ward ({ADDRESS})", 0)
    assert "the next antiphon sync" in left["why"]
    confirm(sessions, tombstones(sessions)[0], ADDRESS, WHEN)
    again = shell("erase", ID, "--apply", "--sessions", sessions)
    assert again.out.splitlines()[-1].startswith("searched again: nothing of it remains")


def test_a_destination_that_is_not_configured_any_more_is_named_and_69(
    sessions: Path, shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "antiphon.toml").write_text(WARD.replace("ward", "other"))
    ran = shell("erase", ID, "--apply", "--sessions", sessions)
    assert ran.code == 69
    assert f"{ID} at ward ({ADDRESS}): it is not configured any more" in ran.err
    assert not remains(sessions, ID)


def test_what_lies_where_nothing_of_ours_belongs_is_named(sessions: Path, shell: Shell) -> None:
    (sessions / "old").mkdir()
    kept = sessions / "old" / f"copy of {ID}.antiphon"
    shutil.copy(sessions / "done" / f"{ID}.antiphon", kept)
    ran = shell("erase", ID, "--apply", "--sessions", sessions)
    assert ran.code == 74
    assert f"old/copy of {ID}.antiphon" in ran.err


def test_a_directory_with_an_export_of_it_is_named_and_69(
    sessions: Path, shell: Shell, tmp_path: Path
) -> None:
    out = tmp_path / "stick"
    export = ("--to", "csv", "--own-use", out, "--sessions", sessions)
    for one in (ID, OTHER):
        assert shell("export", one, *export).code == 0
    dry = shell("erase", ID, "--json", "--sessions", sessions)
    ran = shell("erase", ID, "--apply", "--json", "--sessions", sessions)
    assert (dry.code, ran.code) == (0, 69)
    assert f"{ID} at {out}: it was exported there" in ran.err
    assert dry.json["remains"] == ran.json["remains"]
    assert [(it["id"], it["where"]) for it in ran.json["remains"][:1]] == [(ID, str(out))]
    assert (out / f"{ID}_patient.csv").exists()


def test_an_export_that_was_deleted_is_not_named_and_one_that_cannot_be_seen_is(
    sessions: Path, shell: Shell, tmp_path: Path
) -> None:
    out = tmp_path / "stick"
    for one in (ID, OTHER):
        shell("export", one, "--to", "csv", "--own-use", out, "--sessions", sessions)
    for file in out.glob(f"{ID}*"):
        file.unlink()
    places = {it["where"] for it in _erased(shell, sessions, ID)}
    assert str(out) not in places
    out.rename(tmp_path / "pulled out")
    unseen = [it for it in _erased(shell, sessions, ID) if it["where"] == str(out)]
    assert [(it["id"], it["code"]) for it in unseen] == [(ID, 0)]
    assert "no such directory now" in unseen[0]["why"]


def _erased(shell: Shell, sessions: Path, id_: str) -> list[dict[str, Any]]:
    """What remains of a session once it is erased, which is no failure."""
    ran = shell("erase", id_, "--apply", "--json", "--sessions", sessions)
    assert ran.code == 0
    remains: list[dict[str, Any]] = ran.json["remains"]
    return remains


@pytest.mark.parametrize("name", [f"{ID} (copy)", "$(touch x)", "-oProxyCommand=x", "seventh"])
@pytest.mark.parametrize("words", [(ID,), ("--person", "P07")])
def test_a_copy_of_a_session_under_any_name_goes_with_it(
    sessions: Path, shell: Shell, name: str, words: tuple[str, ...]
) -> None:
    copy = sessions / "done" / f"{name}.antiphon"
    shutil.copy(sessions / "done" / f"{ID}.antiphon", copy)
    assert shell("erase", *words, "--apply", "--sessions", sessions).code == 0
    assert not copy.exists()
    left = [path for path in sessions.rglob("*") if path.is_file()]
    assert not any(b"P07" in path.read_bytes() for path in left)


def test_a_copy_at_a_destination_that_no_tombstone_can_name_is_69(
    sessions: Path, shell: Shell
) -> None:
    name = f"{ID} (copy)"
    shutil.copy(sessions / "done" / f"{ID}.antiphon", sessions / "done" / f"{name}.antiphon")
    receipt = Receipt(f"{name}.antiphon", 1, "ab" * 32, 1, WHEN, ADDRESS, verified=True)
    Receipts(sessions, "ward", ADDRESS).store(receipt)
    ran = shell("erase", "--person", "P07", "--apply", "--sessions", sessions)
    assert ran.code == 69
    assert f"{name} at ward ({ADDRESS}): no tombstone can carry this name" in ran.err


def test_a_session_put_away_meanwhile_is_erased_where_it_is_then(
    sessions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Holdings] = []

    def look_before(directory: Path) -> Holdings:
        found.append(look(directory))
        if len(found) == 1:
            finish(sessions / f"{OTHER}.antiphon")
        return found[-1]

    monkeypatch.setattr("recorder.sync.erase.look", look_before)
    assert erase(sessions, OTHER, "session", WHEN).state == "erased"
    assert remains(sessions, OTHER) == []


def test_among_thousands_the_directories_are_looked_at_a_few_times_only(
    sessions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(200):
        name = f"20270101T000000Z-{number:04x}"
        shutil.copy(sessions / "done" / f"{ID}.antiphon", sessions / "done" / f"{name}.antiphon")
    looks: list[Path] = []
    listed = Path.iterdir

    def counted(path: Path) -> Iterator[Path]:
        looks.append(path)
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", counted)
    assert len(planned(sessions, sessions_of(sessions, "P07").ids)) == 201
    assert len(looks) < 20


def test_videos_elsewhere_are_not_erased_because_a_consent_is_missing_here(
    sessions: Path, link: DirectoryLink
) -> None:
    """It may have been a bit that the disk has turned: only what was taken back is."""
    place = Place(link, Receipts(sessions, "ward", link.address))
    name = f"{IDS[0]}-camera-01.mkv"
    (link.place / name).write_bytes(b"a video")
    place.receipts.store(Receipt(name, 7, "ab" * 32, 34, WHEN, link.address, verified=True))
    assert list(unfilm_all(sessions, place)) == []
    assert link.held == [name]
