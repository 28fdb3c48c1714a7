"""Sessions that a dead service has left: one may be gone on with, all others are brought to an end.

Gone on with is the newest, if it was begun in this boot (the clock of an earlier one is gone) and
its newest sample is no older than the configuration allows. Whether the boards are still the same
shows only when they have been opened: recorder/recording/session.py.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

from hardware.board import GapCause
from recorder import wall_clock
from recorder.companions.external import FIRST_ID
from recorder.settings.file import Config
from recorder.store.catalog import unfinished
from recorder.store.files import sweep
from recorder.store.finish import count_unclean_stop, settle
from recorder.store.headers import SessionHeader
from recorder.store.reader import SessionReader
from recorder.store.writer import SessionWriter

NEWEST_SEGMENT = """
SELECT max(segment) FROM (
    SELECT segment FROM block WHERE board = ?1
    UNION ALL SELECT segment FROM gap WHERE board = ?1
    UNION ALL SELECT segment FROM clock_fit WHERE board = ?1)"""

log = logging.getLogger("antiphon")


@dataclass(frozen=True, slots=True)
class Past:
    """What there is already when a session is gone on with, in its file or in the part before.

    Attributes:
        labels: of its markers.
        newest_ns: arrival of its newest sample.
        next_segments: for each board the segment its stream must begin with.
        next_series_id: the first that is free, for measures.
        next_external_id: the first that is free, for external series.
        next_frame: number of the camera's next frame.
        cause: why nothing was recorded since: the service died, or there was no room (`disk`).
    """

    labels: tuple[str, ...]
    newest_ns: int
    next_segments: tuple[int, int]
    next_series_id: int
    next_external_id: int = FIRST_ID
    next_frame: int = 0
    cause: str = GapCause.RESTART


@dataclass(frozen=True, slots=True)
class Left:
    """A session whose service died, and which is held by us now."""

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
            was_unclean |= found.is_open
        except (ValueError, OSError) as error:
            log.warning("left alone: %s", error)
    if was_unclean:
        count_unclean_stop(config.sessions_path)
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
    )


def _newest_segment(file: SessionReader, board_id: int) -> int:
    """The newest of which anything is stored, or -1; its blocks may have died with the service."""
    [(newest,)] = file.query(NEWEST_SEGMENT, board_id)
    return -1 if newest is None else int(newest)
