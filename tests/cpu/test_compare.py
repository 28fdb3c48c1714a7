import numpy as np
import pytest
from numpy.typing import NDArray

from tests.cpu.compare import BOUNDS, differences, too_far


def measured() -> dict[str, NDArray[np.float64]]:
    rng = np.random.default_rng(1)
    found = {name: rng.normal(size=9) for name in BOUNDS}
    for values in found.values():
        values[:3] = np.nan
    return found


def test_the_same_values_are_no_difference() -> None:
    assert set(differences(measured(), measured()).values()) == {0.0}
    assert too_far(differences(measured(), measured())) == []


@pytest.mark.parametrize("name", BOUNDS)
def test_what_lies_beyond_its_bound_is_named(name: str) -> None:
    for share, lines in ((0.9, 0), (1.1, 1)):
        other = measured()
        other[name][5] += share * BOUNDS[name] + (1e-9 if lines and not BOUNDS[name] else 0)
        told = too_far(differences(measured(), other))
        assert [line.partition(":")[0] for line in told] == [name] * lines


def test_a_value_that_only_one_has_is_beyond_every_bound() -> None:
    other = measured()
    other["ccorr"][5] = np.nan
    assert too_far(differences(measured(), other)) == ["ccorr: inf apart, at most 1e-04"]
    assert too_far(differences(other, measured())) == ["ccorr: inf apart, at most 1e-04"]
