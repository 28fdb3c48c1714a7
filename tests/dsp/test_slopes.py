"""Slopes within dyads."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.slopes import over_dyads, slopes

NUMBER = np.arange(1.0, 7.0)


def test_a_slope_is_that_of_least_squares() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(size=(2, 6))
    y[1, 2] = np.nan
    there = np.isfinite(y[1])
    expected = [np.polyfit(NUMBER, y[0], 1)[0], np.polyfit(NUMBER[there], y[1, there], 1)[0]]
    assert slopes(NUMBER, y).tolist() == pytest.approx(expected)


def test_two_sessions_or_none_that_differ_have_no_slope() -> None:
    y = np.array([[1.0, 2.0, np.nan, np.nan, np.nan, np.nan]])
    assert np.isnan(slopes(NUMBER, y)).all()
    assert np.isnan(slopes(np.ones(6), np.arange(6.0)[None])).all()
    assert np.isnan(slopes(np.full(6, np.nan), np.arange(6.0)[None])).all()


@given(level=st.floats(-100, 100), slope=st.floats(-10, 10))
def test_a_level_does_not_matter(level: float, slope: float) -> None:
    found = slopes(NUMBER, (level + slope * NUMBER)[None])
    assert found[0] == pytest.approx(slope, abs=1e-9)


def trial(rng: np.random.Generator, slope: float) -> np.ndarray:
    """Three series of twelve dyads whose slopes differ; the first is planted."""
    found = rng.normal(0, 1, (3, 12))
    found[0] += slope
    return found


def test_dyads_that_differ_by_chance_are_found_as_often_as_is_said() -> None:
    rng = np.random.default_rng(2)
    tested = [over_dyads(trial(rng, 0.0), rng, 199) for _ in range(400)]
    p = np.array([[it.p for it in one if it] for one in tested])
    corrected = np.array([min(it.p_corrected for it in one if it) for one in tested])
    assert 0.03 <= (p <= 0.05).mean() <= 0.07
    assert 0.02 <= (corrected <= 0.05).mean() <= 0.08


def test_what_is_planted_is_in_its_interval_as_often_as_is_said() -> None:
    rng = np.random.default_rng(3)
    found = [over_dyads(trial(rng, 2.0), rng, 99)[0] for _ in range(400)]
    held = np.mean([it.low <= 2.0 <= it.high for it in found if it])
    assert 0.92 <= held <= 0.98
    assert all(it is not None and it.p <= 0.05 for it in found)


def test_few_dyads_conclude_nothing() -> None:
    found = np.ones((2, 8))
    found[1, 2:5] = np.nan
    first, second = over_dyads(found, np.random.default_rng(4))
    assert first is not None
    assert first.dyads == 8
    assert second is None
    assert over_dyads(np.ones((0, 8)), np.random.default_rng(4)) == []
