"""How synchronous the same two people are by chance: their own signals, shifted against each other.

A draw takes a window of person a from the recent past, and of person b a window some shift later in
it, circularly, so that the two are not related in time though each keeps its own rhythm:

    history   |-----------------------------------------------|  oldest to newest
    of a      |         [ window ]                            |  begins anywhere
    of b      |                             [ window ]        |  begins a shift later, or where that
                        |<--- shift --->|                        does not fit, from the front again

The shift is never less than MIN_SHIFT_S or the window, either way round, so the two windows share
no instant. A value's percentile is the share of the draws of its own pair, band and kind below it.
History and draws are HISTORY_S long each: what counts is from the last 2 * HISTORY_S, ten minutes.

The null tested is "no relation in time". Music that both hear is a relation in time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.pair_sums import Analytic, pair_sums
from dsp.synchrony import MIN_CLEAN, measures

Floats = NDArray[np.float64]

HISTORY_S: Final = 300.0
MIN_SHIFT_S: Final = 30.0
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
        rng: draws windows and shifts.
    """

    def __init__(self, compared: Compared, rng: np.random.Generator) -> None:
        bands, hops = len(compared.window_hops), round(HISTORY_S / compared.hop_s)
        self._rng = rng
        self._kinds = tuple(compared.kinds)
        self._a, self._b = np.array(compared.pairs, np.int64).reshape(-1, 2).T
        self._windows = [hops * compared.hop_points for hops in compared.window_hops]
        self._min_shift = round(MIN_SHIFT_S / compared.hop_s) * compared.hop_points
        self._history = [
            np.full((bands, count, hops * compared.hop_points), np.nan, np.complex64)
            for count in compared.channels
        ]
        self._written = 0
        # A draw of each band in turn, one each hop; with fewer than four bands a hop is left over.
        self._turns = max(bands, round(1 / compared.hop_s))
        self._turn = 0
        shape = (bands, hops // self._turns, len(self._kinds), len(self._a))
        self._draws = np.full(shape, np.nan, np.float32)

    def push(self, z_a: Analytic, z_b: Analytic) -> None:
        """Take in a hop, and draw once for one of the bands.

        Args:
            z_a: (bands, channels of a, points); NaN where not clean.
            z_b: (bands, channels of b, points), at the same instants.
        """
        points, length = z_a.shape[-1], self._history[0].shape[-1]
        at = self._written % length
        for past, z in zip(self._history, (z_a, z_b), strict=True):
            past[..., at : at + points] = z
        self._written += points
        draw, band = divmod(self._turn, self._turns)
        self._turn += 1
        if band < len(self._windows):
            self._draws[band, draw % self._draws.shape[1]] = self._draw(band)

    def percentiles(self, values: Mapping[str, Floats]) -> dict[str, Floats]:
        """Where values stand among the draws.

        Args:
            values: (bands, pairs) by kind, as `PairSums.values` has them.

        Returns:
            By kind, (bands, pairs), 0 to 100; NaN while there are not ENOUGH draws, or no value.
        """
        value = np.stack([values[kind] for kind in self._kinds], axis=1)
        known = np.count_nonzero(np.isfinite(self._draws), axis=1)
        below = np.count_nonzero(self._draws < value[:, None], axis=1)
        percentile = 100.0 * below / np.maximum(known, 1)
        percentile[(known < ENOUGH) | ~np.isfinite(value)] = np.nan
        return dict(zip(self._kinds, percentile.swapaxes(0, 1), strict=True))

    def _draw(self, band: int) -> NDArray[np.floating] | float:
        """Measures (kinds, pairs) of one shifted pair of windows; NaN while there is no room."""
        window = self._windows[band]
        shift = max(self._min_shift, window)
        begins = min(self._written, self._history[0].shape[-1]) - window + 1
        if begins < 2 * shift:
            return np.nan
        first = int(self._rng.integers(begins))
        second = (first + int(self._rng.integers(shift, begins - shift + 1))) % begins
        z_a, z_b = self._past(0, band, first), self._past(1, band, second)
        found = pair_sums(z_a, z_b, frozenset(self._kinds))[..., self._a, self._b]
        drawn = np.stack([one[0] for one in measures(found, self._kinds).values()])
        drawn[:, found[0, 0] < MIN_CLEAN * window] = np.nan
        return drawn

    def _past(self, person: int, band: int, begin: int) -> NDArray[np.complex64]:
        """A window of the history, (1, channels, points); `begin` counts from the oldest point."""
        past, window = self._history[person], self._windows[band]
        length = past.shape[-1]
        oldest = self._written % length if self._written > length else 0
        at = (oldest + begin) % length
        whole = past[band : band + 1, :, at : at + window]
        rest = window - whole.shape[-1]
        return np.concatenate([whole, past[band : band + 1, :, :rest]], axis=2) if rest else whole
