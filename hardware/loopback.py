"""Keeping a foreign library's sockets off the network.

liblsl listens on all addresses, whatever its configuration says: that governs only where it looks
for streams and announces them. Who knows the port (16572, the same everywhere) could read raw EEG
from the ward's network. A socket bound to the device `lo` hears nothing from there; Linux allows
anybody to bind one since 5.7.
"""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OWN_FILES = Path("/proc/self/fd")
_INTERNET = (socket.AF_INET, socket.AF_INET6)


@contextmanager
def loopback_only() -> Iterator[None]:
    """Confine to this machine all internet sockets that are made within, by whatever library.

    Raises:
        OSError: the kernel does not allow it.
    """
    before = set(_sockets())
    yield
    for inode, number in _sockets().items():
        if inode not in before:
            _confine(number)


def _sockets() -> dict[int, int]:
    """This process's sockets, by inode: file descriptors are used again."""
    found = {}
    for entry in _OWN_FILES.iterdir():
        try:
            status = os.fstat(int(entry.name))
        except OSError:  # the listing's own, or closed by another thread
            continue
        if stat.S_ISSOCK(status.st_mode):
            found[status.st_ino] = int(entry.name)
    return found


def _confine(number: int) -> None:
    with socket.socket(fileno=os.dup(number)) as same:
        if same.family in _INTERNET:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
