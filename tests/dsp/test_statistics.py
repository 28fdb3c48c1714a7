"""Standard errors of series whose scatter is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.statistics import effective_number, resemblance, standard_error

Floats = NDArray[np.float64]


def series(phi: float, rows: int, n: int) -> Floats:
    """First-order series of unit variance, (rows, n)."""
    rng = np.random.default_rng(11)
    x = rng.standard_normal((rows, n))
    for at in range(1, n):
        x[:, at] = phi * x[:, at - 1] + np.sqrt(1 - phi**2) * x[:, at]
    return x


def about_mean(x: Floats) -> Floats:
    away: Floats = x - x.mean(axis=-1, keepdims=True)
    return away


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.6, 0.8])
def test_the_standard_error_is_the_scatter_of_the_means(phi: float) -> None:
    x = series(phi, 400, 200)
    error = standard_error(about_mean(x), np.ones(x.shape, np.bool_))
    assert np.sqrt(np.mean(error**2)) == pytest.approx(x.mean(axis=1).std(), rel=0.12)


@pytest.mark.parametrize("phi", [0.3, 0.6])
def test_resemblance_and_effective_number_are_those_of_the_series(phi: float) -> None:
    x = series(phi, 50, 2000)
    used = np.ones(x.shape, np.bool_)
    assert resemblance(about_mean(x), used).mean() == pytest.approx(phi, abs=0.02)
    expected = 2000 * (1 - phi) / (1 + phi)
    assert effective_number(about_mean(x), used).mean() == pytest.approx(expected, rel=0.05)


def test_what_is_not_used_does_not_count() -> None:
    x = about_mean(series(0.5, 1, 300))
    used = np.ones(x.shape, np.bool_)
    longer = np.concatenate([x, np.zeros((1, 500))], axis=1)
    half = np.concatenate([used, np.zeros((1, 500), np.bool_)], axis=1)
    np.testing.assert_allclose(standard_error(longer, half), standard_error(x, used))


def test_neighbours_that_alternate_are_not_believed_to_know_more() -> None:
    x = np.tile([1.0, -1.0], 20)[None]
    assert effective_number(x, np.ones(x.shape, np.bool_)).tolist() == [40]


def test_few_parts_have_no_standard_error() -> None:
    used = np.array([[True, True, True, False], [True] * 4, [False] * 4])
    error = standard_error(np.array([[1.0, -2, 1, 0], [1, -2, 2, -1], [0, 0, 0, 0]]), used)
    assert np.isnan(error).tolist() == [True, False, True]
