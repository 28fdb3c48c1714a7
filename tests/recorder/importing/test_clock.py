import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.importing.brought import Brought, Stretch
from recorder.importing.clock import exact, line_of, with_true_rate


def brought(stretch: Stretch, *, stamped: str = "exact", rate_hz: float = 250.0) -> Brought:
    return Brought(
        *("", "XDF", "lsl:x", "float", rate_hz, 0.001, 2**23 - 1),
        *(("F3",), ("eeg",), ("",), (0.0,), (stretch,), "own"),
        stamped=stamped,  # type: ignore[arg-type]
    )


def stretch(index: np.ndarray, stamp_ns: np.ndarray | None, begin_ns: int = 0) -> Stretch:
    n = len(index)
    return Stretch(
        index, np.zeros((n, 1), np.int32), np.empty((n, 0), np.int32), stamp_ns, begin_ns
    )


@given(
    bends=st.lists(st.floats(-0.005, 0.005), min_size=1, max_size=8),
    steps=st.lists(st.sampled_from([1] * 20 + [2, 50]), min_size=2, max_size=400),
    start=st.integers(0, 2**51),
)
@settings(max_examples=60, deadline=None)
def test_a_clock_that_was_bent_now_and_then_comes_back_to_the_nanosecond(
    bends: list[float], steps: list[int], start: int
) -> None:
    index = np.concatenate([[0], np.cumsum(steps)])
    knots = np.linspace(0, index[-1], len(bends) + 1).astype(int)[:-1]
    period_ns = 4e6 * (1 + np.array(bends))
    at_knot = start + np.concatenate([[0], np.cumsum(np.rint(np.diff(knots) * period_ns[:-1]))])
    piece = np.searchsorted(knots, index, side="right") - 1
    t_ns = (at_knot[piece] + np.rint((index - knots[piece]) * period_ns[piece])).astype(np.int64)
    line = exact(index, t_ns, 4e6, 0.0)
    np.testing.assert_array_equal(line.times_ns(index), t_ns)
    assert len(line.index) <= 4 * len(bends) + 2
    assert np.all(np.diff(line.index) > 0)


def test_an_hours_even_stamps_are_one_knot() -> None:
    index = np.arange(900_000)
    t_ns = 10**12 + np.rint(index * (1e9 / 250.33)).astype(np.int64)
    assert len(exact(index, t_ns, 4e6, 0.0).index) == 1


def test_stamps_of_noise_become_a_straight_line() -> None:
    rng = np.random.default_rng(1)
    index = np.arange(5000)
    stamp_ns = np.rint(index * 3.9e6 + rng.normal(0, 20e6, 5000)).astype(np.int64)
    line = line_of(stretch(index, stamp_ns), brought(stretch(index, stamp_ns), rate_hz=256.0))
    assert len(line.index) == 1
    assert line.period_ns[0] == pytest.approx(3.9e6, rel=1e-4)
    assert abs(int(line.times_ns(np.array([2500]))[0]) - 2500 * 3.9e6) < 1e6


def test_without_stamps_samples_stand_at_the_stated_rate() -> None:
    one = stretch(np.array([0, 1, 5]), None, begin_ns=7)
    line = line_of(one, brought(one, stamped="arrivals", rate_hz=200.0))
    assert line.times_ns(one.index).tolist() == [7, 5_000_007, 25_000_007]


def test_stamps_that_stand_still_tell_only_the_start() -> None:
    one = stretch(np.arange(500), np.full(500, 5_000_000_000))
    known = with_true_rate(brought(one, stamped="arrivals"))
    assert known.stretches[0].stamp_ns is None
    assert known.stretches[0].begin_ns == 5_000_000_000
    assert known.told == ("its time stamps stand still, so only its start is known",)


@pytest.mark.parametrize(("true_hz", "rate_hz"), [(250.5, 250.0), (256.0, 256.0)])
def test_a_rate_that_is_a_little_off_is_put_right_and_told(true_hz: float, rate_hz: float) -> None:
    index = np.arange(10_000)
    one = stretch(index, np.rint(index * 1e9 / true_hz).astype(np.int64))
    known = with_true_rate(brought(one))
    assert known.rate_hz == rate_hz
    assert bool(known.told) == (rate_hz == 256.0)


def test_a_clock_with_a_knot_a_second_keeps_about_as_many() -> None:
    rng = np.random.default_rng(2)
    bends = np.cumsum(rng.normal(0, 2e-8, 60))
    period_ns = 1e9 / 250.33 * (1 + bends)
    knots = np.concatenate([[0], np.cumsum(rng.integers(245, 255, 59))])
    at_knot = 10**13 + np.concatenate([[0], np.cumsum(np.rint(np.diff(knots) * period_ns[:-1]))])
    index = np.arange(knots[-1] + 250)
    piece = np.searchsorted(knots, index, side="right") - 1
    t_ns = (at_knot[piece] + np.rint((index - knots[piece]) * period_ns[piece])).astype(np.int64)
    line = exact(index, t_ns, 4e6, 0.0)
    np.testing.assert_array_equal(line.times_ns(index), t_ns)
    assert len(line.index) < 3 * len(knots)
