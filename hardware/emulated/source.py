"""Where an emulated board takes its samples from."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hardware.cyton.frames import RAIL_COUNTS, UV_PER_COUNT

PacketRun = tuple[NDArray[np.int64], NDArray[np.int32]]


class Source(Protocol):
    """Packets in the order in which they are sent, known by their row.

    A counter is the number of the sample on the board's own time axis: sample `counter` is taken
    at counter / rate. A source may lack counters (packets lost when it was recorded) and may have
    them out of order.
    """

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the channels that carry something; the others are zero."""

    def packets(self, first: int, n: int) -> PacketRun:
        """Return rows first to first + n - 1: counters (n,) and counts (n, 8), or (n, 16).

        With a Daisy, `first` may be -1: the row that would have been before the first.
        """

    def first_at(self, counter: int) -> int:
        """Return the first row that is sent at or after the instant of this sample."""


def to_counts(uv: NDArray[np.floating]) -> NDArray[np.int32]:
    """Turn microvolts into the counts of a Cyton at gain 24, clipped at its rails."""
    counts = np.rint(np.asarray(uv, np.float64) / UV_PER_COUNT)
    return np.clip(counts, -RAIL_COUNTS - 1, RAIL_COUNTS).astype(np.int32)
