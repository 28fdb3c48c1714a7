from collections.abc import Iterable
from itertools import permutations
from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from recorder.moments.agreement import Agreement, _by_chance, agreement, alpha, on_grid
from recorder.moments.moment import Moment, Sort

Codes = NDArray[np.int8]
DURATION_S = 2700.0


def by_pairs(codes: Codes) -> float:
    """Alpha from its definition: the disagreement of pairs within units, over that of all pairs."""
    observed: list[tuple[float, bool]] = []
    values: list[int] = []
    for unit in codes.T:
        said = [int(value) for value in unit if value >= 0]
        if len(said) > 1:
            values += said
            weight = 1 / (len(said) - 1)
            observed += [(weight, one != other) for one, other in permutations(said, 2)]
    apart = [one != other for one, other in permutations(values, 2)]
    if not any(apart):
        return float("nan")
    within = sum(weight * differ for weight, differ in observed) / len(values)
    return 1 - within / (sum(apart) / len(apart))


@settings(deadline=None)
@given(
    arrays(np.int8, st.tuples(st.integers(2, 4), st.integers(1, 12)), elements=st.integers(-1, 2))
)
def test_alpha_is_its_definition(codes: Codes) -> None:
    expected = by_pairs(codes)
    assert isnan(alpha(codes)) == isnan(expected)
    assert isnan(expected) or alpha(codes) == pytest.approx(expected, abs=1e-12)


def test_alpha_by_chance_is_that_of_tracks_turned_around() -> None:
    rng = np.random.default_rng(5)
    codes = rng.integers(0, 3, (3, 31)).astype(np.int8)
    drawn = np.random.default_rng(9).integers(0, 31, (20, 3))
    turned = [[np.roll(row, by) for row, by in zip(codes, each, strict=True)] for each in drawn]
    expected = [alpha(np.array(rows)) for rows in turned]
    assert _by_chance(codes, np.random.default_rng(9), 20) == pytest.approx(expected, abs=1e-12)


def test_alpha_of_the_worked_example() -> None:
    """Krippendorff 2011, section C: nominal data, any number of observers, missing data: 0.743."""
    data = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, -1, -1, -1],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, -1, 3],
        [-1, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, -1],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, -1],
    ]
    assert alpha(np.array(data, np.int8)) == pytest.approx(0.743, abs=0.0005)


def test_the_grid_tells_the_middles_of_its_steps() -> None:
    moments = [Moment(1.0, 3.4, "interest"), Moment(4.5, 4.5, "no interest")]
    assert on_grid(moments, 6.9, 1.0).tolist() == [0, 1, 1, 0, 2, 0]
    assert on_grid(moments, 3.0, 0.5).tolist() == [0, 0, 1, 1, 1, 1]


def planted(rng: np.random.Generator, jitter_s: float) -> list[Moment]:
    sorts: Iterable[Sort] = ("interest", "no interest", "interest", "no interest")
    begins = (300.0, 900.0, 1500.0, 2100.0)
    return [
        Moment(begin + shift, begin + shift + 60, sort)
        for begin, sort, shift in zip(begins, sorts, rng.uniform(0, jitter_s, 4), strict=True)
    ]


def by_themselves(rng: np.random.Generator) -> list[Moment]:
    """Four moments anywhere, that do not overlap."""
    begins = np.sort(rng.uniform(0, DURATION_S - 4 * 60, 4)) + 60 * np.arange(4)
    sorts = rng.permutation(["interest", "no interest", "interest", "no interest"])
    return [Moment(float(at), float(at) + 60, sort) for at, sort in zip(begins, sorts, strict=True)]


def test_raters_who_agree_are_far_above_chance() -> None:
    rng = np.random.default_rng(3)
    raters = {name: planted(rng, 15.0) for name in ("R1", "R2")} | {"R3": by_themselves(rng)}
    two = agreement({name: raters[name] for name in ("R1", "R2")}, DURATION_S, 1)
    assert two.alpha > 0.75 > two.chance
    assert two.p < 0.01
    three = agreement(raters, DURATION_S, 1)
    assert three.chance < three.alpha < two.alpha
    assert three == agreement(raters, DURATION_S, 1)
    assert three != agreement(raters, DURATION_S, 2)


def test_raters_who_do_not_know_of_each_other_agree_by_chance_as_often_as_told() -> None:
    """Of 200 pairs, 5 % are above the level of chance; 99 % of such counts lie in 3 to 19."""
    rng = np.random.default_rng(20261129)
    found: list[Agreement] = []
    for seed in range(200):
        raters = {name: by_themselves(rng) for name in ("R1", "R2", "R3")}
        found.append(agreement(raters, DURATION_S, seed, step_s=10.0, shifts=99))
    assert 3 <= sum(it.p <= 0.05 for it in found) <= 19


def test_what_cannot_be_told_is_refused_or_nan() -> None:
    one = {"R1": [Moment(1, 2, "interest")]}
    with pytest.raises(ValueError, match="takes two raters"):
        agreement(one, 60.0, 1)
    with pytest.raises(ValueError, match="too short"):
        agreement(one | {"R2": []}, 1.5, 1)
    nothing = agreement({"R1": [], "R2": []}, 60.0, 1)
    assert isnan(nothing.alpha)
    assert isnan(nothing.p)
