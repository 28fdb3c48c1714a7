"""Short holes of a board's samples, bridged for the band filters; the record stays as it came.

A lost packet takes one sample of every channel, and with it half a second of every band. Up to
LONGEST_S of missing samples are therefore put where they are least surprising: such that

    y = h * x,   h = (1 - q)^2 (1 - 2 cos(w) q + q^2) (1 - 2 cos(2 w) q + q^2)     q: a sample late

is smallest in the sum of squares. h takes out the level, the slope, the mains (w) and their second
harmonic, which are a hundred times the EEG: a straight line across the hole would put the mains
into every band, and where both people lose the same instants, into both alike. What h leaves of EEG
is nearly white, so this is its best linear estimate; it leans on no other channel, band or person.
Each run is bridged from the samples within REACH of it alone: it is the same in any view.

A point of the band signals of which more than MOST was bridged is lost, as is one that a longer
hole reaches. Both limits are as far as losses that both people share made no synchrony.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.ring import Ring

Samples = NDArray[np.floating]
Flags = NDArray[np.bool_]

LONGEST_S: Final = 0.020  # 5 samples at 250 Hz, 2 of a Cyton with Daisy
REACH: Final = 12  # samples on either side that a bridge rests on
MOST: Final = 0.1  # of the samples under a point's filter
MOST_UNKNOWN: Final = 1 / 3  # of the samples within reach
_DRIFT: Final = (1.0, -2.0, 1.0)  # takes out level and slope
_HOLE: Final = 1 << 16  # weighs more than any number of bridged samples


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Samples that follow each other, as the band filters read them.

    Attributes:
        first: index of the first one.
        samples: (n, channels) microvolts; NaN where a hole stays.
        spent: (channels, n) 1 where a sample is bridged, _HOLE where it is lost; (1, n) where that
            is the same in all channels; None: all came.
    """

    first: int
    samples: NDArray[np.float32]
    spent: NDArray[np.int32] | None = None

    def covers(self, first: int, n: int) -> bool:
        """Whether samples first .. first + n - 1 are among them."""
        return self.first <= first and first + n <= self.first + len(self.samples)

    def part(self, first: int, n: int) -> "Stretch":
        """Samples first .. first + n - 1 of it."""
        here = slice(first - self.first, first - self.first + n)
        spent = None if self.spent is None else self.spent[:, here]
        return Stretch(first, self.samples[here], spent)

    def lost(self, starts: NDArray[np.int64], length: int) -> NDArray[np.float32]:
        """What loss took of points with `length` samples from each start on, (channels, points).

        The share of their samples that was bridged; 1 where that is more than MOST, or a hole is.
        (1, points) where that is the same in all channels.
        """
        if self.spent is None:
            return np.zeros((1, len(starts)), np.float32)
        total = np.zeros((len(self.spent), self.spent.shape[1] + 1), np.int32)
        np.cumsum(self.spent, axis=1, out=total[:, 1:])
        return _shares(length).take(total[:, starts + length] - total[:, starts], mode="clip")


@lru_cache(maxsize=8)
def _shares(length: int) -> NDArray[np.float32]:
    """By how much of `length` samples is spent; the last for all that is more than MOST."""
    share = np.arange(int(MOST * length) + 2, dtype=np.float32) / np.float32(length)
    share[-1] = 1
    return share


