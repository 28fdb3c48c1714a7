import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from recorder.failure import Failure
from recorder.sync.delivery import Place, deliver_all, to_copy
from recorder.sync.receipts import Receipts
from recorder.sync.retention import DAY_NS, delete, verdicts
from tests.recorder import session_files
from tests.recorder.sync.conftest import IDS
from tests.recorder.sync.directory_link import DirectoryLink

A, B, C = IDS
CREATED_NS = 1_795_406_400_000_000_000  # of each, as session_files makes them; ids settle the order
LATER_NS = CREATED_NS + 100 * DAY_NS


@pytest.fixture
def place(sessions: Path, link: DirectoryLink) -> Place:
    place = Place(link, Receipts(sessions, "ward", link.address))
    deliver(sessions, place)
    return place


def deliver(sessions: Path, place: Place) -> None:
    assert all(not one.problem for one in deliver_all(to_copy(sessions, place.receipts), place))


def reasons(sessions: Path, *places: Place, days: float = 30, now_ns: int = LATER_NS) -> list[str]:
    judged = verdicts(sessions, places, older_than_days=days, utc_ns=now_ns)
    return [verdict.kept_because for verdict in judged]


NEWEST = "it is the newest"


def test_all_old_sessions_that_are_proved_may_go_but_the_newest(
    sessions: Path, place: Place
) -> None:
    judged = list(verdicts(sessions, [place], older_than_days=30, utc_ns=LATER_NS))
    assert [(one.id, one.kept_because) for one in judged] == [(A, ""), (B, ""), (C, NEWEST)]
    assert judged[0].bytes == judged[0].path.stat().st_size


def test_what_is_not_older_than_asked_stays(sessions: Path, place: Place) -> None:
    assert reasons(sessions, place, days=101) == ["it is 100 days old"] * 2 + [NEWEST]


def test_what_has_no_certain_date_stays(sessions: Path, link: DirectoryLink) -> None:
    head = replace(session_files.header(A, "other"), clock_synchronised=False)
    (sessions / f"{A}.antiphon").unlink()
    session_files.write(sessions / f"{A}.antiphon", [], head)
    place = Place(link, Receipts(sessions, "ward", link.address))
    deliver(sessions, place)
    first, *others = reasons(sessions, place)
    assert first == "its date is not certain: no time server was heard in that session"
    assert others == ["", NEWEST]


@pytest.mark.parametrize("now_ns", [0, CREATED_NS - DAY_NS, CREATED_NS])
def test_a_clock_that_stands_too_early_deletes_nothing(
    sessions: Path, place: Place, now_ns: int
) -> None:
    assert reasons(sessions, place, days=0, now_ns=now_ns)[:2] == ["it is 0 days old"] * 2


def drop_receipt(sessions: Path, link: DirectoryLink) -> None:
    (sessions / "receipts" / "ward" / f"{A}.json").unlink()


def deny_receipt(sessions: Path, link: DirectoryLink) -> None:
    file = sessions / "receipts" / "ward" / f"{A}.json"
    file.write_text(file.read_text().replace('"verified": true', '"verified": false'))


def tear_receipt(sessions: Path, link: DirectoryLink) -> None:
    (sessions / "receipts" / "ward" / f"{A}.json").write_text('{"name":')


def move_workstation(sessions: Path, link: DirectoryLink) -> None:
    file = sessions / "receipts" / "ward" / f"{A}.json"
    file.write_text(file.read_text().replace("@ward", "@elsewhere"))


def lose_copy(sessions: Path, link: DirectoryLink) -> None:
    (link.place / f"{A}.antiphon").unlink()


def spoil_copy(sessions: Path, link: DirectoryLink) -> None:
    (link.place / f"{A}.antiphon").write_bytes(b"?")


def spoil_ours_unseen(sessions: Path, link: DirectoryLink) -> None:
    path = sessions / f"{A}.antiphon"
    stat = path.stat()
    content = bytearray(path.read_bytes())
    content[80] ^= 1  # where nothing is stored
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def damage_hash(sessions: Path, link: DirectoryLink) -> None:
    (sessions / f"{A}.antiphon.sha256").write_text("0" * 64)


