"""Sessions that a dead service has left: one may be resumed, all others are brought to an end.

Resumed is the newest, if it was begun in this boot (the clock of an earlier one is gone) and its
newest sample is no older than the configuration allows. Whether the boards are still the same shows
only when they have been opened: recorder/recording/session.py.
"""

import logging
from dataclasses import dataclass

from hardware.board import Block, GapCause
from recorder import wall_clock
from recorder.companions.external import FIRST_ID
from recorder.settings.file import Config
from recorder.store.card import sweep_cards
from recorder.store.catalog import unfinished
from recorder.store.elapsed import told_until_ns
from recorder.store.files import DONE, sweep
from recorder.store.finish import count_unclean_stop, settle_taken
from recorder.store.headers import BoardHeader, SessionHeader
from recorder.store.reader import SessionReader
from recorder.store.taken import Taken
from recorder.store.workplace import sweep_workplaces
from recorder.store.writer import SessionWriter
from recorder.wearers.signs import Known, born_ms

NEWEST_SEGMENTS = """
SELECT board, coalesce(max(segment), -1) FROM (
    SELECT board, segment FROM block
    UNION ALL SELECT board, segment FROM gap
    UNION ALL SELECT board, segment FROM clock_fit)
GROUP BY board"""

LAST_SAID = "SELECT text FROM event WHERE kind = 'session' ORDER BY rowid DESC LIMIT 1"
# The last that a session says of itself when its service makes way for the next.
LEFT = "left for the next service to resume"

log = logging.getLogger("antiphon")


@dataclass(frozen=True, slots=True)
class Past:
    """What there is already when a session is resumed, in its file or in the part before.

    Attributes:
        labels: of its markers.
        newest_ns: arrival of its newest sample.
        told_until_ns: for each board up to when samples or gaps account for its time.
        next_segments: for each board the segment its stream must begin with.
        next_series_id: the first that is free, for measures.
        next_external_id: the first that is free, for external series.
        next_frame: number of the camera's next frame.
        cause: why nothing was recorded since: the service died, or there was no room (`disk`).
        in_order: whether the service had saved everything and left it to be resumed.
        boards: what is known of both, to know them again.
    """

    labels: tuple[str, ...]
    newest_ns: int
    told_until_ns: tuple[int, int]
    next_segments: tuple[int, int]
    next_series_id: int
    next_external_id: int = FIRST_ID
    next_frame: int = 0
    cause: str = GapCause.RESTART
    in_order: bool = False
    boards: tuple[Known, ...] = ()


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A session whose service is gone, ready to be resumed; its file is ours."""

    writer: SessionWriter
    header: SessionHeader
    past: Past


def take_over(config: Config, now_ns: int) -> Interrupted | None:
    """The session to resume, if there is one; the others have been brought to their end.

    Each file is opened once. What cannot be read, or belongs to another process, is left alone,
    with a warning.
    """
    try:
        sweep(config.sessions_path)
        sweep_cards(config.sessions_path)
        for directory in (config.sessions_path, config.sessions_path / DONE):
            sweep_workplaces(directory)
    except OSError as error:
        log.warning("half-made files stay: %s", error)
    resumed: Interrupted | None = None
    was_unclean = False
    for path in reversed(unfinished(config.sessions_path)):
        try:
            with Taken(path) as taken:
                is_open = taken.session.state == "recording"
                found = _resume(taken, config, now_ns) if is_open and resumed is None else None
                was_unclean |= is_open and not _left_in_order(taken.session)
                if found is None:
                    settle_taken(taken)
                resumed = resumed or found
        except (ValueError, OSError) as error:
            log.warning("left alone: %s", error)
    if was_unclean:
        count_unclean_stop(config.sessions_path)
    return resumed


def _resume(taken: Taken, config: Config, now_ns: int) -> Interrupted | None:
    """Resume an open session, unless it is of another boot or too old: then None."""
    header, boot_id = taken.session.header, wall_clock.boot_id()
    newest_ns = taken.session.newest_t_ns()
    if header.boot_id != boot_id or now_ns - newest_ns > config.resume_within_s * 1e9:
        return None
    past = _past(taken.session, newest_ns)
    return Interrupted(SessionWriter.resume(taken, boot_id), header, past)


def _past(file: SessionReader, newest_ns: int) -> Past:
    # by all that tells of a segment: its blocks may have died with the service
    segments = dict(file.query(NEWEST_SEGMENTS))
    patient, therapist = (board.id for board in file.boards())
    series = [key for (key,) in file.query("SELECT id FROM series")]
    [(newest_frame,)] = file.query("SELECT coalesce(max(seq), -1) FROM frame")
    return Past(
        labels=tuple(marker.label for marker in file.markers()),
        newest_ns=newest_ns,
        told_until_ns=(told_until_ns(file, patient), told_until_ns(file, therapist)),
        next_segments=(int(segments.get(patient, -1)) + 1, int(segments.get(therapist, -1)) + 1),
        next_series_id=max((key for key in series if key < FIRST_ID), default=0) + 1,
        next_external_id=max([FIRST_ID - 1, *series]) + 1,
        next_frame=int(newest_frame) + 1,
        in_order=_left_in_order(file),
        boards=tuple(_known(file, board) for board in file.boards()),
    )


def _known(file: SessionReader, board: BoardHeader) -> Known:
    """What the newest block tells of a board."""
    newest = "SELECT id FROM block WHERE board = ? ORDER BY id DESC LIMIT 1"
    known = Known(board.serial, board.port)
    for (block_id,) in file.query(newest, board.id):
        row = file.block(block_id)
        last = row.arrival_index - row.first_index
        reads = Block(row.segment, row.first_index, row.counts[last], row.aux[last], row.arrival_ns)
        known.born_ms = born_ms(reads, board.aux_labels)
        known.heard_ns = int(row.arrival_ns[-1])
    return known


def _left_in_order(file: SessionReader) -> bool:
    """Whether its service saved everything and made way for the next."""
    return file.query(LAST_SAID) == [(LEFT,)]
