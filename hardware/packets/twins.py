"""Two packets for one place: the same one twice, or two boards that count together."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from hardware.packets.segments import Batch


class Twins:
    """Remembers the packets of one turn of the counter."""

    def __init__(self, modulus: int) -> None:
        self._modulus = modulus
        self._recent: deque[Batch] = deque()
        self._size = 0

    def forget(self) -> None:
        """A new segment begins."""
        self._recent.clear()
        self._size = 0

    def differ(self, batch: Batch, refused: list[int]) -> bool:
        """Return whether a packet that was refused, for its place was taken, is another one.

        Args:
            batch: the newest packets.
            refused: which of them were.
        """
        self._recent.append(batch)
        self._size += len(batch.counters)
        while self._size - len(self._recent[0].counters) >= self._modulus:
            self._size -= len(self._recent.popleft().counters)
        return bool(refused) and self._find(batch, refused)

    def _find(self, batch: Batch, refused: list[int]) -> bool:
        counters = np.concatenate([it.counters for it in self._recent])
        counts = np.concatenate([it.counts for it in self._recent])
        newest = len(counters) - len(batch.counters)
        return any(self._is_another(counters, counts, newest + row) for row in refused)

    def _is_another(
        self, counters: NDArray[np.integer], counts: NDArray[np.int32], at: int
    ) -> bool:
        """Return whether none of the packets before it with this counter is the same."""
        places = np.flatnonzero(counters[:at] == counters[at])
        return len(places) > 0 and not (counts[places] == counts[at]).all(axis=1).any()
