"""The rows of a session's notes, as plain values; field names are the columns of its tables."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """Which recording the notes belong to."""

    session_id: str
    session_sha256: str


@dataclass(frozen=True, slots=True)
class RefitRow:
    """One knot of a clock fitted again: sample `idx` at `t_ns`, from there on `period_ns`."""

    board: int
    segment: int
    idx: int
    t_ns: int
    period_ns: float
    sigma_ns: float
    made_utc_ns: int
    method: str
    version: str


@dataclass(frozen=True, slots=True)
class AlignmentRow:
    """Second s of the video is second s * (1 + drift_ppm / 1e6) + offset_s of the session.

    `matched` pulses agree with `residual_ms` between them.
    """

    camera: str
    video_name: str
    video_sha256: str
    offset_s: float
    drift_ppm: float
    residual_ms: float
    matched: int
    made_utc_ns: int


@dataclass(frozen=True, slots=True)
class NoteMarkerRow:
    """An instant that somebody (`author`, a code) marked afterwards; `provenance` post or rater."""

    t_ns: int
    label: str
    provenance: str
    author: str
    made_utc_ns: int
    undoes: int | None = None
    id: int | None = None


@dataclass(frozen=True, slots=True)
class NoteIntervalRow:
    """A stretch that somebody (`author`, a code) marked afterwards."""

    begin_ns: int
    end_ns: int
    label: str
    provenance: str
    author: str
    made_utc_ns: int
    undoes: int | None = None
    id: int | None = None


@dataclass(frozen=True, slots=True)
class TranscriptRow:
    """One line of what was said, by whom (a role or a code), and where the line comes from."""

    begin_ns: int
    end_ns: int
    speaker: str
    text: str
    source: str
    made_utc_ns: int


NoteRow = RefitRow | AlignmentRow | NoteMarkerRow | NoteIntervalRow | TranscriptRow
