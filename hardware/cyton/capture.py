"""Every byte between a host and a dongle, with its time, in a file that people can read, too.

    # antiphon.capture/1 {"role": "patient", "channels": ["F3", "F4"], ...}
    0.000004102 > 73
    0.204371880 > f007
    0.226112043 < 537563636573733a2053797374656d206973205570242424

Each line is one write (>) or one read (<): seconds since the beginning, right before the write and
right after the read, and the bytes in hexadecimal. Further lines that begin with # say what
happened otherwise. The last line may be torn.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, TextIO

import msgspec

from hardware.board_fault import BoardFault
from hardware.cyton.aux_mode import AuxMode
from hardware.cyton.conversation import stop_stream
from hardware.cyton.frames import START_STREAM
from hardware.cyton.opening import Opening
from hardware.cyton.serial_port import SerialPort

MAGIC = "# antiphon.capture/1 "
SLICE_S = 0.1
_LINE = re.compile(r"(\d+)\.(\d{9}) ([<>]) ((?:[0-9a-f]{2})+)")


class CapturedLine:
    """A port on which everything is written down that goes by.

    Args:
        port: that is open.
        out: the file; its first line is there.
        monotonic_ns: CLOCK_MONOTONIC.
    """

    def __init__(self, port: SerialPort, out: TextIO, monotonic_ns: Callable[[], int]) -> None:
        self._port = port
        self._out = out
        self._monotonic_ns = monotonic_ns
        self._begin_ns = monotonic_ns()

    def write(self, octets: bytes) -> None:
        """Send a command."""
        self._note(">", octets)
        self._port.write(octets)

    def read(self, timeout_s: float) -> bytes:
        """Return what has come, as soon as something has; b"" after the timeout."""
        if octets := self._port.read(timeout_s):
            self._note("<", octets)
        return octets

    def set_baud(self, baud: int) -> None:
        """Speak at another rate from now on."""
        self.say(f"{baud} baud")
        self._port.set_baud(baud)

    def say(self, text: str) -> None:
        """Write down what else has happened, in one line."""
        self._out.write(f"# {text}\n")

    def _note(self, direction: str, octets: bytes) -> None:
        seconds, ns = divmod(self._monotonic_ns() - self._begin_ns, 1_000_000_000)
        self._out.write(f"{seconds}.{ns:09} {direction} {octets.hex()}\n")


def capture(  # noqa: PLR0913 - the rest is by name
    path: str,
    seconds: float,
    out: TextIO,
    about: Mapping[str, Any],
    *,
    closing: Event,
    aux_mode: AuxMode = AuxMode.DIGITAL,
    monotonic_ns: Callable[[], int] = time.monotonic_ns,
) -> str:
    """Open a board as for a session, let it stream for a while, and write down what goes by.

    A board that cannot be opened is listened to all the same.

    Args:
        path: of the serial port.
        seconds: how long it streams.
        out: the file.
        about: what its first line is to say.
        closing: ends it early, with `hardware.board_fault.Closing`.
        aux_mode: what is wanted in the aux bytes.
        monotonic_ns: CLOCK_MONOTONIC.

    Returns:
        Why the board cannot be used, or "".

    Raises:
        BoardFault: the port cannot be opened.
    """
    port = SerialPort(path, closing)
    try:
        out.write(MAGIC + msgspec.json.encode(about).decode() + "\n")
        line = CapturedLine(port, out, monotonic_ns)
        fault = ""
        try:
            Opening(line, path, monotonic_ns, aux_mode, line.set_baud).run()
        except BoardFault as error:
            fault = str(error)
            line.say(fault)
        return _listen(line, seconds, monotonic_ns) or fault
    finally:
        port.close()


def _listen(line: CapturedLine, seconds: float, monotonic_ns: Callable[[], int]) -> str:
    """Let it stream; return why that ended early, or ""."""
    end_ns = monotonic_ns() + round(seconds * 1e9)
    try:
        line.write(START_STREAM)
        while monotonic_ns() < end_ns:
            line.read(SLICE_S)
    except BoardFault as error:
        line.say(str(error))
        return str(error)
    with suppress(BoardFault):
        stop_stream(line, monotonic_ns)
    return ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the host wrote, and what came until it wrote again, each with nanoseconds since."""

    written: bytes
    pieces: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class Capture:
    """What a file holds.

    Attributes:
        about: what its first line says.
        exchanges: in their order.
    """

    about: Mapping[str, Any]
    exchanges: tuple[Exchange, ...]


def is_capture(path: Path) -> bool:
    """Return whether a file begins as a capture does."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC.encode()


def read_capture(path: Path) -> Capture:
    """Read a capture.

    Raises:
        ValueError: it is none, or is damaged; one line that says where.
    """
    try:
        first, *lines = path.read_text(encoding="ascii").splitlines(keepends=True)
        about = msgspec.json.decode(first.removeprefix(MAGIC), type=dict[str, Any])
    except (ValueError, msgspec.DecodeError) as error:
        raise ValueError(f"{path}: not a capture of antiphon's, or damaged") from error
    if lines and not lines[-1].endswith("\n"):
        lines = lines[:-1]  # torn
    try:
        return Capture(about, _exchanges(lines))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _exchanges(lines: Sequence[str]) -> tuple[Exchange, ...]:
    written, since_ns, pieces = b"", 0, list[tuple[int, bytes]]()
    found: list[Exchange] = []
    for number, text in enumerate(lines, 2):
        if text.startswith("#"):
            continue
        if (line := _LINE.fullmatch(text.rstrip("\n"))) is None:
            raise ValueError(f"line {number} is damaged")
        t_ns, octets = int(line[1] + line[2]), bytes.fromhex(line[4])
        if line[3] == "<":
            pieces.append((t_ns - since_ns, octets))
            continue
        found.append(Exchange(written, tuple(pieces)))
        written, since_ns, pieces = octets, t_ns, []
    return (*found[1:], Exchange(written, tuple(pieces)))
