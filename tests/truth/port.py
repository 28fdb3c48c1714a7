"""Ports on a clock that nobody waits for: what `hardware.cyton` finds where its terminal would be.

A board's thread runs until its clock has come to the horizon, and waits there for the recorder.
"""

import threading
from collections import deque
from typing import Final

import numpy as np

from hardware.board_fault import BoardFault, Closing, FaultKind
from tests.truth.board import FRAME, TrueBoard
from tests.truth.line import SECOND, Line, Neighbour, Packets, Window, together

_REPLY_NS: Final = 30_000_000
_WAIT_NS: Final = 100_000_000
_HUNG_S: Final = 120.0
_DONGLE_TEXTS: Final = {
    (b"\xf0\x07", True): b"Success: System is Up$$$",
    (b"\xf0\x07", False): b"Failure: System is Down$$$",
    (b"\xf0\x00", True): b"Success: Host and Device on Channel number: 7\x07$$$",
    (b"\xf0\x00", False): b"Failure: Host on Channel number: 7\x07$$$",
}
_NO_BOARD: Final = b"Failure: Communications timeout - Device failed to poll Host$$$"


class Timeline:
    """The clock of one board's thread, and what wakes it: stands for its `threading.Event`."""

    def __init__(self, now_ns: int, stalls: list[Window]) -> None:
        self.now_ns = self._horizon_ns = now_ns
        self._stalls = stalls
        self._closing = False
        self._go = threading.Semaphore(0)
        self._arrived = threading.Semaphore(0)

    def __call__(self) -> int:
        """Return CLOCK_MONOTONIC."""
        return self.now_ns

    def awake(self, t_ns: int) -> int:
        """Return when what should be done at `t_ns` is done."""
        return awake(self._stalls, t_ns)

    def advance(self, t_ns: int) -> None:
        """Let time go by until then."""
        t_ns = self.awake(t_ns)
        while t_ns > self._horizon_ns and not self._closing:
            self._arrived.release()
            self._go.acquire()
        self.now_ns = max(self.now_ns, t_ns)

    def begin(self) -> None:
        """Wait until the thread has come to the first horizon."""
        if not self._arrived.acquire(timeout=_HUNG_S):
            raise TimeoutError("a board's thread hangs")

    def run_until(self, t_ns: int) -> None:
        """Let the thread go on until then."""
        self._horizon_ns = t_ns
        self._go.release()
        self.begin()

    def is_set(self) -> bool:
        """Return whether the board is wanted closed."""
        return self._closing

    def set(self) -> None:
        """Let it be closed."""
        self._closing = True
        self._go.release()

    def clear(self) -> None:
        """Let it be open."""
        self._closing = False

    def wait(self, timeout_s: float) -> bool:
        """Let time go by; return whether it is wanted closed."""
        self.advance(self.now_ns + round(timeout_s * 1e9))
        return self._closing


def awake(stalls: list[Window], t_ns: int) -> int:
    """Return when what should be done at `t_ns` is done by a host that stands still."""
    return next((end for begin, end in stalls if begin <= t_ns < end), t_ns)


class Dongle:
    """A dongle and its board, with all that is on its way from it.

    Attributes:
        board: behind it.
        unplugged: when it is in no port.
        arrived: the samples of its board whose packets the host has read, while it streamed.
    """

    def __init__(
        self,
        board: TrueBoard,
        line: Line,
        neighbours: list[Neighbour],
        *,
        unplugged: list[Window],
        off: list[Window],
        silences: list[Window],
    ) -> None:
        self.board = board
        self.unplugged = unplugged
        self.holder: object = None  # who has opened its port, for himself alone, ...
        self.held_since = 0  # ... and how often it had been plugged in then
        self.arrived: list[np.typing.NDArray[np.int64]] = []
        self._line = line
        self._neighbours = neighbours
        self._resets = deque(off)
        self._off = off
        self._silences = silences
        self._made_ns = board.taken_ns[0].item()  # until when packets have been made
        self._coming = line.carry(self._made_ns, self._made_ns)[0]
        self._at = 0  # the next of them
        self.replies: deque[tuple[int, bytes]] = deque()

    def plugs(self, now_ns: int) -> int:
        """Return how often it has been plugged in by now; -1 while it is in no port."""
        if any(begin <= now_ns < end for begin, end in self.unplugged):
            return -1
        return sum(end <= now_ns for _, end in self.unplugged)

    def goes_ns(self, after_ns: int) -> int:
        """Return when it is unplugged next."""
        return min([begin for begin, _ in self.unplugged if begin > after_ns], default=2**62)

    def take(self, command: bytes, now_ns: int) -> None:
        """Take what the host writes."""
        self._pass_resets(now_ns)
        reaches = self._reaches(now_ns)
        reply = _DONGLE_TEXTS.get((command, reaches), b"")
        if command[:1] != b"\xf0":
            self._cut(now_ns)
            reply = self.board.obey(command, now_ns) if reaches else _NO_BOARD
            for it in [it for it in self._neighbours if it.hears(now_ns)]:
                reply += it.board.obey(command, now_ns)
        if reply:
            self.replies.append((now_ns + _REPLY_NS, reply))

    def forget(self, now_ns: int) -> None:
        """Nobody has read what came until now."""
        self.fill(now_ns)
        self._at = int(np.searchsorted(self._coming.at_ns, now_ns))
        self.replies.clear()

    def fill(self, until_ns: int) -> None:
        """Make the packets that are read until then."""
        while self._made_ns < until_ns:
            self._pass_resets(self._made_ns)
            reset_ns = self._resets[0][0] if self._resets else 2**62
            made, end_ns = self._line.carry(self._made_ns, reset_ns)
            self._made_ns = end_ns
            self._coming = together([self._coming.where(slice(self._at, None)), made])
            self._at = 0

    def next_ns(self) -> int | None:
        """Return when the next packet can be read."""
        at_ns = self._coming.at_ns
        return int(at_ns[self._at]) if self._at < len(at_ns) else None

    def read(self, now_ns: int) -> bytes:
        """Return what can be read by now."""
        until = int(np.searchsorted(self._coming.at_ns, now_ns, "right"))
        part = self._coming.where(slice(self._at, until))
        self._at = until
        if self.board.first is not None:
            self.arrived.append(part.number)
        return _bytes(part)

    def _cut(self, now_ns: int) -> None:
        """What would set out from now on will not, or otherwise."""
        self.fill(now_ns)
        rest = self._coming.where(slice(self._at, None))
        self._coming, self._at = rest.where(rest.taken_ns < now_ns), 0
        self._line.rewind(max([now_ns, *self._coming.at_ns[-1:].tolist()]))
        self._made_ns = now_ns

    def _reaches(self, now_ns: int) -> bool:
        return not any(b <= now_ns < e for b, e in [*self._off, *self._silences])

    def _pass_resets(self, now_ns: int) -> None:
        while self._resets and self._resets[0][0] <= now_ns:
            begin_ns, end_ns = self._resets.popleft()
            self.board.halt(begin_ns)
            self.board.switch_on(begin_ns, end_ns)


