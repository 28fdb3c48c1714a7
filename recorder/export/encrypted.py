"""Any export, encrypted on the way: what reaches the directory asked for is never plain."""

from pathlib import Path

from recorder.export import Export
from recorder.privacy.age import AGE, encrypt, require_recipient
from recorder.progress import Progress, no_progress
from recorder.store.files import session_of
from recorder.store.workplace import workplace


def export_encrypted(
    export: Export, path: Path, directory: Path, key: str, progress: Progress = no_progress
) -> list[Path]:
    """Export `path` by `export` and leave only `<name>.age` of each file in `directory`.

    The plain files are made in a directory of their own beside the session, which is plain, too:
    `directory` may be a stick that gets lost, and what is deleted there can be brought back. A
    killed export leaves them there until the next one, the service's start or `antiphon erase`.

    Returns:
        The files written, in the order of the export's.

    Raises:
        Failure: `key` is no public key of age, or its library is missing.
        ValueError: the session file is none, or damaged.
        OSError: something cannot be written.
    """
    require_recipient(key)
    with workplace(path.parent, session_of(path), "export") as plain:
        files = export(path, plain, progress)
        return [_encrypt(file, plain, directory, key) for file in files]


def _encrypt(file: Path, plain: Path, directory: Path, key: str) -> Path:
    target = directory / file.relative_to(plain)
    target = target.with_name(target.name + AGE)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)  # it could be a link
    try:
        encrypt(file, part, key)
        return part.replace(target)
    finally:
        part.unlink(missing_ok=True)
