"""Saving what can be saved of a damaged session file, into a new one; the old one is only read.

Every page of the file is looked at for itself (pages.py), and each row is known by what it holds
(shapes.py). A block is taken only with a right checksum; the other rows have none, and a number in
them may be damaged without it showing. Samples of lost blocks become gaps with the cause `damage`.
"""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from recorder.durable import sync_directory
from recorder.progress import Progress, no_progress
from recorder.store.check import clock_findings, holes
from recorder.store.codec import BLOCK_COLUMNS, require_intact
from recorder.store.files import end_file, files_of
from recorder.store.inserts import insert_rows
from recorder.store.pages import PAGE_SIZES, FileHead, Pages, Value, leaf_rows, read_head
from recorder.store.reader import SessionReader
from recorder.store.rows import EventRow, GapRow
from recorder.store.schema import APPLICATION_ID, PAGE_BYTES, VERSION, migrate
from recorder.store.shapes import Shape, shapes_of, which
from recorder.store.substitutes import leave_out_contradictions, leave_out_orphans, stand_in
from recorder.store.workplace import workplace

DAMAGE = "damage"
# A file version beyond this is no newer program's but damage.
LATEST_PLAUSIBLE_VERSION = 1000


@dataclass(frozen=True, slots=True)
class Repaired:
    """What became of a damaged file.

    Attributes:
        path: the new file.
        kept: rows by table.
        lost_blocks: how many block rows are gone, as far as that is known: of a file that was
            ended before it was damaged, all of them.
        lost_samples: how many samples are missing between those that are there because of it.
        notes: what else is lost.
    """

    path: Path
    kept: dict[str, int]
    lost_blocks: int
    lost_samples: int
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Tally:
    kept: Counter[str] = field(default_factory=Counter)
    newest_block: int = 0
    notes: list[str] = field(default_factory=list)


