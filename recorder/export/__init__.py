"""Exports of a session file for other programs, by the name of their format."""

from collections.abc import Callable
from pathlib import Path

from recorder.export.tables import export_csv

Export = Callable[[Path, Path], list[Path]]

# each takes a session file and a directory and returns the files it made there
FORMATS: dict[str, Export] = {"csv": export_csv}
