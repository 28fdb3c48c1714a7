"""A memory card made of RAM that remembers every write and every flush; a process of its own.

FUSE exports one file, `disk.img`; a loop device on it carries a real ext4. The log holds, in the
order in which the card saw them,

    ("write", offset, octets)
    ("flush",)                what was written before it outlives a power cut
    ("note", text)            what the service had told somebody by then

Notes come as datagrams on a Unix socket; each is answered once it is in the log. Two are orders:
RESET (what the card holds now is what the log begins with) and SAVE (write all of it to a file).

    python -m tests.powercut.card MOUNT_POINT BYTES LOG_FILE SOCKET
"""

import errno
import pickle
import socket
import stat
import sys
import threading
from pathlib import Path
from typing import Any

import mfusepy

from tests.powercut.mounts import IMAGE, RESET, SAVE

_NOTE_BYTES = 4096


class Card(mfusepy.Operations):  # type: ignore[misc]  # mfusepy has no types
    """The file system with the one file."""

    use_ns = True

    def __init__(self, size: int) -> None:
        self.octets = bytearray(size)
        self.base = b""
        self.log: list[tuple[Any, ...]] = []
        self.lock = threading.Lock()

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2}
        if path == f"/{IMAGE}":
            return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": len(self.octets)}
        raise mfusepy.FuseOSError(errno.ENOENT)

    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", IMAGE]

    def open(self, path: str, flags: int) -> int:
        return 1

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return bytes(self.octets[offset : offset + size])

    def write(self, path: str, octets: bytes, offset: int, fh: int) -> int:
        written = bytes(octets)
        with self.lock:
            self.octets[offset : offset + len(written)] = written
            self.log.append(("write", offset, written))
        return len(written)

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        with self.lock:
            self.log.append(("flush",))
        return 0

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        return 0


def listen(card: Card, notes: socket.socket, log_file: Path) -> None:
    """Put notes into the log, and do as ordered, for ever."""
    while True:
        text, sender = notes.recvfrom(_NOTE_BYTES)
        with card.lock:
            if text == RESET:
                card.base, card.log = bytes(card.octets), []
            elif text == SAVE:
                log_file.write_bytes(pickle.dumps((card.base, card.log)))
            else:
                card.log.append(("note", text.decode()))
        notes.sendto(b"ok", sender)


def main() -> None:
    """Be the card until the mount point is unmounted."""
    mount_point, size, log_file, address = sys.argv[1:]
    card = Card(int(size))
    notes = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notes.bind(address)
    threading.Thread(target=listen, args=(card, notes, Path(log_file)), daemon=True).start()
    mfusepy.FUSE(card, mount_point, foreground=True)


if __name__ == "__main__":
    main()
