"""Where one dongle is: under the path that is configured, or wherever it is called now.

After a power loss ttyUSB0 and ttyUSB1 may be exchanged. A dongle with a serial number of its own is
followed by that, another one by the socket that it is plugged into (hardware/cyton/usb.py).
"""

from pathlib import Path

from hardware.board_fault import BoardFault, FaultKind
from hardware.cyton import usb


class FollowedPort:
    """The port of one dongle.

    Args:
        path: as configured.
        serial: of the dongle that is wanted, where that is known; else it is the first one seen.
        root: where /dev and /sys are.

    Attributes:
        serial: of the dongle, once it is known; "" if it has none, or not alone.
        place: where it is plugged in, or "".
    """

    def __init__(self, path: str, serial: str = "", root: Path = usb.SYSTEM) -> None:
        self.path = path
        self.serial = serial
        self.place = ""
        self._root = root
        self._had_twin = False

    def now(self) -> str:
        """Return the path that leads to the dongle now; the configured one, if none is known to."""
        if self.serial:
            if usb.serial_number(self.path, self._root) == self.serial:
                return self.path
            found = usb.with_serial(self.serial, self._root)
            return str(found[0]) if len(found) == 1 else self.path
        return self._by_place()

    def check(self, path: str) -> None:
        """Refuse another dongle than the one that is wanted.

        Raises:
            BoardFault: it is another one (MISSING); the text says which is where.
        """
        there = usb.serial_number(path, self._root)
        if self.serial and there != self.serial and Path(path).exists():
            found = f"the dongle {there}" if there else "a dongle without a serial number"
            text = f"{path}: {found} is here, and {self.serial} is wanted: plug that in"
            raise BoardFault(FaultKind.MISSING, text)

    def learn(self, path: str) -> None:
        """This is the dongle: it is followed from now on."""
        serial = usb.serial_number(path, self._root)
        self._had_twin |= len(usb.with_serial(serial, self._root)) > 1
        self.serial = "" if self._had_twin else serial
        self.place = usb.place(path, self._root)

    def move(self, path: str) -> None:
        """Another dongle is wanted, the one at this path."""
        self.path, self.serial, self.place = path, "", ""

    def _by_place(self) -> str:
        place = self.place
        if not place or not Path(place).exists():
            return self.path
        return self.path if Path(self.path).resolve() == Path(place).resolve() else place
