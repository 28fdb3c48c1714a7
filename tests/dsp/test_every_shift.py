"""All circular shifts at once, against rolling one signal along the other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsp.drift import without_drift
from dsp.every_shift import (
    EVERY_SHIFT,
    Shifting,
    circle_of,
    correlation_at_every_shift,
    every_shift,
)

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
STEP_S = 0.025
SAME = 1e-12
LEAST_POINTS = 20  # of fewer a correlation may be ill-conditioned; no test uses such shifts


def signal(rng: np.random.Generator, n: int, holes: int) -> Complexes:
    noise = rng.standard_normal(n) + 1j * rng.standard_normal(n)
    z = np.fft.ifft(np.fft.fft(noise) * (np.abs(np.fft.fftfreq(n, STEP_S)) < 2.5))
    for begin in rng.integers(0, n, holes).tolist():
        z[begin : begin + int(rng.integers(5, 80))] = np.nan
    return 20 * z / np.nanstd(z)


def by_rolling(
    z_a: Complexes, z_b: Complexes, e_a: Floats, e_b: Floats, s: int
) -> dict[str, float]:
    """The definitions, written down again, over what both have once b is rolled on."""
    z_b, e_b = np.roll(z_b, s), np.roll(e_b, s)
    both = np.isfinite(z_a) & np.isfinite(z_b)
    a, b, e_a, e_b = z_a[both], z_b[both], e_a[both], e_b[both]
    alpha, beta = np.angle(a), np.angle(b)
    same, mirrored = np.mean(np.exp(1j * (alpha - beta))), np.mean(np.exp(1j * (alpha + beta)))
    x = np.sin(alpha - np.angle(np.mean(np.exp(1j * alpha))))
    y = np.sin(beta - np.angle(np.mean(np.exp(1j * beta))))
    n = -(np.angle(same) - np.angle(mirrored)) / 2
    m = np.angle(same) + n
    width = np.sqrt(np.mean(np.sin(alpha - m) ** 2) * np.mean(np.sin(beta - n) ** 2))
    coherency = np.sum(a * b.conj()) / np.sqrt(np.sum(np.abs(a) ** 2) * np.sum(np.abs(b) ** 2))
    return {
        "plv": abs(same),
        "ciplv": abs(same.imag) / np.sqrt(1 - same.real**2),
        "ccorr": abs(np.sum(x * y)) / np.sqrt(np.sum(x * x) * np.sum(y * y)),
        "accorr": (abs(same) - abs(mirrored)) / (2 * width),
        "aec_d": np.corrcoef(e_a, e_b)[0, 1],
        "coh": abs(coherency),
        "imcoh": abs(coherency.imag),
        "aec": np.corrcoef(np.abs(a), np.abs(b))[0, 1],
    }


@pytest.mark.parametrize("holes", [0, 9])
def test_every_shift_is_that_of_rolling(holes: int) -> None:
    """Also where the circle is closed by a hole: 301 points are no quick length."""
    rng = np.random.default_rng(holes)
    n = 301
    circle = circle_of(n)
    assert circle > n
    a, b = signal(rng, n, holes), signal(rng, n, holes)
    found = every_shift(Shifting(a, STEP_S), Shifting(b, STEP_S))
    closed = [np.pad(it, (0, circle - n), constant_values=np.nan) for it in (a, b)]
    e = [np.pad(without_drift(np.log(np.abs(it)), STEP_S), (0, circle - n)) for it in (a, b)]
    for s in np.flatnonzero(found.points >= LEAST_POINTS).tolist():
        rolled = by_rolling(closed[0], closed[1], e[0], e[1], s)
        for kind, value in zip(found.kinds, found.value[:, s], strict=True):
            assert value == pytest.approx(rolled[kind], abs=SAME), (kind, s)
    for s in range(circle):
        both = np.isfinite(closed[0]) & np.isfinite(np.roll(closed[1], s))
        assert found.points[s] == both.sum()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(20, 300), level=st.floats(-1e4, 1e4))
def test_correlation_of_series_is_that_of_rolling(seed: int, n: int, level: float) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((2, n))
    x[rng.random(n) < 0.2], y[rng.random(n) < 0.2] = np.nan, np.nan
    r, points = correlation_at_every_shift(x + level, y - level)
    assert len(r) == circle_of(n)
    x, y = (np.pad(it, (0, len(r) - n), constant_values=np.nan) for it in (x, y))
    for s in range(0, len(r), 7):
        rolled = np.roll(y, s)
        both = np.isfinite(x) & np.isfinite(rolled)
        assert points[s] == both.sum()
        if both.sum() > 3:
            expected = np.corrcoef(x[both], rolled[both])[0, 1]
            assert r[s] == pytest.approx(expected, abs=1e-9)


def test_a_channel_without_signal_has_no_value() -> None:
    rng = np.random.default_rng(1)
    nothing = np.full(500, np.nan, np.complex128)
    found = every_shift(Shifting(nothing, STEP_S), Shifting(signal(rng, 500, 0), STEP_S))
    assert np.isnan(found.value).all()
    assert not found.points.any()


def test_what_is_silent_correlates_with_nothing() -> None:
    r, _ = correlation_at_every_shift(np.full(200, 3.0), np.arange(200.0))
    assert np.isnan(r).all()


def test_only_what_is_exact_is_offered() -> None:
    one = Shifting(signal(np.random.default_rng(1), 100, 0), STEP_S)
    with pytest.raises(ValueError, match="wpli"):
        every_shift(one, one, ("plv", "wpli"))
    with pytest.raises(ValueError, match="100 points"):
        every_shift(one, Shifting(np.ones(99, np.complex128), STEP_S))
    assert set(every_shift(one, one).kinds) == set(EVERY_SHIFT)
