"""What comes to be known after a session, beside its file: a SQLite file for each machine.

    <id>.m1f3a9c2e.notes     written by the one machine of that name only, read by all
    <id>.notes               before there was one for each; becomes the one of who opens it first

    application_id  0x414E544E ("ANTN")      user_version  the number of the newest step in STEPS

    origin       which recording this belongs to, by its SHA-256
    refit        a better clock, knot by knot; one run of a method is one made_utc_ns
    alignment    where the session stands in a video
    marker, interval    of raters and interviews; append-only, an undo is a row that `undoes`
    comment, transcript    what people say of it, and what was said in it
    relabel      which channels there were, when the session has it wrong
    consent      what was agreed to, or taken back, later
    result       what an analysis found, with all that is needed to find it again
    ledger       by it every row can be checked: recorder/store/ledger.py

Rows are added and never changed, so that of two states of a file the newer one has all rows of the
older one: that is how `sync` carries each to the other side and replaces nothing. But a text may be
struck out for good (privacy/striking.py). An id is random, and an undo may be of another machine's
row.

The recording itself is never changed again, so that its hash stays true. Times are those of the
session: CLOCK_MONOTONIC in nanoseconds; `made_utc_ns` is when a row was made, by the wall clock.
"""

import hashlib
import os
import secrets
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from operator import attrgetter
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING, Any, TypeVar

from recorder.durable import sync_directory
from recorder.store.beside import NOTES, notes_file_of, notes_files_of, sha256_of, stored_sha256
from recorder.store.columns import columns_of, from_sql, insert_sql, to_sql
from recorder.store.files import (
    BUSY_MS,
    DONE,
    LONGEST_VALUE_BYTES,
    hold,
    require_known_version,
)
from recorder.store.ledger import LEDGER, Ledger
from recorder.store.reader import SessionReader
from recorder.store.schema import PROVENANCE, Steps, begin_ledger, take_steps

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

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
R = TypeVar("R", bound="DataclassInstance")
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


@cache
def machine_name() -> str:
    """Eight digits that are this machine's, on every start the same; they do not tell which."""
    try:
        known = Path("/etc/machine-id").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        known = ""
    return hashlib.sha256(f"antiphon notes {known or gethostname()}".encode()).hexdigest()[:8]


def own_notes_file(session_path: Path, machine: str = "") -> Path:
    """Where this machine keeps its notes on a session."""
    return session_path.with_name(f"{session_path.stem}.m{machine or machine_name()}{NOTES}")


def adopt(session_path: Path, machine: str = "") -> None:
    """Make notes of before there was a file for each machine this machine's, if it has none.

    Raises:
        ValueError: they are no notes, or of a newer version.
        OSError: somebody writes them, or they cannot be renamed.
    """
    old, own = notes_file_of(session_path), own_notes_file(session_path, machine)
    if not old.is_file() or own.exists():
        return
    move_notes(old, own)


