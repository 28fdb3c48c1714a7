"""Beginning a session, and resuming one whose service died. Blocks: not for the event loop."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from hardware.board import BoardFault, BoardInfo, FaultKind
from recorder import __version__, wall_clock
from recorder.health.disk import ASSUMED_BYTES_PER_S, free_bytes, refusal
from recorder.recording.interrupted import Interrupted, Past, take_over
from recorder.recording.recorder import Recorder
from recorder.recording.session import Session
from recorder.recording.unsaved import DISK
from recorder.recording.waiting import Ended
from recorder.settings.board import ROLES
from recorder.settings.file import Config
from recorder.store.catalog import new_session_id, part_id, part_number
from recorder.store.columns import row_from
from recorder.store.headers import BoardHeader, ChannelHeader, Person, SessionHeader
from recorder.store.writer import SessionWriter
from recorder.wearers import dongles
from recorder.wearers.boards import make_board
from recorder.wearers.signs import Known
from recorder.wearers.wearer import Wearer

UNCONFIRMED = (
    "both boards were away, and nothing tells whose this one is: tap the patient's board, look at"
    " antiphon status, then antiphon confirm same, or antiphon confirm exchanged"
)


def begin(  # noqa: PLR0913 - the rest is by name
    config: Config,
    wearers: tuple[Wearer, Wearer],
    people: tuple[Person, ...],
    started_t_ns: int,
    *,
    planned_s: float | None = None,
    bytes_per_s: float = ASSUMED_BYTES_PER_S,
    template: str = "",
    practice: bool = False,
) -> Session:
    """Make the file of a new session.

    Raises:
        BoardFault: a board has not been seen yet, so what to record is not known; or two are heard
            where one should be, or it is back after both were away, so whose it is.
        OSError: the file cannot be made, or there is no room for `planned_s` at `bytes_per_s`.
    """
    _refuse_doubt(wearers)
    created_utc_ns = wall_clock.utc_ns()
    header = SessionHeader(
        id=new_session_id(created_utc_ns, secrets.token_bytes(2), config.box),
        created_utc_ns=created_utc_ns,
        boot_id=wall_clock.boot_id(),
        software_version=__version__,
        template=template,
        planned_duration_s=planned_s,
        started_t_ns=started_t_ns,
        clock_synchronised=wall_clock.synchronised(),
        persons=people,
        boards=tuple(_board_header(place, wearer) for place, wearer in enumerate(wearers)),
        practice=practice,
        box=config.box,
    )
    if reason := refusal(free_bytes(config.sessions_path), planned_s, bytes_per_s):
        raise OSError(reason)
    session = _make(config, header, wearers)
    dongles.keep(config.sessions_path, wearers)
    return session


def _refuse_doubt(wearers: tuple[Wearer, Wearer]) -> None:
    for wearer in wearers:
        if wearer.fault_kind is FaultKind.CROWDED:
            raise BoardFault(FaultKind.CROWDED, f"{wearer.role}: {wearer.fault}")
        if wearer.held:
            raise BoardFault(FaultKind.UNCONFIRMED, f"{wearer.role}: {UNCONFIRMED}")


def begin_part(
    config: Config, wearers: tuple[Wearer, Wearer], ended: Ended, started_t_ns: int
) -> Session:
    """Make the file of the part that follows `ended`, of the same people and boards.

    Raises:
        OSError: the file cannot be made.
    """
    part = part_number(ended.id) + 1
    header = replace(
        ended.header,
        id=part_id(ended.id, part),
        created_utc_ns=wall_clock.utc_ns(),
        started_t_ns=started_t_ns,
        clock_synchronised=wall_clock.synchronised(),
    )
    newest_ns = ended.newest_saved_ns
    past = Past((), newest_ns, (newest_ns, newest_ns), (0, 0), 1, cause=DISK)
    session = _make(config, header, wearers, past)
    missing_s = (started_t_ns - newest_ns) * 1e-9
    text = f"part {part}, after {ended.id}: nothing was recorded for {missing_s:.0f} s"
    session.log(started_t_ns, "disk", text)
    return session


def _make(
    config: Config,
    header: SessionHeader,
    wearers: tuple[Wearer, Wearer],
    past: Past | None = None,
) -> Session:
    config.sessions_path.mkdir(parents=True, exist_ok=True)
    path = config.sessions_path / f"{header.id}.antiphon"
    board_now = partial(_board_now, wearers)
    return Session(SessionWriter.create(path, header), header, past, board_now=board_now)


def prepare(config: Config, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> Recorder:
    """A recorder with both boards, and with the session that a service left, if any."""
    now_ns = monotonic_ns()
    interrupted = take_over(config, now_ns)
    segments = (0, 0) if interrupted is None else interrupted.past.next_segments
    serials = dongles.serials_to_follow(config)
    if interrupted is not None:
        serials = {board.role: board.serial for board in interrupted.header.boards}
    wearers = make_wearers(config, segments, may_be_absent=True, serials=serials)
    recorder = Recorder(config, wearers)
    if interrupted is not None:
        if any(known.heard_ns for known in interrupted.past.boards):  # else it begins only now
            recorder.whose.remember(_with_devices(config, interrupted))
        recorder.attach(_resumed(interrupted, wearers, now_ns))
    return recorder


def _with_devices(config: Config, found: Interrupted) -> list[Known]:
    """What is known of the boards; and what was behind their ports, which tells if it still is."""
    met = dongles.recall(config)
    pairs = zip(found.header.boards, found.past.boards, strict=True)
    return [
        replace(known, device=met[board.role].device if board.role in met else None)
        for board, known in pairs
    ]


def _resumed(found: Interrupted, wearers: tuple[Wearer, Wearer], now_ns: int) -> Session:
    board_now = partial(_board_now, wearers)
    session = Session(found.writer, found.header, found.past, board_now=board_now)
    missing_s = (now_ns - found.past.newest_ns) * 1e-9
    what = "was told to make way" if found.past.in_order else "had died"
    session.log(now_ns, "recovery", f"the service {what} {missing_s:.1f} s before")
    return session


def make_wearers(
    config: Config,
    segments: tuple[int, int] = (0, 0),
    *,
    may_be_absent: bool = False,
    serials: Mapping[str, str] = {},
) -> tuple[Wearer, Wearer]:
    """Both people with their boards, not yet opened; streams begin with the given segments.

    `serials` are those of the dongles that are wanted, by role.

    Raises:
        BoardFault: a dongle is not plugged in, and may not be absent.
    """
    patient, therapist = (
        _wearer(config, role, segment, serials.get(role, ""), may_be_absent=may_be_absent)
        for role, segment in zip(ROLES, segments, strict=True)
    )
    return patient, therapist


def _wearer(config: Config, role: str, segment: int, serial: str, *, may_be_absent: bool) -> Wearer:
    settings = config.board(role)
    board = make_board(
        settings,
        config.lsl,
        first_segment=segment,
        may_be_absent=may_be_absent,
        serial=serial,
        turn=ROLES.index(role),
    )
    return Wearer(role, settings, board, config.mains_hz)


def _board_now(wearers: tuple[Wearer, Wearer], place: int) -> BoardHeader | None:
    """The board that is there now; None before it has been seen."""
    wearer = wearers[place]
    return None if wearer.board.info is None else _board_header(place, wearer)


def _board_header(place: int, wearer: Wearer) -> BoardHeader:
    info = wearer.board.info
    if info is None:
        text = f"the {wearer.role}'s board has not been seen yet: {wearer.fault or 'still opening'}"
        raise BoardFault(FaultKind.MISSING, text)
    return row_from(
        BoardHeader,
        info,
        id=place,
        role=wearer.role,
        nominal_rate_hz=info.rate_hz,
        channels=tuple(_channels(wearer, info)),
    )


def _channels(wearer: Wearer, info: BoardInfo) -> list[ChannelHeader]:
    labels, settings = wearer.montage.channels, wearer.settings
    delays_s = info.channel_delay_s or (0.0,) * len(labels)
    return [
        ChannelHeader(
            label, "uV", info.uv_per_count, settings.reference, delay_s, settings.kind(label)
        )
        for label, delay_s in zip(labels, delays_s, strict=False)
    ]
