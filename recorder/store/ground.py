"""Whether the file that is held open is still the one at its path, and as it was left.

    the path     leads to the file that is held: device and number, through whatever directory
    -wal, -shm   lie beside it, those that SQLite has open; the log is not shorter than it was
    all three    may still be opened: whoever resumes or reads the session must
    within       its row of `session` is as the last commit left it, and its head too, but for what
                 moves forward when another program has the log taken into the file

What is written to a file that is no longer there is as good as lost, and SQLite does not notice.
"""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from recorder.store.files import OwnFile
from recorder.store.pages import HEAD_BYTES
from recorder.store.schema import PAGE_BYTES

_SESSION_PAGE = "SELECT rootpage FROM sqlite_master WHERE name = 'session'"

Identity = tuple[int, int]  # device and number of a file


class Ground:
    """What one open session file stands on."""

    def __init__(self, file: OwnFile) -> None:
        """Call it when the file has just been opened, in WAL mode."""
        self._path = file.path
        self._held = file.held
        held = os.fstat(file.held)
        self._file: Identity = held.st_dev, held.st_ino
        self._beside = {path: _identity(path) for path in _beside(file.path)}
        self._could_open = self._may_open()
        self._session_at = _session_page(file.connection) * PAGE_BYTES
        self._within, self._log_bytes = b"", 0
        self.observe()

    def observe(self) -> None:
        """Take the file for what it is now: we have just written to it."""
        with suppress(OSError):
            self._within, self._log_bytes = self._read()

    def gone(self) -> str:
        """How the file has left its path, in words; "" while it is there."""
        if (now := _identity(self._path)) != self._file:
            what = "it was deleted or renamed" if now is None else "another file is in its place"
        elif any(_identity(path) != it for path, it in self._beside.items()):
            what = "what SQLite keeps beside it was deleted or renamed"
        elif self._was_changed():
            what = "another program has written into it"
        elif self._could_open and not self._may_open():
            what = "it may not be read and written any more"
        else:
            return ""
        return f"{self._path}: {what}"

    def ours(self) -> list[Path]:
        """What is left of the file at its path."""
        known = {self._path: self._file, **self._beside}
        return [path for path, identity in known.items() if _identity(path) == identity]

    def require_usable(self) -> None:
        """See that SQLite may work with the file, were it only to read it.

        It marks in -shm where it reads, and a map of a file that may not be written is a SIGBUS.

        Raises:
            OSError: it may not.
        """
        shm = _beside(self._path)[1]
        if _identity(shm) == self._beside[shm] and not os.access(shm, os.W_OK):
            raise PermissionError(f"{shm} may not be written any more")

    def _may_open(self) -> bool:
        return all(os.access(path, os.R_OK | os.W_OK) for path in (self._path, *self._beside))

    def _was_changed(self) -> bool:
        try:
            within, log_bytes = self._read()
        except OSError:
            return False  # whatever it is, the next commit meets it, too
        is_later = within == self._within or _is_checkpointed(self._within, within)
        return not is_later or log_bytes < self._log_bytes

    def _read(self) -> tuple[bytes, int]:
        """The head and the session's page, and how long the log is."""
        head = os.pread(self._held, HEAD_BYTES, 0)
        page = os.pread(self._held, PAGE_BYTES, self._session_at)
        return head + page, _beside(self._path)[0].stat().st_size


def _is_checkpointed(before: bytes, now: bytes) -> bool:
    """Whether the log may have been taken into the file meanwhile, and nothing else has changed.

    In the head, bytes 24-27 and 92-95 count changes, 28-31 pages (which never go), 32-39 tell of
    pages that are free, and 96-99 of who has written last.
    """
    kept = (slice(24), slice(40, 92), slice(HEAD_BYTES, None))
    pages = (int.from_bytes(head[28:32], "big") for head in (before, now))
    return all(before[part] == now[part] for part in kept) and next(pages) <= next(pages)


def _beside(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in ("-wal", "-shm")]


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _session_page(connection: sqlite3.Connection) -> int:
    """Which page of the file the row of `session` is on, counted from 0."""
    [(page,)] = connection.execute(_SESSION_PAGE)
    return int(page) - 1
