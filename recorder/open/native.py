"""One person's samples as the board sent them, with their times."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hardware.board import MISSING_COUNT
from recorder.open.clocks import Clocks
from recorder.store.headers import BoardHeader
from recorder.store.reader import SessionReader

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Native:
    """All n samples of one person's board, by segment and index; nothing is filled in.

    Attributes:
        role: whose.
        labels: of the channels.
        segment: (n,) int32, a stretch between (re)starts of the board.
        index: (n,) int64, counted by the board within its segment; a jump is a loss.
        t_ns: (n,) int64, CLOCK_MONOTONIC by the clock that was asked for.
        counts: (n, channels) int32, the board's own integers; MISSING_COUNT where only this channel
            of a sample is missing.
        scale: (channels,) microvolts a count.
    """

    role: str
    labels: tuple[str, ...]
    segment: NDArray[np.int32]
    index: NDArray[np.int64]
    t_ns: NDArray[np.int64]
    counts: NDArray[np.int32]
    scale: Floats

    def __len__(self) -> int:
        return len(self.index)

    @property
    def uv(self) -> Floats:
        """(n, channels) microvolts, NaN where a channel is missing."""
        return np.where(self.counts == MISSING_COUNT, np.nan, self.counts * self.scale)


def native_of(session: SessionReader, board: BoardHeader, clocks: Clocks) -> Native:
    """Read all samples of a board.

    Raises:
        ValueError: the file is damaged.
    """
    [(size,)] = session.query("SELECT coalesce(sum(n), 0) FROM block WHERE board = ?", board.id)
    segment, index = np.empty(size, np.int32), np.empty(size, np.int64)
    counts = np.empty((size, len(board.channels)), np.int32)
    end = 0
    for some in session.samples(board.id):
        begin, end = end, min(end + len(some.index), size)  # a file that grows has more by now
        own = slice(begin, end)
        segment[own], index[own] = some.segment, some.index[: end - begin]
        counts[own] = some.counts[: end - begin]
    return Native(
        board.role,
        tuple(channel.label for channel in board.channels),
        segment[:end],
        index[:end],
        _times_ns(board.id, segment[:end], index[:end], clocks),
        counts[:end],
        np.array([channel.scale for channel in board.channels]),
    )


def _times_ns(
    board_id: int, segment: NDArray[np.int32], index: NDArray[np.int64], clocks: Clocks
) -> NDArray[np.int64]:
    """Times that increase: where two segments' clocks overlap, the later one waits."""
    t_ns = np.empty(len(index), np.int64)
    edges = np.flatnonzero(np.diff(segment, prepend=-1, append=-1))
    for begin, end in pairwise(edges):
        timeline = clocks.timeline(board_id, int(segment[begin]))
        t_ns[begin:end] = timeline.times_ns(index[begin:end])
    order = np.arange(len(t_ns))
    increasing: NDArray[np.int64] = np.maximum.accumulate(t_ns - order) + order
    return increasing
