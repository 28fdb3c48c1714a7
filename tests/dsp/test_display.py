"""Traces for the eye: EEG stays as it is, mains and offsets go, nothing moves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.display import DisplayFilter, Samples

RATES_HZ = (125.0, 200.0, 250.0, 500.0, 1000.0)


def tone(rate_hz: float, hz: float, uv: float = 100.0, offset_uv: float = 0.0) -> Samples:
    t_s = np.arange(round(6 * rate_hz)) / rate_hz
    return (offset_uv + uv * np.sin(2 * np.pi * hz * t_s))[:, None].astype(np.float32)


def reach_uv(samples: Samples) -> float:
    return float(np.sqrt(2 * np.mean(samples.astype(np.float64) ** 2)))


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("hz", [3.0, 8.0, 10.0, 13.0, 20.0, 30.0])
def test_eeg_stays_as_it_is(rate_hz: float, hz: float) -> None:
    shown, samples = DisplayFilter(rate_hz), tone(rate_hz, hz, offset_uv=-150_000.0)
    middle = tone(rate_hz, hz)[shown.half : len(samples) - shown.half]
    assert np.abs(shown.apply(samples) - middle).max() < 14.0  # of 100, and at the same instants


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("hz", [50.0, 60.0])
def test_mains_of_a_ward_are_gone(rate_hz: float, hz: float) -> None:
    assert reach_uv(DisplayFilter(rate_hz).apply(tone(rate_hz, hz, uv=300.0))) < 0.3


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_offsets_and_slow_drifts_are_gone(rate_hz: float) -> None:
    shown = DisplayFilter(rate_hz)
    assert reach_uv(shown.apply(tone(rate_hz, 0.0, offset_uv=187_000.0))) < 0.05
    assert reach_uv(shown.apply(tone(rate_hz, 0.2))) < 3.0


def test_a_board_that_cannot_hold_mains_is_filtered_as_far_as_it_goes() -> None:
    assert reach_uv(DisplayFilter(90.0).apply(tone(90.0, 10.0))) == pytest.approx(100, rel=0.05)


def test_what_is_missing_stays_missing_and_spoils_nothing_else() -> None:
    shown, samples = DisplayFilter(250.0), tone(250.0, 10.0, offset_uv=20_000.0)
    whole = shown.apply(samples)
    holed = samples.copy()
    holed[700:703] = np.nan
    holed[900] = np.inf
    told = shown.apply(holed)
    gone = [place - shown.half for place in (700, 701, 702, 900)]
    assert np.flatnonzero(np.isnan(told[:, 0])).tolist() == gone
    assert np.nanmax(np.abs(told - whole)) < 8.0


def test_a_channel_of_which_nothing_is_known_is_missing() -> None:
    samples = np.concatenate([tone(250.0, 10.0), np.full((1500, 1), np.nan, np.float32)], axis=1)
    told = DisplayFilter(250.0).apply(samples)
    assert np.isnan(told[:, 1]).all()
    assert np.isfinite(told[:, 0]).all()


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=12), st.integers(0, 2**32 - 1))
def test_in_portions_it_is_the_same_as_at_once(portions: list[int], seed: int) -> None:
    shown, n = DisplayFilter(250.0), sum(portions)
    samples = np.random.default_rng(seed).normal(0, 30, (n + 2 * shown.half, 2)).astype(np.float32)
    at_once, begin, parts = shown.apply(samples), 0, []
    for portion in portions:
        parts.append(shown.apply(samples[begin : begin + portion + 2 * shown.half]))
        begin += portion
    assert np.allclose(np.concatenate(parts), at_once, atol=1e-3)