def repair(path: Path, out: Path, progress: Progress = no_progress) -> Repaired:
    """Copy every undamaged block, and every other row that can be read, of `path` into `out`.

    Args:
        path: the damaged file; it is not changed. What lies in a log beside it is included.
        out: the new one; it appears when it is complete.
        progress: called with (pages read, pages in all).

    Raises:
        FileNotFoundError: there is no such file.
        FileExistsError: there is something at `out`.
        ValueError: there is nothing of a session in the file, or it is a newer version's.
        OSError: it cannot be read, or `out` cannot be written.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    if out.exists():
        raise FileExistsError(f"{out}: is there already")
    with workplace(out.parent, path.name.partition(".")[0], "repair") as place:
        damaged = _with_its_log(path, place)
        new = place / out.name
        try:
            tally = _salvage(damaged, new, progress)
            repaired = _complete(new, out, path, tally)
        except sqlite3.Error as error:
            raise OSError(f"{out}: cannot be written: {error}") from error
        new.rename(out)
    sync_directory(out.parent)
    return repaired


def _with_its_log(path: Path, place: Path) -> Path:
    """The file itself; where there is a log beside it, a copy that includes what the log holds."""
    beside = files_of(path)
    if path.with_name(f"{path.name}-wal") not in beside:
        return path
    copy = place / "damaged" / path.name
    copy.parent.mkdir()
    shutil.copyfile(path, copy)
    shutil.copyfile(f"{path}-wal", f"{copy}-wal")
    # of a file that SQLite will not have, the log is lost: its pages are none on their own
    with suppress(sqlite3.Error), closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return copy


def _salvage(damaged: Path, new: Path, progress: Progress) -> _Tally:
    head = read_head(damaged)
    version = _version(damaged, head)
    with closing(sqlite3.connect(new, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        migrate(connection, version)
        shapes = shapes_of(connection)
        with open(damaged, "rb") as file:
            pages = Pages.of(file, head.page_size or _likely_page_size(damaged, shapes))
            connection.execute("BEGIN IMMEDIATE")
            tally = _copy_rows(pages, shapes, connection, progress)
            connection.execute("COMMIT")
        if not tally.kept["block"] and not tally.kept["session"]:
            raise ValueError(f"{damaged}: there is nothing of a session in it")
        migrate(connection)
        tally.notes += _make_consistent(connection, damaged.stem)
    return tally


def _make_consistent(connection: sqlite3.Connection, session_id: str) -> Iterator[str]:
    connection.execute("BEGIN IMMEDIATE")
    left_out = leave_out_contradictions(connection)
    yield from stand_in(connection, session_id)
    left_out += leave_out_orphans(connection)
    connection.execute("COMMIT")
    if left_out:
        yield f"{left_out} rows that could not be true are left out"


def _version(path: Path, head: FileHead) -> int:
    """Of the file; that of this program where the head is damaged."""
    is_ours = head.page_size is not None and head.application_id == APPLICATION_ID
    if is_ours and VERSION < head.version < LATEST_PLAUSIBLE_VERSION:
        raise ValueError(f"{path}: made by a newer antiphon; it has file version {head.version}")
    return head.version if is_ours and 0 < head.version <= VERSION else VERSION


def _likely_page_size(path: Path, shapes: list[Shape]) -> int:
    """The one with which there is the most in the file."""

    def found(size: int) -> int:
        with open(path, "rb") as file:
            pages = Pages.of(file, size)
            return sum(1 for _ in _known_rows(pages, shapes, no_progress))

    return max(PAGE_SIZES, key=found)


def _known_rows(
    pages: Pages, shapes: list[Shape], progress: Progress
) -> Iterator[tuple[Shape, tuple[Value, ...]]]:
    for number in range(1, pages.count + 1):
        for row in leaf_rows(pages, number):
            known = which(shapes, row)
            if known is not None and (known[0].table != "block" or _is_intact(*known)):
                yield known
        progress(number, pages.count)


def _is_intact(shape: Shape, values: tuple[Value, ...]) -> bool:
    by_name = dict(zip(shape.columns, values, strict=True))
    try:
        require_intact(tuple(by_name[name] for name in BLOCK_COLUMNS.split(", ")))
    except ValueError:
        return False
    return True


def _copy_rows(
    pages: Pages, shapes: list[Shape], connection: sqlite3.Connection, progress: Progress
) -> _Tally:
    """Put every row that is known into its table; one that is there already stays as it is."""
    tally = _Tally()
    for shape, values in _known_rows(pages, shapes, progress):
        marks = ", ".join("?" * len(values))
        insert = f"INSERT OR IGNORE INTO {shape.table} VALUES ({marks})"  # noqa: S608
        tally.kept[shape.table] += connection.execute(insert, values).rowcount
        if shape.table == "block" and isinstance(values[0], int):
            tally.newest_block = max(tally.newest_block, values[0])
    return tally


def _complete(new: Path, out: Path, path: Path, tally: _Tally) -> Repaired:
    """Explain what is missing in the new file itself, and end it."""
    with SessionReader(new) as session:
        wrong_clocks = list(dict.fromkeys((it.board, it.segment) for it in clock_findings(session)))
        gaps = _damage_gaps(session)
        newest_t_ns = _newest_t_ns(session)
        counted = [blocks for (blocks,) in session.query("SELECT blocks FROM session") if blocks]
    lost_blocks = max([tally.newest_block, *counted]) - tally.kept["block"]
    notes = [*tally.notes, *(f"clock of {place}: left out" for place in wrong_clocks)]
    text = f"repaired from {path.name}: {lost_blocks} blocks are lost"
    with closing(sqlite3.connect(new, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "DELETE FROM clock_fit WHERE (board, segment) = (?, ?)", wrong_clocks
        )
        events = [EventRow(newest_t_ns, "repair", line) for line in (text, *notes)]
        insert_rows(connection, [*gaps, *events])
        connection.execute("COMMIT")
        end_file(connection, new, "interrupted", newest_t_ns)
    kept = {table: count for table, count in sorted(tally.kept.items()) if count}
    return Repaired(out, kept, lost_blocks, sum(gap.n for gap in gaps), tuple(notes))


def _newest_t_ns(session: SessionReader) -> int:
    """Newest arrival of samples; 0 where too much of the header is lost to read one."""
    try:
        return session.newest_t_ns()
    except ValueError:
        return 0


def _damage_gaps(session: SessionReader) -> list[GapRow]:
    """A gap for every stretch between blocks that neither a block nor a gap accounts for."""
    spans = session.query(
        "SELECT board, segment, first_index, n FROM block"
        " UNION ALL SELECT board, segment, first_index, n FROM gap WHERE n > 0 AND cause <> 'half'"
    )
    places = sorted({(board, segment) for board, segment, _, _ in spans})
    return [
        _damage_gap(session, place, first, end)
        for place in places
        for first, end in holes([span[2:] for span in spans if span[:2] == place])
    ]


def _damage_gap(session: SessionReader, place: tuple[int, int], first: int, end: int) -> GapRow:
    try:
        begin_ns, end_ns = session.times_ns(*place, np.array([first, end])).tolist()
    except ValueError:
        begin_ns = end_ns = _newest_t_ns(session)
    return GapRow(*place, first, end - first, DAMAGE, begin_ns, end_ns)
