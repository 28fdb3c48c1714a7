"""Exports of a session for other programs, by the name of their format.

Each format is a function of an open session (recorder/open): it makes its files beside and renames
them, tells its progress, and returns what it made. What only one format needs is imported in it.
"""

from collections.abc import Callable
from pathlib import Path

from recorder.export.asked import Asked
from recorder.export.tables import export_csv
from recorder.open import OpenSession
from recorder.progress import Progress, no_progress

Format = Callable[[OpenSession, Path, Asked, Progress], list[Path]]
Export = Callable[[Path, Path, Progress], list[Path]]

FORMATS: dict[str, Format] = {
    "csv": lambda session, directory, _, progress: export_csv(session.path, directory, progress)
}


def export_of(form: str, asked: Asked = Asked()) -> Export:  # noqa: B008 - it is frozen
    """The export of a session file into a directory, made if need be.

    What it returns raises FileNotFoundError when there is no such file, ValueError when it is
    damaged, LookupError when it has not what is asked for, OSError when nothing can be written.

    Raises:
        KeyError: there is no such format.
    """
    write = FORMATS[form]

    def export(path: Path, directory: Path, progress: Progress = no_progress) -> list[Path]:
        with OpenSession(path, asked.clock) as session:
            directory.mkdir(parents=True, exist_ok=True)
            return write(session, directory, asked, progress)

    return export
