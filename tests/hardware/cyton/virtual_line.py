"""An emulated board on a line without ports and without waiting: time goes by while it is read."""

import numpy as np
from numpy.typing import NDArray

from hardware.cyton.bench_line import BenchLine
from hardware.cyton.frames import FRAME_BYTES, FrameDecoder, Packets
from hardware.emulated.cyton import Behaviour, EmulatedCyton
from hardware.emulated.source import Source
from hardware.emulated.stream import TrueTime
from hardware.emulated.synthetic import PATIENT, SyntheticDyad, SyntheticSource

START_NS = 10**12
PORT = "/dev/ttyUSB7"


class Quiet:
    """A source that is 0 on all channels."""

    labels = ("nothing",)
    length = None

    def packets(self, first: int, n: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        return np.arange(first, first + n, dtype=np.int64), np.zeros((n, 8), np.int32)

    def first_at(self, counter: int) -> int:
        return counter


def person(rate_hz: float, seed: int = 5) -> Source:
    """Somebody whose EEG is there while impedance is measured."""
    return SyntheticSource(SyntheticDyad(seed), PATIENT, rate_hz)


class VirtualLine:
    """A line to an emulated board.

    Attributes:
        now_ns: the time.
        sent: what the host has written.
        replies: by command, what is answered in the board's stead, one after the other; the board
            does not get the command, and an empty one is no answer.
        instead: by command, what the board gets in its place.
    """

    def __init__(self, behaviour: Behaviour | None = None, source: Source | None = None) -> None:
        self.now_ns = START_NS
        self.sent: list[bytes] = []
        self.replies: dict[bytes, list[bytes]] = {}
        self.instead: dict[bytes, bytes] = {}
        self._waiting = b""
        self._cyton = EmulatedCyton(
            source or Quiet(),
            behaviour or Behaviour(),
            START_NS,
            true_time=TrueTime(),
            rng=np.random.default_rng(3),
        )

    def monotonic_ns(self) -> int:
        return self.now_ns

    def write(self, octets: bytes) -> None:
        self.sent.append(octets)
        if self.replies.get(octets):
            self._waiting += self.replies[octets].pop(0)
        else:
            self._cyton.receive(self.instead.get(octets, octets), self.now_ns)

    def set_baud(self, baud: int) -> None:
        self._cyton.host_baud = baud

    def read(self, timeout_s: float) -> bytes:
        end_ns = self.now_ns + round(timeout_s * 1e9)
        while not self._waiting:
            self._waiting = b"".join(self._cyton.due(self.now_ns))
            due_ns = self._cyton.next_ns()
            if self._waiting or due_ns is None or due_ns > end_ns:
                break
            self.now_ns = max(due_ns, self.now_ns + 1)
        if not self._waiting:
            self.now_ns = end_ns
        octets, self._waiting = self._waiting, b""
        return octets

    def streamed(self, n: int) -> Packets:
        """Start the stream; return its first n packets."""
        self.write(b"b")
        octets = b""
        while len(octets) < n * FRAME_BYTES and (more := self.read(1.0)):
            octets += more
        return FrameDecoder().feed(octets).where(slice(n))

    def bench(self) -> BenchLine:
        """The bench at the other end of the line, its board opened; what was said is forgotten."""
        bench = BenchLine(self, PORT, self.monotonic_ns)
        bench.open()
        self.sent.clear()
        return bench
