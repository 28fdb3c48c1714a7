"""What comes to be known after a session, beside its file: `<id>.notes`, a SQLite file of its own.

    application_id  0x414E544E ("ANTN")      user_version  the number of the newest step in STEPS

    origin       which recording this belongs to, by its SHA-256
    refit        a better clock, knot by knot; one run of a method is one made_utc_ns
    alignment    where the session stands in a video
    marker, interval    of raters and interviews; append-only, an undo is a row that `undoes`
    transcript   what was said
    ledger       by it every row can be checked: recorder/store/ledger.py

The recording itself is never changed again, so that its hash stays true. Times are those of the
session: CLOCK_MONOTONIC in nanoseconds; `made_utc_ns` is when a row was made, by the wall clock.
"""

import sqlite3
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from recorder.durable import sync_directory
from recorder.store.columns import columns_of, from_sql, insert_sql, to_sql
from recorder.store.files import BUSY_MS, LONGEST_VALUE_BYTES, require_known_version
from recorder.store.finish import notes_file_of, sha256_of, stored_sha256
from recorder.store.ledger import LEDGER, Ledger
from recorder.store.reader import SessionReader
from recorder.store.schema import begin_ledger, take_steps

APPLICATION_ID = 0x414E544E
MARKED_BY = """
    label TEXT NOT NULL,
    provenance TEXT NOT NULL CHECK (provenance IN ('post', 'rater')),
    author TEXT NOT NULL,
    made_utc_ns INTEGER NOT NULL,"""
VERSION_1 = (
    "CREATE TABLE origin (session_id TEXT NOT NULL, session_sha256 TEXT NOT NULL) STRICT",
    """CREATE TABLE refit (
    board INTEGER NOT NULL, segment INTEGER NOT NULL, idx INTEGER NOT NULL, t_ns INTEGER NOT NULL,
    period_ns REAL NOT NULL, sigma_ns REAL NOT NULL, made_utc_ns INTEGER NOT NULL,
    method TEXT NOT NULL, version TEXT NOT NULL
) STRICT""",
    """CREATE TABLE alignment (
    camera TEXT NOT NULL, video_name TEXT NOT NULL, video_sha256 TEXT NOT NULL,
    offset_s REAL NOT NULL, drift_ppm REAL NOT NULL, residual_ms REAL NOT NULL,
    matched INTEGER NOT NULL, made_utc_ns INTEGER NOT NULL
) STRICT""",
    f"""CREATE TABLE marker (
    id INTEGER PRIMARY KEY, t_ns INTEGER NOT NULL,{MARKED_BY}
    undoes INTEGER REFERENCES marker (id)
) STRICT""",
    f"""CREATE TABLE interval (
    id INTEGER PRIMARY KEY, begin_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL,{MARKED_BY}
    undoes INTEGER REFERENCES interval (id), CHECK (end_ns >= begin_ns)
) STRICT""",
    """CREATE TABLE transcript (
    begin_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL, speaker TEXT NOT NULL,
    text TEXT NOT NULL, source TEXT NOT NULL, made_utc_ns INTEGER NOT NULL
) STRICT""",
    f"PRAGMA application_id = {APPLICATION_ID}",
)

VERSION_2 = (LEDGER,)

STEPS = (VERSION_1, VERSION_2)


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
R = TypeVar("R", Origin, RefitRow, AlignmentRow, NoteMarkerRow, NoteIntervalRow, TranscriptRow)
LIVE = "undoes IS NULL AND id NOT IN (SELECT undoes FROM {0} WHERE undoes IS NOT NULL)"
# kind of row: (its table, which rows of it are told and in which order)
TABLES: dict[type, tuple[str, str]] = {
    Origin: ("origin", ""),
    RefitRow: ("refit", "ORDER BY made_utc_ns, rowid"),
    AlignmentRow: ("alignment", "ORDER BY made_utc_ns, rowid"),
    NoteMarkerRow: ("marker", f"WHERE {LIVE.format('marker')} ORDER BY t_ns, id"),
    NoteIntervalRow: ("interval", f"WHERE {LIVE.format('interval')} ORDER BY begin_ns, id"),
    TranscriptRow: ("transcript", "ORDER BY begin_ns, rowid"),
}