def _bytes(part: Packets) -> bytes:
    if (part.size == FRAME).all():
        return part.octets.tobytes()
    return part.octets[np.arange(FRAME) < part.size[:, None]].tobytes()


class Port:
    """Stands for `hardware.cyton.serial_port.SerialPort`."""

    def __init__(self, path: str, dongle: Dongle | None, timeline: Timeline) -> None:
        """Open it."""
        if dongle is None or dongle.plugs(timeline.now_ns) < 0:
            raise BoardFault(FaultKind.MISSING, f"{path}: no such port")
        if dongle.holder is not None and dongle.plugs(timeline.now_ns) == dongle.held_since:
            raise BoardFault(FaultKind.BUSY, f"{path}: another program holds this port")
        self._path = path
        self._dongle = dongle
        self._timeline = timeline
        self._plugs = dongle.plugs(timeline.now_ns)
        self._gone_ns = dongle.goes_ns(timeline.now_ns)
        dongle.holder, dongle.held_since = self, self._plugs
        dongle.forget(timeline.now_ns)

    def write(self, octets: bytes) -> None:
        """Send a command."""
        self._require()
        self._dongle.take(octets, self._timeline.now_ns)

    def set_baud(self, _: int) -> None:
        """Its dongle speaks at one rate only."""

    def read(self, timeout_s: float) -> bytes:
        """Return what has come, as soon as something has."""
        self._miss()
        now_ns = self._timeline.now_ns
        limit_ns = self._timeline.awake(now_ns + round(timeout_s * 1e9))
        self._dongle.fill(limit_ns)
        replies = self._dongle.replies
        reply_ns = replies[0][0] if replies else limit_ns
        due_ns = min(reply_ns, self._dongle.next_ns() or limit_ns, limit_ns)
        self._timeline.advance(max(due_ns, now_ns))
        self._miss()
        octets = self._dongle.read(self._timeline.now_ns)
        while replies and replies[0][0] <= self._timeline.now_ns:
            octets += replies.popleft()[1]
        return octets

    def fetch(self) -> bytes:
        """Return what has come, or else what comes within 0.1 s."""
        self._miss()
        now_ns = self._timeline.now_ns
        limit_ns = self._timeline.awake(now_ns + _WAIT_NS)
        self._dongle.fill(limit_ns + SECOND)
        next_ns = self._dongle.next_ns() or limit_ns
        self._timeline.advance(max(min(next_ns, limit_ns, self._gone_ns), now_ns))
        self._miss()
        return self._dongle.read(self._timeline.now_ns)

    def rest(self, seconds: float) -> None:
        """Let time go by."""
        self._timeline.advance(self._timeline.now_ns + round(seconds * 1e9))

    def close(self) -> None:
        """Give it back."""
        if self._dongle.holder is self:
            self._dongle.holder = None

    def _miss(self) -> None:
        if self._timeline.is_set():
            raise Closing
        self._require()

    def _require(self) -> None:
        if self._timeline.now_ns >= self._gone_ns:
            text = f"{self._path}: the dongle was pulled out: plug it in again"
            raise BoardFault(FaultKind.UNPLUGGED, text)
