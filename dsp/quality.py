"""Contact of each electrode, from about a second of samples.

A second of a channel is taken apart by least squares:

    samples = level + slope * t                                 electrode offset and drift
            + (a + b * t) cos(mains) + (c + d * t) sin(mains)   mains, with a little of its wander
            + rest                                              what is judged

because the band filters take out the first two, and bedside recordings are full of both.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.floating]
Flags = NDArray[np.bool_]

# With fewer of its samples than this a second tells nothing.
MIN_PRESENT: Final = 0.5
# A shorted ADS1299 input shows about 1 µV peak to peak at gain 24 (data sheet); a scalp, over 10.
FLAT_UV: Final = 2.0
# Blinks, movement, clenched teeth: frontal asymmetry leaves out epochs beyond +-75 µV
# (Allen, Coan & Nazarian 2004).
NOISY_UV: Final = 150.0
# A hole is filled with the level, then with the fit; after two more fits mains of 0.3 mV are gone.
REFILLS: Final = 2
# Usable recordings made with a Cyton hold 0.1 to 1 mV of mains, peak to peak, which the filters
# take down to nanovolts. Several times as much is an electrode that has come off.
MAINS_NOISY_UV: Final = 4000.0
MAINS_COLUMNS: Final = 6  # cosine and sine of mains - 1, mains and mains + 1 Hz


class ContactState(StrEnum):
    """What a channel's electrode is doing."""

    GOOD = "good"
    NOISY = "noisy"  # movement, muscle, or more mains than an electrode on skin picks up
    FLAT = "flat"  # no signal: shorted, or the channel is switched off
    RAILED = "railed"  # the amplifier's input is at its limit
    NO_DATA = "no data"  # too few samples have arrived


_STATES: Final = tuple(ContactState)


@dataclass(frozen=True, slots=True, eq=False)
class ChannelQuality:
    """Contact of every channel.

    Attributes:
        state: one for each channel.
        mains_share: (channels,) power within 1 Hz of the mains over power from 1 Hz to there; NaN
            without data.
        peak_to_peak_uv: (channels,) of what is left without drift and mains; NaN without data.
        clean: (channels,) True where the state is GOOD.
    """

    state: tuple[ContactState, ...]
    mains_share: Samples
    peak_to_peak_uv: Samples
    clean: Flags


def assess(
    uv: Samples, *, rate_hz: float, rail_uv: float, mains_hz: float = 50.0
) -> ChannelQuality:
    """Judge the contact of every channel.

    Args:
        uv: (n, channels), about a second. A missing sample is NaN, a railed one is at the rail or
            infinite.
        rate_hz: sample rate, as measured where it is known: 0.2 % off, strong mains are not
            taken out well.
        rail_uv: a sample at or beyond +-rail_uv is railed.
        mains_hz: 50 or 60.

    Raises:
        ValueError: the rate is too low to see the mains.
    """
    second = _take_apart(uv, rate_hz, rail_uv, mains_hz)
    state = _states(second)
    share = _mains_share(second.steady, _waves(len(uv), round(rate_hz, 1), mains_hz))
    return ChannelQuality(
        state=state,
        mains_share=np.where(second.known, share, np.float32(np.nan)),
        peak_to_peak_uv=np.where(second.known, second.extents_uv[2], np.float32(np.nan)),
        clean=_clean(second),
    )


def clean_channels(uv: Samples, *, rate_hz: float, rail_uv: float, mains_hz: float = 50.0) -> Flags:
    """Which channels `assess` calls GOOD, (channels,), at half its cost; arguments as there."""
    return _clean(_take_apart(uv, rate_hz, rail_uv, mains_hz))


@dataclass(frozen=True, slots=True, eq=False)
class _Second:
    """A second taken apart.

    Attributes:
        railed: (channels,) some sample was at the rail.
        known: (channels,) enough samples are there.
        steady: (channels, n) without level and drift, zero where missing.
        extents_uv: (3, channels) peak to peak of `steady`, of its mains, and of the rest.
    """

    railed: Flags
    known: Flags
    steady: Samples
    extents_uv: Samples


