"""The finished files of this machine: which they are, and what is in them, as a hash.

A session that has ended never changes any more (recorder/store/finish.py); the notes on it,
<id>.m1f3a9c2e.notes beside it, may grow.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from recorder.failure import EX_DATAERR, EX_IOERR, EX_NOINPUT, EX_TEMPFAIL, Refused, words
from recorder.store.beside import (
    NOTES,
    hash_file_of,
    notes_files_of,
    sha256_of,
    stored_sha256,
    videos_of,
)
from recorder.store.catalog import Entry, sessions, unfinished
from recorder.store.files import hold
from recorder.store.fit import notes_damage
from recorder.store.reader import SessionReader

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
    return [entry for entry in ended if is_plain(entry.path)]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A session that is not finished, and why; `code` is the exit code, 0 if nothing is wrong."""

    name: str
    reason: str
    code: int = 0


def left_out(directory: Path) -> list[LeftOut]:
    """The sessions of `directory` that `finished` does not give, oldest first."""
    found = (_left_out(path) for path in unfinished(directory))
    return [one for one in found if one is not None]


def _left_out(path: Path) -> LeftOut | None:
    try:
        with SessionReader(path) as session:
            state = session.state
        is_held = _is_held(path)
    except FileNotFoundError:
        return None  # it was put away meanwhile
    except (OSError, ValueError) as error:
        return LeftOut(path.name, f"it cannot be read: {words(error)}", EX_DATAERR)
    if state in FINISHED and is_plain(path):
        return None
    if is_held:
        return LeftOut(path.name, "it is being recorded, or just closed")
    if state in FINISHED:
        text = (
            "a program was reading it when it was closed: the service puts it away within minutes"
        )
        return LeftOut(path.name, text, EX_TEMPFAIL)
    return LeftOut(path.name, "its recorder died: the service ends it", EX_TEMPFAIL)


def _is_held(path: Path) -> bool:
    try:
        os.close(hold(path))
    except BlockingIOError:
        return True
    return False


def files_to_copy(
    path: Path, notes: Iterable[Path] | None = None, videos: Iterable[Path] | None = None
) -> list[Path]:
    """The session file, its hash, all notes on it that nobody is writing, and its videos.

    `notes`, of any machine, and `videos` are those on it where they have been looked for already.
    """
    found = notes_files_of(path) if notes is None else notes
    beside = [it for it in (hash_file_of(path), *found) if it.is_file()]
    return [path, *filter(is_plain, beside), *(videos_of(path) if videos is None else videos)]


def may_travel(entry: Entry) -> bool:
    """Whether videos of a session may: everybody agreed to video, and nobody took it back."""
    return bool(entry.consent) and all("video" in agreed for agreed in entry.consent)


def is_plain(path: Path) -> bool:
    """Whether all of an SQLite file is in the one file."""
    return not any(path.with_name(path.name + suffix).exists() for suffix in SQLITE_BESIDE)


def seal(path: Path) -> Sealed:
    """Hash a file.

    Raises:
        Refused: it cannot be read, or is not what the hash beside it says; or notes are damaged.
    """
    if path.suffix == NOTES:
        require_fit_notes(path)
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


def require_fit_notes(path: Path) -> None:
    """See that notes are as they were written: they take the place of others.

    Raises:
        Refused: they are damaged, or cannot be read.
    """
    try:
        damage = list(notes_damage(path)) if path.is_file() else []
    except OSError as error:
        raise Refused(words(error), EX_IOERR) from error
    if damage:
        raise Refused(f"it is damaged, not copied: {damage[0]}", EX_DATAERR)
