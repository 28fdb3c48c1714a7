"""About a second of a person's samples, taken apart.

Least squares takes each channel apart:

    samples = level + slope * t                                 electrode offset and drift
            + (a + b * t) cos(mains) + (c + d * t) sin(mains)   mains, with a little of its wander;
                                                                both 50 and 60 Hz while it is not
                                                                known which hum here
            + rest                                              what is judged

because the band filters take out the first two, and bedside recordings are full of both. All else
that is asked of the rest is a weighted sum of it, so its weights stand beside the shapes and one
matrix product gives everything:

    columns    the shapes, 6 or 10    17: slow part, each 50 ms    the rest: 51-69 Hz, by hertz
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.mains import MAINS_HZ

Samples = NDArray[np.floating]
Flags = NDArray[np.bool_]

# With fewer of its samples than this a second tells nothing.
MIN_PRESENT: Final = 0.5
# A hole is filled with the level, then with the fit; after two more fits mains of 0.3 mV are gone.
REFILLS: Final = 2
# A Hann window of 0.2 s keeps blinks and takes out alpha: its first zero is at 10 Hz.
SLOW_WINDOW_S: Final = 0.2
SLOW_AT: Final = np.linspace(0.1, 0.9, 17)  # of the second
MUSCLE_HZ: Final = (51, 69)  # Gasser et al. 2005
# Near half the rate a board's own filter takes power away.
USABLE_RATE: Final = 0.45
# Hann's window smears the mains over so many hertz.
MAINS_REACH_HZ: Final = 2
SHAPES_OF_DRIFT: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Second:
    """What a second of every channel consists of; of several people, their arrays stacked.

    Attributes:
        railed: (..., channels) some sample was at the rail.
        known: (..., channels) enough samples are there.
        x: (..., n, channels) the samples from some level on; a missing one is as the fit has it.
        levels_uv: (MAINS, MUSCLE, REST; ..., channels) mains, peak to peak; RMS of 51-69 Hz, of
            which a part stands for all where the rate or the mains leave only a part; the rest,
            peak to peak.
        slow_uv: (..., 17, channels) slow part of the rest, at each of SLOW_AT.
    """

    railed: Flags
    known: Flags
    x: Samples
    levels_uv: Samples
    slow_uv: Samples


MAINS, MUSCLE, REST = range(3)


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """What a second is multiplied by.

    Attributes:
        rows: (..., columns, n), as the module's text names them.
        shapes: how many of them, the first, are shapes.
        groups: (2, columns) which squared weights sum to mains, as squared peak to peak, and to
            muscle.
    """

    rows: Samples
    shapes: int
    groups: Samples


def take_apart(uv: Samples, rate_hz: float, rail_uv: float, mains_hz: float | None) -> Second:
    """Take apart a second of samples, (n, channels).

    Args:
        uv: a missing sample is NaN, a railed one is at the rail or infinite.
        rate_hz: sample rate, as measured where it is known.
        rail_uv: a sample at or beyond +-rail_uv is railed.
        mains_hz: 50 or 60; None while it is not known which.

    Raises:
        ValueError: the rate is too low to see the mains.
    """
    # The rate near enough for a second, so that there are few different columns to remember.
    columns = _columns(len(uv), round(rate_hz, 1), hums_hz(rate_hz, mains_hz))
    every = np.ones(uv.shape[1], np.bool_)
    if np.abs(uv).max() < rail_uv:
        # Beside tens of millivolts float32 would not fit microvolts well.
        return _measured(uv - uv[0], columns, np.zeros_like(every), every)
    return _take_holed_apart(uv, columns, rail_uv)


def take_both_apart(
    uv: Samples, rates_hz: tuple[float, ...], rail_uv: float, mains_hz: float | None
) -> Second | None:
    """Take apart the same second of several people at once, (people, n, channels), as each alone.

    Args:
        uv: as of `take_apart`.
        rates_hz: of each person's board; all show the same mains.
        rail_uv: the lowest of their rails.
        mains_hz: 50 or 60; None while it is not known which.

    Returns:
        None where anybody's sample is missing or railed: then each is to be taken apart alone.

    Raises:
        ValueError: a rate is too low to see the mains.
    """
    if not np.abs(uv).max() < rail_uv:
        return None
    hums = hums_hz(min(rates_hz), mains_hz)
    columns = _columns_of_both(uv.shape[1], tuple(round(rate, 1) for rate in rates_hz), hums)
    every = np.ones((len(uv), uv.shape[2]), np.bool_)
    return _measured(uv - uv[:, :1], columns, np.zeros_like(every), every)


def hums_hz(rate_hz: float, mains_hz: float | None) -> tuple[float, ...]:
    """What is taken out as mains: `mains_hz`, or all that this rate shows of 50 and 60 Hz.

    Raises:
        ValueError: it shows none.
    """
    asked = MAINS_HZ if mains_hz is None else (mains_hz,)
    shown = tuple(hz for hz in asked if hz + 1 < rate_hz / 2)
    if not shown:
        named = " or ".join(f"{hz:g}" for hz in asked)
        raise ValueError(f"{rate_hz} samples a second do not show mains of {named} Hz")
    return shown


def _take_holed_apart(uv: Samples, columns: Columns, rail_uv: float) -> Second:
    beyond = np.abs(uv) >= rail_uv
    present = np.isfinite(uv) & ~beyond
    count = np.count_nonzero(present, axis=0)
    level = np.where(present, uv, 0).sum(axis=0, dtype=np.float64) / np.maximum(count, 1)
    x = np.where(present, uv - level.astype(np.float32), 0).astype(np.float32)
    shapes = columns.rows[: columns.shapes]
    for _ in range(REFILLS + 1):
        x = np.where(present, x, shapes.T @ (shapes @ x))
    railed = np.count_nonzero(beyond, axis=0) > 0
    return _measured(x, columns, railed, count >= MIN_PRESENT * len(uv))


def _measured(x: Samples, columns: Columns, railed: Flags, known: Flags) -> Second:
    weights = columns.rows @ x
    slow_from = columns.shapes
    shapes = columns.rows[..., :slow_from, :]
    rest = x - shapes.swapaxes(-1, -2) @ weights[..., :slow_from, :]
    levels_uv = np.empty((3, *railed.shape), np.float32)
    squared = np.moveaxis(columns.groups @ (weights * weights), -2, 0)
    np.sqrt(squared, out=levels_uv[:REST])
    # By channels, for a maximum over rows of eight is slow.
    by_channel = np.ascontiguousarray(rest.swapaxes(-1, -2))
    np.subtract(by_channel.max(axis=-1), by_channel.min(axis=-1), out=levels_uv[REST])
    slow_uv = weights[..., slow_from : slow_from + len(SLOW_AT), :]
    return Second(railed, known, x, levels_uv, slow_uv)


@lru_cache(maxsize=8)
def _columns(n: int, rate_hz: float, mains_hz: tuple[float, ...]) -> Columns:
    shapes = _shapes(n, rate_hz, mains_hz)
    others = np.hstack([_slow(n, rate_hz), _muscle_waves(n, rate_hz, mains_hz)])
    # What is left of the others beside the shapes weighs the rest, not the samples.
    others -= shapes @ (shapes.T @ others)
    rows = np.ascontiguousarray(np.hstack([shapes, others]).T, np.float32)
    groups = np.zeros((2, len(rows)), np.float32)
    groups[MAINS, SHAPES_OF_DRIFT : shapes.shape[1]] = 8 / n
    groups[MUSCLE, shapes.shape[1] + len(SLOW_AT) :] = 1
    return Columns(rows, shapes.shape[1], groups)


@lru_cache(maxsize=8)
def _columns_of_both(n: int, rates_hz: tuple[float, ...], mains_hz: tuple[float, ...]) -> Columns:
    each = [_columns(n, rate_hz, mains_hz) for rate_hz in rates_hz]
    return Columns(np.stack([one.rows for one in each]), each[0].shapes, each[0].groups)


def _shapes(n: int, rate_hz: float, mains_hz: tuple[float, ...]) -> NDArray[np.float64]:
    """Orthonormal columns (n, 2 + 4 for each mains): level and slope, then mains."""
    t = np.linspace(-1, 1, n)
    shapes = [np.ones(n), t]
    for hz in mains_hz:
        turn = 2 * np.pi * hz / rate_hz * np.arange(n)
        cosine, sine = np.cos(turn), np.sin(turn)
        shapes += [cosine, sine, t * cosine, t * sine]
    return np.linalg.qr(np.stack(shapes, axis=1)).Q


def _slow(n: int, rate_hz: float) -> NDArray[np.float64]:
    """Weighted means (n, 17) of 0.2 s, one around each of SLOW_AT."""
    distance_s = (np.arange(n)[:, None] - SLOW_AT * (n - 1)) / rate_hz
    near = np.abs(distance_s) < SLOW_WINDOW_S / 2
    window = np.where(near, np.cos(np.pi * distance_s / SLOW_WINDOW_S) ** 2, 0)
    means: NDArray[np.float64] = window / window.sum(axis=0)
    return means


def _muscle_waves(n: int, rate_hz: float, mains_hz: tuple[float, ...]) -> NDArray[np.float64]:
    """Hann-windowed cosines and sines (n, 2 x hertz); their squared weights sum to the power.

    White noise of the variance v has v / (h sum w^2) of it in each of h hertz, and 2 v / rate in
    each hertz of its spectrum.
    """
    low_hz, high_hz = MUSCLE_HZ
    hertz = np.arange(low_hz, high_hz + 1)
    hertz = hertz[hertz < USABLE_RATE * rate_hz]
    for hz in mains_hz:
        hertz = hertz[np.abs(hertz - hz) >= MAINS_REACH_HZ]
    turn = 2 * np.pi / rate_hz * np.arange(n)[:, None] * hertz
    window = np.hanning(n)[:, None]
    waves = np.hstack([np.cos(turn), np.sin(turn)]) * window
    power = (high_hz - low_hz) * 2 / rate_hz / (max(len(hertz), 1) * (window**2).sum())
    scaled: NDArray[np.float64] = waves * np.sqrt(power)
    return scaled
