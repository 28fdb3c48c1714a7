"""Where a person's own alpha rhythm is.

    Welch spectrum of stretches of 4 s without a hole or a movement, mean of its logarithm over the
    channels, less a line in log f that is fitted beside the rhythm; the highest point of it from 7
    to 13 Hz

What rises less than MIN_RISE above the line is no rhythm. For frontal asymmetry bands around the
own peak were found to gain nothing (Zhang & Allen 2023), so this is not the default.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STRETCH_S: Final = 4.0
LOOKED_AT_HZ: Final = (7.0, 13.0)
BESIDE_HZ: Final = ((2.0, 6.0), (14.0, 30.0))
MIN_RISE: Final = 2.0  # times the power of what is beside it
LARGEST_UV: Final = 150.0  # peak to peak; more is movement
MIN_STRETCHES: Final = 8


def alpha_peak_hz(uv: Floats, rate_hz: float) -> float | None:
    """The peak in Hz, to half a bin or better; None where there is none.

    Args:
        uv: (channels, n) microvolts, NaN where there is no signal.
        rate_hz: samples a second.
    """
    spectra = [one for one in map(_log_spectrum, uv, [rate_hz] * len(uv)) if one is not None]
    if not spectra:
        return None
    power = np.mean(spectra, axis=0)
    hertz = np.fft.rfftfreq(round(STRETCH_S * rate_hz), 1 / rate_hz)
    beside = np.any([(hertz >= low) & (hertz <= high) for low, high in BESIDE_HZ], axis=0)
    line = np.polyfit(np.log(hertz[beside]), power[beside], 1)
    rise = power - np.polyval(line, np.log(np.maximum(hertz, hertz[1])))
    inside = np.flatnonzero((hertz >= LOOKED_AT_HZ[0]) & (hertz <= LOOKED_AT_HZ[1]))
    top = int(inside[np.argmax(rise[inside])])
    if rise[top] < np.log(MIN_RISE) or top in (inside[0], inside[-1]):
        return None
    return float(hertz[top] + _vertex(rise[top - 1 : top + 2]) * hertz[1])


def _log_spectrum(x: Floats, rate_hz: float) -> Floats | None:
    """Of one channel; None where too little of it is clean."""
    n = round(STRETCH_S * rate_hz)
    stretches = x[: len(x) // n * n].reshape(-1, n)
    stretches = stretches - stretches.mean(axis=1, keepdims=True)
    clean = np.ptp(stretches, axis=1) < LARGEST_UV  # NaN is not
    if np.count_nonzero(clean) < MIN_STRETCHES:
        return None
    spectrum = np.fft.rfft(stretches[clean] * np.hanning(n))
    found: Floats = np.log(np.mean(np.abs(spectrum) ** 2, axis=0))
    return found


def _vertex(three: Floats) -> float:
    """Of the parabola through three points, from the middle one, in steps."""
    before, middle, after = (float(one) for one in three)
    return 0.5 * (before - after) / (before - 2 * middle + after)
