"""Baselines of values whose mean and scatter are known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.asymmetry import IndexValues
from dsp.baseline import Baseline, BaselineStretch, from_baseline

SECOND_NS = 1_000_000_000
WINDOW_NS = 10 * SECOND_NS

Floats = NDArray[np.float64]


def values(value: list[float], share: float = 1.0, error: float = 0.1) -> IndexValues:
    return IndexValues(np.array(value), np.full(len(value), error), np.full(len(value), share))


def taken(windows: Floats, share: float = 1.0) -> Baseline:
    stretch = BaselineStretch(windows.shape[1])
    for number, row in enumerate(windows.tolist()):
        stretch.push(number * WINDOW_NS, values(row, share))
    return stretch.baseline()


def test_mean_and_scatter_are_those_of_the_windows() -> None:
    windows = np.random.default_rng(3).normal([0.2, -3], [0.1, 0.4], (12, 2))
    baseline = taken(windows, 0.9)
    np.testing.assert_allclose(baseline.mean, windows.mean(axis=0))
    np.testing.assert_allclose(baseline.sd, windows.std(axis=0, ddof=1))
    np.testing.assert_allclose(baseline.clean_share, 0.9)
    assert baseline.n.tolist() == [12, 12]


def test_a_value_a_second_is_the_same_as_one_a_window() -> None:
    stretch = BaselineStretch(1)
    for second in range(95):
        stretch.push(second * SECOND_NS, values([float(second)]))
    baseline = stretch.baseline()
    assert baseline.n.tolist() == [10]
    assert baseline.mean.tolist() == [45]


def test_windows_without_a_value_are_left_out_and_count_as_not_clean() -> None:
    windows = np.full((10, 2), 0.3)
    windows[:5, 1] = np.nan
    stretch = BaselineStretch(2)
    for number, row in enumerate(windows):
        share = np.where(np.isnan(row), 0.2, 1.0)
        stretch.push(number * WINDOW_NS, IndexValues(row, row, share))
    baseline = stretch.baseline()
    assert baseline.n.tolist() == [10, 5]
    np.testing.assert_allclose(baseline.mean, [0.3, 0.3])
    np.testing.assert_allclose(baseline.clean_share, [1, 0.6])


@pytest.mark.parametrize(("windows", "share"), [(4, 1.0), (12, 0.4), (0, 1.0)])
def test_too_little_rest_is_no_baseline(windows: int, share: float) -> None:
    baseline = taken(np.zeros((windows, 1)), share)
    assert np.isnan(baseline.mean).all()
    assert np.isnan(baseline.sd).all()
    assert np.isnan(from_baseline(values([0.3]), baseline).value).all()


def test_values_are_compared_with_the_baseline() -> None:
    baseline = taken(np.array([[0.1, 1.0], [0.3, 1.2]] * 4))
    relative = from_baseline(values([0.5, 1.1], share=0.8, error=0.1), baseline)
    np.testing.assert_allclose(relative.value, [0.3, 0])
    np.testing.assert_allclose(relative.clean_share, 0.8)
    sd = np.std([0.1, 0.3] * 4, ddof=1)
    np.testing.assert_allclose(relative.standard_error, np.sqrt(0.1**2 + sd**2 / 8))


def test_rest_compared_with_itself_is_zero_and_so_sure() -> None:
    rng = np.random.default_rng(9)
    away = []
    for _ in range(400):
        baseline = taken(rng.normal(0, 0.3, (10, 1)))
        relative = from_baseline(values([float(rng.normal(0, 0.3))], error=0.3), baseline)
        away.append(relative.value[0] / relative.standard_error[0])
    assert np.mean(away) == pytest.approx(0, abs=0.15)
    assert np.std(away) == pytest.approx(1, abs=0.1)
