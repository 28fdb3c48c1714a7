"""Samples between samples: a windowed sinc, at any places and without linear interpolation.

A straight line between two samples damps what it interpolates, most half-way between them: by 12 %
at 40 Hz and 250 samples a second. Between two boards of different rates that comes and goes with
the beat of the rates, and looks like something the brain did.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TAPS: Final = 32  # at a rate that does not become lower; more in the same ratio where it does
PHASES: Final = 4096  # of a table: the nearest one is off by less than -75 dB at half of Nyquist
BETA: Final = 8.0  # of the Kaiser window: side lobes of -80 dB
PASS: Final = 0.98  # of the lower one of both Nyquist frequencies
NEARLY_ONE: Final = 0.99  # two quartzes; PASS leaves room for what lies between their Nyquists
TOGETHER: Final = 4096


def resampled(values: Floats, places: Floats, ratio: float = 1.0) -> Floats:
    """The band-limited signal that `values` are samples of, at other places.

    Args:
        values: (n, channels), n at least 1; before the first and after the last it is held.
        places: (m,) in samples, whole or not, 0 the first one.
        ratio: the new rate through the old one; below 1, what the new one cannot hold is left out.

    Returns:
        (m, channels).
    """
    narrowed = ratio if ratio < NEARLY_ONE else 1.0
    taps = 2 * int(np.ceil(TAPS / 2 / narrowed))
    table = _table(taps, PASS * narrowed)
    before = taps // 2 - 1
    held = np.concatenate(
        [np.repeat(values[:1], before, 0), values, np.repeat(values[-1:], taps, 0)]
    )
    places = np.clip(places, 0.0, len(values) - 1.0)
    out = np.empty((len(places), values.shape[1]))
    for begin in range(0, len(places), TOGETHER):
        some = slice(begin, begin + TOGETHER)
        _convolve(held, places[some], table, out[some])
    return out


def _convolve(held: Floats, places: Floats, table: Floats, out: Floats) -> None:
    """Fill `out` with the weighted sums of the `taps` samples around each place."""
    phases = len(table) - 1
    whole = np.floor(places).astype(np.int64)
    weights = table[np.rint((places - whole) * phases).astype(np.int64)]
    low, high = int(whole.min()), int(whole.max()) + table.shape[1]
    near = held[low:high]
    whole -= low
    out[:] = 0.0
    for tap in range(table.shape[1]):
        out += near.take(whole + tap, axis=0) * weights[:, tap, None]


@lru_cache(maxsize=8)
def _table(taps: int, cutoff: float) -> Floats:
    """(PHASES + 1, taps) weights for places that lie that part of a sample behind a sample.

    Sinc of `cutoff` in units of the Nyquist frequency, times a Kaiser window; sums to 1.
    Source: J. O. Smith, Digital Audio Resampling Home Page, windowed-sinc interpolation.
    """
    half = taps / 2
    behind = np.arange(PHASES + 1)[:, None] / PHASES
    away = np.arange(1 - taps // 2, taps // 2 + 1) - behind
    inside = np.clip(1.0 - (away / half) ** 2, 0.0, None)
    weights = np.sinc(cutoff * away) * np.i0(BETA * np.sqrt(inside))
    scaled: Floats = weights / weights.sum(axis=1, keepdims=True)
    return scaled
