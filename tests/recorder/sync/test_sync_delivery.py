import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recorder.failure import EX_TEMPFAIL, Failure
from recorder.privacy.disclosures import disclosures
from recorder.progress import Progress, no_progress
from recorder.store.beside import stored_sha256
from recorder.store.check import verify
from recorder.store.finish import finish
from recorder.store.fit import another_hash, damage_of
from recorder.store.note_rows import NoteMarkerRow
from recorder.store.notes import open_notes
from recorder.sync.delivery import Place, deliver_all, misnamed, to_copy
from recorder.sync.finished import Sealed
from recorder.sync.receipts import Receipts
from tests.recorder.sync.conftest import IDS
from tests.recorder.sync.directory_link import DirectoryLink, sha256

NOON_NS = 1_795_435_200_000_000_000


@pytest.fixture
def receipts(sessions: Path, link: DirectoryLink) -> Receipts:
    return Receipts(sessions, "ward", link.address)


@pytest.fixture
def place(link: DirectoryLink, receipts: Receipts) -> Place:
    return Place(link, receipts, lambda: NOON_NS)


def files(*ids: str) -> list[str]:
    return [f"{id_}.antiphon" for id_ in ids]


def write_note(session_path: Path, label: str) -> Path:
    """Add to the notes on a session, and make them if need be; their file."""
    with open_notes(session_path, "aaaaaaaa") as notes:
        notes.add(NoteMarkerRow(len(label), label, "rater", "R1", 0))
        return notes.path


def states(sessions: Path, place: Place) -> list[str]:
    paths = to_copy(sessions, place.receipts)
    return [outcome.state for outcome in deliver_all(paths, place)]


def test_what_arrived_whole_gets_its_name_and_a_receipt(
    sessions: Path, link: DirectoryLink, place: Place
) -> None:
    assert states(sessions, place) == ["copied"] * 3
    assert link.held == files(*IDS)
    path = sessions / f"{IDS[0]}.antiphon"
    receipt = place.receipts.of(path)
    assert receipt is not None
    assert (receipt.sha256, receipt.when) == (sha256(path), "2026-11-23T12:00:00Z")
    assert to_copy(sessions, place.receipts) == []


def told(sessions: Path) -> list[tuple[str, str, str, str]]:
    return [(it.at, it.what, it.session, it.to) for it in disclosures(sessions)]


def test_what_is_copied_is_written_down_once_for_each_session_and_destination(
    sessions: Path, place: Place
) -> None:
    finish(sessions / f"{IDS[0]}.antiphon")
    assert len(states(sessions, place)) == 4
    lines = [("2026-11-23T12:00:00Z", "copied", id_, place.link.address) for id_ in IDS]
    assert sorted(told(sessions)) == lines
    (sessions / "receipts" / "ward" / f"{IDS[1]}.json").unlink()
    assert states(sessions, place) == ["already there"]
    assert sorted(told(sessions)) == lines


