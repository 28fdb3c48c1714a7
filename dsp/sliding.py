"""The sum of the last so many records, for two additions a record, and without drift.

Records are taken in blocks as long as the window. What a window holds of the block before is one of
that block's sums from some record to its end, which are made when the block is full:

    block before    0  1  2 [3  4  5]      sum from 3 on, made beforehand
    this block     [0  1  2] .  .  .       sum so far

Nothing is ever taken away from a sum, so no rounding accumulates.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


class SlidingSum:
    """Sum over the last records; memory is fixed at the start.

    Args:
        length: of the window, in records.
        total: where the sum is kept, of the shape of a record.

    Attributes:
        total: the sum, in float64; before `length` records have come, of those that have.
    """

    def __init__(self, length: int, total: NDArray[np.float64]) -> None:
        self.total = total
        self.total.fill(0)
        self._so_far = np.zeros(total.shape)
        # This block's records, and behind them the block before as sums from there to its end.
        self._block = np.zeros((length, *total.shape))
        self._records = 0

    def add(self, record: NDArray[np.floating]) -> None:
        """Take in a record; the oldest leaves."""
        place = self._records % len(self._block)
        if place == 0:
            self._sum_backwards()
            self._so_far.fill(0)
        self._block[place] = record
        self._so_far += record
        if place + 1 < len(self._block):
            np.add(self._so_far, self._block[place + 1], out=self.total)
        else:
            self.total[...] = self._so_far
        self._records += 1

    def _sum_backwards(self) -> None:
        # A record at a time, where np.add.accumulate goes number by number: a tenth of the time.
        for place in range(len(self._block) - 1, 0, -1):
            self._block[place - 1] += self._block[place]


class BandSums:
    """The sliding sums of several bands, each over a window of its own.

    Args:
        lengths: of the window of each band, in records.
        shape: of a record without bands, (sums, others).

    Attributes:
        total: the sums, (sums, bands, others); the same array all the time.
    """

    def __init__(self, lengths: Sequence[int], shape: tuple[int, int]) -> None:
        sums, others = shape
        self.total = np.empty((sums, len(lengths), others))
        # Bands of one length that follow each other go together.
        begins = [k for k, length in enumerate(lengths) if k == 0 or length != lengths[k - 1]]
        self._runs = [
            (slice(begin, end), SlidingSum(lengths[begin], self.total[:, begin:end]))
            for begin, end in pairwise([*begins, len(lengths)])
        ]

    def add(self, record: NDArray[np.floating]) -> None:
        """Take in a record of all bands, (sums, bands, others); the oldest leave."""
        for bands, one in self._runs:
            one.add(record[:, bands])
