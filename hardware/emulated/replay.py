"""A recording as the source of an emulated board."""

import numpy as np
from numpy.typing import NDArray

from hardware.cyton.frames import CHANNELS, RATE_HZ
from hardware.emulated.source import PacketRun, to_counts
from hardware.recordings.recording import Recording, without_rows_of_holes

RATE_TOLERANCE = 0.05


class ReplaySource:
    """One person of a recording, row by row, over and over (a `Source`).

    The counters are the file's own: what was lost then is lost again and what came out of order
    comes so again. When the file begins anew they keep growing. The rows are sent at the board's
    rate: a recording of another one would become another rhythm.

    A row of more than 8 channels is a sample of a Cyton + Daisy, two packets. Each value is held
    for the two samples of which the board will send the mean, so it comes out as it is in the file.

    Args:
        recording: what to replay.
        person: 0, or 1 where it holds two people.

    Attributes:
        labels: names of the channels that the file holds; further ones are zero.
        length: rows of the file, with a Daisy twice as many.

    Raises:
        ValueError: the recording does not hold that person, or is not of the board's rate.
    """

    def __init__(self, recording: Recording, person: int = 0) -> None:
        recording = without_rows_of_holes(recording)
        persons, rows, channels = recording.uv.shape
        if not 0 <= person < persons:
            raise ValueError(f"no person {person} in a recording of {persons}")
        self.labels = recording.labels
        has_daisy = channels > CHANNELS
        _require_rate(recording.rate_hz, RATE_HZ / 2 if has_daisy else RATE_HZ)
        counts = np.zeros((rows, 2 * CHANNELS if has_daisy else CHANNELS), np.int32)
        counts[:, :channels] = to_counts(recording.uv[person])
        counters = recording.counters
        counters = np.arange(rows, dtype=np.int64) if counters is None else counters
        self._counts = _held(counts) if has_daisy else counts
        self._counters = (2 * counters[:, None] + (0, 1)).ravel() if has_daisy else counters
        self._head = np.maximum.accumulate(self._counters)
        self._span = int(self._head[-1]) + 1
        self.length = len(self._counters)

    def packets(self, first: int, n: int) -> PacketRun:
        """Return rows first to first + n - 1; behind the last row comes the first."""
        repeat, row = np.divmod(np.arange(first, first + n), self.length)
        return self._counters[row] + repeat * self._span, self._counts[row]

    def first_at(self, counter: int) -> int:
        """Return the first row that is sent at or after the instant of this sample."""
        repeat, since = divmod(counter, self._span)
        return repeat * self.length + int(np.searchsorted(self._head, since))


def _require_rate(rate_hz: float, board_hz: float) -> None:
    if abs(rate_hz / board_hz - 1) > RATE_TOLERANCE:
        text = f"a recording of {rate_hz:g} Hz, and the board has {board_hz:g} Hz: resample it"
        raise ValueError(text)


def _held(counts: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return (2n, 16): channels 9-16 change one packet before channels 1-8, as they are sent."""
    held = np.repeat(counts, 2, axis=0)
    held[:, CHANNELS:] = np.roll(held[:, CHANNELS:], -1, axis=0)
    return held
