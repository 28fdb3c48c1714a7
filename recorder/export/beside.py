"""Files of an export: made beside, and under their names only when they are complete."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def file_of(directory: Path, name: str) -> Path:
    """A file of this name in a directory.

    Raises:
        ValueError: it would lead out of the directory: ids and roles are read from a file.
    """
    if Path(name).name != name:
        raise ValueError(f"{name!r} cannot be a file's name")
    return directory / name


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Where to write what is to become `path`; what is in the way there is gone.

    On disk and under its name when all went well, else gone. A link is never followed.

    Raises:
        OSError: it cannot be written; what was there before still is.
    """
    part = path.with_name(f".part.{path.name}")  # libraries go by the end of a name
    part.unlink(missing_ok=True)
    try:
        yield part
        with part.open("rb") as made:
            os.fsync(made.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
