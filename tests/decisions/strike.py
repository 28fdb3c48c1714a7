"""Kills this process, or lets one of its calls fail, at the n-th step that the disk sees.

A step is a call of the system that changes files (rename, unlink, fsync, ...) or a statement of
SQLite's. Python's profile hook sees each, in all threads that begin after `watch`; nothing in the
product knows of it.
"""

import errno
import os
import signal
import sqlite3
import sys
import threading
from types import FrameType
from typing import Any, Literal

Way = Literal["kill before", "kill after", "fail"]
WAYS: tuple[Way, ...] = ("kill before", "kill after", "fail")
CALLS = {"fsync", "mkdir", "open", "rename", "replace", "rmdir", "truncate", "unlink"}
STATEMENTS = {"execute", "executemany"}

_counting = threading.Lock()
_steps: int | None = None  # None: nothing is counted
_at = -1
_way: Way = "kill before"


def watch() -> None:
    """See the steps of this thread, and of those to come."""
    threading.setprofile(_seen)
    sys.setprofile(_seen)


def arm(at: int, way: Way) -> None:
    """From now on steps are counted from 0; something happens at step `at`, -1 for nothing."""
    global _steps, _at, _way
    _steps, _at, _way = 0, at, way


def disarm() -> int:
    """Nothing happens any more; how many steps there were."""
    global _steps
    steps, _steps = _steps or 0, None
    return steps


def _seen(_: FrameType, event: str, call: Any) -> None:
    global _steps  # noqa: PLW0603
    if _steps is None or event not in ("c_call", "c_return") or not _is_step(call):
        return
    if event == "c_return":
        if _way == "kill after" and _steps == _at + 1:
            _kill()
        return
    with _counting:
        is_it = _steps == _at
        _steps += 1
    if is_it and _way == "kill before":
        _kill()
    if is_it and _way == "fail":
        raise _failure(call)


def _is_step(call: Any) -> bool:
    name, owner = call.__name__, getattr(call, "__self__", None)
    if isinstance(owner, sqlite3.Connection):
        return name in STATEMENTS
    return name in CALLS and getattr(owner, "__name__", "") == "posix"


def _failure(call: Any) -> Exception:
    if isinstance(call.__self__, sqlite3.Connection):
        failure = sqlite3.OperationalError("disk I/O error")
        failure.sqlite_errorcode, failure.sqlite_errorname = sqlite3.SQLITE_IOERR, "SQLITE_IOERR"
        return failure
    return OSError(errno.EIO, os.strerror(errno.EIO), call.__name__)


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
