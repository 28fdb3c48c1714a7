"""What notes on a session are made of: the tables of their file, and the rows in them.

    origin       which recording this belongs to, by its SHA-256
    refit        a better clock, knot by knot; one run of a method is one made_utc_ns
    alignment    where the session stands in a video
    marker, interval    of raters and interviews; append-only, an undo is a row that `undoes`
    comment, transcript    what people say of it, and what was said in it
    relabel      which channels there were, when the session has it wrong
    consent      what was agreed to, or taken back, later
    result       what an analysis found, with all that is needed to find it again
    ledger       by it every row can be checked: recorder/store/ledger.py

    application_id  0x414E544E ("ANTN")      user_version  the number of the newest step in STEPS

Times are those of the session: CLOCK_MONOTONIC in nanoseconds; `made_utc_ns` is when a row was
made, by the wall clock.
"""

from dataclasses import dataclass

from recorder.store.ledger import LEDGER
from recorder.store.schema import PROVENANCE, Steps

APPLICATION_ID = 0x414E544E
MADE = "made_utc_ns INTEGER NOT NULL              -- by the wall clock"
MARKED_BY = f"""label TEXT NOT NULL,
    provenance TEXT NOT NULL {PROVENANCE},
    author TEXT NOT NULL,                 -- a code
    blind INTEGER,                        -- 1: without the measures in view; NULL: not known
    made_utc_ns INTEGER NOT NULL,
    undoes INTEGER                        -- takes a row back, perhaps of another file"""
SCHEMA = (
    """CREATE TABLE origin (
    session_id TEXT NOT NULL,
    session_sha256 TEXT NOT NULL
) STRICT""",
    f"""CREATE TABLE refit (
    board INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    idx INTEGER NOT NULL,                 -- this sample
    t_ns INTEGER NOT NULL,                -- was taken at this time
    period_ns REAL NOT NULL,              -- and the next ones this far apart
    sigma_ns REAL NOT NULL,
    method TEXT NOT NULL,
    version TEXT NOT NULL,                -- of antiphon
    {MADE}
) STRICT""",
    f"""CREATE TABLE alignment (
    camera TEXT NOT NULL,
    video_name TEXT NOT NULL,
    video_sha256 TEXT NOT NULL,
    begin_s REAL,                         -- of the video: here the mapping holds; NULL: all of it
    end_s REAL,
    offset_s REAL NOT NULL,
    drift_ppm REAL NOT NULL,
    residual_ms REAL NOT NULL,
    matched INTEGER NOT NULL,
    seen INTEGER,                         -- pulses in the video; NULL: not known
    {MADE}
) STRICT""",
    f"""CREATE TABLE marker (
    id INTEGER PRIMARY KEY,
    t_ns INTEGER NOT NULL,
    {MARKED_BY}
) STRICT""",
    f"""CREATE TABLE interval (
    id INTEGER PRIMARY KEY,
    begin_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL,
    {MARKED_BY},
    CHECK (end_ns >= begin_ns)
) STRICT""",
    f"""CREATE TABLE comment (
    t_ns INTEGER,                         -- NULL: on the whole session
    text TEXT NOT NULL,
    author TEXT NOT NULL,
    {MADE}
) STRICT""",
    f"""CREATE TABLE transcript (
    begin_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL,
    speaker TEXT NOT NULL,                -- a role or a code
    text TEXT NOT NULL,
    source TEXT NOT NULL,
    {MADE}
) STRICT""",
    f"""CREATE TABLE relabel (
    role TEXT NOT NULL,
    channels TEXT NOT NULL,               -- JSON array: what channel.label should have said
    author TEXT NOT NULL,
    {MADE}
) STRICT""",
    f"""CREATE TABLE consent (
    role TEXT NOT NULL,
    what TEXT NOT NULL,                   -- video, share, transcript, notes ...
    given INTEGER NOT NULL CHECK (given IN (0, 1)),
    author TEXT NOT NULL,                 -- who wrote it down
    {MADE}
) STRICT""",
    f"""CREATE TABLE result (
    name TEXT NOT NULL,
    parameters TEXT NOT NULL CHECK (json_valid(parameters)), -- JSON object, with the seed
    outcome TEXT NOT NULL CHECK (json_valid(outcome)),       -- JSON object
    version TEXT NOT NULL,                -- of antiphon
    {MADE}
) STRICT""",
    LEDGER,
    f"PRAGMA application_id = {APPLICATION_ID}",
)
# Versions 1 and 2 were tried out before the format was settled; no file of them is read.
STEPS: Steps = {3: SCHEMA}


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

    From second `begin_s` to `end_s` of the video, None: all of it; the pieces of one mapping share
    `made_utc_ns`. `matched` of the `seen` pulses agree with `residual_ms` between them.
    """

    camera: str
    video_name: str
    video_sha256: str
    offset_s: float
    drift_ppm: float
    residual_ms: float
    matched: int
    made_utc_ns: int
    begin_s: float | None = None
    end_s: float | None = None
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class NoteMarkerRow:
    """An instant that somebody (`author`, a code) marked afterwards.

    `provenance` is post, rater or interview; `blind`, whether the measures were out of view.
    """

    t_ns: int
    label: str
    provenance: str
    author: str
    made_utc_ns: int
    undoes: int | None = None
    id: int | None = None
    blind: bool | None = None


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
    blind: bool | None = None


@dataclass(frozen=True, slots=True)
class CommentRow:
    """What somebody says of an instant, or of the whole session."""

    t_ns: int | None
    text: str
    author: str
    made_utc_ns: int


@dataclass(frozen=True, slots=True)
class TranscriptRow:
    """One line of what was said, by whom (a role or a code), and where the line comes from."""

    begin_ns: int
    end_ns: int
    speaker: str
    text: str
    source: str
    made_utc_ns: int


@dataclass(frozen=True, slots=True)
class RelabelRow:
    """The channels of a person's board, in order, where the session has them wrong."""

    role: str
    channels: tuple[str, ...]
    author: str
    made_utc_ns: int


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """Somebody has agreed to something after the session, or not any more; the newest counts."""

    role: str
    what: str
    given: bool
    author: str
    made_utc_ns: int


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What an analysis found; `parameters` and `outcome` are JSON objects."""

    name: str
    parameters: str
    outcome: str
    version: str
    made_utc_ns: int


MARKS = (NoteMarkerRow, NoteIntervalRow)
NoteRow = (
    RefitRow
    | AlignmentRow
    | NoteMarkerRow
    | NoteIntervalRow
    | CommentRow
    | TranscriptRow
    | RelabelRow
    | ConsentRow
    | ResultRow
)
# kind of row: (its table, what its rows are told in the order of)
TABLES: dict[type, tuple[str, str]] = {
    Origin: ("origin", ""),
    RefitRow: ("refit", "made_utc_ns"),
    AlignmentRow: ("alignment", "made_utc_ns"),
    NoteMarkerRow: ("marker", "t_ns"),
    NoteIntervalRow: ("interval", "begin_ns"),
    CommentRow: ("comment", "made_utc_ns"),
    TranscriptRow: ("transcript", "begin_ns"),
    RelabelRow: ("relabel", "made_utc_ns"),
    ConsentRow: ("consent", "made_utc_ns"),
    ResultRow: ("result", "made_utc_ns"),
}
NOTE_ROWS = tuple(kind for kind in TABLES if kind is not Origin)
# Before ids were random they counted from one in each file, and mean nothing in another.
FIRST_RANDOM_ID = 1 << 32
# What stands for a text that was taken out for good: recorder/privacy/striking.py.
STRUCK = "(struck out)"
