"""A board that answers as one did while it was captured: the same bytes, at the same distances.

What the host writes is looked for in the capture, from where the last was found; what came then
comes again. So a host that asks what the one before asked is told the same, bit for bit. To a
command that was never sent there is no answer. Behind the end of its stream it is silent.
"""

from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hardware.cyton import daisy
from hardware.cyton.capture import Capture, Exchange, read_capture
from hardware.cyton.frames import (
    BAUD,
    CHANNELS,
    COUNTER_MODULUS,
    RATE_HZ,
    START_STREAM,
    FrameDecoder,
)
from hardware.emulated.cyton import BoardTruth

HASTE_NS = 1_000_000_000  # by so much a host may be ahead of the one before


class CapturedBoard:
    """A board, as `hardware.emulated.ports` serves it.

    Attributes:
        host_baud: at which the host speaks; what was heard then is heard again at any rate.
    """

    def __init__(self, capture: Capture) -> None:
        self.host_baud = BAUD
        self._exchanges = capture.exchanges
        self._rate_hz = captured_rate_hz(capture)
        self._at = -1  # the exchange that goes on
        self._coming: deque[tuple[int, bytes]] = deque()
        self._decoder = FrameDecoder()
        self._sent = 0

    def receive(self, octets: bytes, now_ns: int) -> None:
        """Take what the host wrote, of which two writes may come as one."""
        known = {exchange.written for exchange in self._exchanges}
        while octets:
            command = max(filter(octets.startswith, known), key=len, default=b"")
            if command:
                self._answer(command, now_ns)
            octets = octets[len(command) or 1 :]

    def due(self, now_ns: int) -> list[bytes]:
        """Return what reaches the host by now."""
        pieces = []
        while self._coming and self._coming[0][0] <= now_ns:
            pieces.append(self._coming.popleft()[1])
        self._sent += len(self._decoder.feed(b"".join(pieces)))
        return pieces

    def next_ns(self) -> int | None:
        """Return when something comes, or None: not before the host writes."""
        return self._coming[0][0] if self._coming else None

    def is_plugged(self, now_ns: int) -> bool:
        """Return whether the dongle is in its port: always."""
        return True

    def truth(self) -> BoardTruth:
        """Return how many packets went to the host; of all else nothing is known."""
        return BoardTruth(self._rate_hz, None, 0, self._sent, 0, 0, 0, 0, 0, 0)

    def _answer(self, command: bytes, now_ns: int) -> None:
        last, size = self._at, len(self._exchanges)
        order = (place % size for place in range(last + 1, last + 1 + size))
        self._at = next(it for it in order if self._exchanges[it].written == command)
        if self._at != last + 1:
            self._coming.clear()
        while self._coming and self._coming[-1][0] > now_ns + HASTE_NS:
            self._coming.pop()  # a stream that is stopped before its end
        for after_ns, piece in self._exchanges[self._at].pieces:
            self._coming.append((now_ns + after_ns, piece))  # behind what is still to come


@dataclass(frozen=True, slots=True)
class CapturedSource:
    """A capture, and names for its channels."""

    capture: Capture
    labels: tuple[str, ...]


def captured_source(path: Path) -> CapturedSource:
    """Read a capture; its channels are called as it says.

    Raises:
        ValueError: it is damaged; one line.
    """
    capture = read_capture(path)
    replies = b"".join(octets for it in capture.exchanges for _, octets in it.pieces)
    size = daisy.CHANNELS if b"On Daisy" in replies else CHANNELS
    said = capture.about.get("channels")
    labels = [str(label) for label in said] if isinstance(said, list) else []
    more = [f"EXG{number}" for number in range(len(labels) + 1, size + 1)]
    return CapturedSource(capture, tuple(labels[:size] + more))


def captured_rate_hz(capture: Capture) -> float:
    """Return the true rate of the packets in its longest stream; 250 Hz when there is none."""
    streams = [it for it in capture.exchanges if it.written == START_STREAM and it.pieces]
    if not streams:
        return RATE_HZ
    return _rate_hz(max(streams, key=lambda it: it.pieces[-1][0]))


def _rate_hz(stream: Exchange) -> float:
    packets = FrameDecoder().feed(b"".join(octets for _, octets in stream.pieces))
    arrival_ns = np.repeat(
        [t_ns for t_ns, _ in stream.pieces], [len(octets) for _, octets in stream.pieces]
    )
    if len(packets) < 2:
        return RATE_HZ
    half = COUNTER_MODULUS // 2
    steps = np.diff(packets.counter.astype(np.int64))
    index = np.cumsum(np.mod(steps + half, COUNTER_MODULUS) - half)
    t_ns = arrival_ns[packets.end_offset - 1]
    slope = np.polyfit(1e-9 * (t_ns[1:] - t_ns[0]), index, 1)[0] if len(index) > 1 else RATE_HZ
    return round(float(slope), 3)
