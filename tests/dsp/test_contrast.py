"""Two sets of intervals, compared by shifting their labels."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ttest_ind

from dsp.contrast import contrast, differences
from dsp.shift_test import ShiftFamily

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
N, MOMENT = 2700, 40


def wandering(rng: np.random.Generator, n: int = N) -> Floats:
    """Values that resemble the one before by 0.95."""
    x = np.zeros(n)
    noise = rng.standard_normal(n)
    x[0] = noise[0] / np.sqrt(1 - 0.95**2)
    for k in range(1, n):
        x[k] = 0.95 * x[k - 1] + noise[k]
    scaled: Floats = x * np.sqrt(1 - 0.95**2)
    return scaled


def moments(rng: np.random.Generator, n: int = N) -> Flags:
    flags = np.zeros(n, np.bool_)
    for begin in rng.integers(0, n - MOMENT, 4).tolist():
        flags[begin : begin + MOMENT] = True
    return flags


def test_differences_are_those_of_shifted_labels() -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal(300) + 1000
    x[rng.random(300) < 0.2] = np.nan
    first, second = rng.random(300) < 0.2, rng.random(300) < 0.3
    value, points = differences(x, first, second)
    for s in range(300):
        one, other = (x[np.roll(it, s)] for it in (first, second))
        assert value[s] == pytest.approx(np.nanmean(one) - np.nanmean(other), abs=1e-9)
        n_1, n_2 = (np.isfinite(it).sum() for it in (one, other))
        assert points[s] == pytest.approx(n_1 * n_2 / (n_1 + n_2))


def test_labels_that_are_shifted_find_a_difference_where_there_is_one() -> None:
    rng = np.random.default_rng(2)
    x, first = wandering(rng), moments(rng)
    told = contrast(x + 1.5 * first, first, ~first, ShiftFamily(N))
    assert told is not None
    assert told.tested.p < 0.02
    assert told.low < 1.5 < told.high
    assert told.low > 0
    assert told.effect == pytest.approx(told.tested.value / np.std(x + 1.5 * first))
    assert (told.n_first, told.n_second) == (first.sum(), N - first.sum())


def test_a_t_test_finds_what_is_not_there_and_shifted_labels_do_not() -> None:
    rng = np.random.default_rng(3)
    found = []
    for _ in range(150):
        x, first = wandering(rng), moments(rng)
        told = contrast(x, first, ~first, ShiftFamily(N))
        assert told is not None
        found.append((told.tested.p <= 0.05, ttest_ind(x[first], x[~first]).pvalue <= 0.05))
    shifted, naive = np.mean(found, axis=0)
    assert shifted < 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(found))
    assert naive >= 0.6


def test_the_interval_holds_the_truth() -> None:
    rng = np.random.default_rng(4)
    held = []
    for _ in range(100):
        first = moments(rng)
        told = contrast(wandering(rng) + 0.7 * first, first, ~first, ShiftFamily(N))
        assert told is not None
        held.append(told.low <= 0.7 <= told.high)
    assert np.mean(held) > 0.95 - 3 * np.sqrt(0.05 * 0.95 / len(held))


def test_sets_with_hardly_a_value_are_not_compared() -> None:
    x, first = np.arange(300.0), np.zeros(300, np.bool_)
    first[:4] = True
    assert contrast(x, first, ~first, ShiftFamily(300)) is None
    first[:20] = True
    x[:18] = np.nan
    assert contrast(x, first, ~first, ShiftFamily(300)) is None
