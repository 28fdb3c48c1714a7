"""The bounded queue between a board's reader thread and the thread that polls the board."""

import threading
from dataclasses import replace

from hardware.board import Block, Event, Gap, GapCause


class EventQueue:
    """Events in order, for two threads; neither waits for the other.

    When it is full, blocks are dropped and become a gap (OVERRUN) at their place.

    Attributes:
        dropped: samples dropped so far.
    """

    def __init__(self, capacity: int) -> None:
        """Make room for so many samples, and for as many events."""
        self.dropped = 0
        self._capacity = capacity
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._samples = 0
        self._overrun: Gap | None = None

    def put(self, event: Event) -> None:
        """Append an event, or drop it."""
        with self._lock:
            size = len(event) if isinstance(event, Block) else 0
            if isinstance(event, Block) and self._samples + size > self._capacity:
                self._drop(event)
                return
            self._end_overrun()
            self._append(event)
            self._samples += size

    def drain(self) -> list[Event]:
        """Take everything out, oldest first."""
        with self._lock:
            self._end_overrun()
            events, self._events, self._samples = self._events, [], 0
            return events

    def _append(self, event: Event) -> None:
        if len(self._events) <= self._capacity:
            self._events.append(event)

    def _drop(self, block: Block) -> None:
        self.dropped += len(block)
        begin_ns, end_ns = int(block.arrival_ns[0]), int(block.arrival_ns[-1])
        whole = self._overrun
        if whole is not None and _follows(block, whole):
            self._overrun = replace(whole, count=whole.count + len(block), end_ns=end_ns)
            return
        self._end_overrun()
        self._overrun = Gap(
            block.segment, block.first_index, len(block), GapCause.OVERRUN, begin_ns, end_ns
        )

    def _end_overrun(self) -> None:
        if self._overrun is not None:
            self._append(self._overrun)
            self._overrun = None


def _follows(block: Block, gap: Gap) -> bool:
    return block.segment == gap.segment and block.first_index == gap.first_index + gap.count
