"""The time of day steps, and a session read afterwards is right all the same."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from recorder.clocks.utc_pairs import UtcPairs, read_pair
from recorder.store.calendar import is_certain, utc_ns
from recorder.store.rows import ClockUtcRow

S = 1_000_000_000
TRUE_NS = 1_795_000_000 * S  # UTC when CLOCK_MONOTONIC was 0
WRONG_NS = 0  # a box without a battery believes that it is 1970


class Day:
    """A monotonic clock, and a time of day that is set at some time."""

    def __init__(self, set_at_s: float) -> None:
        self.now_ns = 100 * S
        self._set_at_ns = round(set_at_s * S)

    def pair(self) -> ClockUtcRow:
        is_set = self.now_ns >= self._set_at_ns
        offset_ns = TRUE_NS if is_set else WRONG_NS
        return ClockUtcRow(self.now_ns, self.now_ns + offset_ns, synchronised=is_set)


def recorded(day: Day, seconds: int) -> list[ClockUtcRow]:
    pairs, rows = UtcPairs(day.pair), []
    for _ in range(20 * seconds):
        rows += pairs.rows(day.now_ns)
        day.now_ns += S // 20
    return rows


def test_a_pair_is_stored_every_ten_seconds() -> None:
    rows = recorded(Day(set_at_s=0), 60)
    assert [(row.t_ns - 100 * S) / S for row in rows] == [0, 10, 20, 30, 40, 50]


def test_both_sides_of_a_step_are_stored() -> None:
    rows = recorded(Day(set_at_s=123.4), 60)
    before, after = next(
        (one, two) for one, two in pairwise(rows) if one.synchronised != two.synchronised
    )
    assert (before.t_ns, after.t_ns) == (123 * S, 124 * S)


def test_nothing_is_stored_twice() -> None:
    rows = recorded(Day(set_at_s=110.0), 60)
    assert len({row.t_ns for row in rows}) == len(rows)


def test_a_session_whose_clock_was_set_on_the_way_reads_right_from_its_start() -> None:
    rows = recorded(Day(set_at_s=123.4), 60)
    t_ns = np.arange(100, 160, dtype=np.int64) * S
    told = utc_ns(rows, t_ns)
    np.testing.assert_array_equal(told, t_ns + TRUE_NS)
    assert is_certain(rows)


def test_without_a_server_what_was_set_last_by_hand_counts() -> None:
    rows = [ClockUtcRow(row.t_ns, row.utc_ns, synchronised=False) for row in recorded(Day(130), 60)]
    [told] = utc_ns(rows, np.array([101 * S]))
    assert told == 101 * S + TRUE_NS
    assert not is_certain(rows)


def test_slow_drift_between_pairs_is_followed() -> None:
    ends = [
        ClockUtcRow(0, TRUE_NS, synchronised=True),
        ClockUtcRow(10 * S, TRUE_NS + 10 * S + 1000, synchronised=True),
    ]
    told = utc_ns(ends, np.array([-S, 5 * S, 20 * S]))
    assert (told - TRUE_NS).tolist() == [-S, 5 * S + 500, 20 * S + 1000]


def test_a_single_pair_is_enough() -> None:
    only = [ClockUtcRow(5 * S, 1000 * S, synchronised=False)]
    assert utc_ns(only, np.array([7 * S])).tolist() == [1002 * S]


@pytest.mark.parametrize("slow", [0, 3])
def test_a_pair_is_read_again_when_something_came_between(slow: int) -> None:
    readings = 0

    def monotonic_ns() -> int:
        nonlocal readings
        readings += 1
        return readings * (S if readings <= 2 * slow else 1000)

    def always() -> bool:
        return True

    utc: Callable[[], int] = lambda: 5  # noqa: E731
    pair = read_pair(monotonic_ns, utc, always)
    assert readings == 2 * (slow + 1)
    assert pair.synchronised
    assert pair.utc_ns == 5
