"""Contact of each electrode and what spoils its signal, from about a second of samples.

What is looked for, channel by channel (dsp/second.py takes the second apart):

    no data     fewer than half of the samples have arrived
    railed      a sample at the amplifier's limit
    flat        neither mains nor anything else: under 2 µV peak to peak
    mains       over 4 mV of mains, peak to peak
    blink       over 75 µV to one side, slowly, for less than half of the second
    muscle      over 8 µV RMS at 51-69 Hz
    movement    over 150 µV peak to peak that is none of the three above

A jump within a few samples has all frequencies and counts as muscle; blinks that follow each other
within the second, as movement. A channel is clean when there is none of it.

Sources: 51-69 Hz for muscle, Gasser et al. 2005; epochs beyond +-75 µV left out of frontal
asymmetry, Allen, Coan & Nazarian 2004; the other limits stand beside their constants.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag, StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dsp.absence import Absence
from dsp.second import (
    MAINS,
    REST,
    SLOW_AT,
    Flags,
    Samples,
    Second,
    hums_hz,
    take_apart,
    take_both_apart,
)

# A shorted ADS1299 input shows about 1 µV peak to peak at gain 24 (data sheet); a scalp, over 10.
FLAT_UV: Final = 2.0
# A lid closes for 0.3 s: of its 75 µV the slow part beside the fitted slope keeps four fifths.
BLINK_UV: Final = 60.0
MOVEMENT_UV: Final = 150.0
# On wards an electrode on skin picks up 0.1 to 1 mV of mains, which is no fault. Both people share
# them, so what the filters leave would be synchrony: of 4 mV peak to peak 0.1 µV in beta (86 dB
# down at 50 Hz), 0.02 µV in alpha. More is an electrode that has come off. The amplifier's range is
# no bound: beside 100 mV of an electrode's offset it has room for 80; beyond it, it is railed.
MAINS_UV: Final = 4000.0
# Recordings of people at rest have 1 to 7 µV there, with clenched teeth 10 to 70. Were it as dense
# in alpha, 8 µV would be 4 µV of it; muscle is several times thinner there.
MUSCLE_UV: Final = 8.0
# As the levels of a Second: mains, muscle, rest.
LIMITS_UV: Final = np.array([[MAINS_UV], [MUSCLE_UV], [MOVEMENT_UV]], np.float32)


class Flaw(IntFlag):
    """What spoils a channel's second; several may. 0 is clean."""

    NO_DATA = 1
    RAILED = 2
    FLAT = 4
    MAINS = 8
    MUSCLE = 16
    MOVEMENT = 32
    BLINK = 64


def _meaning(found: Flaw) -> Flaw:
    """What is left of all that was found when one explains another."""
    for nothing_to_judge in (Flaw.RAILED, Flaw.NO_DATA):
        if found & nothing_to_judge:
            return nothing_to_judge
    explained = found & (Flaw.MAINS | Flaw.MUSCLE | Flaw.BLINK)
    return found & ~Flaw.MOVEMENT if explained else found


MEANINGS: Final = np.array([_meaning(Flaw(number)) for number in range(128)], np.uint8)


class Expected(NamedTuple):
    """What is known of a board, as `assess` takes it."""

    rate_hz: float
    rail_uv: float
    mains_hz: float | None


class ContactState(StrEnum):
    """What a channel's electrode is doing. Hum that the filters take out is no noise."""

    GOOD = "good"
    NOISY = "noisy"  # movement, muscle, a blink, or more mains than an electrode on skin picks up
    FLAT = "flat"  # no signal: shorted, or the channel is switched off
    RAILED = "railed"  # the amplifier's input is at its limit
    NO_DATA = "no data"  # too few samples have arrived


_WORDS: Final = {
    Flaw.RAILED: ContactState.RAILED,
    Flaw.NO_DATA: ContactState.NO_DATA,
    Flaw.FLAT: ContactState.FLAT,
}


def _state(flaws: Flaw) -> ContactState:
    """The word for a channel."""
    for flaw, state in _WORDS.items():
        if flaws & flaw:
            return state
    return ContactState.NOISY if flaws else ContactState.GOOD


def _noise(flaws: Flaw) -> str:
    """What makes a channel noisy, in one word; "" where nothing does."""
    if _state(flaws) is not ContactState.NOISY:
        return ""
    loudest = (Flaw.MAINS, Flaw.MUSCLE, Flaw.MOVEMENT, Flaw.BLINK)
    return next(str(Absence[flaw.name or ""]) for flaw in loudest if flaws & flaw)


STATES: Final = tuple(_state(Flaw(number)) for number in range(128))
NOISES: Final = tuple(_noise(Flaw(number)) for number in range(128))


@dataclass(frozen=True, slots=True, eq=False)
class ChannelQuality:
    """Contact of every channel.

    Attributes:
        state: one for each channel.
        noise: what makes a channel noisy: mains, muscle, movement or blinks; "" where nothing does.
        mains_share: (channels,) power within 1 Hz of the mains over power from 1 Hz to there; NaN
            without data.
        mains_uv: (channels,) the mains, peak to peak; NaN without data.
        peak_to_peak_uv: (channels,) of what is left without drift and mains; NaN without data.
        clean: (channels,) True where the state is GOOD.
        flaws: (channels,) uint8, Flaws of each channel.
    """

    state: tuple[ContactState, ...]
    noise: tuple[str, ...]
    mains_share: Samples
    mains_uv: Samples
    peak_to_peak_uv: Samples
    clean: Flags
    flaws: NDArray[np.uint8]


