"""What people have decided about a session, beside its file until it is done.

    <id>.stop       it is to end: whatever happens, no service resumes it
    <id>.waits      its last part was closed for want of room: it is resumed when there is some

On disk before what was decided is tried, so that a service that dies in between leaves it to the
next one. An erasure is decided with its tombstone (recorder/sync/tombstones.py).
"""

from collections.abc import Iterator
from pathlib import Path

from recorder.durable import sync_directory, write_whole
from recorder.store.files import DONE, SUFFIX, session_of
from recorder.sync.tombstones import tombstones

STOP = ".stop"
WAITS = ".waits"


def decide(path: Path, what: str) -> None:
    """Write down what becomes of the session that `path` is, or was, the file of.

    Raises:
        OSError: it cannot be written.
    """
    write_whole(_note(path, what), b"")


def is_decided(path: Path, what: str) -> bool:
    """Whether that was written down."""
    return _note(path, what).is_file()


def is_over(path: Path) -> bool:
    """Whether a session is never resumed: it was stopped, or erased.

    Or it was stopped in the file that it was rescued into, and what is left of the one before could
    not be deleted.
    """
    erased = {tombstone.id for tombstone in tombstones(path.parent)}
    rescued = (path.parent / DONE).glob(f"{session_of(path)}.rescued*{SUFFIX}")
    return is_decided(path, STOP) or session_of(path) in erased or any(rescued)


def forget(path: Path, what: str) -> None:
    """It is done. Raises OSError when the note cannot be deleted."""
    note = _note(path, what)
    if note.is_file():
        note.unlink(missing_ok=True)
        sync_directory(note.parent)


def waiting(directory: Path) -> list[str]:
    """The ids of the sessions that wait for room."""
    return [path.stem for path in directory.glob(f"*{WAITS}")]


def left_over(directory: Path) -> Iterator[Path]:
    """Notes that a stop is decided, of sessions of which there is no file any more to be ended."""
    left = {session_of(path) for path in directory.glob(f"*{SUFFIX}")}
    return (note for note in directory.glob(f"*{STOP}") if note.stem not in left)


def _note(path: Path, what: str) -> Path:
    return path.with_name(session_of(path) + what)
