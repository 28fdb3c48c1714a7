"""The host's two sockets and the dongles in them: what stands for /dev and /sys.

A dongle is behind the ttyUSB and the link by-path of its socket, and behind a link with its serial
number, if it has one. Exchanged, the two are in each other's sockets. Whoever asks does so by the
clock of his own thread.
"""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Final

from hardware.board import Device
from hardware.cyton.usb import SYSTEM
from tests.truth.port import Dongle

TTY: Final = "/dev/ttyUSB{}"
PLACE: Final = "/dev/serial/by-path/pci-0000:00:14.0-usb-0:{}:1.0-port0"
BY_ID: Final = "/dev/serial/by-id/usb-FTDI_FT231X_USB_UART_D{}-if00-port0"
_BOTH: Final = (0, 1)
_IN_SOCKET: Final = {name.format(it): it for name in (TTY, PLACE) for it in _BOTH}
_WITH_SERIAL: Final = {BY_ID.format(it): it for it in _BOTH}


class Sockets:
    """Which dongle is where.

    Args:
        dongles: of patient and therapist.
        now_ns: the clock of the thread that asks.
        exchanged_ns: from when on each is in the other's socket; None for never.
        has_serials: whether they have serial numbers.
    """

    def __init__(
        self,
        dongles: list[Dongle],
        now_ns: Callable[[], int],
        *,
        exchanged_ns: int | None,
        has_serials: bool,
    ) -> None:
        self._dongles = dongles
        self._now_ns = now_ns
        self._exchanged_ns = exchanged_ns
        self._has_serials = has_serials

    def dongle(self, path: str) -> Dongle | None:
        """Return what is behind a path."""
        number = self._number(path)
        return None if number is None else self._dongles[number]

    def device(self, path: str) -> Device | None:
        """As `hardware.keeper.device_behind`."""
        number = self._number(path)
        if number is None:
            return None
        return 1, number, self._dongles[number].plugs(self._now_ns())

    def serial(self, path: str | Path, _: object = None) -> str:
        """As `hardware.cyton.usb.serial_number`."""
        number = self._number(str(path))
        return f"D{number}" if self._has_serials and number is not None else ""

    def with_serial(self, serial: str, _: object = None) -> list[Path]:
        """As `hardware.cyton.usb.with_serial`."""
        return [Path(TTY.format(it)) for it in _BOTH if serial and self._has(it) == serial]

    def place(self, path: str | Path, _: object = None) -> str:
        """As `hardware.cyton.usb.place`."""
        number = self._number(str(path))
        return "" if number is None else PLACE.format(self._socket_of(number))

    def as_usb(self) -> SimpleNamespace:
        """Return what stands for `hardware.cyton.usb`."""
        return SimpleNamespace(
            SYSTEM=SYSTEM, serial_number=self.serial, with_serial=self.with_serial, place=self.place
        )

    def path(self, path: str) -> SimpleNamespace:
        """Return what stands for `pathlib.Path`, of such a path."""
        number = self._number(path)
        resolved = path if number is None else TTY.format(self._socket_of(number))
        return SimpleNamespace(exists=lambda: number is not None, resolve=lambda: resolved)

    def _has(self, socket: int) -> str:
        return self.serial(TTY.format(socket))

    def _number(self, path: str) -> int | None:
        """Return which dongle is behind a path now."""
        number = _WITH_SERIAL.get(path)
        number = self._socket_of(_IN_SOCKET[path]) if number is None else number
        return None if self._dongles[number].plugs(self._now_ns()) < 0 else number

    def _socket_of(self, number: int) -> int:
        """Return where a dongle is; the same tells which dongle is in a socket."""
        is_exchanged = self._exchanged_ns is not None and self._now_ns() >= self._exchanged_ns
        return 1 - number if is_exchanged else number
