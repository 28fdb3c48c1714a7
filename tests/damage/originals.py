"""What is damaged: a session that was put away, with notes, and one whose recorder was killed."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from recorder.store.beside import notes_files_of
from recorder.store.finish import finish
from recorder.store.ledger import Ledger
from recorder.store.note_rows import (
    AlignmentRow,
    CommentRow,
    ConsentRow,
    NoteIntervalRow,
    NoteMarkerRow,
    RefitRow,
    RelabelRow,
    ResultRow,
    TranscriptRow,
)
from recorder.store.notes import open_notes
from recorder.store.rows import (
    ClockUtcRow,
    EdgeRow,
    EventRow,
    FrameRow,
    ImpedanceRow,
    MarkerRow,
    QualityRow,
    Row,
)
from recorder.store.wal import log_of
from recorder.store.writer import SessionWriter
from tests.recorder import session_files
from tests.recorder.session_files import PERIOD_NS, START_NS, block, gap, knot, series, values

ID = "20261123T040000Z-1f3a"
UTC_NS = 1_795_406_400_000_000_000
S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Originals:
    """Undamaged files: `ended` with its hash and notes; `growing` with its log."""

    ended: Path
    growing: Path

    @property
    def notes(self) -> Path:
        """Of the ended session."""
        [notes] = notes_files_of(self.ended)
        return notes

    @property
    def log(self) -> Path:
        """Of the growing one."""
        return log_of(self.growing)


def make(directory: Path, seconds: int) -> Originals:
    """Both, with rows in every table, a transaction a second; the log has the second half."""
    growing = directory / "growing" / f"{ID}.antiphon"
    growing.parent.mkdir()
    path = directory / f"{ID}.antiphon"
    writer = session_files.start(path)
    for second in range(seconds):
        _write(writer, second)
        if second == seconds // 2:
            with closing(sqlite3.connect(path)) as other:
                other.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
    shutil.copy(path, growing)
    shutil.copy(log_of(path), log_of(growing))
    writer.close(START_NS + seconds * S)
    with closing(sqlite3.connect(path, isolation_level=None)) as db, Ledger(db).transaction():
        interval = (1, START_NS, START_NS + S, "song", "live", "pedal", None, None, START_NS + S)
        db.execute(f"INSERT INTO interval VALUES ({', '.join('?' * 9)})", interval)
        redaction = (UTC_NS, "struck", "", "ab" * 32)
        db.execute("INSERT INTO redaction VALUES (?, ?, ?, ?)", redaction)
    ended = finish(path)
    _take_notes(ended)
    return Originals(ended, growing)


def _write(writer: SessionWriter, second: int) -> None:
    for row in _rows(second):
        assert writer.put(row)
    assert writer.flush(30.0)


def _rows(second: int) -> list[Row]:
    t_ns, first = START_NS + second * S, 250 * second
    rows: list[Row] = [series(1), series(2, "faa")] if second == 0 else []
    rows += [block(board, first + at, 125) for board in (0, 1) for at in (0, 125)]
    if second == 3:
        rows[-1] = gap(1, first + 125, 125)
    rows += [values(t_ns + half, (1, 0.25 + second), (2, -0.5)) for half in (0, S // 2)]
    rows += [knot(board, first, t_ns=t_ns, period_ns=float(PERIOD_NS)) for board in (0, 1)]
    rows += [QualityRow(t_ns, board, 0, "good", 0.125 * second, 4.5) for board in (0, 1)]
    rows += [ClockUtcRow(t_ns, UTC_NS + second * S, True), EdgeRow("gpio", second, t_ns, 1)]
    rows += [FrameRow("cam", frame, t_ns + frame) for frame in range(25 * second, 25 * second + 25)]
    rows += [EventRow(t_ns, "note", f"second {second}")]
    if second % 5 == 0:
        rows += [MarkerRow(t_ns, f"mark {second}", made_t_ns=t_ns), ImpedanceRow(t_ns, 0, 1, 5.5)]
    if second == 7:
        rows += [MarkerRow(t_ns, "undo", undoes=1, made_t_ns=t_ns)]
    return rows


def _take_notes(ended: Path) -> None:
    for number in range(12):
        t_ns = START_NS + number * S
        with open_notes(ended) as notes:
            notes.add(
                RefitRow(0, 0, number, t_ns, float(PERIOD_NS), 1e5, UTC_NS, "curve", "0.1"),
                AlignmentRow("cam", "v.mp4", "ab" * 32, 0.5 + number, 12.5, 3.25, 40, UTC_NS),
                NoteMarkerRow(t_ns, f"smile {number}", "rater", "R1", UTC_NS),
                NoteIntervalRow(t_ns, t_ns + S, "song", "post", "R2", UTC_NS),
                CommentRow(t_ns if number else None, f"calm {number}", "T01", UTC_NS),
                TranscriptRow(t_ns, t_ns + S, "patient", f"line {number}", "a.vtt", UTC_NS),
                RelabelRow("patient", ("F3", f"{number}"), "T01", UTC_NS),
                ConsentRow("patient", "share", bool(number % 2), "T01", UTC_NS),
                ResultRow("lag", f'{{"seed": {number}}}', '{"p": 0.5}', "0.1", UTC_NS),
            )
