"""Receipts: what a destination has proved to hold, one small file each.

<sessions>/receipts/<destination>/<id>.json         of the session file
                                  <id>.notes.json   of its notes
                    .lock                           held by the one sync or prune that runs
"""

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from recorder.durable import as_json, sync_directory, write_all, write_json
from recorder.failure import EX_NOPERM, EX_TEMPFAIL, Failure
from recorder.store.files import CAMERA, SUFFIX, hold, session_of

RECEIPTS = "receipts"


class Receipt(msgspec.Struct, frozen=True):
    """That a destination holds a file.

    Attributes:
        name: of the file here.
        bytes: how long it is.
        sha256: of the file here.
        modified_ns: when the file here had been changed last.
        when: UTC, as this machine believed.
        destination: where the copy is.
        verified: the hash there was the hash of what was sent.
        encrypted_to: the age public key of the copy; "" when it is the file as it is.
        copy: what the copy is called there, when it is encrypted.
        copy_sha256: what the destination itself made of the encrypted copy.
        pieces: the same of each piece of a copy that went there in several.
    """

    name: str
    bytes: int
    sha256: str
    modified_ns: int
    when: str
    destination: str
    verified: bool
    encrypted_to: str = ""
    copy: str = ""
    copy_sha256: str = ""
    pieces: dict[str, str] = {}

    @property
    def held(self) -> dict[str, str]:
        """Names of what the destination has, each with its SHA-256."""
        if self.pieces:
            return dict(self.pieces)
        if self.encrypted_to:
            return {self.copy: self.copy_sha256}
        return {self.name: self.sha256}


class Receipts:
    """The receipts of one destination.

    Args:
        sessions: the directory of the session files.
        destination: its name; of one disk of several, with that behind a dot.
        address: where it is now; what another place has proved counts for nothing here.
        encrypt_to: the key its copies are to be encrypted for; nor does a copy for another key.
    """

    def __init__(
        self, sessions: Path, destination: str, address: str, encrypt_to: str = ""
    ) -> None:
        self.sessions = sessions
        self.address = address
        self.encrypt_to = encrypt_to
        self._directory = sessions / RECEIPTS / destination

    def of(self, path: Path) -> Receipt | None:
        """The receipt for the file as it is now, or None.

        There is none, or it cannot be read, or it is of another place, key or earlier state.
        """
        receipt = self.earlier(path.name)
        if receipt is None or receipt.encrypted_to != self.encrypt_to:
            return None
        try:
            return receipt if _is_of(receipt, path, path.stat()) else None
        except OSError:
            return None

    def earlier(self, name: str) -> Receipt | None:
        """The receipt for a file of this name as it is or was, in this place."""
        try:
            receipt = msgspec.json.decode(self._file(name).read_bytes(), type=Receipt)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return receipt if receipt.destination == self.address else None

    def filmed(self) -> dict[str, list[Path]]:
        """The sessions of which videos are in this place, or may be in part: their receipts."""
        found: dict[str, list[Path]] = {}
        for file in sorted(self._directory.glob(f"[!.]*{CAMERA}*.json")):
            if address_in(file) in (self.address, ""):
                found.setdefault(session_of(file), []).append(file)
        return found

    def forget(self, files: Iterable[Path]) -> None:
        """Take receipts away: nothing of what they are for is there any more.

        Raises:
            OSError: they cannot be deleted.
        """
        for file in files:
            file.unlink(missing_ok=True)
        sync_directory(self._directory)

    def store(self, receipt: Receipt) -> None:
        """Write a receipt: wholly or not at all, and for good.

        Raises:
            OSError: it cannot be written.
        """
        write_json(self._file(receipt.name), receipt)

    def _file(self, name: str) -> Path:
        return self._directory / f"{name.removesuffix(SUFFIX)}.json"


def destinations(sessions: Path) -> list[str]:
    """The names of all destinations that anything was ever copied to."""
    found = (sessions / RECEIPTS).glob("[!.]*")
    return sorted(directory.name for directory in found if directory.is_dir())


def copies_of(sessions: Path, path: Path, named: Iterable[str]) -> dict[str, Receipt]:
    """The receipts for a session file as it is now, of those of the `named` destinations."""
    found: dict[str, Receipt] = {}
    for destination in named:
        file = sessions / RECEIPTS / destination / f"{path.name.removesuffix(SUFFIX)}.json"
        with suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
            receipt = msgspec.json.decode(file.read_bytes(), type=Receipt)
            if _is_of(receipt, path, path.stat()):
                found[destination.partition(".")[0]] = receipt
    return found


def _is_of(receipt: Receipt, path: Path, now: os.stat_result) -> bool:
    """Whether a receipt is for a file as it is now."""
    is_same = (receipt.bytes, receipt.modified_ns) == (now.st_size, now.st_mtime_ns)
    return is_same and receipt.name == path.name and receipt.verified


def have_receipts(sessions: Path) -> set[str]:
    """The ids of sessions that any destination has, or once had."""
    return set(receipt_files(sessions))


def receipt_files(sessions: Path) -> dict[str, list[Path]]:
    """All receipts of each session."""
    found: dict[str, list[Path]] = {}
    for file in _files(sessions, "[!.]*.json"):
        found.setdefault(session_of(file), []).append(file)
    return found


def old_copies(sessions: Path, path: Path, replaced: Collection[str]) -> list[Receipt]:
    """The receipts of destinations that have a session as it was before, by these hashes."""
    found: list[Receipt] = []
    for file in receipt_files(sessions).get(session_of(path), ()):
        with suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
            receipt = msgspec.json.decode(file.read_bytes(), type=Receipt)
            if receipt.name == path.name and receipt.sha256 in replaced:
                found.append(receipt)
    return found


def address_in(file: Path) -> str:
    """Where the copy is that a receipt tells of; "" when it cannot be read."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Receipt).destination
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return ""


def forget_content(files: Iterable[Path]) -> None:
    """Leave of receipts only that something was copied, where to and when.

    Raises:
        OSError: they cannot be written.
    """
    write_all({file: as_json(_emptied(file)) for file in files})


def _emptied(file: Path) -> Receipt:
    """A receipt that says nothing of what was in the file; it counts no more."""
    try:
        receipt = msgspec.json.decode(file.read_bytes(), type=Receipt)
    except msgspec.DecodeError:
        return Receipt(file.stem, 0, "", 0, "", file.parent.name, verified=False)
    return msgspec.structs.replace(
        receipt, bytes=0, sha256="", modified_ns=0, copy_sha256="", pieces={}, verified=False
    )


def _files(sessions: Path, pattern: str) -> list[Path]:
    return sorted((sessions / RECEIPTS).glob(f"*/{pattern}"))


@contextmanager
def alone(sessions: Path) -> Iterator[int]:
    """Be the only sync or prune of these sessions.

    The lock ends with the last process that has the descriptor, which is given: a program begun
    with it holds the next sync off though the one that began it was killed.

    Raises:
        Failure: another one runs.
        OSError: the lock cannot be made.
    """
    lock = sessions / RECEIPTS / ".lock"
    try:
        lock.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        lock.touch(0o640)
    except PermissionError as error:
        text = f"{sessions}: only whoever records here may do that: sudo -u antiphon antiphon …"
        raise Failure(text, EX_NOPERM) from error
    try:
        descriptor = hold(lock)
    except BlockingIOError as error:
        text = "another sync or prune is running: nothing was done"
        raise Failure(text, EX_TEMPFAIL) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)