def move_notes(old: Path, new: Path) -> None:
    """Give notes another place or name, unless somebody writes them. Raises OSError, ValueError."""
    with closing(_open(old)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")  # so that nobody writes them meanwhile
            old.rename(new)
            connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise OSError(f"{old}: {error}") from error
    sync_directory(new.parent)
    sync_directory(old.parent)


def open_notes(session_path: Path, machine: str = "") -> "Notes":
    """Open the notes of a session that has ended: to write this machine's, to read everybody's.

    Makes this machine's when there are none. `machine` is another name than its own.

    Raises:
        FileNotFoundError: there is no such session.
        ValueError: the session has not ended, or what is there are no notes, of a newer version, or
            of another recording.
        OSError: they cannot be opened or made; BlockingIOError, while the session is put away.
    """
    with _staying(session_path):
        return _open_all(session_path, machine)


@contextmanager
def _staying(session_path: Path) -> Iterator[None]:
    """See that a session is not packed or moved meanwhile: notes would be left behind."""
    with ExitStack() as held:
        if session_path.parent.name != DONE:
            require_ended(session_path)
            with suppress(ImportError):  # of fcntl: nothing records on such a system
                held.callback(os.close, hold(session_path))
        yield


def _open_all(session_path: Path, machine: str) -> "Notes":
    origins = origins_known(session_path)
    adopt(session_path, machine)
    path = own_notes_file(session_path, machine)
    with ExitStack() as on_failure:
        connection = _open(path)
        on_failure.callback(connection.close)
        notes = Notes(path, connection, origins)
        for other in notes_files_of(session_path):
            if other != path:
                notes.join(other)
        on_failure.pop_all()
    sync_directory(path.parent)
    return notes


def merge(ours: Path, theirs: Path, session_path: Path) -> tuple[bool, bool]:
    """Add what only another state of the same notes has to `ours`; nothing is taken away.

    Returns:
        Whether there was anything to add, and whether `ours` has what `theirs` has not.

    Raises:
        ValueError: one of them is damaged, or they are of another session than that.
        OSError: they cannot be read or written.
    """
    with closing(_open_to_read(ours)) as own, closing(_open_to_read(theirs)) as other:
        for connection, path in ((own, ours), (other, theirs)):
            _require_whole(connection, path)
            _require_origin(connection, path, origins_known(session_path))
        missing: list[NoteRow] = []
        ours_rows: set[NoteRow] = set()
        is_ahead = False
        kinds: tuple[type[Any], ...] = NOTE_ROWS
        for kind in kinds:
            mine, others = Counter(_rows(own, ours, kind)), Counter(_rows(other, theirs, kind))
            missing += (others - mine).elements()
            ours_rows.update(mine)
            if any(_is_struck(row, others) for row in mine):
                text = "texts are struck out there that stand here: antiphon strike them here, too"
                raise ValueError(f"{theirs.name}: {text}")
            is_ahead |= bool(mine - others)
    # what was struck out here stays so, however it still stands there
    missing = [row for row in missing if not _is_struck(row, ours_rows)]
    if missing:
        with closing(_open(ours)) as connection:
            _add(connection, _ledger_of(connection, ours), ours, missing)
    return bool(missing), is_ahead


def _is_struck(row: NoteRow, ours: Collection[NoteRow]) -> bool:
    """Whether the same row is here without its text."""
    if isinstance(row, NoteMarkerRow | NoteIntervalRow):
        return replace(row, label=STRUCK) in ours
    return isinstance(row, TranscriptRow | CommentRow) and replace(row, text=STRUCK) in ours


def _require_whole(connection: sqlite3.Connection, path: Path) -> None:
    """See that a file is whole as a database. Raises ValueError when it is not."""
    try:
        found = connection.execute("PRAGMA integrity_check(1)").fetchall()
    except sqlite3.Error as error:
        raise ValueError(f"{path}: damaged: {error}") from error
    if found != [("ok",)]:
        raise ValueError(f"{path}: damaged: {str(found[0][0]).splitlines()[0]}")


def require_sound(path: Path, session_path: Path) -> None:
    """See that notes are whole, and of this session. Raises ValueError or OSError when not."""
    with closing(_open_to_read(path)) as connection:
        _require_whole(connection, path)
        _require_origin(connection, path, origins_known(session_path))


def _require_origin(
    connection: sqlite3.Connection, path: Path, origins: tuple[Origin, ...]
) -> None:
    """See that notes are of the recording. Raises ValueError when they are not."""
    known = _rows(connection, path, Origin)
    if len(known) != 1 or known[0] not in origins:
        raise ValueError(f"{path}: belongs to another recording than the one beside it")


class Notes(AbstractContextManager["Notes"]):
    """The notes of one session; a context manager. Made by `open_notes`.

    Every method raises ValueError when a file is damaged, OSError when it cannot be written.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, origins: tuple[Origin, ...]
    ) -> None:
        """`origins` are what they may say that they belong to, as it is now first."""
        self.path = path
        self.origin = origins[0]
        self._origins = origins
        self._connection = connection
        self._ledger = _ledger_of(connection, path)
        self._others: list[Path] = []
        _claim(connection, self._ledger, path, origins)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._connection.close()

    def join(self, other: Path) -> None:
        """Read another machine's notes along with these, which are the only ones written to.

        Raises:
            ValueError: they are no notes, of a newer version, or of another recording.
        """
        with closing(_open_to_read(other)) as connection:
            _require_origin(connection, other, self._origins)
        self._others.append(other)

    def add(self, *rows: NoteRow) -> None:
        """Write rows, all or none; when this returns they outlive a power cut.

        Raises:
            ValueError: a row contradicts the tables: an unknown provenance, an undo of nothing.
            OSError: the file cannot be written.
        """
        for row in rows:
            if isinstance(row, NoteMarkerRow | NoteIntervalRow) and row.undoes is not None:
                self._require_there(type(row), row.undoes)
        _add(self._connection, self._ledger, self.path, rows)

    def read(self, row_type: type[R]) -> list[R]:
        """All rows of one kind, of all machines, but for marks that have been taken back.

        Refits, alignments and relabellings come by when they were made, the newest of a camera or
        role is the one to use; the others by where they are in the session. What two files have is
        told once.
        """
        return _joined(row_type, self._of_each(row_type))

    def _of_each(self, row_type: type[R]) -> Iterator[list[R]]:
        yield _rows(self._connection, self.path, row_type)
        for other in self._others:
            with closing(_open_to_read(other)) as connection:
                yield _rows(connection, other, row_type)

    def _require_there(self, row_type: type[Any], key: int) -> None:
        files: Iterator[Sequence[Any]] = self._of_each(row_type)
        if not any(row.id == key for rows in files for row in rows):
            raise ValueError(f"{self.path}: not written: there is no {key} to take back")


class ReadNotes:
    """The notes of a session as they are: nothing is made, brought to a version, or claimed.

    Attributes:
        damage: why a file of notes is left out, in one line each.
    """

    def __init__(self, session: SessionReader) -> None:
        """`session` is the one they must be of; what is of another one is left out."""
        self.damage: tuple[str, ...] = ()
        self._files = notes_files_of(session.path)
        if self._files:
            origins = _origins_of(session)
            self._files = [path for path in self._files if self._is_sound(path, origins)]

    def read(self, row_type: type[R]) -> list[R]:
        """As Notes.read."""
        return _joined(row_type, (self._rows_of(path, row_type) for path in self._files))

    def _rows_of(self, path: Path, row_type: type[R]) -> list[R]:
        with closing(_open_to_read(path)) as connection:
            return _rows(connection, path, row_type)

    def _is_sound(self, path: Path, origins: tuple[Origin, ...]) -> bool:
        try:
            with closing(_open_to_read(path)) as connection:
                _require_whole(connection, path)
                _require_origin(connection, path, origins)
        except (OSError, ValueError) as error:
            self.damage += (f"notes left out: {error}",)
            return False
        return True


def _joined(row_type: type[R], of_each: Iterable[list[R]]) -> list[R]:
    """The rows of several files, each told once, without marks that have been taken back."""
    files = [*of_each]
    found: Counter[Any] = Counter()
    for rows in files:
        found |= Counter(rows)
    taken_back = {row for rows in files for row in _taken_back(rows, found)}
    told = [row for row in found.elements() if row not in taken_back]
    order = TABLES[row_type][1]
    return sorted(told, key=attrgetter(order)) if order else told


def _taken_back(rows: Sequence[Any], found: Iterable[Any]) -> set[Any]:
    """The marks of one file that only take back, and those that they do.

    An id that counts from one is of this file; a random one may be of any that is `found`.
    """
    marks = [row for row in rows if isinstance(row, MARKS)]
    undone = {row.undoes for row in marks}
    taken = [row for row in marks if row.undoes is not None or row.id in undone]
    anywhere = {key for key in undone if key is not None and key >= FIRST_RANDOM_ID}
    taken += [row for row in found if isinstance(row, MARKS) and row.id in anywhere]
    return set(taken)


def _ledger_of(connection: sqlite3.Connection, path: Path) -> Ledger:
    try:
        return Ledger(connection)
    except sqlite3.Error as error:
        raise ValueError(f"{path}: damaged: {error}") from error


def _claim(
    connection: sqlite3.Connection, ledger: Ledger, path: Path, origins: tuple[Origin, ...]
) -> None:
    """Say whose notes these are when they are new; refuse them when they are another's."""
    if not _rows(connection, path, Origin):
        with ledger.transaction():
            _insert(connection, origins[0])
    _require_origin(connection, path, origins)


def _add(
    connection: sqlite3.Connection, ledger: Ledger, path: Path, rows: Iterable[NoteRow]
) -> None:
    try:
        with ledger.transaction():
            for row in rows:
                _insert(connection, _with_id(row))
    except (sqlite3.IntegrityError, OverflowError) as error:
        raise ValueError(f"{path}: not written: {error}") from error
    except sqlite3.Error as error:
        raise OSError(f"{path}: not written: {error}") from error


def _insert(connection: sqlite3.Connection, row: NoteRow | Origin) -> None:
    columns = columns_of(type(row))
    values = [to_sql(getattr(row, column)) for column in columns]
    connection.execute(insert_sql(TABLES[type(row)][0], columns), values)


def _with_id(row: NoteRow) -> NoteRow:
    if isinstance(row, NoteMarkerRow | NoteIntervalRow) and row.id is None:
        new_id = FIRST_RANDOM_ID + secrets.randbelow((1 << 63) - FIRST_RANDOM_ID)
        return replace(row, id=new_id)
    return row


def _rows(connection: sqlite3.Connection, path: Path, row_type: type[R]) -> list[R]:
    """All rows of one kind in one file, in the order they were written in."""
    table, _ = TABLES[row_type]
    sql = f"SELECT {', '.join(columns_of(row_type))} FROM {table} ORDER BY rowid"  # noqa: S608
    try:
        return [from_sql(row_type, row) for row in connection.execute(sql)]
    except (sqlite3.Error, ValueError) as error:
        raise ValueError(f"{path}: {table}: {error}") from error


def _open(path: Path) -> sqlite3.Connection:
    """To write: made when there are none, and brought to this version."""
    return _opened(path, str(path), _prepare)


def _open_to_read(path: Path) -> sqlite3.Connection:
    """As they are: another machine's file is not even brought to this version."""
    return _opened(path, f"{path.absolute().as_uri()}?mode=ro", _require_notes)


def _opened(
    path: Path, name: str, prepare: Callable[[sqlite3.Connection, Path], None]
) -> sqlite3.Connection:
    try:
        with ExitStack() as on_failure:
            connection = sqlite3.connect(name, isolation_level=None, uri=name != str(path))
            on_failure.callback(connection.close)
            connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE_BYTES)
            prepare(connection, path)
            on_failure.pop_all()
    except sqlite3.OperationalError as error:
        raise OSError(f"{path}: cannot be opened: {error}") from error
    except sqlite3.Error as error:
        raise ValueError(f"{path}: no notes: {error}") from error
    return connection


