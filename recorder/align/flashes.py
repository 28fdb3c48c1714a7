"""Short pulses in a level that moves slowly: a light's brightness, a beep's loudness."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]
Levels = NDArray[np.float32]

# A light is on in 3 to 9 % of the frames.
HIGH_SHARE: Final = 0.985
LOW_SHARE: Final = 0.8
ON: Final = 0.3  # of the height
ON_NOISE: Final = 3.0  # times the noise
LEAST_NOISE: Final = 1e-3  # of the highest level: a quarter of a grey level
TINY: Final = 1e-30  # where all is dark or silent


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """A run of equally long frames.

    Attributes:
        t_s: (n,) when each frame begins, increasing.
        level: (n, cells) how bright or loud each cell is in it.
    """

    t_s: Times
    level: Levels

    def only(self, cells: NDArray[np.intp] | slice) -> "Stretch":
        """Some of its cells."""
        return Stretch(self.t_s, self.level[:, cells])

    @property
    def frame_s(self) -> float:
        """How long a frame is."""
        return float(np.median(np.diff(self.t_s)))


@dataclass(frozen=True, slots=True, eq=False)
class Flashes:
    """What stands out for a short time only.

    Attributes:
        t_s: (n,) as in the stretch.
        excess: (n, cells) above what lasts longer; 0 is the usual, 1 the height of a pulse.
        on: (cells,) from which excess on a pulse is on.
        contrast: (cells,) height of a pulse over the noise between pulses.
        count: (cells,) how many pulses there are.
    """

    t_s: Times
    excess: Levels
    on: NDArray[np.float64]
    contrast: NDArray[np.float64]
    count: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Pulses:
    """The pulses of one cell: when each rose, and its centre of gravity, (m,) each."""

    rise_s: Times
    middle_s: Times


def flashes(stretch: Stretch, longest_s: float) -> Flashes:
    """Take away all that lasts longer than `longest_s` (a morphological top-hat)."""
    width = math.ceil(longest_s / stretch.frame_s) + 2  # a pulse touches one frame more at each end
    top = stretch.level - _opening(stretch.level, width)
    top -= np.median(top, axis=0)
    low, high = np.quantile(top, (LOW_SHARE, HIGH_SHARE), axis=0).astype(top.dtype)  # sorted once
    least = max(LEAST_NOISE * float(stretch.level.max()), TINY)
    noise = np.maximum(low, least)
    height = np.maximum(high, noise)
    on = np.maximum(ON, ON_NOISE * noise / height)
    excess = (top / height).astype(np.float32)
    count = np.count_nonzero((excess[1:] > on) & (excess[:-1] <= on), axis=0)
    return Flashes(stretch.t_s, excess, on, height / noise, count)


def pulses(seen: Flashes, cell: int) -> Pulses:
    """The pulses of a cell; one that is cut by an end of the stretch is left out."""
    excess, on = seen.excess[:, cell].astype(np.float64), float(seen.on[cell])
    lit = np.flatnonzero(np.diff(np.concatenate([[False], excess[1:-1] > on, [False]])))
    first, end = lit[::2] + 1, lit[1::2] + 1
    if not len(first):
        return Pulses(np.empty(0), np.empty(0))
    before, after = excess[first - 1], excess[first]
    into = np.clip((on - before) / np.maximum(after - before, 1e-9), 0.0, 1.0)
    rise_s = seen.t_s[first - 1] + into * (seen.t_s[first] - seen.t_s[first - 1])
    moments = np.stack([excess, excess * (seen.t_s - seen.t_s[0])], axis=1)
    sums = np.concatenate([[[0.0, 0.0]], np.cumsum(moments, axis=0)])
    weight, moment = (sums[end] - sums[first]).T
    return Pulses(rise_s, seen.t_s[0] + moment / weight)


def _opening(level: Levels, width: int) -> Levels:
    """What remains of the level when all peaks narrower than `width` frames are cut off."""
    if len(level) < width:
        return level
    low = _running(np.minimum, level, width)
    edge = np.full((width - 1, level.shape[1]), -np.inf, np.float32)
    return _running(np.maximum, np.concatenate([edge, low, edge]), width)


def _running(pick: Callable[[Levels, Levels], Levels], level: Levels, width: int) -> Levels:
    """`pick` over each run of `width` frames, by doubling."""
    have = 1
    while have < width:
        step = min(have, width - have)
        level = pick(level[:-step], level[step:])
        have += step
    return level
