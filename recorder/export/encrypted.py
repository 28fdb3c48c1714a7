"""Any export, encrypted on the way: what reaches the directory asked for is never plain."""

from pathlib import Path

from recorder.export import Export
from recorder.privacy.age import AGE, encrypt, require_recipient
from recorder.progress import Progress, no_progress
from recorder.store.files import session_of
from recorder.store.workplace import EXPORTS, workplace


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
    session_id = session_of(path)
    directory.mkdir(parents=True, exist_ok=True)
    with (
        workplace(path.parent, session_id, "export") as plain,
        workplace(directory, session_id, "export", EXPORTS) as place,
    ):
        files = export(path, plain, progress)
        names = [file.relative_to(plain) for file in files]
        encrypted = [_encrypt(plain / name, place, name, key) for name in names]
        return [_put(it, directory / it.relative_to(place)) for it in encrypted]


def _encrypt(file: Path, place: Path, name: Path, key: str) -> Path:
    target = place / name.with_name(f"{name.name}{AGE}")
    target.parent.mkdir(parents=True, exist_ok=True)
    encrypt(file, target, key)
    return target


def _put(file: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return file.replace(target)
