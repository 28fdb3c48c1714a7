"""An ended session file written anew before it is put away: smaller, for none of it is empty.

    .<id>.packing-XXXXXXXX/<id>.antiphon   on disk, every row checked ─▶ renamed over the file

The new one holds the same rows in the same order, and the same ledger, on pages of the size that
its rows leave the least of empty. Whatever keeps it from being made, no room or a damaged file,
leaves the file as it is; so does a kill.
"""

import logging
import os
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

from recorder.durable import make_anew, sync_directory
from recorder.store.codec import BLOCK_COLUMNS, require_intact
from recorder.store.files import hold, open_for_reading, session_of
from recorder.store.ledger import misfits
from recorder.store.pages import local_bytes
from recorder.store.workplace import workplace

# Stays free beside both files: a session that begins meanwhile must not find the disk full.
SPARE_BYTES = 64 << 20
# What is written is on disk before more is, so that no commit of another session has to wait for
# all of it. So many steps of SQLite's are about a megabyte.
STEPS = 4000
_BLOCKS = f"SELECT {BLOCK_COLUMNS} FROM block"  # noqa: S608
# Others make the small tables, of a page each, too large.
PAGE_BYTES = (1024, 4096, 8192)
_ROW_BYTES, _POINTER_BYTES = 6, 4  # of a row beside its payload; of one that overflows
_PAYLOADS = (
    "SELECT 25 + length(arrivals) + length(payload) + length(aux) FROM block",
    "SELECT 15 + length(value) + length(clean) + coalesce(length(percentile), 0)"
    " FROM measure_batch",
)
_TREES = "SELECT count(*) FROM sqlite_master WHERE rootpage"

log = logging.getLogger("antiphon")


def pack(path: Path) -> int | None:
    """Put the packed form of an ended file, which is ours and plain, in its place, if that can be.

    Returns:
        A descriptor that holds the new file, for whoever closes it; None when the file is as it
        was.
    """
    try:
        _require_room(path)
        return _replaced(path)
    except (sqlite3.Error, OSError, ValueError) as reason:
        log.warning("%s: put away as it is: %s", path, " ".join(str(reason).split()))
        return None


def _replaced(path: Path) -> int:
    with ExitStack() as on_failure, workplace(path.parent, session_of(path), "packing") as place:
        new = place / path.name
        os.close(make_anew(new, 0o640))
        held = hold(new)
        on_failure.callback(os.close, held)
        _copy(path, new, held)
        _require_whole(new)
        new.replace(path)
        sync_directory(path.parent)
        on_failure.pop_all()
    return held


def _require_room(path: Path) -> None:
    disk = os.statvfs(path.parent)
    if disk.f_bavail * disk.f_frsize < path.stat().st_size + SPARE_BYTES:
        raise OSError("there is no room for another one")


def _best_page_bytes(connection: sqlite3.Connection) -> int:
    """With which the file is smallest, by what of the two large tables fits on a page."""
    [(trees,)] = connection.execute(_TREES)
    payloads = [[size for (size,) in connection.execute(sql)] for sql in _PAYLOADS]

    def file_bytes(page_bytes: int) -> int:
        return page_bytes * (int(trees) + sum(_pages(sizes, page_bytes) for sizes in payloads))

    return min(PAGE_BYTES, key=file_bytes)


def _pages(payloads: list[int], page_bytes: int) -> int:
    """How many pages rows of these sizes take, what overflows included."""
    pages, room = 0, 0
    for size in payloads:
        local = local_bytes(size, page_bytes, has_row_id=True)
        pages -= (local - size) // (page_bytes - _POINTER_BYTES)
        cell = local + _ROW_BYTES + (_POINTER_BYTES if local < size else 0)
        if cell > room:
            pages, room = pages + 1, page_bytes - 8
        room -= cell
    return pages


def _copy(path: Path, new: Path, descriptor: int) -> None:
    """On disk when this returns; `descriptor` is of the new file."""
    with closing(open_for_reading(path)) as connection:
        connection.execute(f"PRAGMA page_size = {_best_page_bytes(connection)}")
        connection.set_progress_handler(lambda: os.fdatasync(descriptor), STEPS)
        connection.execute("VACUUM INTO ?", (str(new),))
    os.fsync(descriptor)


def _require_whole(new: Path) -> None:
    """See that every row is as it was written. Raises ValueError when one is not."""
    with closing(open_for_reading(new)) as connection:
        for damage in misfits(connection):
            raise ValueError(damage)
        for sealed in connection.execute(_BLOCKS):
            require_intact(sealed)