def open_notes(session_path: Path) -> "Notes":
    """Open the notes of a session that has ended; makes them when there are none.

    Raises:
        FileNotFoundError: there is no such session.
        ValueError: the session has not ended, or what is there are no notes, of a newer version, or
            of another recording.
        OSError: they cannot be opened or made.
    """
    origin = _origin(session_path)
    path = notes_file_of(session_path)
    try:
        with ExitStack() as on_failure:
            connection = sqlite3.connect(path, isolation_level=None)
            on_failure.callback(connection.close)
            _prepare(connection, path)
            notes = Notes(path, connection, origin)
            on_failure.pop_all()
    except sqlite3.OperationalError as error:
        raise OSError(f"{path}: cannot be opened: {error}") from error
    except sqlite3.Error as error:
        raise ValueError(f"{path}: no notes: {error}") from error
    sync_directory(path.parent)
    return notes


class Notes(AbstractContextManager["Notes"]):
    """The notes of one session; a context manager. Made by `open_notes`.

    Every method raises ValueError when the file is damaged, OSError when it cannot be written.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, origin: Origin) -> None:
        self.path = path
        self._connection = connection
        self._ledger = Ledger(connection)
        self.origin = self._claim(origin)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._connection.close()

    def add(self, *rows: NoteRow) -> None:
        """Write rows, all or none; when this returns they outlive a power cut.

        Raises:
            ValueError: a row contradicts the tables: an unknown provenance, an undo of nothing.
            OSError: the file cannot be written.
        """
        try:
            with self._ledger.transaction():
                for row in rows:
                    self._insert(row)
        except (sqlite3.IntegrityError, OverflowError) as error:
            raise ValueError(f"{self.path}: not written: {error}") from error
        except sqlite3.Error as error:
            raise OSError(f"{self.path}: not written: {error}") from error

    def read(self, row_type: type[R]) -> list[R]:
        """All rows of one kind, but for marks that have been taken back.

        Refits and alignments come by when they were made, the newest alignment of a camera is the
        one to use; the others by where they are in the session.
        """
        table, wanted = TABLES[row_type]
        sql = f"SELECT {', '.join(columns_of(row_type))} FROM {table} {wanted}"  # noqa: S608
        try:
            return [from_sql(row_type, row) for row in self._connection.execute(sql)]
        except (sqlite3.Error, ValueError) as error:
            raise ValueError(f"{self.path}: {table}: {error}") from error

    def _claim(self, origin: Origin) -> Origin:
        """Say whose notes these are when they are new; refuse them when they are another's."""
        known = self.read(Origin)
        if not known:
            with self._ledger.transaction():
                self._insert(origin)
        elif known != [origin]:
            raise ValueError(f"{self.path}: belongs to another recording than the one beside it")
        return origin

    def _insert(self, row: NoteRow | Origin) -> None:
        columns = columns_of(type(row))
        values = [to_sql(getattr(row, column)) for column in columns]
        self._connection.execute(insert_sql(TABLES[type(row)][0], columns), values)


def _origin(session_path: Path) -> Origin:
    with SessionReader(session_path) as session:
        if session.state == "recording":
            raise ValueError(f"{session_path}: this session has not ended")
        session_id = session.header.id
    return Origin(session_id, stored_sha256(session_path) or sha256_of(session_path))


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    connection.execute("PRAGMA synchronous = EXTRA")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE_BYTES)
    # what a crash left while the notes were made has no mark of ours yet, but no tables either
    [tables] = connection.execute(
        "SELECT count(*) FROM sqlite_master WHERE name NOT GLOB '*_sqlite*'"
    )
    [application_id] = connection.execute("PRAGMA application_id").fetchone()
    if application_id != APPLICATION_ID and (application_id or tables[0]):
        raise ValueError(f"{path}: no notes")
    require_known_version(connection, path, len(STEPS))
    path.chmod(0o640)
    take_steps(connection, "antiphon-notes", STEPS)
    begin_ledger(connection)
