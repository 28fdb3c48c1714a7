"""Weekly windows: what is inside, past midnight too, and what is no window."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.settings.windows import DAYS, parse

MONDAY = datetime(2026, 11, 23)
WEEK = [MONDAY + timedelta(minutes=minute) for minute in range(7 * 1440)]


def at(day: str, clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return MONDAY + timedelta(days=DAYS.index(day), hours=hour, minutes=minute)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (
            "Mon..Fri 09:00-17:00",
            [("Mon", "09:00"), ("Fri", "16:59")],
            [("Mon", "08:59"), ("Fri", "17:00"), ("Sat", "12:00")],
        ),
        ("Sat,Sun 10:30-12:00", [("Sun", "10:30")], [("Mon", "11:00"), ("Sun", "10:29")]),
        ("22:00-06:00", [("Wed", "22:00"), ("Wed", "05:59")], [("Wed", "06:00")]),
        (
            "Fri 22:00-06:00",
            [("Fri", "23:00"), ("Sat", "01:00")],
            [("Fri", "01:00"), ("Sat", "23:00")],
        ),
        ("Sun 22:00-06:00", [("Mon", "01:00")], [("Sun", "01:00")]),
        (
            "Sat..Mon 08:00-09:00",
            [("Sat", "08:00"), ("Sun", "08:00"), ("Mon", "08:00")],
            [("Tue", "08:00")],
        ),
        ("mon,wed..thu 08:00-24:00", [("Thu", "23:59")], [("Tue", "12:00"), ("Fri", "00:00")]),
        ("00:00-24:00", [("Mon", "00:00"), ("Sun", "23:59")], []),
        ("07:00-07:00", [("Mon", "06:59"), ("Mon", "07:00")], []),
    ],
)
def test_a_window_holds_its_own_moments_only(
    text: str, inside: list[tuple[str, str]], outside: list[tuple[str, str]]
) -> None:
    window = parse(text)
    assert all(window.holds(at(*moment)) for moment in inside)
    assert not any(window.holds(at(*moment)) for moment in outside)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "write it like"),
        ("9:00-17:00", "write it like"),
        ("Mon..Fri 09:00", "write it like"),
        ("Mo..Fr 09:00-17:00", "days are Mon"),
        ("Mon..Wed..Fri 09:00-17:00", "days are Mon"),
        ("Mon, 09:00-17:00", "days are Mon"),
        ("25:00-26:00", "no such time"),
        ("24:00-06:00", "no such time"),
        ("09:60-10:00", "no such time"),
        ("09:00-24:01", "no such time"),
    ],
)
def test_what_is_no_window_is_refused_with_the_cure(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as refused:
        parse(text)
    assert "\n" not in str(refused.value)


@settings(max_examples=15, deadline=None)
@given(
    begin=st.integers(0, 1439),
    end=st.integers(0, 1439),
    day=st.integers(0, 6),
)
def test_a_window_is_as_long_each_week_as_it_says(begin: int, end: int, day: int) -> None:
    clock = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in (begin, end)]
    window = parse(f"{DAYS[day]} {clock[0]}-{clock[1]}")
    held = sum(map(window.holds, WEEK))
    assert held == ((end - begin) % 1440 or 1440)
