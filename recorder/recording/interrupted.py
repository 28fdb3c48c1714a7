"""Sessions that a dead service has left: one may be resumed, all others are brought to an end.

Resumed is the one that was begun last in this boot (the clock of an earlier one is gone, and the
names tell time of day), if its newest sample is no older than the configuration allows, and nobody
has stopped or erased it: recorder/recording/decisions.py. Whether the boards are still the same
shows only when they have been opened: recorder/recording/session.py.
"""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from hardware.board import Block, GapCause
from recorder import wall_clock
from recorder.companions.external import FIRST_ID
from recorder.recording import decisions
from recorder.settings.file import Config
from recorder.store.card import sweep_cards
from recorder.store.catalog import unfinished
from recorder.store.elapsed import told_until_ns
from recorder.store.files import DONE, session_of, sweep
from recorder.store.finish import count_unclean_stop
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
    """The session to resume, if there is one; the others are ended, and to be put away.

    Each file is opened once. What cannot be read, or belongs to another process, is left alone,
    with a warning.
    """
    _sweep(config.sessions_path)
    resumed: Interrupted | None = None
    with ExitStack() as held:
        left = sorted(_take_all(config.sessions_path, held), key=lambda it: it.place, reverse=True)
        for it in left:
            with _left_alone():
                if resumed is None and it.is_open:
                    resumed = _resume(it.taken, config, now_ns)
                if resumed is None or resumed.writer.path != it.taken.path:
                    it.taken.end()
    if any(it.is_open and not it.is_in_order for it in left):
        count_unclean_stop(config.sessions_path)
    return resumed


@dataclass(frozen=True, slots=True)
class _Left:
    """A file that a service has left; of all, the one with the highest `place` is the newest.

    Of several parts of a session that is the last; of several files of one, that with most of it.
    """

    taken: Taken
    is_open: bool
    is_in_order: bool
    place: tuple[bool, int, int, str]


def _sweep(directory: Path) -> None:
    try:
        sweep(directory)
        sweep_cards(directory)
        for place in (directory, directory / DONE):
            sweep_workplaces(place)
        for note in list(decisions.left_over(directory)):
            note.unlink(missing_ok=True)
    except OSError as error:
        log.warning("half-made files stay: %s", error)


def _take_all(directory: Path, held: ExitStack) -> Iterator[_Left]:
    """All that are not put away, can be read, and are nobody else's."""
    for path in unfinished(directory):
        with _left_alone():
            taken = held.enter_context(Taken(path))
            file, header = taken.session, taken.session.header
            is_of_this_boot = header.boot_id == wall_clock.boot_id()
            place = is_of_this_boot, header.started_t_ns, file.newest_t_ns(), path.name
            yield _Left(taken, file.state == "recording", _left_in_order(file), place)


@contextmanager
def _left_alone() -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError) as error:
        log.warning("left alone: %s", error)


def _resume(taken: Taken, config: Config, now_ns: int) -> Interrupted | None:
    """Resume an open session, unless it is of another boot, too old, or over: then None."""
    header, boot_id = taken.session.header, wall_clock.boot_id()
    newest_ns = taken.session.newest_t_ns()
    is_late = now_ns - newest_ns > config.resume_within_s * 1e9
    is_another = header.id != session_of(taken.path)  # a copy that somebody has made
    if header.boot_id != boot_id or is_late or is_another or decisions.is_over(taken.path):
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
