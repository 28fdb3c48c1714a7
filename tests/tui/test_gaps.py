"""A gap that has ended is told once, in a sentence; what trickles away is not."""

from collections.abc import Mapping
from typing import Any

from recorder.wire.messages import Status
from tests.tui.scripted_service import board, idle, recording
from tui.gaps import Gaps


def status(
    missing_s: float | Mapping[str, float] = 0.0, out: tuple[str, ...] = (), **fields: Any
) -> Status:
    """A session of which so much is missing of each person, while some are out."""
    each = missing_s if isinstance(missing_s, Mapping) else dict.fromkeys(BOTH, missing_s)
    told = recording(missing_s=dict(each), **{"whole_s": 757.3, **fields})
    told.boards = [board(role, state="lost" if role in out else "streaming") for role in BOTH]
    return told


BOTH = ("patient", "therapist")


def test_what_was_missing_before_this_screen_looked_is_no_news() -> None:
    gaps = Gaps()
    assert gaps.look(idle()) == ""
    assert gaps.look(status(missing_s=20.0)) == ""
    assert gaps.look(status(missing_s=20.0)) == ""


def test_a_board_that_was_away_is_told_when_it_is_back() -> None:
    gaps = Gaps()
    gaps.look(status())
    assert gaps.look(status(out=("patient",))) == ""
    back = status({"patient": 6.4, "therapist": 0.0})
    assert gaps.look(back) == "patient: 6 s are missing; now it is recorded again"
    assert gaps.look(back) == ""


def test_where_both_are_missing_nothing_was_recorded() -> None:
    gaps = Gaps()
    gaps.look(status())
    assert gaps.look(status(out=BOTH)) == ""
    told = gaps.look(status({"patient": 10.2, "therapist": 10.4}))
    assert told == "nothing was recorded for 10 s; now it is recorded again"


def test_two_boards_that_were_away_differently_are_told_both() -> None:
    gaps = Gaps()
    gaps.look(status())
    told = gaps.look(status({"patient": 3.0, "therapist": 130.0}))
    assert told == (
        "patient: 3 s are missing; now it is recorded again"
        " · therapist: 2 min are missing; now it is recorded again"
    )


def test_what_the_radio_loses_little_by_little_is_no_gap() -> None:
    gaps = Gaps()
    assert {gaps.look(status(missing_s=0.3 * k)) for k in range(20)} == {""}


def test_a_session_that_waited_for_room_tells_how_long() -> None:
    gaps = Gaps()
    gaps.look(status(whole_s=100.0, elapsed_s=100.0))
    waits = status(state="waiting for room", whole_s=120.0, elapsed_s=100.0)
    assert gaps.look(waits) == ""
    told = gaps.look(status(id="2026-11-23T041500Z-P01-T01-2", whole_s=131.0, elapsed_s=2.0))
    assert told == "nothing was recorded for 29 s; now it is recorded again"


def test_another_session_begins_without_a_gap() -> None:
    gaps = Gaps()
    gaps.look(status(whole_s=100.0, elapsed_s=100.0))
    assert gaps.look(status(id="another", whole_s=1.0, elapsed_s=1.0)) == ""
