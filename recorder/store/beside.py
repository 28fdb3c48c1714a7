"""What lies beside a session file that is put away, and belongs to it.

<id>.antiphon.sha256        its hash, as sha256sum writes and checks it
.<id>.card                  what the lists tell of it: card.py
<id>.m1f3a9c2e.notes        what came to be known later, of each machine: note_files.py
../<id>-camera-01.mkv       its videos, one of each start of the camera; they are not put away
"""

import hashlib
import re
from glob import escape
from pathlib import Path

from recorder.store.card import card_file_of
from recorder.store.files import CAMERA, DONE, SUFFIX, files_of

SHA256 = ".sha256"
NOTES = ".notes"
MACHINE = r"\.m[0-9a-f]{8}"  # which machine's notes they are, before NOTES


def hash_file_of(path: Path) -> Path:
    """Where the hash of a session file is, when it has one."""
    return path.with_name(path.name + SHA256)


def notes_file_of(path: Path) -> Path:
    """Where what came to be known after a session was kept before each machine had its own file."""
    return path.with_suffix(NOTES)


def notes_files_of(path: Path) -> list[Path]:
    """What came to be known after a session: one file for each machine, and what was before that.

    Only those that are there.
    """
    alike = path.parent.glob(f"{escape(path.stem)}.*{NOTES}")
    named = re.compile(re.escape(path.stem) + MACHINE + re.escape(NOTES))
    files = [notes_file_of(path), *sorted(file for file in alike if named.fullmatch(file.name))]
    return [file for file in files if file.is_file()]


def videos_of(path: Path) -> list[Path]:
    """The videos of a session, where they were made or beside it."""
    name = f"{escape(path.name.removesuffix(SUFFIX))}{CAMERA}*"
    places = {path.parent, path.parent.parent} if path.parent.name == DONE else {path.parent}
    return sorted(it for place in places for it in place.glob(name) if it.is_file())


def everything_of(path: Path) -> list[Path]:
    """The session file and all that belongs to it; those that are there."""
    beside = [card_file_of(path), hash_file_of(path)]
    for notes in notes_files_of(path):
        beside += [notes, Path(f"{notes}-journal")]
    return [*files_of(path), *(file for file in beside if file.is_file())]


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stored_sha256(path: Path) -> str | None:
    """The hash that was written down when the session was put away; None when there is none.

    Raises:
        ValueError: what stands there is no hash.
    """
    try:
        words = hash_file_of(path).read_text(encoding="ascii").split()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{hash_file_of(path)}: cannot be read: {error}") from error
    if not words or len(words[0]) != hashlib.sha256().digest_size * 2:
        raise ValueError(f"{hash_file_of(path)}: is no SHA-256")
    return words[0]
