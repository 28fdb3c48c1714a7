"""A cohort from directories to results."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from recorder.cohort.files import ABOUT
from recorder.cohort.job import Job, do
from recorder.cohort.run import GONE, LOCK
from recorder.failure import EX_TEMPFAIL, Failure
from recorder.privacy.disclosures import disclosures
from recorder.store.files import hold
from recorder.store.note_rows import NoteMarkerRow
from recorder.store.notes import open_notes
from recorder.sync.census import elsewhere
from recorder.sync.erase import erase
from tests.cohort.people import Meeting, id_of, record
from tests.recorder.cohort.here import SHORT, meet, ran, state


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sites of three dyads each, and the results of a first run."""
    work = tmp_path_factory.mktemp("cohort")
    meet(work / "ward", range(3))
    meet(work / "clinic", range(3, 6))
    ran(work / "out", work / "ward", work / "clinic")
    return work


@pytest.fixture
def work(made: Path, tmp_path: Path) -> Path:
    """The same, to be changed; copied, so that its files are not known, and their hashes are."""
    for name in ("ward", "clinic", "out", "out.jobs"):
        shutil.copytree(made / name, tmp_path / name)
    return tmp_path


def rows(query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as database:
        return database.execute(query).fetchall()


def sessions_in(out: Path) -> set[str]:
    """Of which there are numbers."""
    files = f"{out}/numbers/*/*/*.parquet"
    return {it for (it,) in rows(f"SELECT DISTINCT session FROM read_parquet('{files}')")}


def test_numbers_stand_by_site_and_month(made: Path) -> None:
    files = f"read_parquet('{made}/out/numbers/**/*.parquet', hive_partitioning = true)"
    found = rows(
        f"SELECT site, month, count(DISTINCT session) FROM {files} GROUP BY ALL ORDER BY 1"
    )
    assert found == [("clinic", "2026-01", 3), ("ward", "2026-01", 3)]
    [(without_chance,)] = rows(
        f"SELECT count(*) FROM {files} WHERE p IS NOT NULL AND (chance IS NULL OR clean IS NULL)"
    )
    assert without_chance == 0


def test_the_table_has_a_row_a_session(made: Path) -> None:
    lines = (made / "out" / "table.csv").read_text().splitlines()
    names = lines[0].split(",")
    assert lines[0].startswith("site,month,session,dyad,patient,therapist,number,days,")
    assert {"plv_alpha", "faa_F4_F3_patient", "usable_therapist"} <= {*names}
    assert len(lines) == 1 + 6
    assert rows(f"SELECT count(*) FROM '{made}/out/table.parquet'") == [(6,)]


def test_the_page_says_what_it_may(made: Path) -> None:
    page = (made / "out" / "report.html").read_text()
    assert "6 sessions of 6 dyads at 2 sites" in page
    assert "Exploratory: no diagnosis" in page
    assert "http" not in page.replace("http-equiv", "")
    assert "default-src 'none'" in page


def test_a_second_run_touches_nothing(work: Path) -> None:
    ran(work / "out", work / "ward", work / "clinic")
    before = state(work)
    again = ran(work / "out", work / "ward", work / "clinic")
    assert (again.analysed, again.kept, again.changed) == (0, 6, ())
    assert (again.shuffled, again.shuffles_kept) == (0, 1)
    assert state(work) == before


def test_a_copy_of_the_sessions_is_read_and_not_analysed(work: Path) -> None:
    again = ran(work / "out", work / "ward", work / "clinic")
    assert (again.analysed, again.kept, again.changed) == (0, 6, ())


def test_one_changed_file_is_one_job(work: Path) -> None:
    one = Meeting(1, 1, 3, SHORT)
    for file in (work / "ward" / "done").glob(f"*{id_of(one)}*"):
        file.unlink()
    record(work / "ward", replace(one, seed=4))
    again = ran(work / "out", work / "ward", work / "clinic")
    assert (again.analysed, again.kept, again.shuffled) == (1, 5, 1)
    changed = {str(it.relative_to(work / "out")) for it in again.changed}
    assert "numbers/site=ward/month=2026-01/numbers.parquet" in changed
    assert "numbers/site=clinic/month=2026-01/numbers.parquet" not in changed


def test_what_is_noted_later_is_one_job_if_it_is_heeded(work: Path) -> None:
    [path] = (work / "ward" / "done").glob(f"{id_of(Meeting(0, 1, 3))}.antiphon")
    with open_notes(path) as notes:
        notes.add(NoteMarkerRow(1, "moment", "rater", "R1", 1))
    again = ran(work / "out", work / "ward", work / "clinic")
    assert (again.analysed, again.kept) == (1, 5)


def test_another_seed_is_another_run(work: Path) -> None:
    again = ran(work / "out", work / "ward", work / "clinic", seed=2)
    assert (again.analysed, again.kept) == (6, 0)
    assert len(list((work / "out.jobs" / "sessions").glob("*/*"))) == 6


def test_an_erased_session_disappears_and_is_named(work: Path) -> None:
    gone = id_of(Meeting(4, 1, 3))
    erase(work / "clinic", [gone], "session", "2026-11-29T12:00:00Z")
    again = ran(work / "out", work / "ward", work / "clinic")
    [named] = [it for it in again.found.seen if it.kind != "used"]
    assert (named.id, named.kind) == (gone, "withdrawn")
    assert "erased 2026-11-29T12:00:00Z (session)" in named.why
    assert gone not in sessions_in(work / "out")
    assert len(sessions_in(work / "out")) == 5
    assert not [it for it in state(work / "out.jobs") if gone in str(it)]
    assert gone in (work / "out" / "report.html").read_text()


def test_the_last_session_of_a_month_takes_its_file_along(work: Path) -> None:
    erase(work / "clinic", [id_of(Meeting(it, 1, 3)) for it in (3, 4, 5)], "person", "now")
    ran(work / "out", work / "ward", work / "clinic")
    assert [it.name for it in (work / "out" / "numbers").iterdir()] == ["site=ward"]


def test_a_session_whose_file_is_gone_is_named_once(work: Path) -> None:
    for file in (work / "ward" / "done").glob(f"*{id_of(Meeting(0, 1, 3))}*"):
        file.unlink()
    again = ran(work / "out", work / "ward", work / "clinic")
    assert [(it.kind, it.why) for it in again.found.seen if it.kind != "used"] == [
        ("withdrawn", GONE)
    ]


def test_what_a_killed_run_left_is_swept(work: Path) -> None:
    part = work / "out.jobs" / "sessions" / "ward" / ".some.1a2b3c4d.part"
    part.mkdir()
    (part / "signals.npy").write_bytes(b"half")
    (work / "out" / ".part.table.csv").write_text("half")
    again = ran(work / "out", work / "ward", work / "clinic")
    assert (again.analysed, again.changed) == (0, ())
    assert not part.exists()
    assert not list((work / "out").glob(".part.*"))


def test_a_folder_with_something_else_is_refused(work: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match="something else"):
        ran(tmp_path / "photos", work / "ward")
    with pytest.raises(ValueError, match="for your own use: give another folder"):
        ran(work / "out", work / "ward", for_sharing=True)
    (work / "out" / ABOUT).write_text("{}")
    with pytest.raises(ValueError, match="cannot be read"):
        ran(work / "out", work / "ward")


def test_for_sharing_only_who_agreed_and_nothing_of_who_it_is(work: Path) -> None:
    meet(work / "ward", range(6, 7), consent=("eeg",))
    scores = work / "scores.csv"
    scores.write_text("patient,number,alliance,remark\nP001,1,4.5,likes Bach\n")
    asked = {"for_sharing": True, "scores": (scores,)}
    shared = ran(work / "given", work / "ward", work / "clinic", **asked)
    assert len(shared.found.used) == 6
    assert [it.kind for it in shared.found.seen if it.kind != "used"] == ["unshared"]
    given = b"".join(it.read_bytes() for it in sorted(state(work / "given")))
    given += str(sorted(state(work / "given"))).encode().replace(str(work).encode(), b"")
    texts = rows(f"SELECT * FROM '{work}/given/table.parquet'")
    texts += rows(f"SELECT * FROM '{work}/given/sessions.parquet'")
    texts += rows(f"SELECT * FROM read_parquet('{work}/given/numbers/**/*.parquet')")
    whole = given + repr(texts).encode()
    for word in (b"P001", b"T001", b"ward", b"clinic", b"2026-", b"20260", b"Bach", b"remark"):
        assert word not in whole, word
    assert b"4.5" in repr(texts).encode()
    assert len({it for it in sessions_in(work / "given") if it.startswith("shared-")}) == 6
    [left] = elsewhere(work / "ward", [id_of(Meeting(0, 1, 3))], ())
    assert (left.where, left.code) == (str(work / "given"), 0)
    told = disclosures(work / "ward")
    assert len(told) == 3
    assert {it.to for it in told} == {str(work / "given")}
    before = state(work)
    assert ran(work / "given", work / "ward", work / "clinic", **asked).changed == ()
    assert state(work) == before


def test_only_one_run_writes_into_a_folder(work: Path) -> None:
    held = hold(work / "out.jobs" / LOCK)
    try:
        with pytest.raises(Failure, match="another run writes there") as refused:
            ran(work / "out", work / "ward")
    finally:
        os.close(held)
    assert refused.value.code == EX_TEMPFAIL


def test_a_worker_of_another_version_does_nothing(work: Path) -> None:
    path = next((work / "ward" / "done").glob("*.antiphon"))
    told = do(Job("ward", path.stem, path, work / "jobs", 1, "", version="0.0.9"))
    assert (told.place, told.kind) == (None, "failed")
    assert told.why.startswith("antiphon 0.0.9 asks, this worker has ")
    assert not (work / "jobs").exists()


def test_a_shuffle_that_fails_is_named_and_the_rest_is_done(work: Path) -> None:
    shutil.rmtree(work / "out.jobs" / "shuffles")
    for file in (work / "out.jobs" / "sessions" / "ward").glob("*/signals.npy"):
        file.write_bytes(b"")
    again = ran(work / "out", work / "ward", work / "clinic")
    assert [it.kind for it in again.found.seen if it.site == "shuffles"] == ["failed"]
    assert (len(again.found.used), again.found.paired) == (6, [])


def test_what_was_asked_for_is_told(made: Path) -> None:
    told = json.loads((made / "out" / ABOUT).read_text())
    assert told["sites"] == ["ward", "clinic"]
    assert (told["seed"], told["for_sharing"]) == (1, False)