def add_notes(sessions: Path, link: DirectoryLink) -> None:
    (sessions / f"{A}.maaaaaaaa.notes").write_text("not copied yet")


def begin_notes(sessions: Path, link: DirectoryLink) -> None:
    (sessions / f"{A}.notes-wal").write_text("being written")


CHANGES: list[tuple[Callable[[Path, DirectoryLink], None], str]] = [
    (drop_receipt, "no receipt for"),
    (deny_receipt, "no receipt for"),
    (tear_receipt, "no receipt for"),
    (move_workstation, "no receipt for"),
    (lose_copy, "does not have"),
    (spoil_copy, "does not have"),
    (spoil_ours_unseen, "is not what"),
    (damage_hash, "it is damaged"),
    (add_notes, f"no receipt for {A}.maaaaaaaa.notes"),
    (begin_notes, "its notes are being written"),
]


@pytest.mark.parametrize(("change", "why"), CHANGES, ids=[one[0].__name__ for one in CHANGES])
def test_whatever_speaks_against_it_keeps_a_session_and_only_that_one(
    sessions: Path,
    link: DirectoryLink,
    place: Place,
    change: Callable[[Path, DirectoryLink], None],
    why: str,
) -> None:
    change(sessions, link)
    first, second, third = reasons(sessions, place)
    assert why in first
    assert (second, third) == ("", NEWEST)


def test_every_destination_has_to_have_it(sessions: Path, place: Place, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    other_link = DirectoryLink(tmp_path / "archive", "antiphon@archive:22/eeg")
    other = Place(other_link, Receipts(sessions, "archive", other_link.address))
    assert reasons(sessions, place, other)[0].startswith("no receipt for")
    deliver(sessions, other)
    assert reasons(sessions, place, other) == ["", "", NEWEST]


def test_without_a_destination_nothing_may_go(sessions: Path) -> None:
    assert reasons(sessions)[:2] == ["there is no destination that could have it"] * 2


def test_a_session_that_is_recorded_is_not_even_judged(sessions: Path, place: Place) -> None:
    writer = session_files.start(sessions / "20260104T080000Z-dddd.antiphon")
    assert reasons(sessions, place) == ["", "", NEWEST]
    writer.close(session_files.START_NS)


def test_a_destination_that_does_not_answer_ends_it(
    sessions: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object) -> dict[str, str]:
        raise Failure("ward: it cannot be reached", 69)

    monkeypatch.setattr(place.link, "hashes_of", unreachable)
    with pytest.raises(Failure, match="cannot be reached"):
        reasons(sessions, place)


def test_a_deletion_takes_all_that_belongs_to_the_session_and_nothing_else(
    sessions: Path, link: DirectoryLink, place: Place
) -> None:
    (sessions / f"{A}.notes").write_text("x")
    (sessions / f"{A}.antiphon.sha256").write_text("x")
    delete(sessions / f"{A}.antiphon")
    assert sorted(path.name for path in sessions.iterdir()) == [
        f"{B}.antiphon",
        f"{C}.antiphon",
        "disclosures.jsonl",
        "receipts",
    ]
    assert (sessions / "receipts" / "ward" / f"{A}.json").exists()


def test_a_damaged_session_stays_although_its_copies_are_like_it(
    sessions: Path, link: DirectoryLink
) -> None:
    with closing(sqlite3.connect(sessions / f"{A}.antiphon")) as db, db:
        db.execute("UPDATE person SET code = 'P9'")
    place = Place(link, Receipts(sessions, "ward", link.address))
    deliver(sessions, place)
    first, *others = verdicts(sessions, [place], older_than_days=30, utc_ns=LATER_NS)
    assert first.is_damaged
    assert first.kept_because == "it is damaged: person: 2 rows are not as written"
    assert [one.kept_because for one in others] == ["", NEWEST]
    admitted = verdicts(sessions, [place], older_than_days=30, utc_ns=LATER_NS, damaged=True)
    assert [one.kept_because for one in admitted] == ["", "", NEWEST]
