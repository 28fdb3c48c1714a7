"""How synchronous the same two people are by chance: their own signals, shifted against each other.

Beside the measured pair, LAGS pairs of the same two people run along in which b is some time late,
so that the two are not related in time though each keeps its own rhythm:

    a        now                     |==========|
    b, lag 1          |==========|                 MIN_SHIFT_S, or the longest window, and a little
    b, lag 2      |==========|                     LAG_STEP_S and a little further back
    ...

Every chunk of CHUNK_S each of them gives one draw of each band: the measures of a window made of
its last chunks. So a hop costs the same whether it is the first or the ten thousandth, and the two
windows of a draw share no instant. A value's percentile is the share of the newest DRAWS draws of
its own pair, band and kind below it; what counts is from the last ten minutes. The lags are drawn
once, off any beat, for music has its own period.

The null tested is "no relation in time". Music that both hear is a relation in time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.pair_sums import ROWS, SUMS, row_sums
from dsp.synchrony import MIN_CLEAN, ROUNDING_32, measures

Floats = NDArray[np.float64]

LAGS: Final = 5
MIN_SHIFT_S: Final = 30.0
LAG_STEP_S: Final = 13.0
CHUNK_S: Final = 10.0
# 500 s of draws. More would not fit the bytes in which they are counted.
DRAWS: Final = 250
# With fewer draws than this it is not yet known which of them is the 95th of a hundred.
ENOUGH: Final = 100


@dataclass(frozen=True, slots=True)
class Compared:
    """What is compared with chance.

    Attributes:
        channels: how many a and b have.
        pairs: (channel of a, channel of b) numbers.
        kinds: the measures.
        window_hops: length of the window of each band.
        hop_points: points in a hop.
        hop_s: length of a hop.
    """

    channels: tuple[int, int]
    pairs: Sequence[tuple[int, int]]
    kinds: Sequence[str]
    window_hops: Sequence[int]
    hop_points: int
    hop_s: float


class ChanceLevel:
    """The chance level of every pair, band and kind; memory is fixed at the start.

    Args:
        compared: of what.
        rng: draws the lags.
    """

    def __init__(self, compared: Compared, rng: np.random.Generator) -> None:
        bands, (of_a, of_b) = len(compared.window_hops), compared.channels
        self._kinds, self._needed = tuple(compared.kinds), frozenset(compared.kinds)
        self._a, self._b = np.array(compared.pairs, np.int64).reshape(-1, 2).T
        self._points = compared.hop_points
        self._chunk_hops = gcd(round(CHUNK_S / compared.hop_s), *compared.window_hops)
        self._windows = [hops // self._chunk_hops for hops in compared.window_hops]
        self._lags = _lags(compared, rng)
        self._history = _History(max(self._lags), (bands, ROWS, of_b), self._points)
        # Of b's rows: now, then each lag.
        self._rows = np.empty((bands, ROWS, 1 + LAGS, of_b, self._points), np.float32)
        self._chunk = np.zeros((SUMS, bands, of_a, 1 + LAGS, of_b), np.float32)
        chunks = (max(self._windows), len(self._a), SUMS, bands, LAGS)
        self._chunks = np.zeros(chunks, np.float32)
        shape = (len(self._kinds), bands, len(self._a))
        self._draws = np.full((DRAWS, *shape), np.nan, np.float32)
        self._per_draw = np.full(shape, np.nan)  # per cent; NaN before there are ENOUGH
        self._below = np.empty(self._draws.shape, np.bool_)
        self._hops = 0

    def push(self, of_a: NDArray[np.float32], of_b: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take in a hop; a chunk that it completes gives LAGS draws.

        Args:
            of_a: (bands, 10, channels of a, points), as dsp.pair_sums.point_rows makes them.
            of_b: the same of b, at the same instants.

        Returns:
            The sums of the hop itself, (SUMS, bands, channels of a, channels of b).
        """
        self._history.push(of_b)
        self._rows[:, :, 0] = of_b
        for place, lag in enumerate(self._lags, start=1):
            self._rows[:, :, place] = self._history.hop(lag)
        every = self._rows.reshape(len(of_b), ROWS, -1, self._points)
        found = row_sums(of_a, every, self._needed).reshape(self._chunk.shape)
        self._chunk += found
        self._hops += 1
        if self._hops % self._chunk_hops == 0:
            self._draw(self._hops // self._chunk_hops - 1)
        return found[:, :, :, 0]

    def percentiles(self, values: Mapping[str, Floats]) -> dict[str, Floats]:
        """Where values stand among the draws.

        Args:
            values: (bands, pairs) by kind, as `PairSums.values` has them.

        Returns:
            By kind, (bands, pairs), 0 to 100; NaN while there are not ENOUGH draws, or no value.
        """
        value = np.stack([values[kind] for kind in self._kinds])
        np.less(self._draws, value.astype(np.float32), out=self._below)
        below = np.add.reduce(self._below.view(np.uint8), axis=0, dtype=np.uint8)
        percentile = below * self._per_draw
        percentile[np.isnan(value)] = np.nan
        return dict(zip(self._kinds, percentile, strict=True))

    def _draw(self, chunk: int) -> None:
        """Measures of every lag's newest windows, in place of the oldest draws."""
        picked = self._chunk[:, :, self._a, 1:, self._b]
        self._chunks[chunk % len(self._chunks)] = picked
        self._chunk.fill(0)
        window_sums = self._window_sums(chunk).transpose(1, 2, 3, 0)
        drawn = np.stack(list(measures(window_sums, self._kinds, ROUNDING_32).values()))
        points = np.array(self._windows)[:, None, None] * self._chunk_hops * self._points
        drawn[:, window_sums[0] < MIN_CLEAN * points] = np.nan
        places = (chunk * LAGS + np.arange(LAGS)) % DRAWS
        self._draws[places] = drawn.transpose(2, 0, 1, 3)
        known = np.isfinite(self._draws).sum(axis=0)
        self._per_draw = np.where(known >= ENOUGH, 100.0 / np.maximum(known, 1), np.nan)

    def _window_sums(self, chunk: int) -> Floats:
        """Sums over each band's newest window, (pairs, SUMS, bands, lags)."""
        found = np.empty(self._chunks.shape[1:])
        for band, length in enumerate(self._windows):
            recent = (chunk - np.arange(length)) % len(self._chunks)
            self._chunks[recent, :, :, band].sum(axis=0, dtype=np.float64, out=found[:, :, band])
        return found


def _lags(compared: Compared, rng: np.random.Generator) -> list[int]:
    """How many points b is late, one lag somewhere in each LAG_STEP_S."""
    shortest_s = max(MIN_SHIFT_S, max(compared.window_hops) * compared.hop_s)
    lags_s = shortest_s + LAG_STEP_S * (np.arange(LAGS) + rng.random(LAGS))
    return [int(points) for points in np.ceil(lags_s / compared.hop_s * compared.hop_points)]


class _History:
    """The newest rows of one person; the first hop stands behind the last one once more."""

    def __init__(self, longest_lag: int, shape: tuple[int, ...], points: int) -> None:
        self._points = points
        self._length = (longest_lag // points + 2) * points
        self._past = np.zeros((*shape, self._length + points), np.float32)
        self._begin = -points  # of the newest hop

    def push(self, rows: NDArray[np.float32]) -> None:
        self._begin += self._points
        at = self._begin % self._length
        self._past[..., at : at + self._points] = rows
        if at == 0:
            self._past[..., self._length :] = rows

    def hop(self, lag: int) -> NDArray[np.float32]:
        """As many points, `lag` points before the newest hop."""
        at = (self._begin - lag) % self._length
        return self._past[..., at : at + self._points]
