"""Exports of a session file for other programs, by the name of their format."""

from collections.abc import Callable
from pathlib import Path

from recorder.export.tables import export_csv
from recorder.progress import Progress

Export = Callable[[Path, Path, Progress], list[Path]]

# each takes a session file, a directory and whom to tell its progress, and returns what it made
FORMATS: dict[str, Export] = {"csv": export_csv}
