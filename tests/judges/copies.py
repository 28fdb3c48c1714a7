"""A session of its own for a test that adds notes to it."""

import shutil
from pathlib import Path


def copy_of(path: Path, directory: Path) -> Path:
    """The session's file with all that is kept beside it, in a directory."""
    directory.mkdir(parents=True)
    for file in (*path.parent.glob(f"{path.stem}*"), *path.parent.glob(f".{path.stem}*")):
        shutil.copy(file, directory)
    return directory / path.name
