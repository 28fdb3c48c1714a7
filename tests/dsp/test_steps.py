"""Lines with known steps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.steps import Steps, stepped

SIGMA = 0.005


def line(seed: int, n: int, slope: float, steps: dict[int, float]) -> Steps:
    """n points about a second apart, on a line with steps before some points."""
    rng = np.random.default_rng(seed)
    x = np.cumsum(rng.uniform(0.5, 1.5, n))
    y = 100 + slope * x + rng.normal(0, SIGMA, n)
    for first, step in steps.items():
        y[first:] += step
    return stepped(x, y, np.zeros(1, np.intp), 0.015, 1e-2)


@given(st.integers(0, 2**32 - 1), st.floats(-0.01, 0.01), st.integers(20, 400))
@settings(max_examples=30, deadline=None)
def test_a_line_has_no_steps(seed: int, slope: float, n: int) -> None:
    found = line(seed, n, slope, {})
    assert len(found.offsets) == 1
    assert found.slope == pytest.approx(slope, abs=6 * SIGMA * 12**0.5 / n**1.5)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.033, -0.033, 0.2, 5.0]), st.integers(10, 90))
@settings(max_examples=30, deadline=None)
def test_a_step_is_found_where_it_is(seed: int, step: float, first: int) -> None:
    found = line(seed, 100, 1e-4, {first: step})
    assert len(found.offsets) == 2
    assert np.diff(found.offsets)[0] == pytest.approx(step, abs=6 * SIGMA)


def test_many_small_steps_are_no_slope() -> None:
    found = line(3, 3600, 30e-6, dict.fromkeys(range(60, 3600, 60), 0.033))
    assert len(found.offsets) == 60
    assert found.slope == pytest.approx(30e-6, abs=10e-6)
    np.testing.assert_allclose(np.diff(found.offsets), 0.033, atol=6 * SIGMA / 60**0.5 * 2**0.5)


def test_a_step_that_was_told_and_is_none_goes() -> None:
    x = np.arange(100.0)
    found = stepped(x, 5 + 0 * x, np.array([0, 30, 60]), 0.01, 1e-4)
    assert found.offsets == pytest.approx([5.0])
    assert (found.first_x.tolist(), found.last_x.tolist()) == ([0.0], [99.0])


def test_few_points_are_kept_from_making_up_a_slope() -> None:
    rng = np.random.default_rng(4)
    x = np.arange(12.0)
    y = rng.normal(0, SIGMA, 12)
    free = stepped(x, y, np.zeros(1, np.intp), 0.015, 1.0)
    held = stepped(x, y, np.zeros(1, np.intp), 0.015, 50e-6)
    assert abs(held.slope) < abs(free.slope) / 5
