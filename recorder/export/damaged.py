"""An export of a damaged session says so, in a file beside the others."""

from pathlib import Path

from recorder.durable import write_whole
from recorder.export import Export
from recorder.plain_text import shown
from recorder.progress import Progress, no_progress
from recorder.store.files import session_of

HEAD = "This session is damaged. What is exported here was read as it is; found were:"


def telling(export: Export, damage: list[str]) -> Export:
    """`export`, with `<id>_damaged.txt` beside its files when there is damage."""

    def export_and_tell(
        path: Path, directory: Path, progress: Progress = no_progress
    ) -> list[Path]:
        files = export(path, directory, progress)
        told = directory / f"{session_of(path)}_damaged.txt"
        write_whole(told, shown("\n".join([HEAD, *damage]) + "\n").encode())
        return [*files, told]

    return export_and_tell if damage else export
