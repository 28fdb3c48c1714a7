"""Where a person's own alpha rhythm is."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.alpha_peak import alpha_peak_hz

Floats = NDArray[np.float64]
RATE_HZ = 250.0


def eeg(rng: np.random.Generator, peak_hz: float, uv: float, seconds: int = 120) -> Floats:
    """Pink noise of two channels and a rhythm a hertz wide."""
    n = round(seconds * RATE_HZ)
    hertz = np.fft.rfftfreq(n, 1 / RATE_HZ)
    pink = np.fft.irfft(np.fft.rfft(rng.standard_normal((2, n))) / np.sqrt(np.maximum(hertz, 1)), n)
    shape = np.exp(-(((hertz - peak_hz) / 0.5) ** 2))
    rhythm = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * shape, n)
    found: Floats = 8 * pink / pink.std() + uv * rhythm / rhythm.std()
    return found


@pytest.mark.parametrize("peak_hz", [8.2, 9.6, 11.4])
def test_it_is_found_to_a_quarter_hertz(peak_hz: float) -> None:
    rng = np.random.default_rng(1)
    uv = eeg(rng, peak_hz, 6.0)
    uv[:, 5000:9000] = np.nan
    uv[0, 12_000:12_500] += 2000 * np.hanning(500)
    assert alpha_peak_hz(uv, RATE_HZ) == pytest.approx(peak_hz, abs=0.25)


def test_without_a_rhythm_there_is_none() -> None:
    assert alpha_peak_hz(eeg(np.random.default_rng(2), 10.0, 0.0), RATE_HZ) is None


def test_too_little_clean_signal_tells_nothing() -> None:
    uv = eeg(np.random.default_rng(3), 10.0, 6.0, seconds=40)
    uv[:, 2000:] = np.nan
    assert alpha_peak_hz(uv, RATE_HZ) is None
