"""The recent past of one board, addressed by sample index, in fixed memory.

Every sample is stored twice, `capacity` rows apart, so that any stretch of the history is one
contiguous view:

    slot       0 ........... capacity-1 | capacity ........ 2*capacity-1
    holds      sample i at i % capacity | the same samples again

NaN, and any other value that is not finite, stands for a sample that is missing or railed.
"""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


class Ring:
    """History of the last `capacity` samples of all channels.

    Args:
        capacity: samples kept.
        channels: values per sample.
    """

    def __init__(self, capacity: int, channels: int) -> None:
        if capacity < 1 or channels < 1:
            raise ValueError(f"a ring needs room: {capacity} samples of {channels} channels")
        self._capacity = capacity
        self._slots = np.empty((2 * capacity, channels), np.float32)
        self.clear()

    @property
    def newest(self) -> int:
        """Index of the newest sample; -1 when nothing has been written."""
        return self._newest

    @property
    def oldest(self) -> int:
        """Index of the oldest sample held; `newest + 1` when nothing has been written."""
        return max(self._first, self._newest - self._capacity + 1)

    def clear(self) -> None:
        """Forget everything, as at the begin of a segment."""
        self._slots.fill(np.nan)
        self._first = 0
        self._newest = -1

    def write(self, first_index: int, samples: Samples) -> None:
        """Store a block. Indexes that it skips become NaN; one that comes late fills its slots.

        Args:
            first_index: index of the first sample, not negative.
            samples: (n, channels); of a block longer than the ring its end is kept.
        """
        last = first_index + len(samples) - 1
        if self._newest < 0:
            self._first = first_index
            self._newest = first_index - 1
        self._skip_to(first_index)
        self._newest = max(self._newest, last)
        self._first = min(self._first, first_index)
        too_old = max(self._newest - self._capacity + 1 - first_index, 0)
        if too_old < len(samples):
            self._store(first_index + too_old, samples[too_old:])

    def view(self, first: int, n: int) -> Samples:
        """Samples first .. first + n - 1, shape (n, channels).

        A read-only view into the ring, valid until the next write. Where some of it lies outside
        the history it is a copy, with NaN there.

        Raises:
            ValueError: more samples are asked for than the ring can hold.
        """
        self._require_room(n)
        if self._holds(first, first + n - 1):
            start = first % self._capacity
            window: Samples = self._slots[start : start + n]
            window.setflags(write=False)  # not .flags: tests/recorder/test_memory.py
            return window
        copy: Samples = self.gather(np.array([first]), n)[0]
        return copy

    def gather(self, first: NDArray[np.int64], n: int) -> Samples:
        """Many windows of n samples at once.

        Args:
            first: (points,) index of the first sample of each window.
            n: samples per window.

        Returns:
            (points, n, channels), a copy; NaN outside the history.

        Raises:
            ValueError: more samples per window are asked for than the ring can hold.
        """
        self._require_room(n)
        rows = self._windows(n)[first % self._capacity]
        found: Samples = rows.reshape(len(first), n, self._slots.shape[1])
        if len(first) and not self._holds(int(first.min()), int(first.max()) + n - 1):
            index = first[:, None] + np.arange(n)
            found[(index < self.oldest) | (index > self._newest)] = np.nan
        return found

    def _windows(self, n: int) -> Samples:
        """All windows of n samples, one flat row for each slot that one may begin at."""
        shape = (self._capacity, n * self._slots.shape[1])
        return np.ndarray(shape, np.float32, self._slots, strides=self._slots.strides)

    def _holds(self, first: int, last: int) -> bool:
        return self.oldest <= first and last <= self._newest

    def _require_room(self, n: int) -> None:
        if not 0 < n <= self._capacity:
            raise ValueError(f"{n} samples asked of a ring of {self._capacity}")

    def _skip_to(self, index: int) -> None:
        """Blank the slots between the newest sample and `index`."""
        skipped = min(index - self._newest - 1, self._capacity)
        if skipped > 0:
            gap = np.full((skipped, self._slots.shape[1]), np.nan, np.float32)
            self._store(index - skipped, gap)

    def _store(self, first_index: int, samples: Samples) -> None:
        start = first_index % self._capacity
        end = start + len(samples)
        self._slots[start:end] = samples
        wrapped = max(end - self._capacity, 0)
        straight = len(samples) - wrapped
        self._slots[start + self._capacity : start + self._capacity + straight] = samples[:straight]
        self._slots[:wrapped] = samples[straight:]
