"""The program of an emulated Cyton: command bytes in, replies out.

    v              reset; stops the stream; a banner ends in $$$
    b  s           start and stop the stream; no reply
    x CH OFF GAIN TYPE BIAS SRB2 SRB1 X      settings of an input
    z CH P N Z     its lead-off signal
    d  D  ?        settings to default, which those are, all registers
    1-8  !@#$%^&*  input off, on (q-i, Q-I: those of a Daisy); no reply
    0 - = p [ ]    inputs shorted, or on one of the chip's test signals
    /M  //         board mode M, 0-4; which one is it
    `C             marker C, in mode 4
    ~N  ~~         sample rate; by radio it stays 250 Hz
    < >            time stamps on, off
    c  C  V        without Daisy, with Daisy if there is one, version

A command of several bytes must be complete within a second. While it streams the board does not
reply, and whatever changes its inputs makes the stream begin anew, at counter 0. A reset keeps the
board mode and the time stamps, and looks for a Daisy. A board whose converter is dead gives no
samples. Older firmwares know and say less: hardware/emulated/releases.py.

Source: OpenBCI_Cyton_Library, OpenBCI_32bit_Library.cpp (3.1.2).
"""

from hardware.cyton.frames import CHANNELS, END_OF_REPLY
from hardware.emulated.aux_bytes import BoardMode
from hardware.emulated.converter import SLOWEST, TEST_SIGNALS
from hardware.emulated.releases import RELEASES, Version, banner
from hardware.emulated.stream import SampleStream

COMMAND_TIME_NS = 1_000_000_000

IDENTITY, NO_IDENTITY = "0x3E", "0x0"  # of a converter that works, and of one that does not
_TIMEOUT = "Timeout processing multi byte message - please send all commands at once as of v2"
_ACCEL_REGISTERS = "LIS3DH Registers\r\n0x0F 33\r\n0x20 08\r\n0x23 18\r\n0x2F 20\r\n"
_FIXED = {"V": "v3.1.5", "D": "060110"}
_OFF = dict(zip("12345678qwertyui", range(2 * CHANNELS), strict=True))
_ON = dict(zip("!@#$%^&*QWERTYUI", range(2 * CHANNELS), strict=True))
_NAMED = dict(zip("12345678QWERTYUI", range(2 * CHANNELS), strict=True))
_ARGUMENTS = {"x": 8, "z": 4, "/": 1, "~": 1, "`": 1}
_LATCHES = {"x": "X", "z": "Z"}
_FIELDS = {
    "x": ("off", "gain", "type", "bias", "srb2", "srb1"),
    "z": ("lead_off_p", "lead_off_n"),
}
_MODES = list(BoardMode)
_RATES_HZ = (16000, 8000, 4000, 2000, 1000, 500, 250)
_SHORTED = 1


