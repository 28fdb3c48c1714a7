"""Exports of a session for other programs, by the name of their format.

Each format is a function of an open session (recorder/open): it makes its files beside and renames
them, tells its progress, and returns what it made. What only one format needs is imported in it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from recorder.export.asked import Asked
from recorder.export.bdf import export_bdf
from recorder.export.beside import file_of
from recorder.export.bids import export_bids
from recorder.export.boris import export_boris
from recorder.export.csv_files import export_csv
from recorder.export.elan import export_elan
from recorder.export.fif import export_fif
from recorder.export.hypyp import export_hypyp
from recorder.export.parquet import export_parquet
from recorder.export.xdf import export_xdf
from recorder.open import OpenSession
from recorder.open.shared import SharedSession
from recorder.progress import Progress, no_progress
from recorder.store.reader import SessionReader
from recorder.store.workplace import EXPORTS, workplace

Format = Callable[[OpenSession, Path, Asked, Progress], list[Path]]

FORMATS: dict[str, Format] = {
    "bdf": export_bdf,
    "bids": export_bids,
    "boris": export_boris,
    "csv": export_csv,
    "elan": export_elan,
    "fif": export_fif,
    "hypyp": export_hypyp,
    "parquet": export_parquet,
    "xdf": export_xdf,
}


# Written into what is there already, file by file.
DATASETS = ("bids",)


class Export(Protocol):
    """What writes one session in one format."""

    def __call__(
        self, path: Path, directory: Path, progress: Progress = no_progress, /
    ) -> list[Path]:
        """Write a session file into a directory; the files that were made."""


def export_of(form: str, asked: Asked = Asked()) -> Export:  # noqa: B008 - it is frozen
    """The export of a session file into a directory, made if need be.

    What it returns raises FileNotFoundError when there is no such file, ValueError when it is
    damaged, LookupError when it has not what is asked for, OSError when nothing can be written.

    Raises:
        KeyError: there is no such format.
    """
    write = FORMATS[form]

    def export(path: Path, directory: Path, progress: Progress = no_progress) -> list[Path]:
        with opened(path, asked) as session:
            directory.mkdir(parents=True, exist_ok=True)
            if form in DATASETS:
                return write(session, directory, asked, progress)
            with workplace(directory, stored_id(path), "export", EXPORTS) as place:
                made = write(session, place, asked, progress)
                return [file.replace(directory / file.relative_to(place)) for file in made]

    return export


def stored_id(path: Path) -> str:
    """The session's own id, whatever its file is called, also of one that is shared under another.

    Raises:
        ValueError: it would lead out of a directory: it is read from a file.
    """
    with SessionReader(path) as reader:
        return file_of(Path(), reader.header.id).name


def opened(path: Path, asked: Asked) -> OpenSession:
    """A session as it is to be exported.

    Raises:
        LookupError, ValueError, OSError: as `open_session`.
    """
    if asked.for_sharing:
        return SharedSession(path, asked.clock, asked.labels)
    return OpenSession(path, asked.clock)
