"""Pairs shuffled across dyads: values as in other rooms, and a test that finds what is there."""

import numpy as np
import pytest

from dsp.every_shift import Shifting, every_shift
from dsp.pair_shuffle import SHUFFLED, alone, every_pairing, interval, score, shuffled

STEP_S = 0.025


def people(seed: int, n: int, points: int) -> np.ndarray:
    """Band noise of n people, (n, points), with holes."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, points)) + 1j * rng.normal(size=(n, points))
    kernel = np.exp(-(np.linspace(-2, 2, 21) ** 2))
    smooth = np.stack([np.convolve(one, kernel, "same") for one in z])
    for one in smooth:
        begin = int(rng.integers(points - 100))
        one[begin : begin + 100] = np.nan
    return smooth


def test_every_pairing_is_what_each_pair_has_by_itself() -> None:
    mine, yours = people(1, 3, 6000), people(2, 3, 6000)
    mine[0, 4000:] = 0  # a shorter session
    value, points = every_pairing(mine, yours, STEP_S)
    for a in range(3):
        for b in range(3):
            alone_ = every_shift(Shifting(mine[a], STEP_S), Shifting(yours[b], STEP_S), SHUFFLED)
            np.testing.assert_allclose(value[:, a, b], alone_.value[:, 0], atol=1e-9)
            assert points[a, b] == alone_.points[0]


def test_a_pair_without_a_common_point_has_no_value() -> None:
    mine, yours = people(1, 2, 2000), people(2, 2, 2000)
    mine[0, 1000:], yours[1, :1000] = 0, 0
    value, points = every_pairing(mine, yours, STEP_S)
    assert points[0, 1] == 0
    assert np.isnan(value[:, 0, 1]).all()
    assert np.isfinite(value[:, 0, 0]).all()


def test_fewer_points_weigh_as_chance_does() -> None:
    value, points = np.full((1, 2, 2), 0.2), np.array([[[400.0, 100.0], [100.0, 400.0]]])
    np.testing.assert_allclose(score(value, points)[0], [[0.2, 0.1], [0.1, 0.2]])


def groups(
    rng: np.random.Generator, own: float, sizes: tuple[int, ...] = (8, 8)
) -> list[np.ndarray]:
    """Scores in which patients and therapists have a level of their own, three series."""
    found = []
    for n in sizes:
        level = rng.normal(size=(3, n, 1)) + rng.normal(size=(3, 1, n))
        scores = level + rng.normal(size=(3, n, n))
        scores[0] += own * np.eye(n)
        found.append(scores)
    return found


def test_unrelated_dyads_are_found_as_often_as_is_said() -> None:
    rng = np.random.default_rng(3)
    found = [shuffled(groups(rng, 0.0), rng, 199) for _ in range(300)]
    p = np.array([[it.p for it in one if it] for one in found])
    corrected = np.array([min(it.p_corrected for it in one if it) for one in found])
    assert 0.03 <= (p <= 0.05).mean() <= 0.07
    assert 0.02 <= (corrected <= 0.05).mean() <= 0.08


def test_those_who_met_are_found_with_an_interval_around_what_was_planted() -> None:
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(60):
        first, other, _ = shuffled(groups(rng, 1.5), rng, 199)
        assert first is not None
        assert other is not None
        assert first.p <= 0.05
        assert first.dyads == 16
        held += first.low <= 1.5 <= first.high
    assert held >= 52


def test_a_level_of_everybody_is_no_relation() -> None:
    rng = np.random.default_rng(5)
    scores = groups(rng, 0.0)
    p = [it.p for it in shuffled(scores, np.random.default_rng(1), 199) if it]
    lifted = [it + 10.0 for it in scores]
    assert [it.p for it in shuffled(lifted, np.random.default_rng(1), 199) if it] == p


def test_few_dyads_conclude_nothing() -> None:
    rng = np.random.default_rng(6)
    assert shuffled(groups(rng, 5.0, (2, 2)), rng, 99) == [None, None, None]
    assert shuffled(groups(rng, 5.0, (1, 1)), rng, 99) == []
    assert shuffled([], rng, 99) == []


def test_what_is_missing_is_left_out() -> None:
    rng = np.random.default_rng(7)
    scores = groups(rng, 2.0)
    scores[0][0, 3, :] = np.nan
    scores[1][2] = np.nan
    first, _, third = shuffled(scores, rng, 199)
    assert first is not None
    assert third is not None
    assert (first.dyads, third.dyads) == (15, 8)


def test_a_dyad_by_itself_is_ranked_among_its_patients_pairings() -> None:
    scores = np.array([[[3.0, 1.0, 2.0], [0.0, 1.0, 2.0], [np.nan, 1.0, np.nan]]])
    found = alone(scores)[0]
    assert found[:2].tolist() == pytest.approx([1 / 3, 2 / 3])
    assert np.isnan(found[2])


def test_an_interval_needs_two_values() -> None:
    assert np.isnan(interval(np.array([1.0]))).all()
    low, high = interval(np.array([1.0, 2.0, 3.0]))
    assert (low, high) == pytest.approx((2 - 4.302652730 / 3**0.5, 2 + 4.302652730 / 3**0.5))
