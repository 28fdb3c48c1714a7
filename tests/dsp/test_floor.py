"""The filter against the same filter written as a textbook has it, and against drawn samples."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.floor import (
    DELAY_WANDER_NS,
    EARLY_NS,
    EDGE_GATE,
    LATE_NS,
    OFFSET_SIGMA_NS,
    OFFSET_WANDER_NS,
    PERIOD_LIMIT,
    PERIOD_WANDER,
    SECOND_NS,
    FloorLine,
    cut_off,
    first_doubt,
)

NOMINAL = 4e6
START_NS = 10**15
DELAY = 7e6
DELAY_SIGMA = 2e6


def new_line(period_sigma: float = 1e-3) -> FloorLine:
    doubt = first_doubt(period_sigma * NOMINAL, DELAY_SIGMA)
    return FloorLine(0, START_NS, NOMINAL, NOMINAL, DELAY, doubt)


class TextbookLine:
    """x = F x, P = F P F' + Q; K = P H' / (H P H' + R), in Joseph's form."""

    def __init__(self) -> None:
        self.x = np.array([0.0, NOMINAL, DELAY])
        self.p = first_doubt(1e-3 * NOMINAL, DELAY_SIGMA)

    def step(self, n: int, jitter: float) -> None:
        f = np.array([[1.0, n, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        seconds = n * NOMINAL / SECOND_NS
        q = (PERIOD_WANDER * NOMINAL) ** 2 * seconds
        noise = q * np.array([[n * n / 3, n / 2, 0.0], [n / 2, 1.0, 0.0], [0.0, 0.0, 0.0]])
        noise += seconds * np.diag([OFFSET_WANDER_NS**2, 0.0, DELAY_WANDER_NS**2])
        self.x = f @ self.x
        self.p = f @ self.p @ f.T + noise
        h = np.array([[1.0, 0.0, 1.0]])
        r = (EARLY_NS if jitter < 0 else LATE_NS) ** 2
        k = self.p @ h.T / (h @ self.p @ h.T + r)
        self.x = self.x + k[:, 0] * jitter
        left = np.eye(3) - k @ h
        self.p = left @ self.p @ left.T + r * k @ k.T


@dataclass(frozen=True)
class Step:
    n: int
    jitter: float


def steps(n: int, jitter: float, most: int) -> st.SearchStrategy[list[Step]]:
    return st.lists(
        st.builds(Step, st.integers(1, n), st.floats(-jitter, jitter)), min_size=1, max_size=most
    )


@given(steps(800, 2e6, 40))
@settings(max_examples=60, deadline=None)
def test_equals_the_textbook_filter(course: list[Step]) -> None:
    line, textbook = new_line(), TextbookLine()
    for step in course:
        line.advance(line.index + step.n, 1.0)
        line.correct(step.jitter, 1.0)
        textbook.step(step.n, step.jitter)
    assert line.base_ns - START_NS + line.offset == pytest.approx(textbook.x[0], rel=1e-9, abs=1)
    assert line.period == pytest.approx(textbook.x[1], rel=1e-9)
    assert line.delay == pytest.approx(textbook.x[2], rel=1e-6)
    sigma = np.sqrt(np.diag(textbook.p))
    np.testing.assert_allclose(
        line.doubt / np.outer(sigma, sigma), textbook.p / np.outer(sigma, sigma), rtol=0, atol=1e-5
    )


@given(steps(5000, 4e7, 60))
@settings(max_examples=60, deadline=None)
def test_doubt_stays_positive_and_the_period_plausible(course: list[Step]) -> None:
    line = new_line(6e-3)
    for step in course:
        line.advance(line.index + step.n, 1.0)
        line.correct(step.jitter, 1.0)
        line.anchor(line.index, 1.0, line.base_ns + round(line.offset + step.jitter / 8))
        assert np.linalg.eigvalsh(line.doubt / np.outer(scale(line), scale(line))).min() > -1e-6
        assert line.floor_variance > 0
        assert abs(line.period / NOMINAL - 1) <= PERIOD_LIMIT + 1e-12


def scale(line: FloorLine) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    roots: np.ndarray[tuple[int], np.dtype[np.float64]] = np.sqrt(np.diag(line.doubt))
    return roots


def test_an_early_arrival_moves_the_line_more_than_a_late_one() -> None:
    early, late = new_line(), new_line()
    for line, jitter in ((early, -1e6), (late, 1e6)):
        for _ in range(20):
            line.advance(line.index + 250, 1.0)
            line.correct(0.0, 1.0)
        line.correct(jitter, 1.0)
    expected = round(START_NS + DELAY + 20 * 250 * NOMINAL)
    assert early.residual(5000, expected) > 4 * abs(late.residual(5000, expected))


def test_the_floor_alone_does_not_tell_the_delay() -> None:
    line = new_line()
    for _ in range(200):
        line.advance(line.index + 250, 1.0)
        line.correct(0.0, 1.0)
    assert line.delay == DELAY
    assert line.delay_variance > 0.9 * DELAY_SIGMA**2
    assert line.floor_variance < (1e6) ** 2


def test_edges_tell_the_delay() -> None:
    line = new_line()
    dice = np.random.default_rng(1)
    later = 1.5e6  # the samples are this much later than first believed, the floor is right
    for _ in range(100):
        line.advance(line.index + 250, 1.0)
        arrival_ns = START_NS + line.index * NOMINAL + DELAY
        line.correct(line.residual(line.index, round(arrival_ns)), 1.0)
        taken_ns = START_NS + line.index * NOMINAL + later
        line.anchor(line.index, 1.0, round(taken_ns - dice.uniform(0, NOMINAL)))
    assert line.delay == pytest.approx(DELAY - later, abs=0.3e6)
    assert abs(line.delay - DELAY + later) < 4 * np.sqrt(line.delay_variance)


def test_an_edge_that_cannot_be_is_refused_and_changes_nothing() -> None:
    line = new_line()
    before = (line.offset, line.period, line.delay, line.doubt.copy())
    sigma = np.sqrt(line.time_variance)
    beyond = round(START_NS + (EDGE_GATE + 0.5) * sigma)
    assert not line.anchor(0, 1.0, beyond)
    assert (line.offset, line.period, line.delay) == before[:3]
    np.testing.assert_array_equal(line.doubt, before[3])


def test_a_wide_edge_says_less_than_a_narrow_one() -> None:
    narrow, wide = new_line(), new_line()
    assert narrow.anchor(0, 1.0, START_NS - 2_000_000)
    assert wide.anchor(0, 10.0, START_NS - 20_000_000)
    assert narrow.time_variance < wide.time_variance / 20


def test_snapping_goes_through_the_arrival_and_keeps_the_delay() -> None:
    line = new_line(1e-6)
    line.advance(1000, 1.0)
    arrival_ns = START_NS + 4_000_000_000 + 77_000_000
    delay_variance = line.delay_variance
    line.snap(line.residual(1000, arrival_ns))
    assert line.residual(1000, arrival_ns) == pytest.approx(0, abs=1e-6)
    assert line.delay == DELAY
    assert line.delay_variance == pytest.approx(delay_variance)
    assert line.floor_variance == pytest.approx(OFFSET_SIGMA_NS**2)
    assert line.period_variance > (1e-3 * NOMINAL) ** 2


def test_leaning_moves_the_samples_and_not_the_floor() -> None:
    line = new_line()
    line.lean(1e6)
    assert line.since(0, START_NS) == -1e6
    assert line.residual(0, START_NS + round(DELAY)) == pytest.approx(0, abs=1e-6)


def test_doubting_the_delay_leaves_the_floor_as_sure_as_it_was() -> None:
    line = new_line()
    before = line.floor_variance, line.time_variance
    line.doubt_delay(3e6)
    assert line.floor_variance == pytest.approx(before[0])
    assert line.time_variance == pytest.approx(before[1] + 9e12)


@given(st.floats(-5, 4), st.floats(0.05, 9))
@settings(max_examples=60, deadline=None)
def test_cut_off_is_what_a_sum_over_the_density_gives(low: float, width: float) -> None:
    mean, variance = cut_off(low, low + width)
    x = np.linspace(low, low + width, 20_001)
    weight = np.exp(-x * x / 2)
    weight[[0, -1]] /= 2
    expected = np.average(x, weights=weight)
    assert mean == pytest.approx(expected, abs=1e-4)
    assert variance == pytest.approx(np.average((x - expected) ** 2, weights=weight), abs=1e-4)
