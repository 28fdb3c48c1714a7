"""Making a Cyton ready to stream, whatever state it is found in.

    s           stop: the board may still be streaming from before a crash
    F0 07       ask the dongle whether it hears a board; old dongles do not answer
    v           reset: gain 24, 250 Hz, not streaming; the answer is the banner
    ?           read back how its inputs are set; if not as after a reset, `~6` and `d`, and again
    /3 or /0    trigger pins, or the accelerometer, into each packet
    <           the board's own milliseconds into each packet

A command is sent again when its answer does not come: radio may fail once, and a board that was out
of reach takes up the question as soon as it is back. When nothing answers at all it is over after
12 s, and after 5 s when the dongle speaks at another baud rate or what comes is noise.

What follows the banner depends on the firmware that it names (hardware/cyton/firmware.py): one that
names none is asked twice, as a banner may be torn on its way.

More answers than questions, or packets after the reset, are those of another board on the radio
channel. Then it is refused: neither can be told from the other, and each hears what is for both.

A reset looks for a Daisy anew, and the banner says whether it is there. `C` is not sent: it would
attach a Daisy with all its inputs off.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from hardware.board import Shortcoming
from hardware.board_fault import BoardFault, FaultKind
from hardware.cyton.aux_mode import AuxLayout, AuxMode
from hardware.cyton.conversation import (
    STREAMS,
    Line,
    ask,
    find_baud,
    is_noise,
    stop_stream,
    what_comes,
)
from hardware.cyton.firmware import aux_layout, has_modes, shortcomings
from hardware.cyton.frames import (
    BAUD,
    CHANNELS,
    DEFAULT_INPUTS,
    DEFAULT_RATE,
    DONGLE_CHANNEL,
    DONGLE_STATUS,
    END_OF_REPLY,
    GAIN,
    RATE_HZ,
    REGISTERS,
    RESET,
    TIME_STAMPS_OFF,
    TIME_STAMPS_ON,
    UV_PER_COUNT,
    Banner,
    FrameDecoder,
    is_overflow,
    misses_board,
    radio_channel,
    read_banner,
)
from hardware.cyton.registers import Inputs, read_registers
from hardware.packets.strangers import CROWDED

DONGLE_ANSWER_S = 1.0
RESET_ANSWER_S = 1.5
RESET_ATTEMPTS = 6
SETTING_ANSWER_S = 2.0
UNSURE_ANSWER_S = 0.5  # to what an old board, or its dongle, may not know
SETTINGS_UNTOLD, INPUTS_UNUSED = "settings_untold", "inputs_unused"
_IS_BANNER = b"OpenBCI"
_LATE = re.compile(rb"Success: [^$]{,99}\$\$\$")  # to a question before; no banner says it
_STAMPS = {True: (TIME_STAMPS_ON, b"Time stamp ON"), False: (TIME_STAMPS_OFF, b"Time stamp OFF")}


@dataclass(frozen=True, slots=True)
class ReadyBoard:
    """A board that is ready to stream.

    Attributes:
        firmware: as the board states it, or "".
        has_daisy: whether it has a Daisy.
        uv_per_count: microvolts per count, by the gain that was read back.
        aux: what is in its aux bytes.
        shortcomings: what it cannot do, or does not tell.
    """

    firmware: str
    has_daisy: bool
    uv_per_count: float
    aux: AuxLayout
    shortcomings: tuple[Shortcoming, ...] = ()


class Opening:
    """The conversation with one dongle and the board behind it.

    Args:
        line: to the dongle.
        port: its name, for messages.
        monotonic_ns: CLOCK_MONOTONIC.
        aux_mode: what is wanted in the aux bytes of each packet.
        set_baud: sets the line's baud rate, where it has one.
    """

    def __init__(
        self,
        line: Line,
        port: str,
        monotonic_ns: Callable[[], int],
        aux_mode: AuxMode = AuxMode.DIGITAL,
        set_baud: Callable[[int], None] | None = None,
    ) -> None:
        self._line = line
        self._port = port
        self._monotonic_ns = monotonic_ns
        self._aux_mode = aux_mode
        self._set_baud = set_baud
        self._asked: list[bytes] = []
        self._heard = b""
        self._dongle_answers = False

    def run(self) -> ReadyBoard:
        """Make the board ready to stream.

        Raises:
            BoardFault: it cannot be; the text says what to do.
        """
        stop_stream(self._line, self._monotonic_ns)
        self._dongle_answers = dongle_answers = self._check_dongle()
        if is_noise(self._heard):
            self._explain_noise()
        banner = self._reset(dongle_answers=dongle_answers)
        inputs = self._settle_inputs(banner)
        aux = aux_layout(banner.firmware, self._aux_mode)
        self._set_aux(aux, certain=has_modes(banner.firmware))
        self._refuse_two_boards()
        told = shortcomings(banner.firmware, self._aux_mode) + _of_inputs(inputs)
        gain = inputs.gains[0] if inputs else GAIN
        uv_per_count = UV_PER_COUNT * GAIN / gain
        return ReadyBoard(banner.firmware, banner.has_daisy, uv_per_count, aux, told)

    def radio_channel(self) -> int | None:
        """Return the dongle's radio channel once the board is ready; None when it does not say."""
        if not self._dongle_answers:
            return None
        return radio_channel(self._ask(DONGLE_CHANNEL, UNSURE_ANSWER_S))

    def _check_dongle(self) -> bool:
        """Return whether the dongle answers; raise if it says that no board does."""
        reply = self._ask(DONGLE_STATUS, DONGLE_ANSWER_S)
        if misses_board(reply):
            raise self._no_board()
        return END_OF_REPLY in reply

    def _explain_noise(self) -> None:
        """Raise if the dongle speaks at another baud rate, or if what has come is noise."""
        baud = self._set_baud and find_baud(self._line, self._set_baud, self._monotonic_ns)
        if baud:
            raise self._fault(
                FaultKind.REFUSED,
                f"the dongle was set to {baud} baud and has been told to go back to {BAUD}: if "
                "this comes again, pull it out and plug it in again",
            )
        if is_noise(self._heard):
            raise self._fault(
                FaultKind.REFUSED,
                "what comes is noise: another device than an OpenBCI dongle, another baud rate, "
                "or a broken cable: check the port, then pull the dongle out and plug it in again",
            )

    def _reset(self, *, dongle_answers: bool) -> Banner:
        reply = b""
        for attempt in range(RESET_ATTEMPTS):
            reply = _LATE.sub(b"", reply + self._ask(RESET, RESET_ANSWER_S))
            if misses_board(reply):
                raise self._no_board()
            if END_OF_REPLY in reply and (_IS_BANNER in reply or not is_overflow(reply)):
                if attempt:  # the questions before may be answered, too
                    what_comes(self._line, self._monotonic_ns)
                return self._whole_banner(reply)
            if attempt == 0 and not dongle_answers:
                self._explain_noise()
        if dongle_answers:
            raise self._fault(
                FaultKind.SILENT,
                "the dongle answers but the board behind it does not: switch the board off and on",
            )
        raise self._fault(
            FaultKind.SILENT,
            "nothing answers: check that this is the port of an OpenBCI dongle",
        )

    def _whole_banner(self, reply: bytes) -> Banner:
        """Return what the banner says; one that names no firmware may be torn, so ask again."""
        banner = self._banner(reply)
        if not banner.firmware:
            again = self._ask(RESET, RESET_ANSWER_S)
            banner = self._banner(again) if _IS_BANNER in again else banner
        if banner.dead:
            raise self._fault(
                FaultKind.REFUSED,
                f"a converter of the board does not answer ({', '.join(banner.dead)}): switch the "
                "board off and on; if that does not help, it is broken: use another board",
            )
        return banner

    def _banner(self, reply: bytes) -> Banner:
        try:
            return read_banner(reply)
        except ValueError as error:
            text = f"something else than a Cyton answers ({error}): check the port"
            raise self._fault(FaultKind.REFUSED, text) from error

    def _settle_inputs(self, banner: Banner) -> Inputs | None:
        """Return how the inputs are set, as after a reset if that can be had; None if not told.

        Raises:
            BoardFault: microvolts or the sample rate would be wrong.
        """
        inputs = self._read_inputs(banner)
        if inputs is None or inputs.are_default:
            return inputs
        if has_modes(banner.firmware):
            self._ask(DEFAULT_RATE, SETTING_ANSWER_S)
        self._ask(DEFAULT_INPUTS, SETTING_ANSWER_S)
        inputs = self._read_inputs(banner) or inputs
        if inputs.rate_hz != RATE_HZ:
            text = f"the board is set to {inputs.rate_hz:.0f} Hz and does not go back to"
            raise self._fault(FaultKind.REFUSED, f"{text} {RATE_HZ:.0f}: switch it off and on")
        if 0 in inputs.gains or len(set(inputs.gains)) > 1:
            gains = ", ".join(str(gain) for gain in inputs.gains)
            text = f"the channels are set to different gains ({gains}) and keep them"
            raise self._fault(FaultKind.REFUSED, f"{text}: switch the board off and on")
        return inputs

    def _read_inputs(self, banner: Banner) -> Inputs | None:
        channels = 2 * CHANNELS if banner.has_daisy else CHANNELS
        for _ in range(2 if has_modes(banner.firmware) else 1):
            reply = self._ask(REGISTERS, SETTING_ANSWER_S)
            if (inputs := read_registers(reply, channels)) is not None:
                return inputs
        return None

    def _set_aux(self, aux: AuxLayout, *, certain: bool) -> None:
        """Ask for what is to be in the aux bytes; without certainty that it is known, just try."""
        command, expected = _STAMPS[aux.stamped]
        if not certain:
            self._ask(command, UNSURE_ANSWER_S)
            return
        self._set(aux.command, aux.reply)
        self._set(command, expected)

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
            f"the board answers {command.decode()!r} with {answer!r}: switch it off and on",
        )

    def _refuse_two_boards(self) -> None:
        """Raise if more than one board has answered, or if one streams."""
        rest = what_comes(self._line, self._monotonic_ns)
        answers = self._heard + rest
        expected = {answer: self._asked.count(command) for command, answer in _STAMPS.values()}
        expected[_IS_BANNER] = self._asked.count(RESET) + is_overflow(answers)
        doubled = any(answers.count(answer) > n for answer, n in expected.items())
        if doubled or len(FrameDecoder().feed(rest)) >= STREAMS:
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


def _of_inputs(inputs: Inputs | None) -> tuple[Shortcoming, ...]:
    """Return what people should know of the inputs as they were read back."""
    if inputs is None:
        return (Shortcoming(SETTINGS_UNTOLD, ""),)
    if inputs.unused:
        return (Shortcoming(INPUTS_UNUSED, ", ".join(map(str, inputs.unused))),)
    return ()
