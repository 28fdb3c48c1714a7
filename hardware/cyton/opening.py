"""Making a Cyton ready to stream, whatever state it is found in.

    s           stop: the board may still be streaming from before a crash
    F0 07       ask the dongle whether it hears a board; old dongles do not answer
    v           reset: gain 24, 250 Hz, not streaming; the answer is the banner
    /3 or /0    trigger pins, or the accelerometer, into each packet
    <           the board's own milliseconds into each packet

Answers are awaited by time, never by number of bytes: a board that was streaming may have packets
on their way. A command is sent again when its answer does not come: radio may fail once, and a
board that was out of reach takes up the question as soon as it is back. When nothing answers at all
it is over after 12 s.

More answers than questions, or packets after the reset, are those of another board on the radio
channel. Then it is refused: neither can be told from the other, and each hears what is for both.

A reset looks for a Daisy anew, and the banner says whether it is there. `C` is not sent: it would
attach a Daisy with all its inputs off.
"""

from collections.abc import Callable
from typing import Protocol

from hardware.board_fault import BoardFault, FaultKind
from hardware.cyton.aux_mode import AUX_LAYOUTS, AuxMode
from hardware.cyton.frames import (
    DONGLE_CHANNEL,
    DONGLE_STATUS,
    END_OF_REPLY,
    RESET,
    STOP_STREAM,
    TIME_STAMPS_ON,
    Banner,
    FrameDecoder,
    is_failure,
    radio_channel,
    read_banner,
)
from hardware.packets.strangers import CROWDED

QUIET_S = 0.2
STOP_LIMIT_S = 0.5
STOP_ATTEMPTS = 4
DONGLE_ANSWER_S = 1.0
RESET_ANSWER_S = 1.5
RESET_ATTEMPTS = 6
SETTING_ANSWER_S = 2.0
_SLICE_S = 0.1
_IS_BANNER = b"OpenBCI"
_STAMPS_ON = b"Time stamp ON"
_STREAMS = 3  # packets after a reset


class Line(Protocol):
    """What the opening needs of a port."""

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


def stop_stream(line: Line, monotonic_ns: Callable[[], int]) -> bool:
    """Stop the stream; return whether it did. A command may be lost in the air, so ask again."""
    for _ in range(STOP_ATTEMPTS):
        line.write(STOP_STREAM)
        if _falls_quiet(line, monotonic_ns):
            return True
    return False


def _falls_quiet(line: Line, monotonic_ns: Callable[[], int]) -> bool:
    """Let pass what is on its way; return whether it ended in time."""
    limit_ns = monotonic_ns() + int(STOP_LIMIT_S * 1e9)
    while line.read(QUIET_S):
        if monotonic_ns() >= limit_ns:
            return False
    return True


def _what_comes(line: Line, monotonic_ns: Callable[[], int]) -> bytes:
    """Return what is on its way, until nothing comes any more or the time is up."""
    limit_ns = monotonic_ns() + int(STOP_LIMIT_S * 1e9)
    octets = b""
    while (more := line.read(QUIET_S)) and monotonic_ns() < limit_ns:
        octets += more
    return octets


class Opening:
    """The conversation with one dongle and the board behind it.

    Args:
        line: to the dongle.
        port: its name, for messages.
        monotonic_ns: CLOCK_MONOTONIC.
        aux_mode: what goes into the aux bytes of each packet.
    """

    def __init__(
        self,
        line: Line,
        port: str,
        monotonic_ns: Callable[[], int],
        aux_mode: AuxMode = AuxMode.DIGITAL,
    ) -> None:
        self._line = line
        self._port = port
        self._monotonic_ns = monotonic_ns
        self._aux = AUX_LAYOUTS[aux_mode]
        self._asked: list[bytes] = []
        self._heard = b""

    def run(self) -> Banner:
        """Make the board ready to stream.

        Raises:
            BoardFault: it cannot be; the text says what to do.
        """
        stop_stream(self._line, self._monotonic_ns)
        dongle_answers = self._check_dongle()
        banner = self._reset(dongle_answers=dongle_answers)
        self._set(self._aux.command, self._aux.reply)
        self._set(TIME_STAMPS_ON, _STAMPS_ON)
        self._refuse_two_boards()
        return banner

    def _check_dongle(self) -> bool:
        """Return whether the dongle answers; raise if it says that no board does."""
        reply = self._ask(DONGLE_STATUS, DONGLE_ANSWER_S)
        if is_failure(reply):
            raise self._no_board()
        return END_OF_REPLY in reply

    def _reset(self, *, dongle_answers: bool) -> Banner:
        reply = b""
        for attempt in range(RESET_ATTEMPTS):
            reply += self._ask(RESET, RESET_ANSWER_S)
            if is_failure(reply):
                raise self._no_board()
            if END_OF_REPLY in reply:
                if attempt:  # the questions before may be answered, too
                    _falls_quiet(self._line, self._monotonic_ns)
                return self._banner(reply)
        if dongle_answers:
            raise self._fault(
                FaultKind.SILENT,
                "the dongle answers but the board behind it does not: switch the board off and on",
            )
        raise self._fault(
            FaultKind.SILENT,
            "nothing answers: check that this is the port of an OpenBCI dongle",
        )

    def _banner(self, reply: bytes) -> Banner:
        try:
            return read_banner(reply)
        except ValueError as error:
            text = f"something else than a Cyton answers ({error}): check the port"
            raise self._fault(FaultKind.REFUSED, text) from error

    def _set(self, command: bytes, expected: bytes) -> None:
        reply = b""
        for _ in range(2):
            reply = self._ask(command, SETTING_ANSWER_S)
            if expected in reply:
                return
        self._refuse_two_boards()
        answer = reply[-60:].decode("ascii", "replace") or "nothing"
        raise self._fault(
            FaultKind.REFUSED,
            f"the board answers {command.decode()!r} with {answer!r}: switch it off and on; "
            "if that does not help, its firmware is older than 3.1",
        )

    def _refuse_two_boards(self) -> None:
        """Raise if more than one board has answered, or if one streams."""
        rest = _what_comes(self._line, self._monotonic_ns)
        answers = self._heard + rest
        doubled = any(
            answers.count(answer) > self._asked.count(question)
            for question, answer in ((RESET, _IS_BANNER), (TIME_STAMPS_ON, _STAMPS_ON))
        )
        if doubled or len(FrameDecoder().feed(rest)) >= _STREAMS:
            raise self._fault(FaultKind.CROWDED, CROWDED)

    def _ask(self, command: bytes, timeout_s: float) -> bytes:
        reply = ask(self._line, command, timeout_s, self._monotonic_ns)
        self._asked.append(command)
        self._heard += reply
        return reply

    def _no_board(self) -> BoardFault:
        channel = radio_channel(self._ask(DONGLE_CHANNEL, DONGLE_ANSWER_S))
        where = "" if channel is None else f" on radio channel {channel}"
        return self._fault(
            FaultKind.OFF,
            f"the dongle answers{where} but no board does: switch the board on (slide to PC); "
            "if it is on, it listens on another channel",
        )

    def _fault(self, kind: FaultKind, text: str) -> BoardFault:
        return BoardFault(kind, f"{self._port}: {text}")
