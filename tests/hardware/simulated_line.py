"""A line on a simulated clock: what `hardware.rest` reads of bytes that come at their time."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hardware.board_fault import BoardFault, FaultKind
from hardware.rest import Read

WAIT_NS = 100_000_000
NEVER = 2**62


class SimulatedLine:
    """A `hardware.rest.Line`.

    Attributes:
        now_ns: its clock.
        fetches: how often it was read from.
        rests: how often there was a rest.
    """

    def __init__(
        self,
        octets: bytes,
        ends: NDArray[np.int64],
        at_ns: NDArray[np.int64],
        *,
        now_ns: int = 0,
        gone_ns: int = NEVER,
        woken_ns: Callable[[int], int] = lambda due_ns: due_ns,
    ) -> None:
        """Bytes come in pieces.

        Args:
            octets: all of them.
            ends: (n,) where each piece ends.
            at_ns: (n,) when it can be read, not decreasing.
            now_ns: of its clock.
            gone_ns: when the line is pulled out, with what was not read.
            woken_ns: when somebody who is to wake up then does.
        """
        self.now_ns = now_ns
        self.fetches = self.rests = 0
        self._octets = octets
        self._ends = np.append(0, ends)
        self._at_ns = np.append(at_ns, NEVER)
        self._gone_ns = gone_ns
        self._woken_ns = woken_ns
        self._piece = 0

    @classmethod
    def of(cls, pieces: list[Read], *, now_ns: int = 0, gone_ns: int = NEVER) -> "SimulatedLine":
        """Make one of pieces, each with its time."""
        octets = b"".join(it for it, _ in pieces)
        ends = np.cumsum([len(it) for it, _ in pieces], dtype=np.int64)
        at_ns = np.array([it for _, it in pieces], np.int64)
        return cls(octets, ends, at_ns, now_ns=now_ns, gone_ns=gone_ns)

    @property
    def is_read(self) -> bool:
        """Whether everything has been read."""
        return self._piece == len(self._ends) - 1

    def fetch(self) -> bytes:
        """Return what has come, or else what comes within 0.1 s."""
        self.fetches += 1
        next_ns = int(self._at_ns[self._piece])
        if next_ns > self.now_ns:
            due_ns = min(next_ns, self.now_ns + WAIT_NS, max(self._gone_ns, self.now_ns))
            self.now_ns = self._woken_ns(due_ns)
        if self.now_ns >= self._gone_ns:
            raise BoardFault(FaultKind.UNPLUGGED, "pulled out")
        before = self._piece
        self._piece = int(self._at_ns.searchsorted(self.now_ns, "right"))
        return self._octets[self._ends[before] : self._ends[self._piece]]

    def rest(self, seconds: float) -> None:
        """Let time go by."""
        self.rests += 1
        self.now_ns = self._woken_ns(self.now_ns + round(seconds * 1e9))
