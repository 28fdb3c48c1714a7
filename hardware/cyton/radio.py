"""The radio channel of a dongle and its board: asked, planned, changed, and found again.

    F0 00       which channel, and whether a board answers on it
    F0 01 CH    both to another channel: the dongle tells the board, which answers from there
    F0 02 CH    the dongle alone, to look for a board that listens elsewhere
    F0 07       whether a board is there

Every board that hears the dongle follows it: only the one that is meant may be switched on. Both
ends keep their channel without power. A dongle with old firmware knows none of this.

Source: OpenBCI_Radios.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from hardware.board_fault import BoardFault, FaultKind
from hardware.cyton.conversation import Line, ask, stop_stream, what_comes
from hardware.cyton.frames import (
    DONGLE_CHANNEL,
    DONGLE_STATUS,
    END_OF_REPLY,
    is_failure,
    radio_channel,
)
from hardware.cyton.opening import Opening
from hardware.cyton.serial_port import SerialPort

CHANNELS = range(26)
ANSWER_S = 2.0
UP_WITHIN_S = 0.5  # a board polls its dongle every few ms; 270 ms without are "down"
UP_ATTEMPTS = 2

_TO_BOTH, _TO_DONGLE = b"\xf0\x01", b"\xf0\x02"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Radio:
    """What a dongle says.

    Attributes:
        channel: its own; None when it does not say.
        hears_board: whether a board answers there.
    """

    channel: int | None
    hears_board: bool


def plan(channels: Mapping[str, int | None]) -> dict[str, int]:
    """On which channel each dongle should be, so that no two are on one.

    The first of those on a channel stays; another moves as far from all as it can. What is not
    known is left out.

    Args:
        channels: of each dongle, as they are now.
    """
    planned: dict[str, int] = {}
    moving = []
    for name, channel in channels.items():
        if channel is not None and channel not in planned.values():
            planned[name] = channel
        elif channel is not None:
            moving.append(name)
    for name in moving:
        taken = planned.values()
        planned[name] = max(CHANNELS, key=lambda one: min(abs(one - other) for other in taken))
    return planned


def ward_plan(boxes: int) -> list[tuple[int, int]]:
    """The channels of the patient's and the therapist's dongle of each box of a ward.

    No two dongles have the same, the two of a box, which are beside each other, are half of the
    band apart, and boxes that are neighbours in the list share no neighbouring channel with it.

    Raises:
        ValueError: there are not so many channels.
    """
    half = len(CHANNELS) // 2
    if not 1 <= boxes <= half:
        raise ValueError(f"there are channels for 1 to {half} boxes that hear each other")
    near = [*range(0, half, 2), *range(1, half, 2)]
    return [(near[number], near[number] + half) for number in range(boxes)]


class RadioLine:
    """The conversation with a dongle about its channel.

    Args:
        line: to the dongle.
        port: its name, for messages.
        monotonic_ns: CLOCK_MONOTONIC.
    """

    def __init__(self, line: Line, port: str, monotonic_ns: Callable[[], int]) -> None:
        self._line = line
        self._port = port
        self._monotonic_ns = monotonic_ns
        stop_stream(line, monotonic_ns)

    def look(self) -> Radio:
        """Ask the dongle; the board is not touched. Raises BoardFault when the port is gone."""
        reply = self._ask(DONGLE_CHANNEL)
        channel = radio_channel(reply)
        return Radio(channel, channel is not None and not is_failure(reply))

    def require_one_board(self) -> None:
        """See that one board answers, and only one: all that do would be moved.

        Raises:
            BoardFault: OFF when none does, CROWDED when several do; the text says what to do.
        """
        Opening(self._line, self._port, self._monotonic_ns).run()

    def move(self, channel: int) -> None:
        """Move the dongle and its board to another channel.

        Raises:
            BoardFault: they are not there now; the text says where they are.
        """
        reply = self._ask(_TO_BOTH + bytes([channel]))
        if not reply:
            text = "the dongle does not know how to change its channel: its firmware is too old"
            raise self._fault(FaultKind.REFUSED, text)
        if not self._is_up() or self.look() != Radio(channel, hears_board=True):
            raise self._fault(FaultKind.OFF, self._not_moved())

    def find(self, progress: Progress = lambda done, total: None) -> int:
        """Look for the board on every channel, with the dongle; it stays where a board answers.

        Where none does it goes back to where it was.

        Raises:
            BoardFault: no board answers on any channel.
        """
        before = self.look()
        for channel in CHANNELS:
            progress(channel, len(CHANNELS))
            if self._follow(channel):
                return channel
        if before.channel is not None:
            self._ask(_TO_DONGLE + bytes([before.channel]))
        text = (
            "no board answers on any of the 26 channels: is it on (slide to PC), charged and near?"
        )
        raise self._fault(FaultKind.OFF, text)

    def _follow(self, channel: int) -> bool:
        self._ask(_TO_DONGLE + bytes([channel]))
        return self._is_up()

    def _is_up(self) -> bool:
        """Whether a board answers; just after a change it may take a moment."""
        for _ in range(UP_ATTEMPTS):
            reply = self._ask(DONGLE_STATUS)
            if END_OF_REPLY in reply and not is_failure(reply):
                return True
            self._pause()
        return False

    def _pause(self) -> None:
        end_ns = self._monotonic_ns() + round(UP_WITHIN_S * 1e9)
        while self._monotonic_ns() < end_ns:
            self._line.read(UP_WITHIN_S)

    def _not_moved(self) -> str:
        now = self.look()
        where = "an unknown channel" if now.channel is None else f"channel {now.channel}"
        text = f"the board did not come along; its dongle is on {where}"
        return f"{text}: switch the board off and on; if that does not help, look for it: --find"

    def _ask(self, command: bytes) -> bytes:
        what_comes(self._line, self._monotonic_ns)
        return ask(self._line, command, ANSWER_S, self._monotonic_ns)

    def _fault(self, kind: FaultKind, text: str) -> BoardFault:
        return BoardFault(kind, f"{self._port}: {text}")


@contextmanager
def radio_line(
    port: str, monotonic_ns: Callable[[], int] = time.monotonic_ns
) -> Iterator[RadioLine]:
    """Open a port for us alone, to speak with its dongle.

    Raises:
        BoardFault: the port cannot be opened; BUSY while a service holds it.
    """
    line = SerialPort(port, threading.Event())
    try:
        yield RadioLine(line, port, monotonic_ns)
    finally:
        line.close()
