"""How rare a number is among its shifts."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.every_shift import correlation_at_every_shift
from dsp.shift_test import LEAST_SHIFTS, ShiftFamily

Floats = NDArray[np.float64]
N = 400


def full(n: int = N) -> Floats:
    return np.full(n, 100.0)


def smooth(rng: np.random.Generator, n: int = N) -> Floats:
    spectrum = np.fft.rfft(rng.standard_normal(n))
    spectrum[20:] = 0
    return np.fft.irfft(spectrum, n)


def test_p_is_the_share_of_shifts_that_are_as_large() -> None:
    value = np.arange(N, dtype=np.float64)
    value[0] = N - 20.5  # larger than all but 20
    tested = ShiftFamily(N).add(value, full())
    assert tested.p == pytest.approx(21 / N)
    assert tested.n == N
    assert tested.chance == pytest.approx(np.abs(value).mean())


def test_the_sign_does_not_count() -> None:
    rng = np.random.default_rng(1)
    value = rng.standard_normal(N)
    assert ShiftFamily(N).add(value, full()).p == ShiftFamily(N).add(-value, full()).p


def test_a_shift_with_fewer_common_points_needs_more() -> None:
    """Chance grows as 1 / sqrt(points): 0.5 of 64 points is as rare as 0.4 of 100."""
    value, points = np.full(N, 0.5), np.full(N, 64.0)
    value[0], points[0] = 0.41, 100
    assert ShiftFamily(N).add(value, points).p == pytest.approx(1 / N)
    value[0] = 0.39
    assert ShiftFamily(N).add(value, points).p == 1


def test_shifts_with_hardly_anything_in_common_do_not_count() -> None:
    value, points = np.full(N, 0.9), full()
    value[0] = 0.1
    points[1 : N // 4] = 10
    assert ShiftFamily(N).add(value, points).n == N - N // 4 + 1


def test_several_lags_are_looked_at_at_every_shift() -> None:
    rng = np.random.default_rng(3)
    value = rng.random(N)
    value[-7] = 2.0
    tested = ShiftFamily(N).add(value, full(), (-10, -1))
    assert (tested.lag, tested.value) == (-7, 2.0)
    # ten shifts, -6 to 3, have place -7 among their lags
    assert tested.p == pytest.approx(10 / N)
    assert ShiftFamily(N).add(value, full(), (1, 10)).value == value[1:11].max()


def test_many_tests_are_corrected_by_the_largest() -> None:
    """Of many unrelated ones the smallest p is small, and the corrected one is not."""
    rng = np.random.default_rng(4)
    family = ShiftFamily(N)
    tests = [family.add(rng.standard_normal(N), full()) for _ in range(60)]
    corrected = [family.corrected(it) for it in tests]
    assert min(it.p for it in tests) < 0.05
    assert min(corrected) > 0.05
    assert all(c >= it.p - 1e-12 for c, it in zip(corrected, tests, strict=True))


def test_the_same_test_twice_costs_nothing() -> None:
    value = np.random.default_rng(5).standard_normal(N)
    family = ShiftFamily(N)
    first, second = (family.add(value, full()) for _ in range(2))
    assert family.corrected(first) == family.corrected(second) == first.p


def test_p_is_exact_for_series_that_resemble_themselves() -> None:
    """Rank among all shifts: without those near 0 it would be too small too often."""
    rng = np.random.default_rng(6)
    p = [
        ShiftFamily(N).add(*correlation_at_every_shift(smooth(rng), smooth(rng))).p
        for _ in range(700)
    ]
    for level in (0.05, 0.2, 0.5):
        share, error = np.mean(np.array(p) <= level), np.sqrt(level * (1 - level) / len(p))
        assert abs(share - level) < 3.3 * error, level


def test_too_few_shifts_test_nothing() -> None:
    n = LEAST_SHIFTS - 1
    family = ShiftFamily(n)
    tested = family.add(np.arange(n, dtype=np.float64), full(n))
    assert np.isnan(tested.p)
    assert np.isnan(family.corrected(tested))


def test_no_value_is_no_test() -> None:
    value = np.ones(N)
    value[0] = np.nan
    assert np.isnan(ShiftFamily(N).add(value, full()).p)
