"""What becomes of a session's file at its end: ended if need be, hashed, and put away for good.

    sessions/<id>.antiphon               growing, or ended and not yet put away
    sessions/done/<id>.antiphon          never changed again
    sessions/done/<id>.antiphon.sha256   its hash, as sha256sum writes and checks it
    sessions/done/.<id>.card             what the lists tell of it: recorder/store/card.py
    sessions/done/<id>.m1f3a9c2e.notes   what came to be known later: recorder/store/note_files.py

In this order, each step on disk before the next begins: the file is packed (packing.py), the hash
is written under another name, renamed, notes and the session file renamed. Killed anywhere in
between, the session file is still in sessions/, and doing it all again gives the same. Where there
are notes already the file is not packed: they say by its hash what they belong to.

How often a service has died here in mid-session is a number in a file beside the sessions.
"""

import logging
import os
from contextlib import ExitStack
from pathlib import Path

from recorder.durable import sync_directory, write_whole
from recorder.store.beside import hash_file_of, notes_files_of, sha256_of
from recorder.store.card import Card, card_from, keep_card
from recorder.store.files import DONE, hold, is_plain, where_it_is
from recorder.store.note_files import merge, move_notes
from recorder.store.packing import pack
from recorder.store.reader import SessionReader
from recorder.store.taken import Taken

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


def _take_along(notes: Path, there: Path, session: Path) -> None:
    """Notes into `done/`; to those that a kill has left there already."""
    if not there.exists():
        move_notes(notes, there)
        return
    merge(there, notes, session)
    notes.unlink()


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
    with ExitStack() as held:
        noted = notes_files_of(path)
        if not (noted or notes_files_of(place)) and (packed := pack(path)) is not None:
            held.callback(os.close, packed)
        for notes in noted:
            _take_along(notes, place.parent / notes.name, path)
        write_whole(hash_file_of(place), f"{sha256_of(path)}  {path.name}\n".encode())
        path.rename(place)
        sync_directory(place.parent)
        sync_directory(path.parent)
    keep_card(place, card)
    return place
