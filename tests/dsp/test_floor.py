"""The scalar filter against the same filter written with matrices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsp.floor import (
    EARLY_NS,
    LATE_NS,
    OFFSET_SIGMA_NS,
    OFFSET_WANDER_NS,
    PERIOD_LIMIT,
    PERIOD_WANDER,
    SECOND_NS,
    FloorLine,
)

NOMINAL = 4e6
START_NS = 10**15


def new_line(period_sigma: float = 1e-3) -> FloorLine:
    return FloorLine(0, START_NS, NOMINAL, (period_sigma * NOMINAL) ** 2, NOMINAL)


class MatrixLine:
    """Textbook form: x = F x, P = F P F' + Q; K = P H' / (H P H' + R)."""

    def __init__(self) -> None:
        self.x = np.array([0.0, NOMINAL])
        self.p = np.diag([OFFSET_SIGMA_NS**2, (1e-3 * NOMINAL) ** 2])

    def step(self, n: int, jitter: float) -> None:
        f = np.array([[1.0, n], [0.0, 1.0]])
        seconds = n * NOMINAL / SECOND_NS
        q = (PERIOD_WANDER * NOMINAL) ** 2 * seconds
        noise = q * np.array([[n * n / 3, n / 2], [n / 2, 1.0]])
        noise[0, 0] += OFFSET_WANDER_NS**2 * seconds
        self.x = f @ self.x
        self.p = f @ self.p @ f.T + noise
        h = np.array([1.0, 0.0])
        r = (EARLY_NS if jitter < 0 else LATE_NS) ** 2
        gain: NDArray[np.float64] = self.p @ h / (h @ self.p @ h + r)
        self.x = self.x + gain * jitter
        self.p = self.p - np.outer(gain, h @ self.p)


@given(st.lists(st.tuples(st.integers(1, 800), st.floats(-2e6, 2e6)), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_equals_the_textbook_filter(steps: list[tuple[int, float]]) -> None:
    line, textbook = new_line(), MatrixLine()
    for n, jitter in steps:
        line.advance(line.index + n)
        line.correct(jitter, with_period=True)
        textbook.step(n, jitter)
    assert line.base_ns - START_NS + line.offset == pytest.approx(textbook.x[0], rel=1e-9, abs=1)
    assert line.period == pytest.approx(textbook.x[1], rel=1e-9)
    covariance = [line.offset_variance, line.covariance, line.covariance, line.period_variance]
    np.testing.assert_allclose(covariance, textbook.p.ravel(), rtol=1e-6, atol=1e-3)


@given(st.lists(st.tuples(st.integers(1, 5000), st.floats(-4e7, 4e7)), max_size=60))
@settings(max_examples=60, deadline=None)
def test_doubt_stays_positive_and_the_period_plausible(steps: list[tuple[int, float]]) -> None:
    line = new_line(6e-3)
    for n, jitter in steps:
        line.advance(line.index + n)
        line.correct(jitter, with_period=True)
        assert line.offset_variance > 0
        assert line.period_variance > 0
        assert line.offset_variance * line.period_variance >= line.covariance**2
        assert abs(line.period / NOMINAL - 1) <= PERIOD_LIMIT + 1e-12


def test_an_early_arrival_moves_the_line_more_than_a_late_one() -> None:
    early, late = new_line(), new_line()
    for line, jitter in ((early, -1e6), (late, 1e6)):
        for _ in range(20):
            line.advance(line.index + 250)
            line.correct(0.0, with_period=True)
        line.correct(jitter, with_period=True)
    expected = START_NS + 20 * 250 * NOMINAL
    assert early.residual(5000, int(expected)) > 5 * abs(late.residual(5000, int(expected)))


def test_the_first_blocks_leave_the_period_alone() -> None:
    line = new_line()
    line.advance(250)
    line.correct(3e6, with_period=False)
    assert line.period == NOMINAL
    assert line.period_variance > (1e-3 * NOMINAL) ** 2


def test_snapping_goes_through_the_arrival_and_forgets_what_was_known() -> None:
    line = new_line(1e-6)
    line.advance(1000)
    arrival_ns = START_NS + 4_000_000_000 + 70_000_000
    line.snap(line.residual(1000, arrival_ns))
    assert line.residual(1000, arrival_ns) == pytest.approx(0, abs=1e-6)
    assert line.offset_variance == OFFSET_SIGMA_NS**2
    assert line.period_variance > (1e-3 * NOMINAL) ** 2
