"""The notes on each session, brought together here with those that a destination has.

Each machine writes its own file of notes and reads all. Where a file is on both sides and they
differ, what only the other side has is added here; then ours has all rows of theirs, and may take
its place. Nothing is replaced by what has less.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from recorder.durable import sync_directory
from recorder.failure import EX_DATAERR, EX_TEMPFAIL, Refused, words
from recorder.store.beside import MACHINE, NOTES, notes_file_of, sha256_of
from recorder.store.files import SUFFIX, session_of
from recorder.store.note_files import adopt, merge, own_notes_file, require_sound
from recorder.store.workplace import workplace
from recorder.sync.delivery import Outcome, Place
from recorder.sync.finished import finished, is_plain, require_fit_notes
from recorder.sync.tombstones import can_be_told, has_tombstone

NAMED = re.compile(r"(.+)" + MACHINE + re.escape(NOTES))


def bring_together(
    sessions: Path, place: Place, contained: dict[str, str], machine: str = ""
) -> Iterator[Outcome]:
    """Have all notes of a destination here; what was fetched, or refused.

    Args:
        sessions: the directory of the session files.
        place: the destination.
        contained: is told which notes there have no row that is not here, by name and SHA-256.
        machine: another name than this machine's own.

    Raises:
        Failure: the destination cannot be reached or read.
    """
    paths = {entry.path.name.removesuffix(SUFFIX): entry.path for entry in finished(sessions)}
    ours = {
        stem: path
        for stem, path in paths.items()
        if can_be_told(session_of(path)) and not has_tombstone(sessions, session_of(path))
    }
    yield from _adopt_all(list(ours.values()), machine)
    for name, sha256 in sorted(place.link.notes().items()):
        named = NAMED.fullmatch(name)
        if named and (path := ours.get(named[1])):
            try:
                is_new = _bring(path, name, sha256, place, machine)
            except (ValueError, OSError) as error:
                yield Outcome(name, "refused", 0, problem=words(error), code=EX_DATAERR)
                continue
            except Refused as no:
                yield Outcome(name, "refused", 0, problem=str(no), code=no.code)
                continue
            contained[name] = sha256
            if is_new:
                size = path.with_name(name).stat().st_size
                yield Outcome(name, "fetched", size, sha256)


def _adopt_all(paths: list[Path], machine: str) -> Iterator[Outcome]:
    for path in paths:
        try:
            if notes_file_of(path).is_file():
                adopt(path, machine)
        except (ValueError, OSError) as error:
            name = notes_file_of(path).name
            yield Outcome(name, "refused", 0, problem=words(error), code=EX_DATAERR)


def _bring(path: Path, name: str, sha256: str, place: Place, machine: str) -> bool:
    """Have here all rows of one file there; whether any were missing."""
    local = path.with_name(name)
    if local.is_file() and not is_plain(local):
        raise Refused("it is being written here: not copied this time", EX_TEMPFAIL)
    if local.is_file() and sha256_of(local) == sha256:
        return False
    require_fit_notes(local)
    with workplace(path.parent, session_of(path), "notes") as work:
        theirs = work / name
        theirs.write_bytes(place.link.fetch(name))
        if sha256_of(theirs) != sha256:
            raise Refused("it changed while it was copied: not copied this time", EX_TEMPFAIL)
        require_fit_notes(theirs)
        require_sound(theirs, path)
        is_missing, is_ahead = merge(local, theirs, path) if local.is_file() else (True, False)
        if not is_ahead and local != own_notes_file(path, machine):
            _put(theirs, local)
        return is_missing


def _put(new: Path, place: Path) -> None:
    """A file of which all that is at `place` is in, in its place; on disk when this returns."""
    with open(new, "rb") as file:
        os.fsync(file.fileno())
    new.chmod(0o640)
    new.replace(place)
    sync_directory(place.parent)
