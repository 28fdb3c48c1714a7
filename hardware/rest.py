"""When a reader rests: a board's packets come one by one, but it need not wake for each.

    tick ──▶ take what has come ──▶ wait for the next packet ──▶ rest ──▶ tick, ten a second

What came during the rest is stamped at the tick, up to a tenth of a second late; the packet that
was waited for, when it came. The one tells how many there are, the other when: a clock goes by the
earliest arrivals only (dsp/clock.py). Two awakenings take the place of 25.

Ticks are tenths of a second of CLOCK_MONOTONIC, so all readers wake near each other: that costs a
processor less than if each woke by itself. Not at the same moment, though: there is one interpreter
for all, and who has to wait for it calls the system several times.

What a tick brings is packed bytes; at every second tick they are decoded. Most of the cost of
samples is by batch, from here to the disk: half as many are little more than half of it.
"""

from collections.abc import Callable
from typing import Final, Protocol

from hardware.board_fault import BoardFault

TICK_NS: Final = 100_000_000
TURN_NS: Final = 8_000_000  # until the packet has come that the reader before waits for
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
    """Reads packets of one size from a line, with rests in between.

    Attributes:
        monotonic_ns: the clock that stamps what is read.
    """

    def __init__(
        self, line: Line, packet_bytes: int, monotonic_ns: Callable[[], int], *, turn: int = 0
    ) -> None:
        """The first packet is waited for, as is each after a silence.

        `turn` says when it wakes after a tick: the first of all readers, the second, and so on.
        """
        self._line = line
        self._late_ns = turn * TURN_NS
        self._packet_bytes = packet_bytes
        self.monotonic_ns = monotonic_ns
        self._begins = True  # nothing came before
        self._is_behind = False  # more may have piled up

    def read(self, missing: int) -> list[Read]:
        """Rest; return what came meanwhile, and the packet after that; nothing after 0.1 s.

        What comes first is followed by a rest, too: by the packets of a tenth of a second it is
        judged whose a stream is (packets/strangers.py), and one or two would mislead.

        Adapters cut packets into pieces: the last one is what is waited for. A line that goes away
        after the first piece is missed by the next call.

        Args:
            missing: bytes up to the end of the packet under way.

        Raises:
            BoardFault: the line has gone.
        """
        reads: list[Read] = []
        begins, self._begins = self._begins, False
        if not begins and not self._is_behind:
            now_ns = self.monotonic_ns()
            self._line.rest((next_tick_ns(now_ns, self._late_ns) - now_ns) / 1e9)
        self._is_behind = False
        self._fetch(reads)
        if reads:
            try:
                self._take_more(reads, missing, begins=begins)
            except BoardFault:
                self._begins = True
        return reads

    def _take_more(self, reads: list[Read], missing: int, *, begins: bool) -> None:
        """Append what comes until a packet is whole; not for longer than a tick."""
        if begins and not self._is_behind:
            self._line.rest(TICK_NS / 1e9)
            self._fetch(reads)
        missing = (missing - sum([len(octets) for octets, _ in reads])) % self._packet_bytes
        missing = missing or self._packet_bytes
        end_ns = reads[-1][1] + TICK_NS
        while missing > 0 and reads[-1][1] < end_ns:
            octets = self._fetch(reads)
            if not octets:
                return
            missing -= len(octets)

    def _fetch(self, reads: list[Read]) -> bytes:
        """Append what has come, if anything has."""
        octets = self._line.fetch()
        if octets:
            reads.append((octets, self.monotonic_ns()))
        else:
            self._begins = True
        self._is_behind |= len(octets) >= _PLENTY
        return octets


def is_halfway(stamp_ns: int) -> bool:
    """Return whether what was read then waits for the next tick, to be decoded with its bytes."""
    return stamp_ns // TICK_NS % 2 == 0


def next_tick_ns(now_ns: int, late_ns: int = 0) -> int:
    """Return when the next tick is, or `late_ns` after a tick."""
    return now_ns + TICK_NS - (now_ns - late_ns) % TICK_NS