def test_it_is_written_down_before_it_is_sent_and_not_sent_when_it_cannot_be(
    sessions: Path, link: DirectoryLink, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    send = link.send

    def sent(file: Sealed, progress: Progress = no_progress) -> None:
        written.append(len(told(sessions)))
        send(file, progress)

    monkeypatch.setattr(link, "send", sent)
    assert len(states(sessions, place)) == 3
    assert written == [1, 2, 3]
    shutil.rmtree(sessions / "receipts")
    (sessions / "disclosures.jsonl").unlink()
    (sessions / "disclosures.jsonl").mkdir()
    for copy in link.place.iterdir():
        copy.unlink()
    with pytest.raises(IsADirectoryError):
        states(sessions, place)
    assert link.held == []


def test_nothing_to_copy_asks_nothing(link: DirectoryLink, place: Place) -> None:
    assert list(deliver_all([], place)) == []
    assert link.asked == []


def test_progress_is_told_in_bytes_of_all_files_and_never_goes_back(
    sessions: Path, place: Place
) -> None:
    told: list[tuple[int, int]] = []
    paths = to_copy(sessions, place.receipts)
    list(deliver_all(paths, place, lambda done, total: told.append((done, total))))
    total = sum(path.stat().st_size for path in paths)
    assert told == sorted(told)
    assert {one[1] for one in told} == {total}
    assert told[-1] == (total, total)


def test_one_that_arrives_damaged_is_sent_again(
    sessions: Path, link: DirectoryLink, place: Place
) -> None:
    link.spoil = 1
    assert states(sessions, place) == ["copied"] * 3
    assert [sha256(link.place / name) for name in files(*IDS)] == [
        sha256(sessions / name) for name in files(*IDS)
    ]


def test_one_that_arrives_damaged_twice_is_refused_and_the_others_go_on(
    sessions: Path, link: DirectoryLink, place: Place
) -> None:
    link.spoil = 2
    outcomes = list(deliver_all(to_copy(sessions, place.receipts), place))
    assert [outcome.state for outcome in outcomes] == ["refused", "copied", "copied"]
    assert (outcomes[0].code, outcomes[0].problem[:25]) == (74, "it arrived damaged, twice")
    assert link.held == files(*IDS[1:])
    assert to_copy(sessions, place.receipts) == [sessions / f"{IDS[0]}.antiphon"]


def test_one_that_is_put_away_meanwhile_is_left_for_the_next_time(
    sessions: Path, link: DirectoryLink, place: Place
) -> None:
    path = sessions / f"{IDS[0]}.antiphon"

    def put_away() -> None:
        if path.exists():
            (sessions / "done").mkdir()
            path.rename(sessions / "done" / path.name)
            raise Failure("rsync: link_stat failed", 74)

    link.meanwhile = put_away
    outcomes = list(deliver_all(to_copy(sessions, place.receipts), place))
    assert [outcome.code for outcome in outcomes] == [EX_TEMPFAIL, 0, 0]
    assert states(sessions, place) == ["copied"]


def test_another_recording_of_the_same_name_is_refused_before_anything_is_sent(
    sessions: Path, link: DirectoryLink, place: Place
) -> None:
    (link.place / f"{IDS[1]}.antiphon").write_bytes(b"other")
    assert states(sessions, place) == ["copied", "refused", "copied"]
    assert (link.place / f"{IDS[1]}.antiphon").read_bytes() == b"other"


def test_a_session_copied_before_it_was_packed_is_replaced_by_the_packed_one(
    sessions: Path, link: DirectoryLink, place: Place
) -> None:
    assert states(sessions, place) == ["copied"] * 3
    before = sha256(sessions / f"{IDS[0]}.antiphon")
    packed = finish(sessions / f"{IDS[0]}.antiphon")
    assert sha256(packed) != before
    assert states(sessions, place) == ["copied", "copied"]
    assert sha256(link.place / packed.name) == sha256(packed)


def test_a_good_copy_is_not_replaced_by_what_was_damaged_before_it_was_put_away(
    sessions: Path, link: DirectoryLink, place: Place
) -> None:
    assert states(sessions, place) == ["copied"] * 3
    path = sessions / f"{IDS[0]}.antiphon"
    good = sha256(path)
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE block SET payload = zeroblob(length(payload))")
    assert not verify(finish(path)).ok
    assert states(sessions, place) == ["refused"]
    assert sha256(link.place / path.name) == good


def test_notes_replace_only_those_that_they_are_known_to_contain(
    sessions: Path, link: DirectoryLink, place: Place
) -> None:
    session_path = sessions / f"{IDS[0]}.antiphon"
    notes = write_note(session_path, "first")
    assert states(sessions, place) == ["copied"] * 4
    before = sha256(notes)
    write_note(session_path, "second")
    [refused] = deliver_all(to_copy(sessions, place.receipts), place)
    assert (refused.state, refused.code) == ("refused", EX_TEMPFAIL)
    assert sha256(link.place / notes.name) == before
    contained = {notes.name: before}
    [copied] = deliver_all(to_copy(sessions, place.receipts), place, contained=contained)
    assert copied.state == "copied"
    assert sha256(link.place / notes.name) == sha256(notes)
    assert to_copy(sessions, place.receipts) == []


def test_notes_that_are_being_written_wait(sessions: Path, place: Place) -> None:
    notes = sessions / f"{IDS[0]}.notes"
    notes.write_bytes(b"half")
    notes.with_name(f"{notes.name}-wal").write_bytes(b"the other half")
    assert notes not in to_copy(sessions, place.receipts)


class Cut(Exception):
    """The run ends here, as by a power cut."""


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(["cut", "change", "spoil", "go"]), max_size=8))
def test_whatever_happens_a_name_or_a_receipt_means_a_whole_file(
    made: Path, tmp_path_factory: pytest.TempPathFactory, story: list[str]
) -> None:
    base = tmp_path_factory.mktemp("story")
    sessions, link = base / "sessions", DirectoryLink(base / "ward")
    shutil.copytree(made, sessions)
    link.place.mkdir()
    session_path = sessions / f"{IDS[0]}.antiphon"
    notes = write_note(session_path, "first")
    left = list(story)

    def meanwhile() -> None:
        event = left.pop(0) if left else "go"
        link.spoil = int(event == "spoil")
        if event == "change":
            write_note(session_path, "and another")
        elif event == "cut":
            raise Cut

    link.meanwhile = meanwhile
    place = Place(link, Receipts(sessions, "ward", link.address))
    for _ in range(len(story) + 1):
        with suppress(Cut):
            states(sessions, place)
        for path in sessions.glob("*.antiphon"):
            there = link.place / path.name
            assert not there.exists() or sha256(there) == sha256(path)
        for path in [notes, *sessions.glob("*.antiphon")]:
            if place.receipts.of(path):
                assert sha256(link.place / path.name) == sha256(path)
    left.clear()
    states(sessions, place)
    assert link.held == sorted([*files(*IDS), notes.name])


def test_a_name_that_could_never_be_erased_again_does_not_hold_up_the_others(
    sessions: Path, link: DirectoryLink, place: Place
) -> None:
    shutil.copy(sessions / f"{IDS[0]}.antiphon", sessions / f"{IDS[0]} (copy).antiphon")
    assert states(sessions, place) == ["copied"] * 3
    assert link.held == files(*IDS)
    [refused] = misnamed(sessions)
    assert (refused.state, refused.code) == ("refused", 65)


def test_the_hash_of_a_session_arrives_with_it_and_is_checked_there(
    sessions: Path, link: DirectoryLink, place: Place
) -> None:
    ours = finish(sessions / f"{IDS[0]}.antiphon")
    assert states(sessions, place) == ["copied"] * 4
    copy = link.place / ours.name
    assert stored_sha256(copy) == stored_sha256(ours)
    assert damage_of(copy) == []
    content = bytearray(copy.read_bytes())
    content[80] ^= 1  # where nothing is stored
    copy.write_bytes(content)
    assert damage_of(copy) == [another_hash(copy)]
