"""The finished files of this machine: which they are, and what is in them, as a hash.

A session that has ended never changes any more (recorder/store/finish.py); the notes on it,
<id>.m1f3a9c2e.notes beside it, may grow.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from recorder.failure import EX_DATAERR, EX_IOERR, EX_NOINPUT, Refused, words
from recorder.store.catalog import Entry, sessions
from recorder.store.finish import hash_file_of, notes_files_of, sha256_of, stored_sha256

FINISHED = ("closed", "interrupted")
SQLITE_BESIDE = ("-wal", "-journal")


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file and what was in it when it was hashed."""

    path: Path
    bytes: int
    modified_ns: int
    sha256: str


def finished(directory: Path) -> list[Entry]:
    """The finished sessions of `directory`, oldest first.

    A session is finished when it has ended and is one plain file, with no log of SQLite's beside.
    """
    ended = (entry for entry in sessions(directory) if entry.state in FINISHED)
    plain = (entry for entry in ended if is_plain(entry.path))
    return sorted(plain, key=lambda entry: (entry.created_utc_ns or 0, entry.id))


def files_to_copy(path: Path, notes: Iterable[Path] | None = None) -> list[Path]:
    """The session file and all notes on it that nobody is writing, whichever machine's they are.

    `notes` are those on it, where they have been looked for already.
    """
    return [path, *filter(is_plain, notes_files_of(path) if notes is None else notes)]


def is_plain(path: Path) -> bool:
    """Whether all of an SQLite file is in the one file."""
    return not any(path.with_name(path.name + suffix).exists() for suffix in SQLITE_BESIDE)


def seal(path: Path) -> Sealed:
    """Hash a file.

    Raises:
        Refused: it cannot be read, or is not what the hash beside it says.
    """
    try:
        stat = path.stat()
        sha256, stated = sha256_of(path), stored_sha256(path)
    except FileNotFoundError as error:
        raise Refused(words(error), EX_NOINPUT) from error
    except OSError as error:
        raise Refused(words(error), EX_IOERR) from error
    except ValueError as error:
        raise Refused(words(error), EX_DATAERR) from error
    if stated not in (None, sha256):
        text = f"it is damaged: not what {hash_file_of(path).name} says; try antiphon verify"
        raise Refused(text, EX_DATAERR)
    return Sealed(path, stat.st_size, stat.st_mtime_ns, sha256)
