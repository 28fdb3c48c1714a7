"""Band power and asymmetry of sines whose power is known."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsp.asymmetry import BandPower, Index, IndexSet, IndexValues
from dsp.bands import BandFilter, SessionGrid
from dsp.ring import Ring

ALPHA = 1
POINTS = 10
HOPS = 8
GOOD = np.array([True, True])

Analytic = NDArray[np.complex128]


def rotating(amplitudes: list[float], hop: int) -> Analytic:
    """One hop of 10 Hz at 40 points a second, one band, a channel for each amplitude."""
    t = (hop * POINTS + np.arange(POINTS)) / 40
    wave: Analytic = np.array(amplitudes)[None, :, None] * np.exp(2j * np.pi * 10 * t)
    return wave


def pushed(amplitudes: list[float], clean: list[NDArray[np.bool_]]) -> BandPower:
    power = BandPower(1, len(amplitudes), HOPS)
    for hop, flags in enumerate(clean):
        power.push(rotating(amplitudes, hop), flags)
    return power


def faa(power: BandPower, pairs: list[tuple[int, int]], band: int = 0) -> IndexValues:
    """Of (left, right) channels."""
    bands, channels = power.power_uv2().shape
    indices = [Index(band, (right,), (left,)) for left, right in pairs]
    return IndexSet(indices, bands, channels).evaluate(power)


def test_a_right_side_of_twice_the_amplitude_gives_two_ln_two() -> None:
    result = faa(pushed([10.0, 20.0], [GOOD] * HOPS), [(0, 1), (1, 0)])
    np.testing.assert_allclose(result.value, [1.386294361120, -1.386294361120], rtol=0, atol=1e-9)
    assert result.clean_share.tolist() == [1, 1]


def test_power_of_a_sine_is_half_its_amplitude_squared() -> None:
    power = pushed([10.0, 20.0], [GOOD] * HOPS).power_uv2()
    np.testing.assert_allclose(power, [[50, 200]], rtol=1e-12)


def test_asymmetry_from_samples_to_value() -> None:
    n = np.arange(3000)
    wave = np.sin(2 * np.pi * 10 * n / 250)[:, None]
    ring = Ring(3000, 2)
    ring.write(0, (9e4 + wave * [10, 20]).astype(np.float32))
    power, band_filter, grid = BandPower(3, 2, 40), BandFilter(250), SessionGrid(0)
    for hop in range(40):
        position = np.asarray(100 + grid.hop_times_ns(hop) * 250e-9, np.float64)
        power.push(band_filter.evaluate(ring, position), GOOD)
    result = faa(power, [(0, 1)], ALPHA)
    # At 90 mV float32 has steps of 8 nV, a third of the board's own.
    np.testing.assert_allclose(result.value, 2 * np.log(2), rtol=0, atol=1e-3)


def test_only_the_window_counts() -> None:
    power = pushed([10.0, 20.0], [GOOD] * HOPS)
    for hop in range(HOPS):
        power.push(rotating([30.0, 30.0], hop), GOOD)
    np.testing.assert_allclose(power.power_uv2(), [[450, 450]], rtol=1e-12)


def test_a_loud_past_leaves_nothing_behind() -> None:
    power = BandPower(1, 1, HOPS)
    for hop in range(HOPS):
        power.push(rotating([1e9], hop), np.array([True]))
    for hop in range(HOPS):
        power.push(rotating([1e-3], hop), np.array([True]))
    np.testing.assert_allclose(power.power_uv2(), [[5e-7]], rtol=1e-12)


def test_an_unclean_channel_is_left_out_while_it_is_unclean() -> None:
    dirty = np.array([True, False])
    power = BandPower(1, 2, HOPS)
    for hop in range(HOPS):
        loud = [10.0, 500.0] if hop < 3 else [10.0, 20.0]
        power.push(rotating(loud, hop), dirty if hop < 3 else GOOD)
    np.testing.assert_allclose(power.power_uv2(), [[50, 200]], rtol=1e-12)
    np.testing.assert_allclose(power.clean_share(), [[1, 5 / 8]])


def test_points_without_a_signal_are_left_out() -> None:
    power = BandPower(1, 2, HOPS)
    for hop in range(HOPS):
        z = rotating([10.0, 20.0], hop)
        z[0, 0, :4] = np.nan
        z[0, 1, 9] = complex(np.inf, 0)
        power.push(z, GOOD)
    np.testing.assert_allclose(power.power_uv2(), [[50, 200]], rtol=1e-12)
    np.testing.assert_allclose(power.clean_share(), [[0.6, 0.9]])


def test_the_share_pays_for_what_was_bridged_and_the_power_does_not() -> None:
    power, lost = BandPower(1, 2, HOPS), np.zeros((2, POINTS))
    lost[0] = 0.04
    for hop in range(HOPS):
        power.push(rotating([10.0, 20.0], hop), GOOD, lost)
    np.testing.assert_allclose(power.clean_share(), [[0.96, 1]], rtol=1e-12)
    np.testing.assert_allclose(power.power_uv2(), [[50, 200]], rtol=1e-12)
    for hop in range(HOPS):
        power.push(rotating([10.0, 20.0], hop), np.array([False, True]), lost)
    assert power.clean_share().tolist() == [[0, 1]]  # nothing is taken off twice


def test_below_half_clean_there_is_no_value_but_a_share() -> None:
    dirty = np.array([True, False])
    result = faa(pushed([10.0, 20.0], [GOOD] * 3 + [dirty] * 5), [(0, 1), (0, 0)])
    assert np.isnan(result.value).tolist() == [True, False]
    np.testing.assert_allclose(result.clean_share, [3 / 8, 1])


def test_a_window_that_is_not_yet_half_full_has_no_value() -> None:
    assert np.isnan(pushed([10.0, 20.0], [GOOD] * 3).power_uv2()).all()
    assert np.isfinite(pushed([10.0, 20.0], [GOOD] * 4).power_uv2()).all()


def test_before_the_first_hop_there_is_no_value() -> None:
    power = BandPower(3, 2, HOPS)
    assert np.isnan(power.power_uv2()).all()
    assert (power.clean_share() == 0).all()


def test_a_montage_without_pairs_has_no_asymmetry() -> None:
    result = faa(pushed([10.0, 20.0], [GOOD] * HOPS), [])
    assert result.value.shape == (0,)
    assert result.clean_share.shape == (0,)


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
@settings(deadline=None, max_examples=40)
def test_exchanging_the_sides_changes_the_sign(left: float, right: float) -> None:
    there, back = faa(pushed([left, right], [GOOD] * HOPS), [(0, 1), (1, 0)]).value
    assert there == pytest.approx(-back, abs=1e-12)
    assert there == pytest.approx(2 * (np.log(right) - np.log(left)), abs=1e-9)


@pytest.mark.parametrize("amplitudes", [(0.0, 1.0), (1.0, 0.0), (np.nan, 1.0), (1.0, np.nan)])
def test_without_power_there_is_no_asymmetry(amplitudes: tuple[float, float]) -> None:
    assert np.isnan(faa(pushed([*amplitudes], [GOOD] * HOPS), [(0, 1)]).value).all()


def test_several_hops_at_once_are_the_same_as_one_by_one() -> None:
    one_by_one, at_once = BandPower(1, 2, HOPS), BandPower(1, 2, HOPS)
    clean = np.array([[True, True], [True, False], [False, True], [True, True]])
    for begin in range(0, 12, 4):
        hops = [rotating([10.0 + begin, 20.0], begin + hop) for hop in range(4)]
        hops[1][0, 0, 3] = np.nan
        for z, flags in zip(hops, clean, strict=True):
            one_by_one.push(z, flags)
        at_once.push(np.concatenate(hops, axis=2), clean)
    np.testing.assert_allclose(at_once.power_uv2(), one_by_one.power_uv2(), rtol=1e-12)
    np.testing.assert_allclose(at_once.clean_share(), one_by_one.clean_share(), rtol=1e-12)


def test_memory_does_not_grow() -> None:
    power = BandPower(3, 8, 40)
    z = np.ones((3, 8, POINTS), np.complex64)
    clean = np.ones(8, np.bool_)
    tracemalloc.start()
    try:
        power.push(z, clean)
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(2000):
            power.push(z, clean)
        assert tracemalloc.get_traced_memory()[0] - before < 1000
    finally:
        tracemalloc.stop()
