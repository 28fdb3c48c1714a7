"""Beginning a session, and going on with one whose service died. Blocks: not for the event loop."""

import logging
import secrets

from hardware.board import BoardFault, BoardInfo, FaultKind
from recorder import __version__, wall_clock
from recorder.boards import make_board
from recorder.catalog import new_session_id, unfinished
from recorder.config import ROLES, Config
from recorder.external import FIRST_ID
from recorder.recorder import Recorder
from recorder.session import Past, Session
from recorder.store.headers import BoardHeader, ChannelHeader, Person, SessionHeader
from recorder.store.reader import SessionReader
from recorder.store.recovery import settle
from recorder.store.writer import SessionWriter
from recorder.wearer import Wearer

NEWEST_SEGMENT = """
SELECT max(segment) FROM (
    SELECT segment FROM block WHERE board = ?1
    UNION ALL SELECT segment FROM gap WHERE board = ?1
    UNION ALL SELECT segment FROM clock_fit WHERE board = ?1)"""

log = logging.getLogger("antiphon")


def begin(
    config: Config, wearers: tuple[Wearer, Wearer], codes: dict[str, str], started_t_ns: int
) -> Session:
    """Make the file of a new session.

    Raises:
        BoardFault: a board has not been seen yet, so what to record is not known.
        OSError: the file cannot be made.
    """
    created_utc_ns = wall_clock.utc_ns()
    header = SessionHeader(
        id=new_session_id(created_utc_ns, secrets.token_bytes(2)),
        created_utc_ns=created_utc_ns,
        boot_id=wall_clock.boot_id(),
        software_version=__version__,
        template="",
        planned_duration_s=None,
        started_t_ns=started_t_ns,
        clock_synchronised=wall_clock.synchronised(),
        persons=tuple(Person(role, code, True, False, False) for role, code in codes.items()),
        boards=tuple(_board_header(place, wearer) for place, wearer in enumerate(wearers)),
    )
    config.sessions_path.mkdir(parents=True, exist_ok=True)
    path = config.sessions_path / f"{header.id}.antiphon"
    return Session(SessionWriter.create(path, header), header)


def prepare(config: Config) -> Recorder:
    """A recorder with both boards, and with the session that a killed service left, if any."""
    session = _left_session(config)
    segments = session.past.next_segments if session is not None else (0, 0)
    wearers = make_wearers(config, segments, may_be_absent=True)
    recorder = Recorder(config, wearers)
    if session is not None:
        recorder.attach(session)
    return recorder


def make_wearers(
    config: Config, segments: tuple[int, int] = (0, 0), *, may_be_absent: bool = False
) -> tuple[Wearer, Wearer]:
    """Both people with their boards, not yet opened; streams begin with the given segments.

    Raises:
        BoardFault: a dongle is not plugged in, and may not be absent.
    """
    patient, therapist = (
        _wearer(config, role, segment, may_be_absent=may_be_absent)
        for role, segment in zip(ROLES, segments, strict=True)
    )
    return patient, therapist


def _wearer(config: Config, role: str, segment: int, *, may_be_absent: bool) -> Wearer:
    person = config.person(role)
    board = make_board(person, config.lsl, first_segment=segment, may_be_absent=may_be_absent)
    return Wearer(role, person, board, config.mains_hz)


def _left_session(config: Config) -> Session | None:
    """Go on with the newest unfinished session of this boot; tidy up after those of earlier ones.

    The clock of an earlier boot is gone, so those end as interrupted.
    """
    boot_id = wall_clock.boot_id()
    for path in reversed(unfinished(config.sessions_path)):
        try:
            with SessionReader(path) as file:
                header, past, is_open = file.header, _past(file), file.state == "recording"
            if is_open and header.boot_id == boot_id:
                return Session(SessionWriter.resume(path, boot_id), header, past)
            settle(path)
        except (ValueError, OSError) as error:
            log.warning("left alone: %s", error)
    return None


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


def _board_header(place: int, wearer: Wearer) -> BoardHeader:
    info = wearer.board.info
    if info is None:
        text = f"the {wearer.role}'s board has not been seen yet: {wearer.fault or 'still opening'}"
        raise BoardFault(FaultKind.MISSING, text)
    return BoardHeader(
        id=place,
        role=wearer.role,
        kind=info.kind,
        port=info.port,
        serial=info.serial,
        firmware=info.firmware,
        nominal_rate_hz=info.rate_hz,
        uv_per_count=info.uv_per_count,
        rail_counts=info.rail_counts,
        aux_labels=info.aux_labels,
        channels=tuple(_channels(wearer, info)),
    )


def _channels(wearer: Wearer, info: BoardInfo) -> list[ChannelHeader]:
    labels = wearer.montage.channels
    delays_s = info.channel_delay_s or (0.0,) * len(labels)
    return [
        ChannelHeader(label, "uV", info.uv_per_count, wearer.person.reference, delay_s)
        for label, delay_s in zip(labels, delays_s, strict=False)
    ]
