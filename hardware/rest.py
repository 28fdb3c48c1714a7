"""When a reader rests: a board's packets come one by one, but it need not wake for each.

    tick ──▶ take what has come ──▶ wait for the next packet ──▶ rest ──▶ tick, ten a second

What came during the rest is stamped at the tick, up to a tenth of a second late; the packet that
was waited for, when it came. The one tells how many there are, the other when: a clock goes by the
earliest arrivals only (dsp/clock.py). Two awakenings take the place of 25.

Ticks are tenths of a second of CLOCK_MONOTONIC, so all readers wake together: that costs a
processor less than if each woke by itself.
"""

from collections.abc import Callable
from typing import Final, Protocol

from hardware.board_fault import BoardFault

TICK_NS: Final = 100_000_000
# More bytes than half of what a terminal keeps have not come in one rest: the host stood still, or
# the board is too fast. The rest of them is taken first.
_PLENTY: Final = 2048

Read = tuple[bytes, int]  # what one read returned, and CLOCK_MONOTONIC right after it


class Line(Protocol):
    """What is read from."""

    def fetch(self) -> bytes:
        """Return what has come, or else what comes within 0.1 s; b"" when nothing does."""

    def rest(self, seconds: float) -> None:
        """Let time go by."""


class RestingReader:
    """Reads packets of one size from a line, with rests in between."""

    def __init__(self, line: Line, packet_bytes: int, monotonic_ns: Callable[[], int]) -> None:
        """The first packet is waited for, as is each after a silence."""
        self._line = line
        self._packet_bytes = packet_bytes
        self._monotonic_ns = monotonic_ns
        self._may_rest = False

    def read(self, missing: int) -> list[Read]:
        """Rest; return what came meanwhile, and the packet after that; nothing after 0.1 s.

        Adapters cut packets into pieces: the last one is what is waited for. A line that goes away
        after the first piece is missed by the next call.

        Args:
            missing: bytes up to the end of the packet under way.

        Raises:
            BoardFault: the line has gone.
        """
        if self._may_rest:
            now_ns = self._monotonic_ns()
            self._line.rest((next_tick_ns(now_ns) - now_ns) / 1e9)
        octets = self._line.fetch()
        reads = [(octets, self._monotonic_ns())] if octets else []
        self._may_rest = 0 < len(octets) < _PLENTY
        if reads:
            try:
                self._wait(reads, missing)
            except BoardFault:
                self._may_rest = False
        return reads

    def _wait(self, reads: list[Read], missing: int) -> None:
        """Append what comes until a packet is whole; not for longer than a tick."""
        [(taken, now_ns)] = reads
        missing = (missing - len(taken)) % self._packet_bytes or self._packet_bytes
        end_ns = now_ns + TICK_NS
        while missing > 0 and now_ns < end_ns:
            octets, now_ns = self._line.fetch(), self._monotonic_ns()
            if not octets:
                self._may_rest = False
                return
            missing -= len(octets)
            reads.append((octets, now_ns))


def next_tick_ns(now_ns: int, late_ns: int = 0) -> int:
    """Return when the next tick is, or `late_ns` after a tick."""
    return now_ns + TICK_NS - (now_ns - late_ns) % TICK_NS
