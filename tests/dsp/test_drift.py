"""What is taken out as a drift, and what is left."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.drift import without_drift

Floats = NDArray[np.float64]
STEP_S = 0.25


def times(seconds: float) -> Floats:
    return np.arange(0, seconds, STEP_S)


def kept(x: Floats, t_s: Floats) -> float:
    """Share of the scatter that is left, away from the ends."""
    inside = (t_s > 60) & (t_s < t_s[-1] - 60)
    return float(np.nanstd(without_drift(x, STEP_S)[inside]) / np.nanstd(x[inside]))


@pytest.mark.parametrize("period_s", [2000.0, 600.0, 240.0])
def test_slow_waves_go(period_s: float) -> None:
    t_s = times(1800)
    assert kept(np.cos(2 * np.pi * t_s / period_s + 0.7), t_s) < 0.12


@pytest.mark.parametrize("period_s", [60.0, 20.0, 4.0])
def test_quick_ones_stay(period_s: float) -> None:
    t_s = times(1800)
    assert kept(np.cos(2 * np.pi * t_s / period_s), t_s) == pytest.approx(1.0, abs=0.1)


def test_a_trend_goes_and_holes_stay() -> None:
    t_s = times(600)
    x = 3.0 + 0.01 * t_s - 1e-5 * t_s**2
    x[400:900] = np.nan
    left = without_drift(x, STEP_S)
    assert np.array_equal(np.isnan(left), np.isnan(x))
    assert np.nanmax(np.abs(left)) < 0.01


def test_levels_do_not_matter() -> None:
    x = np.random.default_rng(1).standard_normal(2000)
    assert without_drift(x + 1e6, STEP_S) == pytest.approx(without_drift(x, STEP_S), abs=1e-7)


def test_nothing_stays_nothing() -> None:
    assert np.isnan(without_drift(np.full(50, np.nan), STEP_S)).all()
    assert len(without_drift(np.empty(0), STEP_S)) == 0
