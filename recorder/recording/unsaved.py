"""Gaps that a stalled disk keeps from being written, and those that it causes."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from recorder.store.rows import GapRow

DISK = "disk"
LIMIT = 1024


class UnsavedGaps:
    """Gaps to be written as soon as there is room.

    What a stall costs is one stretch of each board: a gap joins the stretch that it touches, so
    that a long stall needs no more memory than a short one.
    """

    def __init__(self) -> None:
        self._gaps: deque[GapRow] = deque(maxlen=LIMIT)

    def __bool__(self) -> bool:
        return bool(self._gaps)

    def add(self, gap: GapRow) -> None:
        """Keep `gap`, joined with what it touches on either side."""
        for known in [known for known in self._gaps if _touch(known, gap)]:
            self._gaps.remove(known)
            gap = _joined(known, gap)
        self._gaps.append(gap)

    def hand_over(self, put: Callable[[GapRow], bool]) -> bool:
        """Pass on the oldest first, as many as `put` takes; whether it took any."""
        before = len(self._gaps)
        while self._gaps and put(self._gaps[0]):
            self._gaps.popleft()
        return len(self._gaps) < before


def _touch(known: GapRow, gap: GapRow) -> bool:
    """Whether they are one stretch, which the disk has cost; a gap of time only is no neighbour."""
    causes = (known.cause, gap.cause)
    if DISK not in causes or "half" in causes or not (known.n and gap.n):
        return False
    ends = {
        known.first_index + known.n - gap.first_index,
        gap.first_index + gap.n - known.first_index,
    }
    return (known.board, known.segment) == (gap.board, gap.segment) and 0 in ends


def _joined(known: GapRow, gap: GapRow) -> GapRow:
    return replace(
        known,
        first_index=min(known.first_index, gap.first_index),
        n=known.n + gap.n,
        cause=DISK,
        begin_ns=min(known.begin_ns, gap.begin_ns),
        end_ns=max(known.end_ns, gap.end_ns),
    )
