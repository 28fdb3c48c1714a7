"""Sessions that a service has left: one may be gone on with, all others are brought to an end.

It left them because it died, or because it was told to make way for the next (recorder/service.py).
Gone on with is the newest, if it was begun in this boot (the clock of an earlier one is gone) and
its newest sample is no older than the configuration allows. Whether the boards are still the same
shows only when they have been opened: recorder/session.py.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

from recorder import wall_clock
from recorder.beside.external import FIRST_ID
from recorder.catalog import unfinished
from recorder.config import Config
from recorder.past import LEFT, Past
from recorder.store.files import sweep
from recorder.store.headers import SessionHeader
from recorder.store.reader import SessionReader
from recorder.store.recovery import settle
from recorder.store.writer import SessionWriter
from recorder.unclean import count_one

NEWEST_SEGMENT = """
SELECT max(segment) FROM (
    SELECT segment FROM block WHERE board = ?1
    UNION ALL SELECT segment FROM gap WHERE board = ?1
    UNION ALL SELECT segment FROM clock_fit WHERE board = ?1)"""

LAST_SAID = "SELECT text FROM event WHERE kind = 'session' ORDER BY rowid DESC LIMIT 1"

log = logging.getLogger("antiphon")


@dataclass(frozen=True, slots=True)
class Left:
    """A session whose service is gone, and which is held by us now."""

    writer: SessionWriter
    header: SessionHeader
    past: Past


@dataclass(frozen=True, slots=True)
class _Found:
    path: Path
    header: SessionHeader
    past: Past
    is_open: bool


def take_over(config: Config, now_ns: int) -> Left | None:
    """The session to go on with, if there is one; the others have been brought to their end.

    What cannot be read, or belongs to another process, is left as it is, with a warning.
    """
    _sweep(config.sessions_path)
    taken: Left | None = None
    was_unclean = False
    for path in reversed(unfinished(config.sessions_path)):
        try:
            found = _look(path)
            if taken is None and _may_go_on(found, config, now_ns):
                writer = SessionWriter.resume(path, found.header.boot_id)
                taken = Left(writer, found.header, found.past)
            else:
                settle(path)
            was_unclean |= found.is_open and not found.past.in_order
        except (ValueError, OSError) as error:
            log.warning("left alone: %s", error)
    if was_unclean:
        count_one(config.sessions_path)
    return taken


def _sweep(directory: Path) -> None:
    try:
        sweep(directory)
    except OSError as error:
        log.warning("half-made files stay: %s", error)


def _look(path: Path) -> _Found:
    with SessionReader(path) as file:
        return _Found(path, file.header, _past(file), file.state == "recording")


def _may_go_on(found: _Found, config: Config, now_ns: int) -> bool:
    is_of_this_boot = found.header.boot_id == wall_clock.boot_id()
    is_recent = now_ns - found.past.newest_ns <= config.resume_within_s * 1e9
    return found.is_open and is_of_this_boot and is_recent


def _past(file: SessionReader) -> Past:
    patient, therapist = (_newest_segment(file, board.id) for board in file.boards())
    ids = [series.id for series in file.series()]
    return Past(
        labels=tuple(marker.label for marker in file.markers()),
        newest_ns=file.newest_t_ns(),
        next_segments=(patient + 1, therapist + 1),
        next_series_id=max((one for one in ids if one < FIRST_ID), default=0) + 1,
        next_external_id=max([FIRST_ID - 1, *ids]) + 1,
        next_frame=max((frame.seq for frame in file.frames()), default=-1) + 1,
        in_order=file.query(LAST_SAID) == [(LEFT,)],
    )


def _newest_segment(file: SessionReader, board_id: int) -> int:
    """The newest of which anything is stored, or -1; its blocks may have died with the service."""
    [(newest,)] = file.query(NEWEST_SEGMENT, board_id)
    return -1 if newest is None else int(newest)