class Bridge:
    """Bridges the short holes of one board.

    Args:
        rate_hz: nominal.
        mains_hz: 50 or 60; 0.3 Hz off does no harm.

    Attributes:
        longest: samples of the longest hole that is bridged.
        margin: samples that are needed on either side of those that are read.
        kernel: h, its first tap first.
        definition: in words that a scientist can check.
    """

    def __init__(self, rate_hz: float, mains_hz: float) -> None:
        self.longest = int(LONGEST_S * rate_hz)
        self.margin = REACH + self.longest
        kept_hz = [hertz for hertz in (mains_hz, 2 * mains_hz) if hertz < rate_hz / 2 - 1]
        kernel = np.array(_DRIFT)
        for hertz in kept_hz:
            kernel = np.convolve(kernel, (1.0, -2 * np.cos(2 * np.pi * hertz / rate_hz), 1.0))
        self.kernel: tuple[float, ...] = tuple(kernel.tolist())
        mains = " and ".join(f"{hertz:g}" for hertz in kept_hz)
        self.definition = (
            f"holes up to {LONGEST_S * 1e3:.0f} ms bridged (level, slope, {mains} Hz kept)"
        )

    def fill(self, x: NDArray[np.float32], missing: Flags) -> NDArray[np.float32]:
        """Bridge what can be.

        Args:
            x: (n, channels) microvolts; infinite where railed.
            missing: (channels, n) where it is NaN; or (1, n) in all channels alike.

        Returns:
            A copy; NaN where a hole is too long, within reach of an end, or beside a railed sample.
        """
        filled, known = x.copy(), x.astype(np.float64)
        np.copyto(known, 0, where=np.isnan(x))
        with np.errstate(invalid="ignore"):
            for mask, channels in _alike(missing):
                for begin, end in self._runs(mask):
                    around = slice(begin - REACH, end + REACH)
                    weights = _weights(self.kernel, mask[around])
                    if weights is not None:
                        # Of all channels: so their rounding does not depend on which are alike.
                        filled[begin:end, channels] = (weights @ known[around])[:, channels]
        return filled

    def _runs(self, mask: bytes) -> Iterator[tuple[int, int]]:
        """Begin and end of each hole that is short enough and lies within reach of both ends."""
        begin = mask.find(1)
        while begin >= 0:
            end = mask.find(0, begin)
            if REACH <= begin < end <= begin + self.longest and end + REACH <= len(mask):
                yield begin, end
            begin = mask.find(1, end) if end >= 0 else -1


def read_bridged(ring: Ring, first: int, n: int, bridge: Bridge | None) -> Stretch:
    """Samples first .. first + n - 1 of the ring, bridged; without a bridge, as they are.

    What lies outside of the history is missing, but not lost.

    Raises:
        ValueError: with the bridge's margins they are more than the ring can hold.
    """
    margin = 0 if bridge is None else bridge.margin
    inner = slice(margin, margin + n)
    x = ring.view(first - margin, n + 2 * margin)
    missing = np.isnan(x)
    if not missing.any():
        return Stretch(first, x[inner])
    missing = np.ascontiguousarray(missing.T)
    if (missing == missing[0]).all():
        missing = missing[:1]
    samples = (x if bridge is None else bridge.fill(x, missing))[inner]
    spent = missing[:, inner].astype(np.int32)
    if np.isfinite(samples).all():
        return Stretch(first, samples, spent)
    stays = missing[:, inner] & ~np.isfinite(samples.T)
    spent = np.where(stays, np.int32(_HOLE), spent)
    spent[:, : max(ring.oldest - first, 0)] = 0
    spent[:, max(ring.newest + 1 - first, 0) :] = 0
    return Stretch(first, np.where(stays.T, np.float32(np.nan), samples), spent)


def _alike(missing: Flags) -> Iterator[tuple[bytes, slice | NDArray[np.int64]]]:
    """Flags of channels that miss the same samples: all, or with a Daisy those of either board."""
    if len(missing) == 1:
        yield missing[0].tobytes(), slice(None)
        return
    left = np.arange(len(missing))
    while len(left):
        same = (missing[left] == missing[left[0]]).all(axis=1)
        yield missing[left[0]].tobytes(), left[same]
        left = left[~same]


@lru_cache(maxsize=256)
def _weights(kernel: tuple[float, ...], window: bytes) -> Samples | None:
    """Weights (samples of the run, samples of the window) for a window of flags around a run.

    Other holes in it are unknowns too, for which nothing is answered here; they weigh 0. None where
    too much is unknown. Most windows are alike.
    """
    mask = np.frombuffer(window, np.bool_)
    if np.count_nonzero(mask) > MOST_UNKNOWN * len(mask):
        return None
    rows = np.arange(len(mask) - len(kernel) + 1)[:, None]
    whitened = np.zeros((len(rows), len(mask)))
    whitened[rows, rows + np.arange(len(kernel))] = kernel
    run = np.arange(REACH, len(mask) - REACH)
    weights = np.zeros((len(mask), len(mask)))
    weights[np.ix_(mask, ~mask)] = -np.linalg.lstsq(
        whitened[:, mask], whitened[:, ~mask], rcond=None
    )[0]
    return weights[run]
