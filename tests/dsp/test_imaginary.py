"""Synchrony that a common source without a lag has no part in."""

import numpy as np
import pytest

from dsp.imaginary import ciplv, dwpli


def test_a_constant_lag_is_all_of_it() -> None:
    lag = np.exp(0.4j)
    assert ciplv(np.array(0.6 * lag)) == pytest.approx(
        0.6 * np.sin(0.4) / np.sqrt(1 - (0.6 * np.cos(0.4)) ** 2)
    )
    x = np.full(50, 0.3)
    assert dwpli(*(np.array(it) for it in (x.sum(), np.abs(x).sum(), (x * x).sum()))) == 1


def test_without_a_lag_there_is_none() -> None:
    assert ciplv(np.array(0.7 + 0j)) == 0
    assert np.isnan(ciplv(np.array(1.0 + 0j)))
    assert np.isnan(dwpli(np.zeros(()), np.zeros(()), np.zeros(())))


def test_dwpli_is_not_larger_in_short_windows() -> None:
    """By chance it is 0 on average, of ten points as of a thousand."""
    rng = np.random.default_rng(1)
    for points in (10, 1000):
        x = rng.standard_normal((4000, points))
        found = dwpli(x.sum(axis=1), np.abs(x).sum(axis=1), (x * x).sum(axis=1))
        assert abs(found.mean()) < 4 * found.std() / np.sqrt(len(found))


def test_it_is_the_mean_over_pairs_of_different_points() -> None:
    """Vinck et al. 2011: sum of x_j x_k over sum of |x_j x_k|, j unlike k."""
    x = np.random.default_rng(2).standard_normal(30) + 0.3
    products = np.outer(x, x)[~np.eye(30, dtype=bool)]
    found = dwpli(*(np.array(it) for it in (x.sum(), np.abs(x).sum(), (x * x).sum())))
    assert found == pytest.approx(products.sum() / np.abs(products).sum(), abs=1e-12)
