"""Indices of one brain, of sines whose power is known and of noise whose scatter is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.asymmetry import BandPower, Index, IndexSet, IndexValues

THETA, ALPHA = 0, 1
HOPS, POINTS = 40, 10
F3, F4, FZ, O1, O2 = range(5)
FAA = Index(ALPHA, (F4,), (F3,))
FM_THETA = Index(THETA, (FZ,))
OCCIPITAL = Index(ALPHA, (O1, O2))
EVERY = (FAA, FM_THETA, OCCIPITAL)

Analytic = NDArray[np.complex128]


def evaluated(z: Analytic, indices: tuple[Index, ...], clean: NDArray[np.bool_]) -> IndexValues:
    """Of z (bands, channels, hops x points) and clean (hops, channels)."""
    power = BandPower(z.shape[0], z.shape[1], HOPS)
    for hop, flags in enumerate(clean):
        power.push(z[..., hop * POINTS : (hop + 1) * POINTS], flags)
    return IndexSet(indices, z.shape[0], z.shape[1]).evaluate(power)


def tones(amplitudes_uv: list[list[float]]) -> Analytic:
    """(bands, channels, points) of rotating phase."""
    turn = np.exp(2j * np.pi * 0.25 * np.arange(HOPS * POINTS))
    z: Analytic = np.array(amplitudes_uv)[:, :, None] * turn
    return z


ALL_CLEAN = np.ones((HOPS, 5), np.bool_)
KNOWN = tones([[1, 1, 4, 1, 1], [10, 20, 1, 6, 8]])


def test_every_index_of_known_powers() -> None:
    found = evaluated(KNOWN, EVERY, ALL_CLEAN)
    expected = [1.386294361120, np.log(4**2 / 2), np.log((6**2 + 8**2) / 4)]
    np.testing.assert_allclose(found.value, expected, rtol=0, atol=1e-9)
    assert found.clean_share.tolist() == [1, 1, 1]


def test_a_steady_tone_has_no_error() -> None:
    np.testing.assert_allclose(evaluated(KNOWN, EVERY, ALL_CLEAN).standard_error, 0, atol=1e-7)


@pytest.mark.parametrize("pair", [(F3, O2), (O1, FZ)])
def test_any_pair_of_channels_can_be_compared(pair: tuple[int, int]) -> None:
    left, right = pair
    found = evaluated(KNOWN, (Index(ALPHA, (right,), (left,)),), ALL_CLEAN)
    amplitude = [10, 20, 1, 6, 8]
    assert found.value[0] == pytest.approx(2 * np.log(amplitude[right] / amplitude[left]))


def test_an_index_needs_all_of_its_channels() -> None:
    clean = ALL_CLEAN.copy()
    clean[:21, O2] = False
    clean[:20, F4] = False
    found = evaluated(KNOWN, EVERY, clean)
    assert np.isnan(found.value).tolist() == [False, False, True]
    np.testing.assert_allclose(found.clean_share, [0.5, 1, 19 / 40])
    assert np.isnan(found.standard_error).tolist() == [False, False, True]


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_a_channel_that_is_missing_or_silent_takes_its_indices_away(value: float) -> None:
    z = KNOWN.copy()
    z[:, F3] = value
    found = evaluated(z, EVERY, ALL_CLEAN)
    assert np.isnan(found.value).tolist() == [True, False, False]


def test_nobody_has_no_indices() -> None:
    found = evaluated(np.full_like(KNOWN, np.nan), EVERY, ALL_CLEAN)
    assert np.isnan(found.value).all()
    assert found.clean_share.tolist() == [0, 0, 0]


def test_a_montage_without_indices_has_none() -> None:
    found = evaluated(KNOWN, (), ALL_CLEAN)
    assert found.value.shape == found.standard_error.shape == found.clean_share.shape == (0,)


def waxing(seed: int, windows: int, channels: int) -> Analytic:
    """Noise that waxes and wanes over about a second, as alpha does, (1, channels, points)."""
    rng = np.random.default_rng(seed)
    n = windows * HOPS * POINTS
    white = rng.standard_normal((2, channels, n + 20))
    kernel = np.hanning(22)[1:-1]
    smooth = [[np.convolve(row, kernel, "valid")[:n] for row in part] for part in white]
    return np.asarray(smooth[0])[None] + 1j * np.asarray(smooth[1])[None]


def test_the_standard_error_is_the_scatter_of_windows() -> None:
    z = waxing(7, 200, 2)
    windows = np.split(z, 200, axis=2)
    indices = (Index(0, (1,), (0,)), Index(0, (0, 1)), Index(0, (0,)))
    found = [evaluated(window, indices, ALL_CLEAN[:, :2]) for window in windows]
    value = np.array([one.value for one in found])
    error = np.sqrt(np.mean([one.standard_error**2 for one in found], axis=0))
    np.testing.assert_allclose(error, value.std(axis=0), rtol=0.15)


def test_less_clean_data_is_less_sure() -> None:
    z = waxing(8, 1, 2)
    half = ALL_CLEAN[:, :2].copy()
    half[10:30] = False
    index = (Index(0, (1,), (0,)),)
    whole = evaluated(z, index, ALL_CLEAN[:, :2]).standard_error[0]
    assert evaluated(z, index, half).standard_error[0] > whole


def test_records_are_in_order_of_time() -> None:
    power = BandPower(1, 1, 4)
    for hop in range(6):
        power.push(np.full((1, 1, 2), complex(hop)), np.array([hop != 3]))
    energy, count = power.records()
    assert energy.ravel().tolist() == [8, 0, 32, 50]
    assert count.ravel().tolist() == [2, 0, 2, 2]
