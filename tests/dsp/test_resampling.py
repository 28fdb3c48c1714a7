import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.resampling import resampled

BOARD_HZ, GRID_HZ = 250.33, 250.0


def error_db(told: np.ndarray, truth: np.ndarray) -> float:
    return float(10 * np.log10(np.mean((told - truth) ** 2) / np.mean(truth**2)))


@pytest.mark.parametrize("tone_hz", [2, 10, 20, 40, 60, 80])
def test_a_tone_is_the_same_tone_at_other_instants(tone_hz: float) -> None:
    t_s = np.arange(round(20 * BOARD_HZ)) / BOARD_HZ
    wanted_s = np.arange(1, 18, 1 / GRID_HZ)
    tones = np.stack([np.sin(2 * np.pi * tone_hz * t_s), np.cos(2 * np.pi * tone_hz * t_s)], 1)
    told = resampled(tones, wanted_s * BOARD_HZ, GRID_HZ / BOARD_HZ)
    assert error_db(told[:, 0], np.sin(2 * np.pi * tone_hz * wanted_s)) < -75
    assert error_db(told[:, 1], np.cos(2 * np.pi * tone_hz * wanted_s)) < -75


def test_a_lower_rate_leaves_out_what_it_cannot_hold() -> None:
    t_s = np.arange(20 * 250) / 250
    wanted_s = np.arange(2, 18, 1 / 100)
    told = resampled(np.sin(2 * np.pi * 90 * t_s)[:, None], wanted_s * 250, 100 / 250)
    assert np.abs(told).max() < 1e-3  # else it would be there as 10 Hz
    kept = resampled(np.sin(2 * np.pi * 20 * t_s)[:, None], wanted_s * 250, 100 / 250)
    assert error_db(kept[:, 0], np.sin(2 * np.pi * 20 * wanted_s)) < -70


@settings(deadline=None)  # the first of each ratio makes a table
@given(
    st.integers(1, 60),
    st.lists(st.floats(-100, 200), max_size=50),
    st.sampled_from([0.1, 0.4, 0.999, 1.0, 4.0]),
)
def test_a_constant_stays_one_wherever_it_is_asked_for(
    n: int, places: list[float], ratio: float
) -> None:
    told = resampled(np.full((n, 2), 7.5), np.array(places), ratio)
    assert told.shape == (len(places), 2)
    assert np.allclose(told, 7.5, rtol=1e-12, atol=0)


def test_samples_asked_for_at_their_own_places_lose_only_what_is_near_nyquist() -> None:
    rng = np.random.default_rng(5)
    t_s = np.arange(2000) / 250
    tones = [np.sin(2 * np.pi * hz * t_s + rng.uniform(0, 6)) for hz in (3.0, 11.0, 47.0)]
    values = np.sum(tones, axis=0)
    told = resampled(values[:, None], np.arange(2000.0))
    assert np.abs(told[50:-50, 0] - values[50:-50]).max() < 1e-3
