import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.lsl.stamps import Doubt, Stamps

S = 1_000_000_000
NOW_NS = 5_000 * S
TIMES_NS = st.lists(st.integers(0, 10**6).map(lambda ms: NOW_NS + ms * 1_000_000), max_size=20)


def doubts(*stamps_s: float, shift_s: float = 0.0) -> tuple[list[float], dict[Doubt, float]]:
    """Times in seconds since now, and what is wrong, of stamps that come one a call, now."""
    stamps = Stamps()
    stamps.begin(NOW_NS)
    told = [stamps.times_ns([one], shift_s * 1e9, NOW_NS)[0] for one in stamps_s]
    return [(t_ns - NOW_NS) / S for t_ns in told], stamps.doubts_s(NOW_NS)


def test_stamps_of_the_clock_that_is_meant_are_kept_and_not_doubted() -> None:
    assert doubts(4991.0, 5000.0, 5000.0, 5009.0) == ([-9.0, 0.0, 0.0, 9.0], {})
    assert doubts(91.0, 100.0, shift_s=4900) == ([-9.0, 0.0], {})


@pytest.mark.parametrize(
    "stamp_s", [math.nan, math.inf, -math.inf, 1e300, 5000.0 * 1e9, 1.7e18, -sys.float_info.max]
)
def test_what_is_no_time_is_told_and_stands_at_its_arrival(stamp_s: float) -> None:
    assert doubts(5000.0, stamp_s, 5001.0) == ([0.0, 0.0, 1.0], {Doubt.NO_TIME: 0.0})


@pytest.mark.parametrize("stamp_s", [1.7e9, 0.0, -1.0, 4940.0, 8600.0, 5010.5, 4989.5])
def test_a_stamp_that_is_far_from_its_arrival_is_kept_and_told(stamp_s: float) -> None:
    [told], wrong = doubts(stamp_s)
    assert told == pytest.approx(stamp_s - 5000.0)
    assert wrong == {Doubt.FAR: pytest.approx(abs(5000.0 - stamp_s))}


def test_stamps_that_run_backwards_are_kept_and_told() -> None:
    told, wrong = doubts(5003.0, 5002.0, 5002.5, 5001.9)
    assert told == [3.0, 2.0, 2.5, pytest.approx(1.9)]
    assert wrong == {Doubt.BACKWARDS: pytest.approx(0.6)}


def test_another_sender_may_begin_earlier() -> None:
    stamps = Stamps()
    stamps.begin(NOW_NS)
    stamps.times_ns([5003.0], 0, NOW_NS)
    stamps.begin(NOW_NS)
    stamps.times_ns([5001.0], 0, NOW_NS)
    assert stamps.doubts_s(NOW_NS) == {}


def test_what_waited_while_nobody_looked_is_not_far() -> None:
    stamps = Stamps()
    stamps.begin(NOW_NS)
    late_ns = NOW_NS + 60 * S
    assert stamps.times_ns([5001.0, 5059.0], 0, late_ns) == [5001 * S, 5059 * S]
    assert stamps.doubts_s(late_ns) == {}


def test_a_doubt_is_told_for_ten_seconds_after_its_last_cause() -> None:
    stamps = Stamps()
    stamps.begin(NOW_NS)
    stamps.times_ns([math.nan], 0, NOW_NS)
    stamps.times_ns([math.nan], 0, NOW_NS + 5 * S)
    assert stamps.doubts_s(NOW_NS + 14 * S) == {Doubt.NO_TIME: 0.0}
    assert stamps.doubts_s(NOW_NS + 15 * S) == {}


@given(st.lists(st.floats(), max_size=20))
def test_any_stamps_give_a_time_that_can_be_stored(stamps_s: list[float]) -> None:
    told = Stamps().times_ns(stamps_s, 1e9, NOW_NS)
    assert len(told) == len(stamps_s)
    assert all(-(2**63) <= t_ns < 2**63 for t_ns in told)
