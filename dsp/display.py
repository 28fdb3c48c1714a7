"""EEG as people read it: 1 to 40 Hz, without mains and electrode offsets. For the eye only.

One symmetric filter of a second: a low-pass that lets 40 Hz through and holds 49 Hz back by
60 dB, minus a mean of most of that second. What is drawn is half a second old, and not moved.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

PASS_HZ: Final = 40.0
STOP_HZ: Final = 49.0  # below 50 Hz mains, with room for a rate that is off
ATTENUATION_DB: Final = 60.0
SPAN_S: Final = 1.0
TOGETHER: Final = 64


class DisplayFilter:
    """The filter of one board.

    Args:
        rate_hz: nominal; where its Nyquist frequency is below STOP_HZ only the mean is taken off.

    Attributes:
        half: samples on either side of the one that is told.
    """

    def __init__(self, rate_hz: float) -> None:
        self.half = round(SPAN_S * rate_hz / 2)
        low = _low_pass(rate_hz)
        high = -np.ones(2 * self.half + 2 - len(low)) / (2 * self.half + 2 - len(low))
        high[len(high) // 2] += 1.0
        taps = np.convolve(low, high)
        # A row for each of TOGETHER samples: one product of matrices is quicker than their windows.
        self._rows = np.zeros((TOGETHER, TOGETHER + 2 * self.half), np.float32)
        for place, row in enumerate(self._rows):
            row[place : place + len(taps)] = taps

    def apply(self, samples: Samples) -> Samples:
        """Filter (m + 2 half, channels) microvolts to the middle (m, channels).

        What is not finite stays missing where it is, and is bridged by a line for its neighbours.
        """
        finite = np.isfinite(samples)
        if finite.all():
            return self._filtered(samples)
        filtered = self._filtered(_bridged(samples, ~finite))
        filtered[~finite[self.half : len(samples) - self.half]] = np.nan
        return filtered

    def _filtered(self, samples: Samples) -> Samples:
        around = samples - samples[0]  # small numbers are exact in float32, offsets are not
        filtered: Samples = np.empty_like(around[2 * self.half :])
        for begin in range(0, len(filtered), TOGETHER):
            n = min(TOGETHER, len(filtered) - begin)
            span = n + 2 * self.half
            rows = self._rows[:n, :span]
            np.matmul(rows, around[begin : begin + span], out=filtered[begin : begin + n])
        return filtered


def _low_pass(rate_hz: float) -> NDArray[np.float64]:
    """Taps of a Kaiser-windowed sinc, an odd number. Source: Oppenheim and Schafer, 7.5.3."""
    if rate_hz / 2 <= STOP_HZ:
        return np.ones(1)
    width = 2 * np.pi * (STOP_HZ - PASS_HZ) / rate_hz
    reach = int(np.ceil((ATTENUATION_DB - 8) / (2.285 * width) / 2))
    cutoff = (PASS_HZ + STOP_HZ) / rate_hz  # of the Nyquist frequency
    taps = np.sinc(cutoff * np.arange(-reach, reach + 1))
    taps *= np.kaiser(len(taps), 0.1102 * (ATTENUATION_DB - 8.7))
    scaled: NDArray[np.float64] = taps / taps.sum()
    return scaled


def _bridged(samples: Samples, missing: NDArray[np.bool_]) -> Samples:
    known = samples.copy()
    places = np.arange(len(samples))
    for channel in np.flatnonzero(missing.any(axis=0)):
        gone = missing[:, channel]
        there = places[~gone]
        values = samples[there, channel] if len(there) else [0.0]
        known[gone, channel] = np.interp(places[gone], there if len(there) else [0], values)
    return known
