"""A board on the bench: opened, not streaming, one command and one answer at a time.

For what is done before a session (who is there, impedance, the self-test), never beside one: the
port is opened for us alone, and whatever happens the board is left not streaming, with its inputs
as after a reset.

How long a step may take: a command 2 tries of 2 s, a stretch of the stream its own length and 2 s
to stop, the opening about 20 s when everything in it fails. Nothing waits for longer.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.board import BoardFault, FaultKind
from hardware.cyton.conversation import Line, ask, stop_stream
from hardware.cyton.firmware import UPDATED, has_modes
from hardware.cyton.frames import (
    CHANNELS,
    COUNTER_MODULUS,
    DEFAULT_INPUTS,
    DONGLE_CHANNEL,
    RATE_HZ,
    START_STREAM,
    STOP_STREAM,
    FrameDecoder,
    Packets,
    misses_board,
    radio_channel,
)
from hardware.cyton.opening import Opening, ReadyBoard
from hardware.cyton.serial_port import SerialPort

CHANNEL_LETTERS = "12345678QWERTYUI"  # a Daisy's eight are the letters

REPLY_S = 2.0
ATTEMPTS = 2
LEAST_SHARE = 0.5  # of the packets that a stretch of the stream should bring

_SLICE_S = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Packets of one short stream, in the order in which they were sampled, each once.

    Attributes:
        index: (n,) int64, number of the packet, counted from the start of the stream.
        counts: (n, 8) int32; with a Daisy, odd packets hold channels 1-8 and even ones 9-16, each
            the mean of two samples 4 ms apart.
        has_daisy: whether that is so.
    """

    index: NDArray[np.int64]
    counts: NDArray[np.int32]
    has_daisy: bool

    def channel(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return index and counts of one channel, known by its number on the board, from 1."""
        half, column = divmod(number - 1, CHANNELS)
        if not self.has_daisy:
            return self.index, self.counts[:, column]
        mine = self.index % 2 != half
        return self.index[mine], self.counts[mine, column]


class BenchLine:
    """The conversation with a board that is on the bench.

    Args:
        line: to its dongle.
        port: its name, for messages.
        monotonic_ns: CLOCK_MONOTONIC.
        set_baud: sets the line's baud rate, where it has one.
    """

    def __init__(
        self,
        line: Line,
        port: str,
        monotonic_ns: Callable[[], int],
        set_baud: Callable[[int], None] | None = None,
    ) -> None:
        self._line = line
        self._set_baud = set_baud
        self._firmware = ""
        self._port = port
        self._monotonic_ns = monotonic_ns
        self._has_daisy = False

    @property
    def channels(self) -> int:
        """How many channels the board has; known once it has been opened."""
        return 2 * CHANNELS if self._has_daisy else CHANNELS

    def open(self) -> ReadyBoard:
        """Stop and reset the board; inputs as they are in a session.

        Raises:
            BoardFault: it cannot be used; the text says what to do.
        """
        opening = Opening(self._line, self._port, self._monotonic_ns, set_baud=self._set_baud)
        ready = opening.run()
        self._has_daisy, self._firmware = ready.has_daisy, ready.firmware
        return ready

    def radio_channel(self) -> int | None:
        """Return the dongle's radio channel, or None when it does not say.

        Raises:
            BoardFault: the port is gone.
        """
        return radio_channel(self._ask(DONGLE_CHANNEL))

    def order(self, command: bytes, expected: bytes) -> None:
        """Send a command until the board says that it is done.

        Args:
            command: which may be sent twice without harm.
            expected: what its reply holds when it is done.

        Raises:
            BoardFault: it was refused (REFUSED), the board is off (OFF), or nothing came (SILENT).
        """
        reply = b""
        for _ in range(ATTEMPTS):
            reply = self._ask(command)
            if expected in reply:
                return
        raise self._not_done(command, reply)

    def stream(self, settle_s: float, span_s: float) -> Stretch:
        """Start the stream, let it settle, take a stretch of it, and stop it.

        Raises:
            BoardFault: less than half of the packets came (SILENT), or the port is gone.
        """
        self._line.write(START_STREAM)
        packets = FrameDecoder().feed(self._listen(settle_s + span_s))
        self._stop()
        if len(packets) < LEAST_SHARE * (settle_s + span_s) * RATE_HZ:
            raise self._fault(
                FaultKind.SILENT, "the board sends too little: is it on, charged and near?"
            )
        return _stretch(packets, round(settle_s * RATE_HZ), has_daisy=self._has_daisy)

    def leave(self) -> None:
        """Leave the board as after a reset, without waiting; nothing is said of a port gone."""
        with suppress(BoardFault):
            self._line.write(STOP_STREAM)
            self._line.write(DEFAULT_INPUTS)

    def _ask(self, command: bytes) -> bytes:
        return ask(self._line, command, REPLY_S, self._monotonic_ns)

    def _listen(self, span_s: float) -> bytes:
        end_ns = self._in_ns(span_s)
        pieces = []
        while self._monotonic_ns() < end_ns:
            pieces.append(self._line.read(_SLICE_S))
        return b"".join(pieces)

    def _stop(self) -> None:
        if not stop_stream(self._line, self._monotonic_ns):
            text = "the stream does not stop: switch the board off and on"
            raise self._fault(FaultKind.REFUSED, text)

    def _in_ns(self, wait_s: float) -> int:
        return self._monotonic_ns() + round(wait_s * 1e9)

    def _not_done(self, command: bytes, reply: bytes) -> BoardFault:
        named = repr(command.decode("ascii"))
        if not has_modes(self._firmware):
            text = f"a board with firmware {self._firmware or '1'} cannot do {named} and say so"
            return self._fault(FaultKind.REFUSED, f"{text}: update it to {UPDATED}")
        if not reply:
            text = f"no answer to {named} within {REPLY_S:.0f} s: switch the board off and on"
            return self._fault(FaultKind.SILENT, text)
        if misses_board(reply):
            text = "the board no longer answers its dongle: is it on, charged and near?"
            return self._fault(FaultKind.OFF, text)
        answer = reply[-60:].decode("ascii", "replace")
        text = f"the board answers {named} with {answer!r}: switch it off and on"
        return self._fault(FaultKind.REFUSED, text)

    def _fault(self, kind: FaultKind, text: str) -> BoardFault:
        return BoardFault(kind, f"{self._port}: {text}")


@contextmanager
def bench_line(
    port: str, monotonic_ns: Callable[[], int] = time.monotonic_ns
) -> Iterator[BenchLine]:
    """Open a port for us alone, and give it back with its board as after a reset.

    Raises:
        BoardFault: the port cannot be opened; BUSY while a service holds it.
    """
    line = SerialPort(port, threading.Event())
    bench = BenchLine(line, port, monotonic_ns, line.set_baud)
    try:
        yield bench
    finally:
        bench.leave()
        line.close()


def _stretch(packets: Packets, skipped: int, *, has_daisy: bool) -> Stretch:
    """Leave out the first packets; number the others by their counter, late ones in their place."""
    counter = packets.counter.astype(np.int64)
    half = COUNTER_MODULUS // 2
    steps = (np.diff(counter, prepend=counter[0]) + half) % COUNTER_MODULUS - half
    index, rows = np.unique(counter[0] + np.cumsum(steps), return_index=True)
    return Stretch(index[skipped:], packets.counts[rows[skipped:]], has_daisy)
