"""Synchrony of the whole of two people, against the shift of nothing."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.every_shift import Shifting, every_shift
from dsp.together import PIECE, TOGETHER, Whole, together

STEP_S = 0.025
PAIRS = ((0, 0), (1, 0), (0, 1))


def signals(seed: int, n: int) -> NDArray[np.complex128]:
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((2, n)) + 1j * rng.standard_normal((2, n))
    keep = np.abs(np.fft.fftfreq(n, STEP_S)) < 2.5
    z = 20 * np.fft.ifft(np.fft.fft(noise) * keep)
    for channel, begin in enumerate(rng.integers(0, n, 2).tolist()):
        z[channel, begin : begin + 90] = np.nan
    return z


def test_it_is_every_shift_at_no_shift() -> None:
    n = PIECE + 217
    a, b = signals(1, n), signals(2, n)
    found, points = together(Whole(a, STEP_S), Whole(b, STEP_S), PAIRS)
    for at, (i, j) in enumerate(PAIRS):
        told = every_shift(Shifting(a[i], STEP_S), Shifting(b[j], STEP_S), TOGETHER)
        assert found[:, at] == pytest.approx(told.value[:, 0], abs=1e-12)
        assert points[at] == told.points[0]


def test_what_only_one_has_is_cut() -> None:
    a, b = signals(1, 900), signals(2, 1300)
    one = together(Whole(a, STEP_S), Whole(b, STEP_S), PAIRS)
    other = together(Whole(a, STEP_S), Whole(b[:, :900], STEP_S), PAIRS)
    assert np.array_equal(one[1], other[1])
    assert np.array_equal(one[0][:-1], other[0][:-1])  # drifts are those of all that there is
    assert one[0][-1] == pytest.approx(other[0][-1], abs=0.05)


def test_nothing_in_common_has_no_value() -> None:
    a, b = signals(1, 900), np.full((2, 900), np.nan, np.complex128)
    found, points = together(Whole(a, STEP_S), Whole(b, STEP_S), PAIRS)
    assert np.isnan(found).all()
    assert not points.any()
