"""What becomes of a session's file at its end: ended if need be, hashed, and put away for good.

    sessions/<id>.antiphon               growing, or ended and not yet put away
    sessions/done/<id>.antiphon          never changed again
    sessions/done/<id>.antiphon.sha256   its hash, as sha256sum writes and checks it
    sessions/done/.<id>.card             what the lists tell of it: recorder/store/card.py
    sessions/done/<id>.m1f3a9c2e.notes   what came to be known later: recorder/store/notes.py

In this order, each step on disk before the next begins: the hash is written under another name,
renamed, the session file renamed. Killed anywhere in between, the session file is still in
sessions/, and doing it all again gives the same.

How often a service has died here in mid-session is a number in a file beside the sessions.
"""

import hashlib
import logging
import os
import re
from glob import escape
from pathlib import Path

from recorder.durable import sync_directory, write_whole
from recorder.store.card import Card, card_file_of, card_from, keep_card
from recorder.store.files import DONE, files_of, hold, is_plain, where_it_is
from recorder.store.reader import SessionReader
from recorder.store.taken import Taken

SHA256 = ".sha256"
NOTES = ".notes"
MACHINE = r"\.m[0-9a-f]{8}"  # which machine's notes they are, before NOTES
UNCLEAN_STOPS = "unclean-stops"

log = logging.getLogger("antiphon")


def settle(path: Path) -> Path:
    """Bring a session whose recorder is gone to its end: ended, plain, hashed, in `done/`.

    Returns:
        Where it is now.

    Raises:
        BlockingIOError: another process records into it or reads it; call again later.
        FileExistsError: there is another session of this name in `done/`.
        FileNotFoundError: there is no such file.
        ValueError: it is not a session file, or too damaged to be read.
        OSError: it cannot be written.
    """
    with Taken(where_it_is(path)) as taken:
        return settle_taken(taken)


def settle_taken(taken: Taken) -> Path:
    """As `settle`, of a file that has been taken."""
    return _put_away(taken.path, taken.end())


def finish(path: Path) -> Path:
    """Put an ended session file away into `done/`; returns where it is. May be called again.

    Reads the whole file: not for an event loop.

    Raises:
        BlockingIOError: another process records into it or reads it; call again later.
        FileExistsError: there is another session of this name in `done/`.
        FileNotFoundError: it is neither here nor in `done/`.
        ValueError: it is not a session file, or has not ended.
        OSError: it cannot be moved; it is still where it was.
    """
    path = where_it_is(path)
    held = hold(path)
    try:
        with SessionReader(path) as session:
            if session.state == "recording":
                raise ValueError(f"{path}: this session has not ended")
            card = card_from(session)
        return _put_away(path, card)
    finally:
        os.close(held)


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


def unclean_stops(directory: Path) -> int:
    """How often so far; 0 when nobody has counted, or what stands there is no number."""
    try:
        return max(0, int((directory / UNCLEAN_STOPS).read_text(encoding="ascii")))
    except (OSError, ValueError):
        return 0


def count_unclean_stop(directory: Path) -> None:
    """Count one more; that it cannot be written down is told in the log only."""
    number = unclean_stops(directory) + 1
    log.warning("the service ended without closing its session, time %d on this box", number)
    try:
        write_whole(directory / UNCLEAN_STOPS, f"{number}\n".encode())
    except OSError as error:
        log.warning("not counted: %s", error)


def _put_away(path: Path, card: Card) -> Path:
    """Into `done/`, if it is not there; an ended file that we hold and do not have open."""
    if path.parent.name == DONE:
        return path
    if not is_plain(path):
        raise BlockingIOError(f"{path}: another program is reading it")
    place = path.parent / DONE / path.name
    if place.exists():
        raise FileExistsError(f"{place}: there is a session of this name")
    place.parent.mkdir(mode=0o750, exist_ok=True)
    sync_directory(path.parent)
    write_whole(hash_file_of(place), f"{sha256_of(path)}  {path.name}\n".encode())
    path.rename(place)
    sync_directory(place.parent)
    sync_directory(path.parent)
    keep_card(place, card)
    return place
