"""Keys of a foot switch or clicker, which calls itself a keyboard: the kernel's input events.

A trigger source whose edges carry the key as their `source`: level 1 is pressed, 0 let go. What a
held key repeats is no edge. The kernel stamps each event, on CLOCK_MONOTONIC when asked to, and
keeps 64 of them or more for whoever reads seldom. The device is grabbed: what is pressed does not
also type into the console.

    struct input_event    long seconds, long microseconds, uint16 type, uint16 code, int32 value

Its size is that of the machine's `long`. What only hardware can show: which key a device sends.
"""

import errno
import fcntl
import os
import struct
import time
from collections.abc import Callable, Iterator

from hardware.trigger.edges import Edge, LostEdges, TriggerEvent, TriggerFault

# linux/input.h, as every machine but MIPS, PowerPC and SPARC numbers them.
EVIOCGRAB, EVIOCSCLOCKID = 0x40044590, 0x400445A0
EVENT = struct.Struct("@llHHi")
EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3
RELEASED, PRESSED = 0, 1  # 2: it is held, and repeats
READ_EVENTS = 64
_READS = 16  # a key that rattles must not keep `poll` busy for ever

# linux/input-event-codes.h: what foot switches and clickers send. Any other is named by its number.
_ROWS = {2: "1234567890", 16: "QWERTYUIOP", 30: "ASDFGHJKL", 44: "ZXCVBNM"}
KEYS = {first + at: sign for first, row in _ROWS.items() for at, sign in enumerate(row)} | {
    1: "ESC",
    15: "TAB",
    28: "ENTER",
    52: "DOT",
    57: "SPACE",
    **{59 + at: f"F{at + 1}" for at in range(10)},
    87: "F11",
    88: "F12",
    103: "UP",
    104: "PAGEUP",
    105: "LEFT",
    106: "RIGHT",
    108: "DOWN",
    109: "PAGEDOWN",
    114: "VOLUMEDOWN",
    115: "VOLUMEUP",
    164: "PLAYPAUSE",
    272: "BTN_LEFT",
    273: "BTN_RIGHT",
}


def take(device: int) -> None:
    """Have events stamped on CLOCK_MONOTONIC, and given to nobody else. Raises OSError."""
    fcntl.ioctl(device, EVIOCSCLOCKID, struct.pack("@i", time.CLOCK_MONOTONIC))
    fcntl.ioctl(device, EVIOCGRAB, 1)


class KeyPresses:
    """The keys of one device as a trigger source.

    Args:
        name: of the device, for faults.
        path: such as /dev/antiphon/foot-switch.
        take: what is done to the device when it is opened.
    """

    def __init__(self, name: str, path: str, *, take: Callable[[int], None] = take) -> None:
        self.name = name
        self._path = path
        self._take = take
        self._device: int | None = None
        self._seq = 0
        self._rest = b""

    def open(self) -> None:
        """Take the device.

        Raises:
            TriggerFault: it cannot be had.
        """
        self.close()
        try:
            self._device = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            self._take(self._device)
        except OSError as error:
            self.close()
            raise TriggerFault(self.name, self._why(error)) from error

    def close(self) -> None:
        """Let the device go. May be called twice, and without `open`."""
        device, self._device, self._rest = self._device, None, b""
        if device is not None:
            os.close(device)

    def poll(self) -> list[TriggerEvent]:
        """What was pressed and let go since the last call."""
        events: list[TriggerEvent] = []
        try:
            for octets in self._read():
                events += self._events_of(octets)
        except OSError as error:
            self.close()
            gone = f"{self._path} is gone ({error.strerror}): plug it in"
            return [*events, TriggerFault(self.name, gone)]
        return events

    def _read(self) -> Iterator[bytes]:
        for _ in range(_READS):
            if self._device is None:
                return
            try:
                octets = os.read(self._device, READ_EVENTS * EVENT.size)
            except BlockingIOError:
                return
            if not octets:
                raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
            yield octets

    def _events_of(self, octets: bytes) -> Iterator[TriggerEvent]:
        """The kernel gives whole events; what is left of one waits for its rest."""
        octets = self._rest + octets
        whole = len(octets) - len(octets) % EVENT.size
        self._rest = octets[whole:]
        for seconds, micros, kind, code, value in EVENT.iter_unpack(octets[:whole]):
            t_ns = (seconds * 1_000_000 + micros) * 1000
            if kind == EV_KEY and value in (RELEASED, PRESSED):
                self._seq += 1
                yield Edge(KEYS.get(code, str(code)), self._seq, t_ns, value)
            elif kind == EV_SYN and code == SYN_DROPPED:
                yield LostEdges(self.name, 1, t_ns)  # how many, the kernel does not say

    def _why(self, error: OSError) -> str:
        match error:
            case FileNotFoundError():
                return f"{self._path}: no such device: plug it in; ls /dev/input/by-id lists them"
            case PermissionError():
                return f"{self._path}: no permission: the udev rule in deploy/README.md gives it"
            case OSError(errno=errno.EBUSY):
                return f"{self._path}: another program has it to itself: close that"
            case OSError(errno=errno.ENOTTY | errno.EINVAL):
                return f"{self._path} is no input device: ls /dev/input/by-id lists them"
        return f"{self._path}: {error.strerror}"