def _require_notes(connection: sqlite3.Connection, path: Path) -> None:
    [application_id] = connection.execute("PRAGMA application_id").fetchone()
    if application_id != APPLICATION_ID:
        raise ValueError(f"{path}: no notes")
    require_known_version(connection, path, STEPS)


def origins_known(session_path: Path) -> tuple[Origin, ...]:
    """What notes on a session may say that they belong to: to it as it is, or as it was before.

    Of a file that something was taken out of (redaction.py) the older notes are its notes, too.

    Raises:
        ValueError: the session has not ended, or is damaged.
        OSError: it cannot be read.
    """
    require_ended(session_path)
    with SessionReader(session_path) as session:
        return _origins_of(session)


def require_ended(session_path: Path) -> None:
    """See that a session has ended. Raises ValueError when it has not, OSError."""
    with SessionReader(session_path) as session:
        if session.state == "recording":
            raise ValueError(f"{session_path}: this session has not ended")


def _origins_of(session: SessionReader) -> tuple[Origin, ...]:
    session_id, path = session.header.id, session.path
    before = [row.replaced_sha256 for row in session.redactions()]
    now = stored_sha256(path) or sha256_of(path)
    return tuple(Origin(session_id, sha256) for sha256 in (now, *before))


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA synchronous = EXTRA")
    # what a crash left while the notes were made has no mark of ours yet, but no tables either
    [tables] = connection.execute(
        "SELECT count(*) FROM sqlite_master WHERE name NOT GLOB '*_sqlite*'"
    )
    [application_id] = connection.execute("PRAGMA application_id").fetchone()
    if application_id != APPLICATION_ID and (application_id or tables[0]):
        raise ValueError(f"{path}: no notes")
    if application_id:  # new ones have no version yet
        require_known_version(connection, path, STEPS)
    path.chmod(0o640)
    take_steps(connection, "antiphon-notes", STEPS)
    begin_ledger(connection)
