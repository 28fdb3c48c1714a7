"""A line to a dongle: commands out, replies in, and what to make of a line that gives no replies.

Replies are awaited by time, never by number of bytes: a board that was streaming may have packets
on their way, and a command may be lost in the air.

A dongle speaks at 115 200 baud until it is told otherwise, and then at another rate until it is
told again or pulled out. At the wrong rate both sides hear noise, and a dongle that hears noise is
silent. So where no reply comes its other rates are tried.

Source: OpenBCI_Radios (F0 05, F0 06 and F0 0A).
"""

from collections.abc import Callable
from typing import Protocol

from hardware.cyton.frames import (
    BAUD,
    DONGLE_DEFAULT_BAUD,
    DONGLE_STATUS,
    END_OF_REPLY,
    OTHER_BAUDS,
    STOP_STREAM,
    FrameDecoder,
)

QUIET_S = 0.2
STOP_LIMIT_S = 0.5
STOP_ATTEMPTS = 4
BAUD_ANSWER_S = 0.5
STREAMS = 3  # so many packets are a stream
_SLICE_S = 0.1
_LEAST_NOISE = 8  # bytes
_TEXT_SHARE = 0.7  # of bytes that can be printed: of noise it is 0.38
_TEXT = frozenset(b"\t\r\n" + bytes(range(0x20, 0x7F)))
_DONGLE_SAYS = b"System is"  # up, or down


class Line(Protocol):
    """What a conversation needs of a port."""

    def write(self, octets: bytes) -> None:
        """Send a command; nothing tells whether the board has heard it."""

    def read(self, timeout_s: float) -> bytes:
        """Return what has come, as soon as something has; b"" after the timeout."""


def ask(line: Line, command: bytes, timeout_s: float, monotonic_ns: Callable[[], int]) -> bytes:
    """Send a command; return what came until the end of a reply or the timeout."""
    line.write(command)
    limit_ns = monotonic_ns() + int(timeout_s * 1e9)
    reply = b""
    while END_OF_REPLY not in reply and monotonic_ns() < limit_ns:
        reply += line.read(_SLICE_S)
    return reply


def what_comes(line: Line, monotonic_ns: Callable[[], int]) -> bytes:
    """Return what is on its way, until nothing comes any more or the time is up."""
    return _drained(line, monotonic_ns)[0]


def stop_stream(line: Line, monotonic_ns: Callable[[], int]) -> bool:
    """Stop the stream; return whether it did. A command may be lost in the air, so ask again."""
    for _ in range(STOP_ATTEMPTS):
        line.write(STOP_STREAM)
        if _drained(line, monotonic_ns)[1]:
            return True
    return False


def _drained(line: Line, monotonic_ns: Callable[[], int]) -> tuple[bytes, bool]:
    """Return what is on its way, and whether it ended in time."""
    limit_ns = monotonic_ns() + int(STOP_LIMIT_S * 1e9)
    octets = b""
    while more := line.read(QUIET_S):
        octets += more
        if monotonic_ns() >= limit_ns:
            return octets, False
    return octets, True


def is_noise(octets: bytes) -> bool:
    """Return whether what has come is neither text nor the packets of a board."""
    if len(octets) < _LEAST_NOISE or len(FrameDecoder().feed(octets)) >= STREAMS:
        return False
    return sum(octet in _TEXT for octet in octets) < _TEXT_SHARE * len(octets)


def find_baud(
    line: Line, set_baud: Callable[[int], None], monotonic_ns: Callable[[], int]
) -> int | None:
    """Return at which other rate the dongle speaks, and tell it to speak at BAUD again; or None.

    The line is at BAUD afterwards.
    """
    try:
        for baud in OTHER_BAUDS:
            set_baud(baud)
            line.write(STOP_STREAM)
            if _DONGLE_SAYS in ask(line, DONGLE_STATUS, BAUD_ANSWER_S, monotonic_ns):
                ask(line, DONGLE_DEFAULT_BAUD, BAUD_ANSWER_S, monotonic_ns)
                return baud
        return None
    finally:
        set_baud(BAUD)
