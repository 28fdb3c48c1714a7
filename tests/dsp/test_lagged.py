"""Lagged correlation in windows, and its test by windows in another order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsp.answer import MIN_PRESENT
from dsp.lagged import LEAST_WINDOWS, correlations, shuffled, windows_of

Floats = NDArray[np.float64]
WINDOW, LAGS = 60, 10


def smooth(rng: np.random.Generator, n: int) -> Floats:
    found: Floats = np.convolve(rng.standard_normal(n + 9), np.ones(10) / 10, "valid")
    return found


def table(x: Floats, y: Floats) -> Floats:
    begins = np.arange(0, len(x) - WINDOW + 1, WINDOW)
    return correlations(windows_of(x, begins, WINDOW), windows_of(y, begins, WINDOW, LAGS))


def brute(x: Floats, y: Floats) -> float:
    both = np.isfinite(x) & np.isfinite(y)
    if both.sum() < MIN_PRESENT * len(x):
        return float("nan")
    return float(np.corrcoef(x[both], y[both])[0, 1])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), level=st.floats(-1e3, 1e3), lost=st.floats(0, 0.6))
def test_every_correlation_is_that_of_its_two_stretches(
    seed: int, level: float, lost: float
) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((2, 4, 30))
    y = np.hstack([y, rng.standard_normal((4, 10))])
    x[rng.random(x.shape) < lost], y[rng.random(y.shape) < lost] = np.nan, np.nan
    found = correlations(x + level, y - level)
    for (i, j, k), r in np.ndenumerate(found):
        assert r == pytest.approx(brute(x[i], y[j, k : k + 30]), abs=1e-9, nan_ok=True)


def test_the_one_who_is_behind_is_found_behind() -> None:
    """The second series is the first one, 6 s later."""
    rng = np.random.default_rng(1)
    x = smooth(rng, 1206)
    y = 0.7 * np.roll(x, 6) + 0.3 * smooth(rng, 1206)
    r = table(x[6:], y[6:])
    own = np.diagonal(r, axis1=0, axis2=1).T
    assert np.median(np.argmax(own[1:-1], axis=1) - LAGS) == 6
    found = shuffled(r, rng)
    assert found is not None
    assert found.y_behind.p == pytest.approx(0.001)
    assert found.y_behind.value > found.y_behind.chance_high > found.y_behind.chance
    assert found.x_behind.value < found.y_behind.value


def test_unrelated_series_are_found_in_one_of_twenty() -> None:
    rng = np.random.default_rng(2)
    found = [shuffled(table(smooth(rng, 900), smooth(rng, 900)), rng, 199) for _ in range(150)]
    p = np.array([(it.y_behind.p, it.x_behind.p) for it in found if it is not None])
    assert len(p) == 150
    assert np.all(np.mean(p <= 0.05, axis=0) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150))


def test_the_same_seed_gives_the_same_orders() -> None:
    r = table(*(smooth(np.random.default_rng(k), 900) for k in (1, 2)))
    first, second, third = (shuffled(r, np.random.default_rng(k)) for k in (5, 5, 6))
    assert first == second != third


def test_few_windows_have_too_few_orders() -> None:
    n = WINDOW * (LEAST_WINDOWS - 1)
    rng = np.random.default_rng(3)
    assert shuffled(table(smooth(rng, n), smooth(rng, n)), rng) is None


def test_beyond_the_ends_there_is_nothing() -> None:
    found = windows_of(np.arange(5.0), np.array([0, 3]), 2, 1)
    np.testing.assert_array_equal(found, [[np.nan, 0, 1, 2], [2, 3, 4, np.nan]])
