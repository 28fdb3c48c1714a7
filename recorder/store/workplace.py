"""A directory in which something plain is made of a session, and which must not outlive the work.

    .<id>.<what>-XXXXXXXX/      beside what is made; locked by whoever works in it

It carries the session's id, so that `antiphon erase` finds it. What a killed program left is locked
by nobody: it is swept when the next such place is made there, and when the service starts. Where
sessions are exported to, other programs have their own: only what is called as ours is swept there,
and only by an export, for a directory that is far away could hold the service up. Windows locks no
directory: there nothing is swept, and what a killed program left is to be deleted by hand.
"""

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

from recorder.durable import sync_directory

CAN_LOCK = hasattr(os, "O_DIRECTORY")
LETTERS = "????????"  # as tempfile.mkdtemp makes them
# The names below it were given before 2026-12: without a session's id, without a lock.
ABANDONED = (
    f".*.repair-{LETTERS}",
    f".*.packing-{LETTERS}",
    f".*.export-{LETTERS}",
    f".*.notes-{LETTERS}",
    f".*.redaction-{LETTERS}",
    f".*.import-{LETTERS}",
)
_STARTED = f"{'[0-9]' * 8}T{'[0-9]' * 6}Z"
EXPORTS = (f".{_STARTED}-*.export-{LETTERS}",)
NAMED_BEFORE = (f".repair-{LETTERS}", f".*-export-{LETTERS}")
ENDING = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]


@contextmanager
def workplace(
    directory: Path, session_id: str, what: str, swept: tuple[str, ...] = ABANDONED
) -> Iterator[Path]:
    """A new place in `directory` for `what`, as in ABANDONED; gone after the work.

    Of those that were `swept`, what nobody works in goes before.

    Also when a signal ends it: as SystemExit, in the main thread.

    Raises:
        OSError: it cannot be made, or what was left there cannot be swept.
    """
    sweep_workplaces(directory, swept)
    with ExitStack() as held:
        held.enter_context(_ended_by_exception())
        path, descriptor = _make(directory, f".{session_id}.{what}-")
        if descriptor is not None:
            held.callback(os.close, descriptor)
        held.callback(shutil.rmtree, path, ignore_errors=True)
        yield path


def sweep_workplaces(
    directory: Path, patterns: tuple[str, ...] = (*ABANDONED, *NAMED_BEFORE)
) -> list[Path]:
    """Delete the places in `directory` that nobody works in; those that were there.

    Raises:
        OSError: one cannot be deleted.
    """
    places = [path for pattern in patterns for path in directory.glob(pattern)]
    swept = [path for path in places if CAN_LOCK and _is_swept(path)]
    if swept:
        sync_directory(directory)
    return swept


def _make(directory: Path, prefix: str) -> tuple[Path, int | None]:
    """A locked directory; makes another one when somebody swept it before it was locked.

    With None for the lock where directories cannot be locked.
    """
    while True:
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=directory))
        try:
            return path, _lock(path) if CAN_LOCK else None
        except (FileNotFoundError, BlockingIOError):
            continue


def _lock(path: Path) -> int:
    """Raises BlockingIOError when somebody else has it, FileNotFoundError when it is gone."""
    import fcntl

    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.stat()
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _is_swept(path: Path) -> bool:
    with suppress(BlockingIOError, FileNotFoundError, NotADirectoryError, PermissionError):
        descriptor = _lock(path)
        try:
            shutil.rmtree(path)
        finally:
            os.close(descriptor)
        return True
    return False


@contextmanager
def _ended_by_exception() -> Iterator[None]:
    """So that a signal takes the same way out as an error, past all that clears up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in ENDING}
    try:
        for number, handler in before.items():
            if handler is signal.SIG_DFL:  # nohup ignores one, the service has its own
                signal.signal(number, _end)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)
