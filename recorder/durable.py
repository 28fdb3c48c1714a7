"""Small files that are there whole or not at all, also after a power cut."""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import msgspec

# Flushes that wait together share one commit of the file system's journal.
FLUSHES_AT_ONCE = 16


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, in place of one of this name; makes its directory. On disk when this returns.

    Raises:
        OSError: it cannot be written; what was there before still is.
    """
    _write_beside(path, content).replace(path)
    sync_directory(path.parent)


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Write many files as `write_whole` writes one, in a fraction of the time.

    None has its name before all are on disk.

    Raises:
        OSError: one cannot be written, so that none is; or one cannot be named.
    """
    with ThreadPoolExecutor(FLUSHES_AT_ONCE) as pool:
        written = list(pool.map(_write_beside, contents, contents.values()))
    for path, beside in zip(contents, written, strict=True):
        beside.replace(path)
    for directory in {path.parent for path in contents}:
        sync_directory(directory)


def _write_beside(path: Path, content: bytes) -> Path:
    """What is to become the file at `path`: on disk, but under another name."""
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    descriptor = make_anew(beside, 0o640)
    with open(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(descriptor)
    return beside


@contextmanager
def begin_whole(path: Path) -> Iterator[TextIO]:
    """Write a file of text bit by bit: on disk and under its name when all went well, else gone.

    Raises:
        OSError: it cannot be written; what was there before still is.
    """
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    descriptor = make_anew(beside, 0o640)
    try:
        with open(descriptor, "w", encoding="utf-8") as out:
            yield out
            out.flush()
            os.fsync(descriptor)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    sync_directory(path.parent)


def make_anew(path: Path, mode: int = 0o666) -> int:
    """Open a file for writing that was not there before; a file or link that was there goes.

    Never follows a link: where others may write, one could lead to a file of this user's.

    Returns:
        Its descriptor, for whoever closes it.

    Raises:
        OSError: it cannot be made; FileExistsError: what is there is no file, or just made.
    """
    if path.is_symlink() or path.is_file():
        path.unlink()
    return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)


def write_json(path: Path, value: Any) -> None:
    """Write a value as a file of JSON for people, too, as `write_whole` does."""
    write_whole(path, as_json(value))


def as_json(value: Any) -> bytes:
    """A value as JSON for people, too."""
    return msgspec.json.format(msgspec.json.encode(value)) + b"\n"


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` outlive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
