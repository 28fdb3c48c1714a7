from dataclasses import replace
from pathlib import Path

import pytest

from recorder.store.catalog import (
    OWN_ID,
    Entry,
    find,
    first_id,
    new_session_id,
    part_id,
    part_number,
    sessions,
    unfinished,
)
from recorder.store.finish import finish
from recorder.store.rows import ClockUtcRow
from recorder.sync.tombstones import can_be_told
from tests.recorder import session_files
from tests.recorder.session_files import START_NS, block

FIRST = "20261123T040000Z-1f3a"
SECOND = "20261123T051500Z-00ff"
UTC_NS = 1_795_406_400_000_000_000


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for session_id in (SECOND, FIRST):
        session_files.write(tmp_path / f"{session_id}.antiphon", [block(0, 0)])
    return tmp_path


def test_sessions_are_listed_oldest_first(directory: Path) -> None:
    first, second = sessions(directory)
    path = directory / f"{FIRST}.antiphon"
    size = path.stat().st_size
    assert first == Entry(
        path,
        FIRST,
        "closed",
        UTC_NS,
        4.0,
        size,
        created_is_certain=True,
        codes=("P01", "T01"),
        roles=("patient", "therapist"),
        consent=(("eeg",), ("eeg", "video", "share")),
        usable=(None, None),
        marks=0,
    )
    assert second.id == SECOND


def test_a_directory_that_is_not_there_holds_no_sessions(tmp_path: Path) -> None:
    assert sessions(tmp_path / "nothing") == []
    assert unfinished(tmp_path / "nothing") == []


def test_other_files_are_not_sessions(directory: Path) -> None:
    (directory / "notes.txt").write_text("x")
    (directory / "folder.antiphon").mkdir()
    assert len(sessions(directory)) == 2


@pytest.mark.parametrize("content", [b"", b"torn", b"SQLite format 3\0" + bytes(5000)])
def test_an_unreadable_file_is_listed_as_such(directory: Path, content: bytes) -> None:
    (directory / "20270101T000000Z-aaaa.antiphon").write_bytes(content)
    entry = sessions(directory)[-1]
    assert (entry.state, entry.duration_s, entry.size_bytes) == ("unreadable", None, len(content))
    assert "not a session file" in entry.problem


def test_a_session_being_recorded_is_listed_with_its_length_so_far(tmp_path: Path) -> None:
    path = tmp_path / f"{FIRST}.antiphon"
    writer = session_files.start(path)
    writer.put(block(0, 0, 250))
    assert writer.flush(10.0)
    [entry] = sessions(tmp_path)
    assert entry.state == "recording"
    assert entry.duration_s == pytest.approx(1.0, abs=0.01)
    assert entry.size_bytes > path.stat().st_size
    assert unfinished(tmp_path) == [path]
    writer.close(START_NS)
    assert unfinished(tmp_path) == [path]
    finish(path)
    assert unfinished(tmp_path) == []


def test_sessions_that_were_put_away_are_listed_and_found_as_well(directory: Path) -> None:
    place = finish(directory / f"{SECOND}.antiphon")
    assert [entry.path for entry in sessions(directory)] == [
        directory / f"{FIRST}.antiphon",
        place,
    ]
    assert find(directory, SECOND) == place
    assert find(directory, SECOND[:11]) == place
    assert unfinished(directory) == [directory / f"{FIRST}.antiphon"]


@pytest.mark.parametrize("asked", [FIRST, "20261123T04", f"{FIRST[:-1]}"])
def test_a_session_is_found_by_its_id_or_the_beginning_of_it(directory: Path, asked: str) -> None:
    assert find(directory, asked) == directory / f"{FIRST}.antiphon"


def test_latest_is_the_newest_wherever_it_is(directory: Path, tmp_path: Path) -> None:
    assert find(directory, "latest") == directory / f"{SECOND}.antiphon"
    place = finish(directory / f"{SECOND}.antiphon")
    assert find(directory, "latest") == place
    with pytest.raises(LookupError, match="no session"):
        find(tmp_path / "empty", "latest")


def dated(
    directory: Path, id_: str, utc_ns: int, boot_id: str, t_ns: int, *pairs: ClockUtcRow
) -> Path:
    """A session that believed to begin at `utc_ns`, without a time server."""
    head = replace(
        session_files.header(id_, boot_id),
        created_utc_ns=utc_ns,
        started_t_ns=t_ns,
        clock_synchronised=False,
    )
    return session_files.write(directory / f"{id_}.antiphon", [*pairs], head)


EARLY, LATE = "20260101T000000Z-aaaa", "20300101T000000Z-bbbb"
DAY_NS = 86_400_000_000_000


