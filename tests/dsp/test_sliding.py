"""Sliding sums against sums added up anew."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.sliding import BandSums, SlidingSum


@settings(max_examples=40)
@given(length=st.integers(1, 7), records=st.integers(1, 40), seed=st.integers(0, 99))
def test_the_total_is_the_sum_of_the_last_records(length: int, records: int, seed: int) -> None:
    every = np.random.default_rng(seed).normal(size=(records, 2, 3))
    window = SlidingSum(length, np.empty((2, 3)))
    for k, record in enumerate(every, start=1):
        window.add(record)
        expected = every[max(k - length, 0) : k].sum(axis=0)
        np.testing.assert_allclose(window.total, expected, rtol=0, atol=1e-13)


def test_what_has_left_leaves_no_rounding_behind() -> None:
    window = SlidingSum(3, np.empty(1))
    for record in (1e17, 1.0, 1.0, 1.0, 1.0):
        window.add(np.array([record]))
    assert window.total.item() == 3


@pytest.mark.parametrize("lengths", [(4,), (5, 5, 2), (2, 3, 3, 2)])
def test_every_band_has_its_own_window(lengths: tuple[int, ...]) -> None:
    every = np.random.default_rng(1).normal(size=(20, 2, len(lengths), 3))
    sums = BandSums(lengths, (2, 3))
    for record in every:
        sums.add(record)
    for band, length in enumerate(lengths):
        expected = every[-length:, :, band].sum(axis=0)
        np.testing.assert_allclose(sums.total[:, band], expected, rtol=0, atol=1e-13)
