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

Samples = NDArray[np.float32]
Flags = NDArray[np.bool_]

# With fewer of its samples than this a second tells nothing.
MIN_PRESENT: Final = 0.5
# A shorted ADS1299 input shows about 1 µV peak to peak at gain 24 (data sheet); a scalp, over 10.
FLAT_UV: Final = 2.0
# Blinks, movement, clenched teeth: frontal asymmetry leaves out epochs beyond +-75 µV
# (Allen, Coan & Nazarian 2004).
NOISY_UV: Final = 150.0
# A hole is first filled with the level, then with the fit; twice is enough for half a second.
FILLS: Final = 3
# Usable recordings made with a Cyton hold 0.1 to 1 mV of mains, peak to peak, which the filters
# take down to nanovolts. Several times as much is an electrode that has come off.
MAINS_NOISY_UV: Final = 4000.0


class ContactState(StrEnum):
    """What a channel's electrode is doing."""

    GOOD = "good"
    NOISY = "noisy"  # movement, muscle, or more mains than an electrode on skin picks up
    FLAT = "flat"  # no signal: shorted, or the channel is switched off
    RAILED = "railed"  # the amplifier's input is at its limit
    NO_DATA = "no data"  # too few samples have arrived


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
        rate_hz: sample rate.
        rail_uv: a sample at or beyond +-rail_uv is railed.
        mains_hz: 50 or 60.

    Raises:
        ValueError: the rate is too low to see the mains.
    """
    if mains_hz + 1 >= rate_hz / 2:
        raise ValueError(f"{rate_hz} samples a second do not show mains of {mains_hz} Hz")
    samples = np.ascontiguousarray(uv.T)
    beyond = np.abs(samples) >= rail_uv
    present = np.isfinite(samples) & ~beyond
    steady, mains = _take_apart(samples, present, _shapes(len(uv), rate_hz, mains_hz))
    rest = np.where(present, steady - mains, 0)
    known = np.count_nonzero(present, axis=1) >= MIN_PRESENT * len(uv)
    extents_uv = np.ptp(np.stack([steady, mains, rest]), axis=2)
    state = _states(beyond.any(axis=1), known, extents_uv)
    return ChannelQuality(
        state=state,
        mains_share=np.where(known, _mains_share(steady, _waves(len(uv), rate_hz, mains_hz)), np.nan),
        peak_to_peak_uv=np.where(known, extents_uv[2], np.nan),
        clean=np.array([one is ContactState.GOOD for one in state]),
    )


def _states(railed: Flags, known: Flags, extents_uv: Samples) -> tuple[ContactState, ...]:
    """From the extents (3, channels): without drift, of the mains, and without both."""
    columns = zip(railed.tolist(), known.tolist(), *extents_uv.tolist(), strict=True)
    return tuple(
        ContactState.RAILED if beyond
        else ContactState.NO_DATA if not enough
        else ContactState.FLAT if whole < FLAT_UV
        else ContactState.NOISY if rest > NOISY_UV or mains > MAINS_NOISY_UV
        else ContactState.GOOD
        for beyond, enough, whole, mains, rest in columns
    )


def _take_apart(samples: Samples, present: Flags, shapes: Samples) -> tuple[Samples, Samples]:
    """Samples (channels, n) without drift, zero where missing, and the mains among them."""
    x = samples - _level(samples, present)
    fit = np.zeros_like(x)
    for _ in range(1 if present.all() else FILLS):
        x = np.where(present, x, fit)
        weights = x @ shapes
        fit = weights @ shapes.T
    drift, mains = weights[:, :2] @ shapes[:, :2].T, weights[:, 2:] @ shapes[:, 2:].T
    return np.where(present, x - drift, 0), mains


@lru_cache(maxsize=4)
def _shapes(n: int, rate_hz: float, mains_hz: float) -> Samples:
    """Orthonormal columns: 2 of drift, then 4 of mains."""
    t = np.linspace(-1, 1, n)
    turn = 2 * np.pi * mains_hz / rate_hz * np.arange(n)
    cosine, sine = np.cos(turn), np.sin(turn)
    columns = np.stack([np.ones(n), t, cosine, sine, t * cosine, t * sine], axis=1)
    return np.linalg.qr(columns).Q.astype(np.float32)


def _mains_share(steady: Samples, rate_hz: float, mains_hz: float) -> Samples:
    waves = _waves(len(steady), rate_hz, mains_hz)
    power = np.sum((waves @ steady).reshape(2, -1, steady.shape[1]) ** 2, axis=0)
    return power[-3:].sum(axis=0) / np.maximum(power.sum(axis=0), np.finfo(np.float32).tiny)


@lru_cache(maxsize=4)
def _waves(n: int, rate_hz: float, mains_hz: float) -> Samples:
    """Hann-windowed cosines, then sines, of 1 Hz, 2 Hz ... mains + 1 Hz: (2 x frequencies, n)."""
    frequencies_hz = np.arange(1, mains_hz + 2)
    turn = 2 * np.pi / rate_hz * frequencies_hz[:, None] * np.arange(n)
    return (np.concatenate([np.cos(turn), np.sin(turn)]) * np.hanning(n)).astype(np.float32)
