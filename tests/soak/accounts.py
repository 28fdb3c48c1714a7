"""The accounts of a long session: every sample that was taken is recorded, or known to be missing.

A sample says its own number (`tests.soak.people`), so what is stored at each index is known to be
the right one, and what went missing while a board was away is counted though the recorder cannot.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hardware.emulated.cyton import BoardTruth
from recorder.store.reader import SessionReader
from tests.soak.people import numbers


@dataclass(frozen=True, slots=True)
class Account:
    """Of one board.

    Attributes:
        taken: samples from the first that is recorded to the last.
        recorded: in blocks.
        missing: in gaps within segments.
        between: between the segments.
        misplaced: samples that are not what belongs at their index.
        sent: frames that reached the host whole, once each, while it listened to their stream.
    """

    taken: int
    recorded: int
    missing: int
    between: int
    misplaced: int
    sent: int

    @property
    def is_exact(self) -> bool:
        """Whether nothing is missing, doubled or misplaced that is not accounted for."""
        whole = self.recorded + self.missing + self.between == self.taken
        return whole and self.recorded == self.sent and not self.misplaced


def account(path: Path, board: int, truth: BoardTruth, unheard: int) -> Account:
    """Hold a board's samples in a session's file against what the board did."""
    with SessionReader(path) as session:
        return _account(session, board, truth, unheard)


def _account(session: SessionReader, board: int, truth: BoardTruth, unheard: int) -> Account:
    recorded = misplaced = between = 0
    first = last = -1
    for segment in session.segments(board):
        begin, end, count, wrong = _segment(session, board, segment)
        between += begin - last - 1 if recorded else 0
        first, last = (begin if first < 0 else first), end
        recorded += count
        misplaced += wrong
    return Account(
        taken=last - first + 1,
        recorded=recorded,
        missing=sum(gap.n for gap in session.gaps() if gap.board == board),
        between=between,
        misplaced=misplaced,
        sent=truth.sent - truth.damaged - unheard,
    )


def _segment(session: SessionReader, board: int, segment: int) -> tuple[int, int, int, int]:
    """First and last number, how many samples, and how many are not where they belong."""
    origin: int | None = None
    begin = end = -1
    count = wrong = 0
    for samples in session.samples(board, segment):
        found = numbers(samples.counts)
        origin = int(found[0] - samples.index[0]) if origin is None else origin
        begin = int(found[0]) if begin < 0 else begin
        end = int(found[-1])
        count += len(found)
        wrong += int(np.count_nonzero(found - samples.index != origin))
    return begin, end, count, wrong
