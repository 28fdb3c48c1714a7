"""What the clock gives out: times of positions, and positions of times."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.clock import BoardClock, ClockFit, times_from_knots
from tests.bench.clock_simulator import Scene, simulate
from tests.dsp.clocked import PERIOD_NS, RC_16, START_NS, XTAL_1, feed, rebuilt_times, regular_reads


@pytest.mark.parametrize("scene", [XTAL_1, RC_16])
def test_every_time_given_live_is_rebuilt_from_the_knots(scene: Scene) -> None:
    segment = simulate(scene, 60.0, np.random.default_rng(3))[0]
    clock = BoardClock(250)
    knots: dict[int, ClockFit] = {}
    given: dict[int, int] = {}
    for index, arrival_ns in segment.reads():
        clock.observe(index, arrival_ns)
        assert clock.fit is not None
        knots[clock.fit.index] = clock.fit
        given[index] = clock.time_ns(index)
    rebuilt = rebuilt_times(np.array(list(given)), list(knots.values()))
    assert rebuilt.tolist() == list(given.values())


def test_times_of_the_last_seconds_do_not_change_any_more() -> None:
    clock = BoardClock(250)
    feed(clock, regular_reads(0, 5000))
    positions = np.linspace(4200, 4990, 400)
    before = clock.time_ns(positions)
    feed(clock, regular_reads(5000, 5700, late_ns=300_000))
    np.testing.assert_array_equal(clock.time_ns(positions), before)


def test_time_is_refused_before_the_first_sample() -> None:
    clock = BoardClock(250)
    clock.begin_segment()
    assert clock.fit is None
    with pytest.raises(RuntimeError, match="not seen a sample"):
        clock.time_ns(0)
    with pytest.raises(RuntimeError, match="not seen a sample"):
        clock.index_at(START_NS)


@pytest.fixture(scope="module")
def running_clock() -> BoardClock:
    clock = BoardClock(250)
    segment = simulate(RC_16, 60.0, np.random.default_rng(9))[0]
    feed(clock, segment.reads())
    return clock


@given(st.floats(12_000, 15_200))
@settings(max_examples=100, deadline=None)
def test_index_at_is_the_inverse_of_time(running_clock: BoardClock, index: float) -> None:
    # One nanosecond of rounding is 2.5e-7 samples.
    assert running_clock.index_at(running_clock.time_ns(index)) == pytest.approx(index, abs=3e-7)


def test_arrays_are_treated_as_their_elements(running_clock: BoardClock) -> None:
    index = np.array([12_000.25, 14_000.0, 14_999.5])
    times = running_clock.time_ns(index)
    assert times.dtype == np.int64
    assert times.tolist() == [running_clock.time_ns(i) for i in index.tolist()]
    np.testing.assert_allclose(running_clock.index_at(times), index, rtol=0, atol=3e-7)
    assert running_clock.index_at(times).tolist() == [
        running_clock.index_at(t) for t in times.tolist()
    ]


def test_before_the_first_knot_its_line_is_drawn_backwards() -> None:
    times = times_from_knots(
        np.array([90, 100, 110, 120.5]),
        np.array([100, 110]),
        np.array([1_000, 1_100]),
        np.array([10.0, 20.0]),
    )
    assert times.tolist() == [900, 1_000, 1_100, 1_310]


def test_nanoseconds_survive_a_hundred_days_of_uptime() -> None:
    clock = BoardClock(250, delay_ns=0.0)
    boot_ns = 100 * 86_400 * 10**9 + 123
    for i in range(3000):
        clock.observe(i, boot_ns + i * PERIOD_NS)
    assert clock.time_ns(2999) == boot_ns + 2999 * PERIOD_NS
