import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.review.packing import LARGEST, packed
from tests.recorder.review.unpacking import unpacked

NUMBERS = st.one_of(st.floats(-1e3, 1e3), st.just(float("nan")))


@given(rows=st.lists(st.lists(NUMBERS, min_size=7, max_size=7), min_size=1, max_size=4))
def test_numbers_come_back_within_half_a_step(rows: list[list[float]]) -> None:
    values = np.array(rows)
    found = unpacked(packed(values, 0.1), 0.1, len(rows))
    assert found == pytest.approx(values, abs=0.05 + 1e-9, nan_ok=True)


@pytest.mark.parametrize("endless", [np.inf, -np.inf, np.nan])
def test_what_is_not_finite_is_missing(endless: float) -> None:
    assert np.isnan(unpacked(packed(np.array([1.0, endless, 2.0]), 1.0), 1.0)[0, 1])


def test_what_is_too_large_is_the_largest_and_not_another_number() -> None:
    found = unpacked(packed(np.array([1e9, -1e9, 5.0]), 1.0), 1.0)
    assert found.tolist() == [[LARGEST, -LARGEST, 5.0]]
