"""Which mains hum at the bedside, 50 or 60 Hz: found in the data of both people.

Mains are a line in the spectrum; muscle, movement and a step of an electrode are broad. So each
channel's power at 50 and at 60 Hz is taken over its own power in between, and a channel that is all
movement says nothing:

    stretch    2 s in a Hann window, a new one each second
    excess     dB of 60 over 50 Hz: 10 log10 (sum P60 / P55) / (sum P50 / P55), over the channels
    opinion    the mean of the first 10 s; then a mean that forgets within half a minute. Beyond
               +-6 dB it says which; in between it changes nothing

In recordings of six people with a Cyton (60 Hz) or a Muse (50 Hz) each of 260 stretches says what
is right, by 10 dB at least and mostly by 25 to 45. Without any mains 10 s of one person scatter by
1.4 dB at most, so 6 dB do not come by chance.
"""

import math
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.ring import Ring

MAINS_HZ: Final = (50.0, 60.0)
STRETCH_S: Final = 2.0
HOP_S: Final = 1.0
# Stretches of one board in the first 10 s.
FIRST_STRETCHES: Final = 9
DECISIVE_DB: Final = 6.0
# One stretch may say so much and no more: what is sustained decides, not what is strong.
MOST_DB: Final = 20.0
# Of both boards together in half a minute.
REMEMBERED: Final = 60
# Hann's window has all of a line within 1 Hz of it, and nothing of either line between the two.
LINE_HALF_HZ: Final = 1.0
BETWEEN_HZ: Final = 55.0
# With more of its samples missing than this a channel tells nothing.
MOST_MISSING: Final = 0.1

Samples = NDArray[np.floating]


def shows_both(rate_hz: float) -> bool:
    """Whether a board of this rate can tell the two apart."""
    return rate_hz / 2 > MAINS_HZ[1] + LINE_HALF_HZ


class HumMeter:
    """Takes the excess of one board's stretches, in the order of its samples.

    Args:
        rate_hz: nominal.
        channels: those of EEG, by their numbers in the ring.

    Attributes:
        heard: stretches so far.

    Raises:
        ValueError: the rate is too low to tell 50 from 60 Hz.
    """

    def __init__(self, rate_hz: float, channels: list[int]) -> None:
        if not shows_both(rate_hz):
            raise ValueError(f"{rate_hz} samples a second do not tell 50 from 60 Hz")
        self.heard = 0
        self._rate_hz = rate_hz
        self._channels = channels
        self._hop = round(HOP_S * rate_hz)
        self._n = round(STRETCH_S * rate_hz)
        self._segment = -1
        self._end = 0  # of the next stretch, excluded

    def new_excesses(self, ring: Ring, segment: int = 0) -> list[float]:
        """Excess in dB of each stretch that has come since; of those that tell nothing, none.

        What the ring no longer holds is left out.

        Args:
            ring: the board's samples.
            segment: that they belong to; the ring begins anew with each.
        """
        if segment != self._segment:
            self._segment, self._end = segment, 0
        self._end = max(self._end, ring.oldest + self._n)
        found = []
        while self._end <= ring.newest + 1:
            uv = ring.view(self._end - self._n, self._n)[:, self._channels]
            self._end += self._hop
            excess_db = excess(uv, self._rate_hz)
            if math.isfinite(excess_db):
                found.append(excess_db)
        self.heard += len(found)
        return found


def excess(uv: Samples, rate_hz: float) -> float:
    """By how many dB 60 Hz stands out more than 50 Hz, all channels together.

    Args:
        uv: (n, channels), about 2 s; a missing sample is NaN, a railed one infinite.
        rate_hz: nominal; half a per cent off does no harm.

    Returns:
        NaN where no channel tells anything: railed, flat, or too little of it there.
    """
    x = uv - uv[0] if np.isfinite(uv).all() else _usable(uv)
    waves = _waves(len(x), rate_hz)
    parts = waves.reshape(-1, len(x)) @ x
    at_50, between, at_60 = np.square(parts).reshape(*waves.shape[:2], -1).sum(axis=1)
    known = between > 0  # no channel that is switched off
    if not known.any():
        return math.nan
    of_60, of_50 = ((line[known] / between[known]).sum() for line in (at_60, at_50))
    return float(10 * np.log10(of_60 / of_50))


def _usable(uv: Samples) -> Samples:
    """The channels that are neither railed nor full of holes, from some level on; 0 in a hole."""
    missing = np.isnan(uv)
    few = np.count_nonzero(missing, axis=0) <= MOST_MISSING * len(uv)
    usable = few & ~np.isinf(uv).any(axis=0)
    uv, missing = uv[:, usable], missing[:, usable]
    level = np.where(missing, 0, uv).sum(axis=0) / np.count_nonzero(~missing, axis=0)
    return np.where(missing, 0, uv - level).astype(np.float32)


@lru_cache(maxsize=8)
def _waves(n: int, rate_hz: float) -> Samples:
    """Windowed cosines and sines (3, 10, n) of five frequencies around 50, 55 and 60 Hz."""
    centres_hz = np.array([MAINS_HZ[0], BETWEEN_HZ, MAINS_HZ[1]])
    hertz = centres_hz[:, None] + np.linspace(-LINE_HALF_HZ, LINE_HALF_HZ, 5)
    turn = 2 * np.pi / rate_hz * hertz[:, :, None] * np.arange(n)
    waves = np.concatenate([np.cos(turn), np.sin(turn)], axis=1) * np.hanning(n)
    return waves.astype(np.float32)


class MainsOpinion:
    """Which it is, from the stretches of all boards.

    Attributes:
        hz: 50 or 60; None as long as neither stands out.
        mean_db: the mean excess, as the module's text defines it.
    """

    def __init__(self) -> None:
        self.hz: float | None = None
        self.mean_db = 0.0
        self._heard = 0

    def hear(self, excess_db: float) -> None:
        """Take in what a stretch says."""
        self._heard += 1
        weight = 1 / min(self._heard, REMEMBERED)
        self.mean_db += weight * (min(max(excess_db, -MOST_DB), MOST_DB) - self.mean_db)

    def decide(self) -> None:
        """Change the opinion where what was heard is decisive."""
        if abs(self.mean_db) > DECISIVE_DB:
            self.hz = MAINS_HZ[self.mean_db > 0]