def _take_apart(uv: Samples, rate_hz: float, rail_uv: float, mains_hz: float) -> _Second:
    if mains_hz + 1 >= rate_hz / 2:
        raise ValueError(f"{rate_hz} samples a second do not show mains of {mains_hz} Hz")
    # The rate near enough for a second, so that there are few different shapes to remember.
    shapes = _shapes(len(uv), round(rate_hz, 1), mains_hz)
    samples = np.ascontiguousarray(uv.T)
    if np.abs(samples).max() < rail_uv:
        return _take_whole_apart(samples, shapes)
    return _take_holed_apart(samples, shapes, rail_uv)


def _take_whole_apart(samples: Samples, shapes: Samples) -> _Second:
    """As `_take_holed_apart`, when nothing is missing or railed, as nearly always."""
    x = samples - samples.mean(axis=1, keepdims=True)
    drift, mains = _fit(x, shapes)
    steady = x - drift
    extents_uv = np.ptp(np.stack([steady, mains, steady - mains]), axis=2)
    every = np.ones(len(samples), np.bool_)
    return _Second(~every, every, steady, extents_uv)


def _take_holed_apart(samples: Samples, shapes: Samples, rail_uv: float) -> _Second:
    beyond = np.abs(samples) >= rail_uv
    present = np.isfinite(samples) & ~beyond
    count = np.count_nonzero(present, axis=1, keepdims=True)
    # The level first: beside tens of millivolts float32 would not fit microvolts well.
    level = np.where(present, samples, 0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    x = np.where(present, samples - level.astype(samples.dtype), 0)
    drift, mains = _fit(x, shapes)
    for _ in range(REFILLS):
        x = np.where(present, x, drift + mains)
        drift, mains = _fit(x, shapes)
    steady = np.where(present, x - drift, 0)
    rest = np.where(present, steady - mains, 0)
    return _Second(
        railed=np.count_nonzero(beyond, axis=1) > 0,
        known=count[:, 0] >= MIN_PRESENT * samples.shape[1],
        steady=steady,
        extents_uv=np.ptp(np.stack([steady, mains, rest]), axis=2),
    )


def _states(second: _Second) -> tuple[ContactState, ...]:
    steady, mains, rest = second.extents_uv
    number = np.full(len(second.railed), _STATES.index(ContactState.GOOD))
    number[(rest > NOISY_UV) | (mains > MAINS_NOISY_UV)] = _STATES.index(ContactState.NOISY)
    number[steady < FLAT_UV] = _STATES.index(ContactState.FLAT)
    number[~second.known] = _STATES.index(ContactState.NO_DATA)
    number[second.railed] = _STATES.index(ContactState.RAILED)
    return tuple(_STATES[k] for k in number.tolist())


def _clean(second: _Second) -> Flags:
    steady, mains, rest = second.extents_uv
    quiet: Flags = (rest <= NOISY_UV) & (mains <= MAINS_NOISY_UV) & (steady >= FLAT_UV)
    return quiet & second.known & ~second.railed


def _fit(x: Samples, shapes: Samples) -> tuple[Samples, Samples]:
    """Drift and mains in x (channels, n)."""
    weights = x @ shapes
    return weights[:, :2] @ shapes[:, :2].T, weights[:, 2:] @ shapes[:, 2:].T


def _mains_share(steady: Samples, waves: Samples) -> Samples:
    power = (steady @ waves) ** 2
    total = power.sum(axis=1) + np.finfo(np.float32).tiny
    share: Samples = power[:, -MAINS_COLUMNS:].sum(axis=1) / total
    return share


@lru_cache(maxsize=8)
def _shapes(n: int, rate_hz: float, mains_hz: float) -> Samples:
    """Orthonormal columns (n, 6): level and slope, then four of mains."""
    t = np.linspace(-1, 1, n)
    turn = 2 * np.pi * mains_hz / rate_hz * np.arange(n)
    cosine, sine = np.cos(turn), np.sin(turn)
    columns = np.stack([np.ones(n), t, cosine, sine, t * cosine, t * sine], axis=1)
    return np.linalg.qr(columns).Q.astype(np.float32)


@lru_cache(maxsize=8)
def _waves(n: int, rate_hz: float, mains_hz: float) -> Samples:
    """Hann-windowed cosine and sine of 1 Hz, 2 Hz ... mains + 1 Hz, (n, columns)."""
    turn = 2 * np.pi / rate_hz * np.arange(n)[:, None] * np.arange(1, mains_hz + 2)
    waves = np.stack([np.cos(turn), np.sin(turn)], axis=2).reshape(n, -1)
    return (waves * np.hanning(n)[:, None]).astype(np.float32)
