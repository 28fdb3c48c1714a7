"""What a session file begins with, as plain values: the session, its persons, boards, channels.

Field names are the column names of recorder/store/schema.py.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Person:
    """One of the two, known by a code only, and what was agreed to."""

    role: str
    code: str
    consent_record: bool
    consent_video: bool
    consent_share: bool


@dataclass(frozen=True, slots=True)
class ChannelHeader:
    """One column of a board's counts: value in `unit` = count * `scale`.

    What the channel was at t stands at the sample of t + `delay_s`. `kind` is what it measures,
    see ChannelKind in recorder/settings/board.py.
    """

    label: str
    unit: str
    scale: float
    reference: str
    delay_s: float = 0.0
    kind: str = "eeg"


@dataclass(frozen=True, slots=True)
class BoardHeader:
    """One amplifier on one person; `channels` are the columns of its blocks, in order.

    `provenance` is `recorded`, or what its samples were imported from.
    """

    id: int
    role: str
    kind: str
    port: str
    serial: str
    firmware: str
    nominal_rate_hz: float
    uv_per_count: float
    rail_counts: int
    aux_labels: tuple[str, ...]
    channels: tuple[ChannelHeader, ...]
    provenance: str = "recorded"


@dataclass(frozen=True, slots=True)
class SessionHeader:
    """What is known when a session starts.

    Attributes:
        id: see recorder.store.catalog.new_session_id; also the file's name.
        created_utc_ns: time of day as the machine believed it.
        boot_id: the boot whose CLOCK_MONOTONIC all `t_ns` are readings of.
        software_version: of antiphon.
        template: name of the session template, or "".
        planned_duration_s: or None when open-ended.
        started_t_ns: begin of the session.
        clock_synchronised: the time of day was disciplined by a server when the session started.
        persons: one per role.
        boards: at most one per role.
        box: name of the machine, or "".
        practice: it is nobody's session, and neither copied nor counted.
    """

    id: str
    created_utc_ns: int
    boot_id: str
    software_version: str
    template: str
    planned_duration_s: float | None
    started_t_ns: int
    clock_synchronised: bool
    persons: tuple[Person, ...]
    boards: tuple[BoardHeader, ...]
    box: str = ""
    practice: bool = False


def is_same_board(one: BoardHeader, other: BoardHeader) -> bool:
    """Whether samples of both may stand in one session: by all but where it is plugged in.

    Serial numbers count where both are known.
    """
    known = one.serial and other.serial
    there = replace(other, port=one.port, firmware=one.firmware)
    return one == (there if known else replace(there, serial=one.serial))
