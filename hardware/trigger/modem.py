"""Trigger edges on the modem lines of a serial adapter, and its outputs, for hosts without GPIO.

    inputs    CTS, DSR, DCD    a thread waits for a change (TIOCMIWAIT), stamps it and asks the
                               driver how many changes there were (TIOCGICOUNT)
    outputs   RTS, DTR         set and cleared by TIOCMBIS and TIOCMBIC

An adapter tells its host about a line once per USB frame, so a stamp is 1 ms late or more; pulses
shorter than that may not be seen at all. At TTL level the lines are inverted: active is 0 V.

Opening a port switches its outputs on for a moment: open inputs before the output of the same
adapter. Nothing can wake a thread that waits for a change but a change, so after `close` the port
stays open until one comes; meanwhile it can be opened again.

What only hardware can show: whether the adapter's driver can wait for changes, and how late it is.
"""

import errno
import fcntl
import os
import struct
import termios
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from hardware.trigger.edges import Edge, EdgeQueue, LostEdges, TriggerEvent, TriggerFault

Ioctl = Callable[[int, int, Any], Any]  # fcntl.ioctl, or what stands in for it

_T = TypeVar("_T")


class _Line(NamedTuple):
    mask: int
    counter: int  # its place in struct serial_icounter_struct


MODEM_INPUTS = {
    "CTS": _Line(termios.TIOCM_CTS, 0),
    "DSR": _Line(termios.TIOCM_DSR, 1),
    "DCD": _Line(termios.TIOCM_CD, 3),
}
MODEM_OUTPUTS = {"RTS": termios.TIOCM_RTS, "DTR": termios.TIOCM_DTR}

_COUNTERS = struct.Struct("20i")  # linux/serial.h, serial_icounter_struct
_BITS = struct.Struct("i")
_PULSE = 2  # edges; more between two looks at the line cannot be told apart
_REASONS = {
    errno.ENOENT: "no such port: check that the adapter is plugged in, and the path",
    errno.EACCES: "no permission: add this user to the group dialout and log in again",
    errno.EAGAIN: "another program holds this port: close it",
    errno.ENOTTY: "this port has no modem lines, or its driver cannot watch them: use another",
    errno.EINVAL: "this port has no modem lines, or its driver cannot watch them: use another",
    errno.EIO: "the adapter was pulled out: plug it in again",
}


class ModemEdges:
    """An input line of a serial adapter as a trigger source.

    Args:
        name: of the path.
        port: path of the serial port.
        line: CTS, DSR or DCD.
        active_low: the pulse makes the line inactive.
        monotonic_ns: the clock that stamps edges.
        ioctl: `fcntl.ioctl`.

    Raises:
        ValueError: there is no such line.
    """

    def __init__(
        self,
        name: str,
        port: str,
        line: str = "CTS",
        *,
        active_low: bool = False,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        ioctl: Ioctl = fcntl.ioctl,
    ) -> None:
        self.name = name
        self._port = port
        self._line = _known(line, MODEM_INPUTS)
        self._active_low = active_low
        self._monotonic_ns = monotonic_ns
        self._ioctl = ioctl
        self._queue = EdgeQueue()
        self._closing = threading.Event()

    def open(self) -> None:
        """Begin to watch the line, in a thread of its own.

        Raises:
            TriggerFault: there is no such port, or it has no modem lines.
        """
        self.close()
        self._queue, self._closing = EdgeQueue(), threading.Event()
        try:
            fd = _open(self._port)
            try:
                count, _ = self._count(fd), self._level(fd)
            except OSError:
                os.close(fd)
                raise
        except OSError as error:
            raise _fault(self.name, self._port, error) from error
        watch = (fd, count, self._queue, self._closing)
        name = f"trigger {self.name}"
        threading.Thread(target=self._watch, args=watch, name=name, daemon=True).start()

    def poll(self) -> list[TriggerEvent]:
        """The edges since the last call."""
        return self._queue.drain()

    def close(self) -> None:
        """Stop watching; see above for when the port is given back."""
        self._closing.set()

    def _count(self, fd: int) -> int:
        """Return how often the line has changed, modulo 2**32."""
        counters = self._ioctl(fd, termios.TIOCGICOUNT, bytes(_COUNTERS.size))
        return int(_COUNTERS.unpack(counters)[self._line.counter])

    def _level(self, fd: int) -> int:
        bits = self._ioctl(fd, termios.TIOCMGET, bytes(_BITS.size))
        is_on = bool(_BITS.unpack(bits)[0] & self._line.mask)
        return int(is_on != self._active_low)

    # From here on: the thread. What it uses is passed in, for it may outlive the next `open`.

    def _watch(self, fd: int, count: int, queue: EdgeQueue, closing: threading.Event) -> None:
        seq = 0
        try:
            while True:
                self._ioctl(fd, termios.TIOCMIWAIT, self._line.mask)
                t_ns = self._monotonic_ns()
                if closing.is_set():
                    return
                changes = (self._count(fd) - count) % 2**32
                for event in self._told_apart(changes, seq, t_ns, self._level(fd)):
                    queue.put(event)
                seq, count = seq + changes, count + changes
        except OSError as error:
            queue.put(_fault(self.name, self._port, error))
        finally:
            os.close(fd)

    def _told_apart(self, changes: int, seq: int, t_ns: int, level: int) -> list[TriggerEvent]:
        """Return the newest edges, alternating up to this level, and how many were before them."""
        lost = max(changes - _PULSE, 0)
        edges = [
            Edge(self.name, seq + at, t_ns, level ^ (changes - at) & 1)
            for at in range(lost + 1, changes + 1)
        ]
        return [LostEdges(self.name, lost, t_ns), *edges] if lost else [*edges]


class ModemOutput:
    """An output line of a serial adapter.

    Args:
        port: path of the serial port.
        line: RTS or DTR.
        active_low: the line is on while idle, and off in a pulse.
        ioctl: `fcntl.ioctl`.

    Raises:
        ValueError: there is no such line.
    """

    def __init__(
        self,
        port: str,
        line: str = "RTS",
        *,
        active_low: bool = False,
        ioctl: Ioctl = fcntl.ioctl,
    ) -> None:
        self._port = port
        self._mask = _known(line, MODEM_OUTPUTS)
        self._active_low = active_low
        self._ioctl = ioctl
        self._fd: int | None = None

    def open(self) -> None:
        """Take the port, locked against other programs; the line is idle from then on.

        Raises:
            TriggerFault: it cannot be had.
        """
        self.close()
        try:
            self._fd = _open(self._port)
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # as pyserial's `exclusive`
            self.set(0)
        except OSError as error:
            self.close()
            raise _fault("sync out", self._port, error) from error

    def set(self, level: int) -> None:
        """Switch it.

        Raises:
            OSError: the adapter is gone.
        """
        if self._fd is not None:
            on = bool(level) != self._active_low
            request = termios.TIOCMBIS if on else termios.TIOCMBIC
            self._ioctl(self._fd, request, _BITS.pack(self._mask))

    def close(self) -> None:
        """Give the port back. May be called twice, and without `open`."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _known(line: str, lines: dict[str, _T]) -> _T:
    if line not in lines:
        raise ValueError(f"no modem line {line!r}; known: {', '.join(lines)}")
    return lines[line]


def _open(port: str) -> int:
    return os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)


def _fault(name: str, port: str, error: OSError) -> TriggerFault:
    reason = _REASONS.get(error.errno or 0, f"the port cannot be used ({error.strerror})")
    return TriggerFault(name, f"{port}: {reason}")