def test_a_session_is_dated_by_its_pairs_and_not_by_what_was_believed_at_its_start(
    tmp_path: Path,
) -> None:
    heard = ClockUtcRow(START_NS + 10**9, UTC_NS + 10**9, synchronised=True)
    pairs = (ClockUtcRow(START_NS, 5, synchronised=False), heard)
    dated(tmp_path, EARLY, 5, "a", START_NS, *pairs)
    [entry] = sessions(tmp_path)
    assert (entry.created_utc_ns, entry.created_is_certain) == (UTC_NS, True)
    assert entry.ended_utc_ns is not None


def test_a_date_is_not_certain_when_no_server_was_heard(tmp_path: Path) -> None:
    dated(tmp_path, LATE, UTC_NS, "a", START_NS)
    [entry] = sessions(tmp_path)
    assert (entry.created_utc_ns, entry.created_is_certain) == (UTC_NS, False)
    assert entry.ended_utc_ns is None


def test_a_session_is_dated_by_another_of_its_boot_that_heard_a_server(tmp_path: Path) -> None:
    dated(tmp_path, LATE, UTC_NS + 1000 * DAY_NS, "a", START_NS)
    heard = ClockUtcRow(START_NS + DAY_NS, UTC_NS + DAY_NS, synchronised=True)
    dated(tmp_path, EARLY, UTC_NS + DAY_NS, "a", START_NS + DAY_NS, heard)
    dated(tmp_path, f"{EARLY}-2", UTC_NS, "b", START_NS)
    found = {it.id: (it.created_utc_ns, it.created_is_certain) for it in sessions(tmp_path)}
    assert found == {
        LATE: (UTC_NS, True),
        EARLY: (UTC_NS + DAY_NS, True),
        f"{EARLY}-2": (UTC_NS, False),
    }


@pytest.mark.parametrize("heard", [True, False])
def test_latest_is_the_newest_also_after_the_clock_has_stepped_back(
    tmp_path: Path, heard: bool
) -> None:
    dated(tmp_path, LATE, UTC_NS + 1000 * DAY_NS, "a", START_NS)
    pair = ClockUtcRow(START_NS + DAY_NS, UTC_NS, synchronised=heard)
    newest = dated(tmp_path, EARLY, UTC_NS, "a", START_NS + DAY_NS, pair)
    assert find(tmp_path, "latest") == newest
    assert [entry.id for entry in sessions(tmp_path)] == [LATE, EARLY]


def test_latest_is_no_file_of_which_nothing_tells_when_it_was(directory: Path) -> None:
    torn = directory / "torn.antiphon"
    torn.write_bytes(b"torn")
    assert sessions(directory)[-1].path == torn
    assert find(directory, "latest") == directory / f"{SECOND}.antiphon"


def test_clocks_that_no_calendar_holds_make_a_session_unreadable(tmp_path: Path) -> None:
    far = ClockUtcRow(-(2**62), 2**63 - 1, synchronised=False)
    dated(tmp_path, EARLY, UTC_NS, "a", START_NS, far)
    [entry] = sessions(tmp_path)
    assert (entry.state, "clocks are damaged" in entry.problem) == ("unreadable", True)


def test_an_exact_id_wins_over_a_longer_one(directory: Path) -> None:
    session_files.write(directory / f"{FIRST}-2.antiphon", [])
    assert find(directory, FIRST) == directory / f"{FIRST}.antiphon"


def test_a_path_is_found_wherever_it_is(directory: Path, tmp_path: Path) -> None:
    path = directory / f"{SECOND}.antiphon"
    assert find(tmp_path / "elsewhere", str(path)) == path


@pytest.mark.parametrize(
    ("asked", "text"), [("2026", "fits 2 sessions"), ("x", "no session"), ("", "fits 2 sessions")]
)
def test_what_is_not_one_session_is_a_lookup_error(directory: Path, asked: str, text: str) -> None:
    with pytest.raises(LookupError, match=text):
        find(directory, asked)


def test_an_id_is_the_time_and_a_token() -> None:
    assert new_session_id(UTC_NS + 999_999_999, b"\x1f\x3a") == FIRST


@pytest.mark.parametrize("box", ["", "box-3", "B", "a_b-c", "1f3a", "x" * 16])
def test_an_id_with_the_box_in_it_is_still_one_that_everything_can_be_told_of(box: str) -> None:
    one = new_session_id(UTC_NS, b"\x1f\x3a", box)
    second = part_id(one, 2)
    assert (first_id(second), part_number(second), part_number(one)) == (one, 2, 1)
    assert can_be_told(second)
    assert all(map(OWN_ID.fullmatch, (one, second)))
    assert one.endswith("_1f3a" if box else "-1f3a")
