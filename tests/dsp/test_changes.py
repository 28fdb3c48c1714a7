"""Lasting changes of a level, in all of a series at once."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.changes import SHORTEST, changes, cheapest_cuts, penalty_of

Floats = NDArray[np.float64]


def alike(rng: np.random.Generator, n: int, phi: float) -> Floats:
    noise, x = rng.standard_normal(n), np.zeros(n)
    x[0] = noise[0]
    for k in range(1, n):
        x[k] = phi * x[k - 1] + np.sqrt(1 - phi**2) * noise[k]
    return x


def cost(x: Floats, cuts: tuple[int, ...], penalty: float) -> float:
    parts = np.split(x, cuts)
    return float(sum(((it - it.mean()) ** 2).sum() for it in parts) + penalty * len(cuts))


@pytest.mark.parametrize("seed", range(6))
def test_no_other_cuts_cost_less(seed: int) -> None:
    """All that there are, of twelve values."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(12) + 2 * (np.arange(12) >= 5)
    every = [
        cuts
        for count in range(4)
        for cuts in combinations(range(SHORTEST, 13 - SHORTEST), count)
        if all(b - a >= SHORTEST for a, b in pairwise(cuts))
    ]
    for penalty in (0.5, 2.0, 8.0):
        found = tuple(cheapest_cuts(x, penalty))
        least = min(cost(x, cuts, penalty) for cuts in every)
        assert cost(x, found, penalty) == pytest.approx(least)


def test_a_change_is_found_where_it_is() -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal(200) + 2.0 * (np.arange(200) >= 120)
    x[[3, 119, 150]] = np.nan
    [found] = changes(x)
    assert abs(found.at - 120) <= 3
    assert found.size == pytest.approx(2.0, abs=0.5)


@pytest.mark.parametrize("phi", [0.0, 0.4, 0.7])
def test_hardly_any_session_without_a_change_has_one(phi: float) -> None:
    """45 min of windows of 10 s; also where each value resembles the one before."""
    rng = np.random.default_rng(2)
    false = np.mean([bool(changes(alike(rng, 270, phi))) for _ in range(60)])
    assert false <= 0.06


def test_the_penalty_knows_what_resembles() -> None:
    rng = np.random.default_rng(3)
    independent, wandering = (penalty_of(alike(rng, 3000, phi)) for phi in (0.0, 0.7))
    usual = 5 * np.log(3000)
    assert independent == pytest.approx(usual, rel=0.2)
    assert wandering == pytest.approx(usual * 1.7 / 0.3, rel=0.3)


def test_what_is_short_or_constant_has_none() -> None:
    assert changes(np.full(100, 2.0)) == []
    assert changes(np.array([1.0, 5.0, np.nan, 1.0])) == []
