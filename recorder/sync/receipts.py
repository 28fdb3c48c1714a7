"""Receipts: what a destination has proved to hold, one small file each.

<sessions>/receipts/<destination>/<id>.json         of the session file
                                  <id>.notes.json   of its notes
                    .lock                           held by the one sync or prune that runs
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from recorder.catalog import SUFFIX
from recorder.failure import EX_TEMPFAIL, Failure
from recorder.store.files import sync_directory

RECEIPTS = "receipts"


class Receipt(msgspec.Struct, frozen=True):
    """That a destination holds a file.

    Attributes:
        name: of the file, there and here.
        bytes: how long it is.
        sha256: what the destination itself made of its copy.
        modified_ns: when the file here had been changed last.
        when: UTC, as this machine believed.
        destination: where the copy is.
        verified: the hash there was the hash here.
    """

    name: str
    bytes: int
    sha256: str
    modified_ns: int
    when: str
    destination: str
    verified: bool


class Receipts:
    """The receipts of one destination.

    Args:
        sessions: the directory of the session files.
        destination: the name of the destination.
        address: where it is now; what another place has proved counts for nothing here.
    """

    def __init__(self, sessions: Path, destination: str, address: str) -> None:
        self.address = address
        self._directory = sessions / RECEIPTS / destination

    def of(self, path: Path) -> Receipt | None:
        """The receipt for the file as it is now, or None.

        There is none, or it cannot be read, or it is of another place or an earlier state.
        """
        try:
            receipt = msgspec.json.decode(self._file(path.name).read_bytes(), type=Receipt)
            stat = path.stat()
        except (OSError, msgspec.DecodeError):
            return None
        held = (receipt.name, receipt.destination, receipt.bytes, receipt.modified_ns)
        now = (path.name, self.address, stat.st_size, stat.st_mtime_ns)
        return receipt if receipt.verified and held == now else None

    def store(self, receipt: Receipt) -> None:
        """Write a receipt: wholly or not at all, and for good.

        Raises:
            OSError: it cannot be written.
        """
        file = self._file(receipt.name)
        file.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        beside = file.with_name(f".{file.name}.part")
        descriptor = os.open(beside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o640)
        with open(descriptor, "wb") as out:
            out.write(msgspec.json.format(msgspec.json.encode(receipt)) + b"\n")
            out.flush()
            os.fsync(descriptor)
        beside.replace(file)
        sync_directory(file.parent)

    def _file(self, name: str) -> Path:
        return self._directory / f"{name.removesuffix(SUFFIX)}.json"


@contextmanager
def alone(sessions: Path) -> Iterator[int]:
    """Be the only sync or prune of these sessions.

    The lock ends with the last process that has the descriptor, which is given: a program begun
    with it holds the next sync off though the one that began it was killed.

    Raises:
        Failure: another one runs.
        OSError: the lock cannot be made.
    """
    directory = sessions / RECEIPTS
    directory.mkdir(mode=0o750, parents=True, exist_ok=True)
    descriptor = os.open(directory / ".lock", os.O_CREAT | os.O_RDWR, 0o640)
    try:
        _lock(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        text = "another sync or prune is running: nothing was done"
        raise Failure(text, EX_TEMPFAIL) from error
