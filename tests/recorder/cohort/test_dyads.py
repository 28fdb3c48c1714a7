"""Which session of which dyad."""

from dataclasses import replace

from recorder.cohort.dyads import Member, numbered, standing
from tests.recorder.cohort.members import digest, seen


def told(found: list[Member]) -> list[tuple[str, str, int]]:
    return [(it.seen.id, it.dyad, it.number) for it in found]


def test_sessions_are_numbered_by_when_they_were() -> None:
    found = numbered(
        [
            seen("20260110T100000Z-000b", day=9),
            seen("20260101T100000Z-000a", day=0),
            seen("20260105T100000Z-000c", ("P2", "T1"), day=4),
        ]
    )
    assert told(found) == [
        ("20260101T100000Z-000a", "ward/P1+T1", 1),
        ("20260110T100000Z-000b", "ward/P1+T1", 2),
        ("20260105T100000Z-000c", "ward/P2+T1", 1),
    ]
    assert [it.days for it in found] == [0.0, 9.0, 0.0]
    assert found[1].date == "2026-01-10"


def test_a_session_that_cannot_be_used_counts_and_one_that_is_withdrawn_does_not() -> None:
    sessions = [seen(f"2026010{day}T100000Z-000a", day=day) for day in (1, 2, 3)]
    damaged = [sessions[0].but("damaged", "x"), *sessions[1:]]
    assert [it.number for it in numbered(damaged)] == [1, 2, 3]
    withdrawn = [sessions[0].but("withdrawn", "x"), *sessions[1:]]
    assert [it.number for it in numbered(withdrawn)] == [1, 2]


def test_parts_have_one_number_and_the_longest_stands_for_them() -> None:
    first, second = "20260101T100000Z-000a", "20260101T100000Z-000a-2"
    found = numbered(
        [seen(second, day=0), seen(first, day=0), seen("20260109T100000Z-000b", day=8)]
    )
    assert [(it.seen.id, it.number) for it in found] == [
        (first, 1),
        (second, 1),
        ("20260109T100000Z-000b", 2),
    ]
    used = [
        replace(it, digest=digest(minutes)) for it, minutes in zip(found, (3, 9, 5), strict=True)
    ]
    assert [it.stands for it in standing(used)] == [False, True, True]
    assert [it.stands for it in standing([replace(used[1], digest=None), used[0]])] == [False, True]


def test_without_codes_each_session_is_a_dyad_and_so_is_each_site() -> None:
    nobody = ("", "")
    found = numbered([seen("20260101T100000Z-000a", nobody), seen("20260102T100000Z-000b", nobody)])
    assert len({it.dyad for it in found}) == 2
    found = numbered([seen("20260101T100000Z-000a"), seen("20260102T100000Z-000b", site="box")])
    assert [it.number for it in found] == [1, 1]