def assess(
    uv: Samples, *, rate_hz: float, rail_uv: float, mains_hz: float | None = 50.0
) -> ChannelQuality:
    """Judge the contact of every channel.

    Args:
        uv: (n, channels), about a second. A missing sample is NaN, a railed one is at the rail or
            infinite.
        rate_hz: sample rate, as measured where it is known: 0.2 % off, strong mains are not
            taken out well.
        rail_uv: a sample at or beyond +-rail_uv is railed.
        mains_hz: 50 or 60; None while it is not known which: then both are taken for mains.

    Raises:
        ValueError: the rate is too low to see the mains.
    """
    second = take_apart(uv, rate_hz, rail_uv, mains_hz)
    flaws = _judge(second)
    share = _mains_share(second.x, rate_hz, hums_hz(rate_hz, mains_hz))
    return ChannelQuality(
        state=tuple(STATES[number] for number in flaws.tolist()),
        noise=tuple(NOISES[number] for number in flaws.tolist()),
        mains_share=np.where(second.known, share, np.float32(np.nan)),
        mains_uv=np.where(second.known, second.levels_uv[MAINS], np.float32(np.nan)),
        peak_to_peak_uv=np.where(second.known, second.levels_uv[REST], np.float32(np.nan)),
        clean=flaws == 0,
        flaws=flaws,
    )


def find_flaws(
    uv: Samples, *, rate_hz: float, rail_uv: float, mains_hz: float | None = 50.0
) -> NDArray[np.uint8]:
    """The Flaws of every channel, (channels,) uint8, at a third of the cost of `assess`.

    Arguments as there.
    """
    return _judge(take_apart(uv, rate_hz, rail_uv, mains_hz))


def find_flaws_of_both(uv: Samples, expected: Sequence[Expected]) -> NDArray[np.uint8]:
    """The same of several people's samples, (people, n, channels), at once: (people, channels)."""
    rates_hz, rails_uv, mains_hz = zip(*expected, strict=True)
    if len(set(mains_hz)) == 1:
        second = take_both_apart(uv, rates_hz, min(rails_uv), mains_hz[0])
        if second is not None:
            return _judge(second)
    each = zip(uv, expected, strict=True)
    return np.array([find_flaws(one, **its._asdict()) for one, its in each])


def _judge(second: Second) -> NDArray[np.uint8]:
    """Flaws, (..., channels): a row of truths for each bit, packed."""
    levels_uv = second.levels_uv.reshape(len(LIMITS_UV), -1)
    found = np.zeros((8, levels_uv.shape[1]), np.bool_)
    np.logical_not(second.known.ravel(), out=found[0])
    found[1] = second.railed.ravel()
    np.less(np.maximum(levels_uv[REST], levels_uv[MAINS]), FLAT_UV, out=found[2])
    np.greater(levels_uv, LIMITS_UV, out=found[3:6])
    if levels_uv[REST].max() > BLINK_UV:
        found[6] = _blinks(second.slow_uv).ravel()
    flaws: NDArray[np.uint8] = MEANINGS[np.packbits(found, axis=0, bitorder="little")[0]]
    return flaws.reshape(second.known.shape)


def _blinks(slow_uv: Samples) -> Flags:
    """A step, a drum beat, a pulled cable swing back to the other side; a lid does not."""
    ordered = np.sort(slow_uv, axis=-2)
    middle = ordered[..., len(SLOW_AT) // 2, :]
    up, down = ordered[..., -1, :] - middle, middle - ordered[..., 0, :]
    lobe, counter_lobe = np.maximum(up, down), np.minimum(up, down)
    blinks: Flags = (lobe > BLINK_UV) & (lobe > 2 * counter_lobe)
    return blinks


def _mains_share(x: Samples, rate_hz: float, mains_hz: tuple[float, ...]) -> Samples:
    """Of the periodogram of a second without its drift, in a Hann window: its bins are a hertz."""
    n = len(x)
    lines = tuple(_bins(n, rate_hz, hz - 1, hz + 2) for hz in mains_hz)
    waves, groups = _waves(n, lines, _bins(n, rate_hz, 1, max(mains_hz) + 2))
    parts = waves @ x
    line, total = groups @ (parts * parts)
    share: Samples = line / (total + np.finfo(np.float32).tiny)
    return share


def _bins(n: int, rate_hz: float, low_hz: float, end_hz: float) -> tuple[int, int]:
    return round(low_hz * n / rate_hz), round(end_hz * n / rate_hz)


@lru_cache(maxsize=8)
def _waves(
    n: int, lines: tuple[tuple[int, int], ...], every: tuple[int, int]
) -> tuple[Samples, Samples]:
    """What a second is multiplied by for all of `every` bin, and which of them are lines.

    A few bins are quicker so than by way of the spectrum of which they are a part.
    """
    bins = np.tile(np.arange(*every), 2)
    turns = 2 * np.pi / n * np.arange(every[0], every[1])[:, None] * np.arange(n)
    waves = np.concatenate([np.cos(turns), np.sin(turns)]) * np.hanning(n)
    drift = np.linalg.qr(np.stack([np.ones(n), np.linspace(-1, 1, n)], axis=1)).Q
    waves -= waves @ drift @ drift.T
    is_line = np.logical_or.reduce([(begin <= bins) & (bins < end) for begin, end in lines])
    groups = np.stack([is_line, np.ones(len(bins), np.bool_)])
    return waves.astype(np.float32), groups.astype(np.float32)
