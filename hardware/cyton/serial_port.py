"""One serial port: opened for us alone, read as soon as something comes, missed when it is gone.

Alone, twice over: a lock for programs that ask for one, as we do, and the kernel's word
(TIOCEXCL) against all others but root's. A second reader would take half of the packets. The word
is taken back on closing: where a terminal outlives its reader, it would stay.

pyserial opens and sets up the port; reading goes round it, because the stamp of a sample is taken
right after the read that brought it. The read itself waits for bytes: it takes one call of the
system, and one awakening.
"""

import contextlib
import errno
import fcntl
import os
import select
import termios
import threading
import time

import serial

from hardware.board_fault import BoardFault, Closing, FaultKind
from hardware.cyton.frames import BAUD

_READ_BYTES = 4096  # as much as a terminal keeps
_PATIENCE_DS = 1  # tenths of a second: for so long a read waits, a terminal knows no shorter time

NO_PERMISSION = (
    "no permission: add this user to the group dialout (sudo usermod -aG dialout USER) and log in "
    "again"
)
_MISSING = (FaultKind.MISSING, "no such port: check that the dongle is plugged in, and the path")
_DENIED = (FaultKind.DENIED, NO_PERMISSION)
_BUSY = (FaultKind.BUSY, "another program holds this port: close it")
_WHY_NOT_OPEN = {
    errno.ENOENT: _MISSING,
    errno.ENODEV: _MISSING,
    errno.ENXIO: _MISSING,
    errno.EIO: _MISSING,
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EAGAIN: _BUSY,
    errno.EBUSY: _BUSY,
}


class SerialPort:
    """An open port, 115200 baud, 8N1, locked against other programs.

    Raises:
        BoardFault: it cannot be opened (MISSING, DENIED or BUSY), or has gone (UNPLUGGED).
    """

    def __init__(self, path: str, closing: threading.Event, *, alone: bool = True) -> None:
        """Open the port; once `closing` is set, `read` raises Closing.

        Not `alone` where a library of ours opens it, too: then only the lock keeps others away.
        """
        self._path = path
        self._closing = closing
        self._serial = _open(path, alone=alone)
        self._fd = self._serial.fileno()
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)

    def write(self, octets: bytes) -> None:
        """Send a command; the driver has room for hundreds, so that this does not wait."""
        try:
            os.write(self._fd, octets)
        except OSError as error:
            raise unplugged(self._path) from error

    def set_baud(self, baud: int) -> None:
        """Speak at another rate from now on."""
        speed = getattr(termios, f"B{baud}")
        try:
            *flags, _, _, characters = termios.tcgetattr(self._fd)
            settings = [*flags, speed, speed, characters]
            termios.tcsetattr(self._fd, termios.TCSANOW, settings)
        except termios.error as error:
            raise unplugged(self._path) from error

    def read(self, timeout_s: float) -> bytes:
        """Return what has come, as soon as something has; b"" after the timeout."""
        self._stop_if_closing()
        return self._fetch() if self._poll.poll(timeout_s * 1e3) else b""

    def fetch(self) -> bytes:
        """Return what has come, or else what comes within 0.1 s; b"" when nothing does."""
        try:
            octets = os.read(self._fd, _READ_BYTES)
        except OSError as error:
            raise unplugged(self._path) from error
        # nothing came: in time, or because nothing ever will
        return octets or (self._fetch() if self._poll.poll(0) else b"")

    def rest(self, seconds: float) -> None:
        """Let time go by, unless the port is being closed; what comes waits in the terminal."""
        if not self._closing.is_set():
            time.sleep(seconds)

    def _fetch(self) -> bytes:
        try:
            octets = os.read(self._fd, _READ_BYTES)
        except OSError as error:
            raise unplugged(self._path) from error
        if not octets:  # readable, and nothing there: hung up
            raise unplugged(self._path)
        return octets

    def _stop_if_closing(self) -> None:
        if self._closing.is_set():
            raise Closing

    def close(self) -> None:
        """Give the port back, even if it has gone."""
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._fd, termios.TIOCNXCL)
        with contextlib.suppress(OSError):
            self._serial.close()


def unplugged(path: str) -> BoardFault:
    """Return the fault of a port that went away while it was in use."""
    return BoardFault(FaultKind.UNPLUGGED, f"{path}: the dongle was pulled out: plug it in again")


def _open(path: str, *, alone: bool) -> serial.Serial:
    try:
        port = serial.Serial(path, BAUD, timeout=0, exclusive=True)
    except OSError as error:  # SerialException is one
        other = (FaultKind.MISSING, f"this is no serial port: check the path ({error.strerror})")
        kind, text = _WHY_NOT_OPEN.get(error.errno or 0, other)
        raise BoardFault(kind, f"{path}: {text}") from error
    with contextlib.suppress(OSError, ValueError):  # a pty has no such mode
        port.set_low_latency_mode(True)
    if alone:
        fcntl.ioctl(port.fileno(), termios.TIOCEXCL)
    _let_reads_wait(port.fileno())
    return port


def _let_reads_wait(fd: int) -> None:
    *flags, characters = termios.tcgetattr(fd)
    characters[termios.VMIN], characters[termios.VTIME] = 0, _PATIENCE_DS
    termios.tcsetattr(fd, termios.TCSANOW, [*flags, characters])
    os.set_blocking(fd, True)
