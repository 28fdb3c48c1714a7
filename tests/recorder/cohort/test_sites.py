"""A site as it may be: what cannot be used is named, and the rest is done."""

from pathlib import Path

import pytest

from recorder.cohort.sites import once_each, seen_in, sites_of
from recorder.failure import EX_NOINPUT, EX_USAGE, Failure
from recorder.store.note_rows import ConsentRow
from recorder.store.notes import open_notes
from tests.cohort.people import Meeting, record
from tests.recorder import session_files
from tests.recorder.cohort.bad_site import bad_site, dyad
from tests.recorder.cohort.here import SHORT, meet, ran


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two good sessions among all that may go wrong."""
    return bad_site(tmp_path_factory.mktemp("bad") / "site")


def test_each_is_named_and_the_rest_done(bad: Path, tmp_path: Path) -> None:
    found = ran(tmp_path / "out", bad).found
    assert {it.seen.id for it in found.used} == {dyad(0), dyad(1)}
    told = {it.id: (it.kind, it.why) for it in found.seen if it.kind != "used"}
    assert {name: kind for name, (kind, _) in told.items()} == {
        dyad(2): "damaged",
        dyad(3): "damaged",
        dyad(4): "withdrawn",
        dyad(5): "withdrawn",
        dyad(6): "withdrawn",
        "20251231T100000Z-dead": "withdrawn",
        "20260105T100000Z-0001": "empty",
        "nothing": "empty",
        "letter": "foreign",
        "other": "foreign",
    }
    assert "another SHA-256" in told[dyad(2)][1]
    assert "erased 2026-11-01T10:00:00Z (person), but its file is still there" in told[dyad(4)][1]
    assert told[dyad(5)][1] == "EEG taken back: patient"
    assert told[dyad(6)][1] == "its notes are there, its file is gone"
    assert all("\n" not in why for _, why in told.values())
    page = (tmp_path / "out" / "report.html").read_text()
    assert all(kind in page for kind in ("damaged", "foreign", "empty", "withdrawn"))


def test_who_has_not_agreed_to_sharing_is_left_out_of_that(tmp_path: Path) -> None:
    site = tmp_path / "site"
    meet(site, range(1))
    meet(site, range(1, 2), consent=("eeg",))
    [taken_back] = meet(site, range(2, 3))
    with open_notes(taken_back) as notes:
        notes.add(ConsentRow("therapist", "share", given=False, author="X", made_utc_ns=1))
    [place] = sites_of([str(site)])
    assert [it.kind for it in seen_in(place, for_sharing=False)] == ["used"] * 3
    told = {it.id: it.why for it in seen_in(place, for_sharing=True) if it.kind == "unshared"}
    assert told == {
        dyad(1): "no consent to sharing: patient and therapist",
        dyad(2): "no consent to sharing: therapist",
    }


def test_practice_and_what_is_being_recorded_are_no_failures(tmp_path: Path) -> None:
    growing = session_files.start(tmp_path / "20260105T100000Z-0002.antiphon")
    try:
        [found] = seen_in(sites_of([f"box={tmp_path}"])[0], for_sharing=False)
        assert (found.site, found.kind) == ("box", "recording")
    finally:
        growing.close(session_files.START_NS + 1)


def test_the_same_session_at_two_sites_counts_once(tmp_path: Path) -> None:
    meeting = Meeting(1, 1, 3, SHORT)
    record(tmp_path / "box", meeting)
    record(tmp_path / "copies", meeting)
    sites = sites_of([str(tmp_path / "box"), str(tmp_path / "copies")])
    found = once_each(it for site in sites for it in seen_in(site, for_sharing=False))
    assert [(it.kind, it.why) for it in found] == [
        ("used", ""),
        ("twice", "the same session as in box"),
    ]


def test_sites_need_names_of_their_own(tmp_path: Path) -> None:
    for name in ("a/sessions", "b/sessions", "with=sign"):
        (tmp_path / name).mkdir(parents=True)
    one, other = str(tmp_path / "a" / "sessions"), str(tmp_path / "b" / "sessions")
    assert [it.name for it in sites_of([one, f"b={other}"])] == ["sessions", "b"]
    for words, code in (
        ([one, other], EX_USAGE),
        ([f"../x={one}"], EX_USAGE),
        ([str(tmp_path / "with=sign")], EX_USAGE),
        ([str(tmp_path / "nowhere")], EX_NOINPUT),
    ):
        with pytest.raises(Failure) as failed:
            sites_of(words)
        assert failed.value.code == code
    assert sites_of([f"sign={tmp_path / 'with=sign'}"])[0].path == tmp_path / "with=sign"
