"""A destination that is a directory here: a disk that is plugged in, or a share of the network.

    <folder>/antiphon-disk      eight digits that tell this disk from another in the same place
             <name>.part        grows until it is whole, and gets its name then

Where no disk is plugged in, its directory is an empty one of this machine's own disk: nothing is
copied there. Two disks that take turns in one place are two addresses, so that each is asked for
its own copies, and what was erased is erased on both.

Not relied upon, as FAT and shares lack it: permissions, links, names that outlive a power cut.
"""

import errno
import hashlib
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from recorder.durable import make_anew
from recorder.failure import (
    EX_CANTCREAT,
    EX_CONFIG,
    EX_IOERR,
    EX_NOPERM,
    EX_TEMPFAIL,
    Failure,
    Refused,
    words,
)
from recorder.privacy.age import require_recipient
from recorder.progress import Progress, no_progress
from recorder.settings.destination import Folder
from recorder.sync.belongings import others, ours, videos_of
from recorder.sync.finished import Sealed
from recorder.sync.ssh import STAGED
from recorder.sync.tombstones import TOMBSTONES

DISK = "antiphon-disk"
PORTION_BYTES = 1 << 20
NOT_KEPT = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)  # of a share that cannot flush a directory
CODES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), EX_CANTCREAT),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), EX_NOPERM),
    **dict.fromkeys((errno.EIO, errno.ENODEV, errno.ENXIO, errno.ESTALE), EX_TEMPFAIL),
}
TOO_LARGE = "FAT holds no file of 4 GiB: make it ext4 or exFAT, or encrypt_to, which cuts it up"
ADVICE = {
    EX_CANTCREAT: "free some space there; what has arrived is kept",
    EX_NOPERM: "let the user antiphon write there",
    EX_TEMPFAIL: "was it pulled out? The next sync resumes there",
}


@dataclass(slots=True)
class FolderLink:
    """One such destination, called `name`. Every method raises Failure when it cannot be done.

    Attributes:
        sessions: where session files are made here: copies must be on another disk.
        disk: which one is there, "" while that is not known.
    """

    name: str
    destination: Folder
    sessions: Path
    disk: str = ""

    @property
    def address(self) -> str:
        """Where the copies are, in one word."""
        return f"{self.destination.address}#{self.disk}" if self.disk else self.destination.address

    @property
    def kept_as(self) -> str:
        """What its receipts are kept under."""
        return f"{self.name}.{self.disk}" if self.disk else self.name

    @property
    def _place(self) -> Path:
        return Path(self.destination.folder)

    def look(self) -> None:
        """Find out which disk is there, if one is."""
        with suppress(OSError):
            self.disk = (self._place / DISK).read_text(encoding="ascii").strip()

    def require_ready(self) -> None:
        """See that the disk is there, and that one can encrypt if need be."""
        self._require_another_disk()
        with self._failing():
            self.disk = _name_disk(self._place / DISK)
        if self.destination.encrypt_to:
            require_recipient(self.destination.encrypt_to)

    def try_out(self) -> str:
        """See that all is there that a sync needs, with nothing to copy; in words, what is."""
        with self._on_disk():
            tried = self._place / f".antiphon-try-{self.disk}"
            try:
                os.close(make_anew(tried, 0o640))
                _flush(tried)
            finally:
                tried.unlink(missing_ok=True)
            free_gib = shutil.disk_usage(self._place).free / 2**30
        return f"disk {self.disk}, {free_gib:.1f} GiB free in {self._place}"

    def hashes_of(self, names: Sequence[str], size_bytes: int) -> dict[str, str]:
        """The SHA-256 of those of the files that are there, as they are on the disk."""
        with self._on_disk():
            return {name: _sha256(self._place / name) for name in names if self._has(name)}

    def send(self, file: Sealed, progress: Progress = no_progress) -> None:
        """Send what is not there yet of the file, to its staging name."""
        with self._on_disk():
            pace = Pace(self.destination.limit_kib_s)
            _append(file, self._place / (file.path.name + STAGED), pace, progress)

    def notes(self) -> dict[str, str]:
        """The notes of all machines there that nobody is writing, each with its SHA-256."""
        with self._on_disk():
            names = {path.name for path in self._place.glob("*.m????????.notes")}
            quiet = [name for name in sorted(names) if not self._has(f"{name}-journal")]
            return {name: _sha256(self._place / name) for name in quiet}

    def fetch(self, name: str) -> bytes:
        """What is in a file there, a small one."""
        with self._on_disk():
            return (self._place / name).read_bytes()

    def settle(self, file: Sealed, *, replace: bool, instead_of: str = "") -> bool:
        """Give the staged file its name if it is whole, or else throw it away; whether it was.

        As SshLink.settle.
        """
        staged, there = (self._place / (file.path.name + end) for end in (STAGED, ""))
        with self._on_disk():
            if instead_of and (self._has(f"{there.name}-journal") or _sha256(there) != instead_of):
                text = "it has changed there meanwhile: the next sync brings both together"
                raise Refused(text, EX_TEMPFAIL)
            if _sha256(staged) != file.sha256:
                staged.unlink()
                return False
            if not replace and self._has(there.name):
                raise Failure(f"{self.name}: {there} has come to be meanwhile", EX_IOERR)
            staged.replace(there)
            _flush_directory(self._place)
        return True

    def bury(self, session_id: str, inscription: str) -> list[str]:
        """Erase all of a session and leave a tombstone; the names of others' files about it."""
        with self._on_disk():
            tombstone = self._place / TOMBSTONES / f"{session_id}.json"
            tombstone.parent.mkdir(exist_ok=True)
            tombstone.write_text(f"{inscription}\n", encoding="utf-8")
            _flush(tombstone)
            _flush_directory(tombstone.parent)
            self.remove(ours(self._names(), session_id))
            return others(self._names(), session_id)

    def unfilm(self, session_id: str) -> None:
        """Erase the videos of a session, and whatever there is of them."""
        with self._on_disk():
            self.remove(videos_of(self._names(), session_id))

    def remove(self, names: Sequence[str]) -> None:
        """Erase some files there."""
        with self._on_disk():
            for name in names:
                path = self._place / name
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
            _flush_directory(self._place)

    def _names(self) -> list[str]:
        return [path.name for path in self._place.iterdir()]

    def _has(self, name: str) -> bool:
        return (self._place / name).exists()

    def _require_another_disk(self) -> None:
        """A copy beside the original is none; and this is how a disk that is not there looks."""
        with self._failing():
            if not self._place.is_dir():
                text = f"{self.name}: {self._place} is not there: is its disk plugged in?"
                raise Failure(text, EX_CANTCREAT)
            here = (self.sessions, *self.sessions.absolute().parents)
            ours_is = next(place for place in here if place.exists())
            taken = {place.stat().st_dev for place in (Path("/"), ours_is)}
            if self._place.stat().st_dev in taken:
                text = f"{self.name}: {self._place} is on this machine's own disk"
                raise Failure(f"{text}: is the other one plugged in?", EX_CANTCREAT)

    @contextmanager
    def _on_disk(self) -> Iterator[None]:
        """What is done on the disk that it was begun with, and on no other."""
        self._require_another_disk()
        with self._failing():
            there = (self._place / DISK).read_text(encoding="ascii").strip()
            if there != self.disk:
                raise Failure(f"{self.name}: another disk is in {self._place} now", EX_TEMPFAIL)
            yield

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except UnicodeDecodeError as error:
            raise Failure(f"{self.name}: {self._place / DISK}: is not ours", EX_CONFIG) from error
        except OSError as error:
            code = CODES.get(error.errno or 0, EX_IOERR)
            advice = TOO_LARGE if error.errno == errno.EFBIG else ADVICE.get(code, "")
            text = ": ".join(part for part in (self.name, words(error), advice) if part)
            raise Failure(text, code) from error


