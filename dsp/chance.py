"""How synchronous the same two people are by chance: their own signals, shifted against each other.

Beside the measured pair, LAGS pairs of the same two people run along in which b is some time late,
so that the two are not related in time though each keeps its own rhythm:

    a        now                     |==========|
    b, lag 1          |==========|                 MIN_SHIFT_S, or the longest window, and a little
    b, lag 2      |==========|                     LAG_STEP_S and a little further back
    ...

Every chunk of CHUNK_S each of them gives one draw of each band: the measures of a window made of
its last chunks. The lags take turns at that, so that their work is spread over the hops of a chunk,
and it is the same whether the hop is the first or the ten thousandth. The two windows of a draw
share no instant. A value's percentile is the share of the newest DRAWS draws of
its own pair, band and kind below it; what counts is from the last ten minutes. The lags are drawn
once, off any beat, for music has its own period.

The null tested is "no relation in time". Music that both hear is a relation in time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, gcd
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from dsp.pair_sums import ROWS, SIGNAL, SUMS, point_rows, row_sums
from dsp.sliding import BandSums
from dsp.synchrony import MIN_CLEAN, ROUNDING_32, measures

Floats = NDArray[np.float64]
Rows = NDArray[np.floating]

LAGS: Final = 5
MIN_SHIFT_S: Final = 30.0
LAG_STEP_S: Final = 13.0
CHUNK_S: Final = 10.0
# 500 s of draws. More would not fit the bytes in which they are counted.
DRAWS: Final = 250
# With fewer draws than this it is not yet known which of them is the 95th of a hundred.
ENOUGH: Final = 100
# Of all channels with all: where more pairs are asked for, one product of all costs less.
ALL_ABOVE: Final = 0.125


class Draws(Protocol):
    """A generator of numbers from 0 to 1, one at a time: numpy's or that of the system."""

    def random(self) -> float:
        """The next one."""


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

    def __init__(self, compared: Compared, rng: Draws) -> None:
        bands, (of_a, of_b) = len(compared.window_hops), compared.channels
        self._kinds, self._needed = tuple(compared.kinds), frozenset(compared.kinds)
        self._a, self._b = np.array(compared.pairs, np.int64).reshape(-1, 2).T
        self._chunk_hops = gcd(round(CHUNK_S / compared.hop_s), *compared.window_hops)
        self._chunk_points = self._chunk_hops * compared.hop_points
        windows = [hops // self._chunk_hops for hops in compared.window_hops]
        self._lags = _lags(compared, rng)
        self._is_by_pair = len(self._a) <= ALL_ABOVE * of_a * of_b
        each = bands * len(self._a), 1
        shapes = [each] * 2 if self._is_by_pair else [(bands, of_a), (bands, of_b)]
        # A whole number of hops, so that none is torn in two.
        hops_back = ceil(max(self._lags) / compared.hop_points) + self._chunk_hops
        self._past_a = _Past(self._chunk_points, shapes[0], self._chunk_points)
        self._past_b = _Past(hops_back * compared.hop_points, shapes[1], self._chunk_points)
        self._sums = [BandSums(windows, (SUMS, len(self._a))) for _ in self._lags]
        self._enough = MIN_CLEAN * self._chunk_points * np.array(windows)[:, None]
        shape = (len(self._kinds), bands, len(self._a))
        self._draws = np.full((DRAWS, *shape), np.nan, np.float32)
        self._known = np.zeros(shape, np.int64)
        self._per_draw = np.full(shape, np.nan)  # per cent; NaN before there are ENOUGH
        self._below = np.empty(self._draws.shape, np.bool_)
        self._hops = self._drawn = 0

    def push(self, of_a: Rows, of_b: Rows) -> Rows:
        """Take in a hop; a lag of which it completes a chunk gives a draw.

        Args:
            of_a: (10, bands, channels of a, points), as dsp.pair_sums.point_rows makes them.
            of_b: the same of b, at the same instants.

        Returns:
            The sums of the hop itself, (SUMS, bands, pairs).
        """
        if self._is_by_pair:
            of_a, of_b = _one_by_one(of_a, self._a), _one_by_one(of_b, self._b)
        self._past_a.push(of_a)
        self._past_b.push(of_b)
        self._hops += 1
        for number in range(LAGS):
            if (self._hops - number * self._chunk_hops // LAGS) % self._chunk_hops == 0:
                self._draw(number)
        return self._sums_of_pairs(of_a, of_b)

    def percentiles(self, found: Floats) -> Floats:
        """Where values stand among the draws.

        Args:
            found: (kinds, bands, pairs), as `PairSums.values` has them.

        Returns:
            In the same shape, 0 to 100; NaN while there are not ENOUGH draws, or no value.
        """
        np.less(self._draws, found.astype(np.float32), out=self._below)
        below = np.add.reduce(self._below.view(np.uint8), axis=0, dtype=np.uint8)
        percentile: Floats = below * self._per_draw
        percentile[np.isnan(found)] = np.nan
        return percentile

    def _draw(self, number: int) -> None:
        """Measures of a lag's newest windows, in place of the oldest draw."""
        mine = self._past_a.newest(self._chunk_points, 0)
        late = self._past_b.newest(self._chunk_points, self._lags[number])
        sums = self._sums[number]
        sums.add(self._sums_of_pairs(mine, late))
        window_sums = sums.total
        drawn = measures(window_sums, self._kinds, ROUNDING_32)
        drawn[:, window_sums[0] < self._enough] = np.nan
        self._replace(drawn)

    def _sums_of_pairs(self, mine: Rows, late: Rows) -> Rows:
        """Sums of the pairs, (SUMS, bands, pairs)."""
        found = row_sums(mine, late, self._needed)
        if self._is_by_pair:
            return found.reshape(SUMS, len(self._enough), -1)
        return found[..., self._a, self._b]

    def _replace(self, drawn: Floats) -> None:
        oldest = self._draws[self._drawn % DRAWS]
        self._known += np.isfinite(drawn)
        self._known -= np.isfinite(oldest)
        oldest[...] = drawn
        self._drawn += 1
        self._per_draw = np.where(self._known >= ENOUGH, 100 / np.maximum(self._known, 1), np.nan)


def _one_by_one(rows: Rows, channels: NDArray[np.int64]) -> Rows:
    """The rows of these channels, each by itself as if it were a band.

    (ROWS, bands x channels, 1, points)
    """
    return rows[:, :, channels].reshape(ROWS, -1, 1, rows.shape[-1])


def _lags(compared: Compared, rng: Draws) -> list[int]:
    """How many points b is late, one lag somewhere in each LAG_STEP_S."""
    shortest_s = max(MIN_SHIFT_S, max(compared.window_hops) * compared.hop_s)
    lags_s = shortest_s + LAG_STEP_S * (np.arange(LAGS) + [rng.random() for _ in range(LAGS)])
    return [int(points) for points in np.ceil(lags_s / compared.hop_s * compared.hop_points)]


class _Past:
    """The newest points of one person; the first ones stand behind the last ones once more.

    Kept is the signal, a fifth of the rows that are made of it anew for each draw.

    Args:
        length: points that are kept, at least.
        shape: of the signal, (bands, channels).
        longest: points that are asked for at once, at most.
    """

    def __init__(self, length: int, shape: tuple[int, int], longest: int) -> None:
        self._length, self._longest = length, longest
        self._z = np.zeros((*shape, length + longest), np.complex64)
        self._end = 0

    def push(self, rows: Rows) -> None:
        at, points = self._end % self._length, rows.shape[-1]
        newest = self._z[..., at : at + points]
        newest.real, newest.imag = rows[SIGNAL]
        if at < self._longest:
            self._z[..., self._length + at : self._length + at + points] = newest
        self._end += points

    def newest(self, points: int, lag: int) -> Rows:
        """The rows of as many points, up to `lag` points before the newest one."""
        at = (self._end - lag - points) % self._length
        return point_rows(self._z[..., at : at + points])