class Firmware:
    """What the board does with a command; replies are "" where it is silent.

    Args:
        stream: what it controls.
        version: which firmware it is.
        identity: what its converter says that it is.
    """

    def __init__(
        self,
        stream: SampleStream,
        version: Version = Version.V3_1_2,
        identity: str = IDENTITY,
    ) -> None:
        self._stream = stream
        self._version = version
        self._release = RELEASES[version]
        self._identity = identity
        self._stream.aux.axes_hold = self._release.axes_hold
        self._of_chips = {
            "v": self._reset,
            "?": self._registers,
            "c": self._remove_daisy,
            "C": self._attach_daisy,
        }
        self._command = ""  # of several bytes, so far
        self._deadline_ns = 0

    @property
    def deadline_ns(self) -> int | None:
        """When a command that is not complete will be given up, or None."""
        return self._deadline_ns if self._command else None

    def take(self, octet: int, now_ns: int) -> bytes:
        """Take one byte; return the reply to what it completes, or b""."""
        char = chr(octet)
        if not self._command and char in self._release.unknown:
            return b""
        if char == "?" and self._release.registers:
            return self._release.registers.encode()
        name = self._command[:1] or char
        text = self._collect(char, now_ns) if name in _ARGUMENTS else self._obey(char, now_ns)
        if name in self._release.silent:
            return b""
        return b"" if self._stream.begin_ns is not None else _reply(text)

    def give_up(self) -> bytes:
        """Forget a command that was not completed in time; return the reply."""
        self._command = ""
        return b"" if self._stream.begin_ns is not None else _reply(_TIMEOUT)

    def _obey(self, char: str, now_ns: int) -> str:
        """Do a command of one byte; return the text of the reply."""
        if char in _FIXED:
            return _FIXED[char]
        if char in "bs":
            return self._switch_stream(char, now_ns)
        if char in "<>":
            return self._switch_stamps(char)
        if char in self._of_chips:
            return self._of_chips[char]()
        return self._change_inputs(char, now_ns)

    def _reset(self) -> str:
        self._stream.stop()
        self._stream.ads.initialize()
        return banner(self._version, self._identity, has_daisy=self._stream.ads.has_daisy)

    def _registers(self) -> str:
        ads = self._stream.ads
        text = f"\r\nBoard ADS Registers\r\n{ads.registers()}"
        if ads.has_daisy:
            text += f"\r\nDaisy ADS Registers\r\n{ads.registers(1)}"
        return f"{text}\r\n{_ACCEL_REGISTERS}"

    def _remove_daisy(self) -> str:
        had_daisy = self._stream.ads.has_daisy
        self._stream.ads.remove_daisy()
        self._stream.remake()
        return "daisy removed" if had_daisy else ""

    def _attach_daisy(self) -> str:
        if self._stream.ads.has_daisy:
            return "16"
        self._stream.ads.attach_daisy()
        self._stream.remake()
        return "daisy attached16" if self._stream.ads.has_daisy else "no daisy to attach!8"

    def _switch_stream(self, char: str, now_ns: int) -> str:
        if char == "s":
            self._stream.stop()
        elif self._identity == IDENTITY:
            self._stream.ads.rate_code = SLOWEST  # the radio carries no more than 250 Hz
            self._stream.start(now_ns)
        return ""

    def _switch_stamps(self, char: str) -> str:
        self._stream.aux.set_stamps(on=char == "<")
        self._stream.remake()
        return f"Time stamp {'ON' if char == '<' else 'OFF'}"

    def _change_inputs(self, char: str, now_ns: int) -> str:
        ads, text = self._stream.ads, ""
        if char == "d":
            ads.reset()
            text = "updating channel settings to default"
        elif char in _OFF or char in _ON:
            ads.set_input((_OFF | _ON)[char], off=int(char in _OFF))
        elif char in TEST_SIGNALS:
            ads.show_test_signal(TEST_SIGNALS[char])
            text = "Success: Configured internal test signal."
        elif char == "0":
            ads.connect_all(_SHORTED)
            text = "Success: Configured internal test signal."
        else:
            return ""
        self._stream.restart(now_ns)
        return text

    def _collect(self, char: str, now_ns: int) -> str:
        """Take a byte of a command of several; return the text of the reply when it is over."""
        if not self._command:
            self._command, self._deadline_ns = char, now_ns + COMMAND_TIME_NS
            return ""
        self._command += char
        name, arguments = self._command[0], self._command[1:]
        latch, wanted = _LATCHES.get(name), _ARGUMENTS[name]
        if len(arguments) < wanted and char != latch:
            return ""
        self._command = ""
        if latch and len(arguments) < wanted:
            return "Failure: too few chars"
        if latch and char != latch:
            return f"Failure: Err: {wanted + 1}th char not {latch}"
        return self._obey_long(name, arguments, now_ns)

    def _obey_long(self, name: str, arguments: str, now_ns: int) -> str:
        if name == "/":
            return self._set_mode(arguments)
        if name == "~":
            return self._set_rate(arguments, now_ns)
        if name == "`":
            self._stream.aux.set_marker(ord(arguments))
            self._stream.remake()
            return ""
        channel = _NAMED.get(arguments[0], 0)
        values = [int(digit) if digit.isdecimal() else 0 for digit in arguments[1:-1]]
        self._stream.ads.set_input(channel, **dict(zip(_FIELDS[name], values, strict=True)))
        self._stream.restart(now_ns)
        return f"Success: {'Lead off' if name == 'z' else 'Channel'} set for {channel + 1}"

    def _set_mode(self, digit: str) -> str:
        if digit == "/":
            return f"Success: {self._stream.aux.mode}"
        if not digit.isdecimal():
            return "Failure: invalid board mode value."
        if int(digit) >= len(_MODES):
            return "Failure: board mode value out of bounds."
        self._stream.aux.set_mode(_MODES[int(digit)])
        self._stream.remake()
        return f"Success: {self._stream.aux.mode}"

    def _set_rate(self, digit: str, now_ns: int) -> str:
        if digit != "~":
            if not digit.isdecimal():
                return "Failure: invalid sample value"
            if int(digit) >= len(_RATES_HZ):
                return "Failure: sample value out of bounds"
            self._stream.ads.rate_code = int(digit)
            self._stream.ads.initialize()
            self._stream.restart(now_ns)
        return f"Success: Sample rate is {_RATES_HZ[self._stream.ads.rate_code]}Hz"


def _reply(text: str) -> bytes:
    return text.encode() + END_OF_REPLY if text else b""