class Pace:
    """Keeps what is written below so many KiB in a second; 0 is as fast as it goes."""

    def __init__(
        self,
        limit_kib_s: int,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._bytes_per_s = limit_kib_s * 1024
        self._monotonic = monotonic
        self._wait = wait or threading.Event().wait
        self._began_s = monotonic()
        self._spent_bytes = 0

    @property
    def portion_bytes(self) -> int:
        """How much to write at once: a quarter of a second's."""
        return min(PORTION_BYTES, self._bytes_per_s // 4) or PORTION_BYTES

    def spend(self, more_bytes: int) -> None:
        """Wait until so much more may have been written."""
        self._spent_bytes += more_bytes
        if self._bytes_per_s:
            due_s = self._began_s + self._spent_bytes / self._bytes_per_s
            if (ahead_s := due_s - self._monotonic()) > 0:
                self._wait(ahead_s)


def _append(file: Sealed, staged: Path, pace: Pace, progress: Progress) -> None:
    """Resume where the staged file ends; whether that was right, its hash will tell."""
    flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW
    with file.path.open("rb") as source, open(os.open(staged, flags, 0o640), "ab") as out:
        done = os.fstat(out.fileno()).st_size
        if done > file.bytes:
            out.truncate(0)
            done = 0
        source.seek(done)
        while portion := source.read(pace.portion_bytes):
            out.write(portion)
            out.flush()
            done += len(portion)
            progress(min(done, file.bytes), file.bytes)
            pace.spend(len(portion))
        os.fsync(out.fileno())


def _sha256(path: Path) -> str:
    """Of a file as it is on the disk: what the machine still remembers of it does not count."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return hashlib.file_digest(file, "sha256").hexdigest()


def _name_disk(file: Path) -> str:
    """The name that a disk has; one that has none is given one."""
    with suppress(FileNotFoundError):
        if name := file.read_text(encoding="ascii").strip():
            if len(name) != 8 or not name.isalnum():
                raise Failure(f"{file}: is not ours: delete it, or choose a folder", EX_CONFIG)
            return name
        file.unlink()
    with suppress(FileExistsError), open(file, "x", encoding="ascii") as out:
        out.write(f"{secrets.token_hex(4)}\n")
        out.flush()
        os.fsync(out.fileno())
    _flush_directory(file.parent)
    return file.read_text(encoding="ascii").strip()


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _flush_directory(directory: Path) -> None:
    """As far as what is plugged in does it."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in NOT_KEPT:
            raise
    finally:
        os.close(descriptor)
