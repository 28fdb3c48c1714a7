"""Saving what can be saved of a damaged session file, into a new one; the old one is only read.

Every page of the file is looked at for itself (pages.py), in every version that its log holds
(layers.py), and each row is known by what it holds (shapes.py). A block is taken only with a right
checksum, another row only when the ledger knows it (sieve.py); where that cannot be told it is
taken all the same, and a number in it may be damaged. Samples of lost blocks become gaps with the
cause `damage`.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from recorder.durable import sync_directory
from recorder.progress import Progress, no_progress
from recorder.store.check import clock_findings, holes
from recorder.store.codec import BLOCK_COLUMNS, require_intact
from recorder.store.files import end_file, in_words, session_of, unknown_version
from recorder.store.inserts import insert_rows
from recorder.store.layers import LoggedPages, all_rows
from recorder.store.ledger import Ledger
from recorder.store.pages import PAGE_SIZES, FileHead, LeafRow, Pages, Value, read_head
from recorder.store.reader import SessionReader
from recorder.store.rows import EventRow, GapRow
from recorder.store.schema import (
    APPLICATION_ID,
    PAGE_BYTES,
    STEPS,
    begin_ledger,
    make_tables,
)
from recorder.store.shapes import Shape, shapes_of, which
from recorder.store.sieve import OWN, Known, Sieve
from recorder.store.substitutes import leave_out_contradictions, leave_out_orphans, stand_in
from recorder.store.wal import read_log
from recorder.store.workplace import workplace

DAMAGE = "damage"
LEDGER = "ledger"
# How many there were before is in the event.
_NEWEST_BLOCK = "UPDATE session SET blocks = (SELECT max(id) FROM block) WHERE blocks IS NOT NULL"
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
    lost_rows: int = 0
    notes: list[str] = field(default_factory=list)


def repair(path: Path, out: Path, progress: Progress = no_progress) -> Repaired:
    """Copy every undamaged block, and every other row but the damaged, of `path` into `out`.

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
    with workplace(out.parent, session_of(path), "repair") as place:
        new = place / out.name
        try:
            tally = _salvage(path, new, progress)
            repaired = _complete(new, out, path, tally)
        except sqlite3.Error as error:
            raise OSError(f"{out}: cannot be written: {in_words(error)}") from error
        new.rename(out)
    sync_directory(out.parent)
    return repaired


def _salvage(damaged: Path, new: Path, progress: Progress) -> _Tally:
    head = read_head(damaged)
    _require_known(damaged, head)
    with closing(sqlite3.connect(new, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        make_tables(connection)
        shapes = shapes_of(connection)
        with open(damaged, "rb") as file:
            pages = _pages(damaged, file, head, shapes)
            connection.execute("BEGIN IMMEDIATE")
            tally = _copy_rows(pages, shapes, connection, progress)
            connection.execute("COMMIT")
        if not tally.kept["block"] and not tally.kept["session"]:
            raise ValueError(f"{damaged}: there is nothing of a session in it")
        begin_ledger(connection)
        with Ledger(connection).transaction():
            tally.notes += _make_consistent(connection, damaged.stem)
    return tally


def _pages(path: Path, file: BinaryIO, head: FileHead, shapes: list[Shape]) -> Pages:
    """The pages of the damaged file, with those of the log beside it."""
    log = read_log(path, head.page_size)
    size = head.page_size or (log.page_size if log else _likely_page_size(path, shapes))
    pages = Pages.of(file, size)
    return LoggedPages.over(pages, log) if log and log.page_size == size else pages


def _make_consistent(connection: sqlite3.Connection, session_id: str) -> Iterator[str]:
    left_out = leave_out_contradictions(connection)
    yield from stand_in(connection, session_id)
    left_out += leave_out_orphans(connection)
    if left_out:
        yield f"{left_out} rows that could not be true are left out"


def _require_known(path: Path, head: FileHead) -> None:
    """See that a file, as far as its head is not damaged, is of a version that is known here."""
    is_ours = head.page_size is not None and head.application_id == APPLICATION_ID
    is_told = is_ours and 0 < head.version < LATEST_PLAUSIBLE_VERSION
    if is_told and (unknown := unknown_version(head.version, STEPS)):
        raise ValueError(f"{path}: {unknown}")


def _likely_page_size(path: Path, shapes: list[Shape]) -> int:
    """The one with which there is the most in the file."""

    def found(size: int) -> int:
        with open(path, "rb") as file:
            pages = Pages.of(file, size)
            return sum(known is not None for known in _by_shape(pages, shapes))

    return max(PAGE_SIZES, key=found)


def _by_shape(pages: Pages, shapes: list[Shape]) -> Iterator[Known | None]:
    """The rows as far as they are known by their values; no blocks that are damaged."""
    for row in all_rows(pages):
        known = which(shapes, row)
        yield None if known and known[0].table == "block" and not _is_intact(*known) else known


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
    """Put every row where it was in its table: first those that the ledger knows, then others."""
    tally = _Tally()
    ledger = [shape for shape in shapes if shape.table == LEDGER]
    shapes = [shape for shape in shapes if shape.table != LEDGER]
    sieve = Sieve.of(shapes, _ledger_rows(pages, ledger))
    unknown = 0
    for row in all_rows(pages, progress):
        known = sieve.take(row)
        unknown += known is None
        if known and known[0].table not in OWN and _may_stand(*known):
            _insert_surely(connection, row, known, tally)
    if unknown:
        tally.notes += _copy_unknown(pages, shapes, connection, tally, sieve)
    tally.lost_rows = sieve.lost
    return tally


def _ledger_rows(pages: Pages, ledger: list[Shape]) -> Iterator[tuple[Value, ...]]:
    for row in all_rows(pages):
        known = which(ledger, row)
        if known:
            yield known[1]


def _copy_unknown(
    pages: Pages,
    shapes: list[Shape],
    connection: sqlite3.Connection,
    tally: _Tally,
    sieve: Sieve,
) -> Iterator[str]:
    """Copy rows that no ledger knows, unless that says that they are damaged; what is to be told.

    One that is there already stays as it is.
    """
    doubtful: Counter[str] = Counter()
    for row in all_rows(pages):
        known = which(shapes, row)
        if known and sieve.keeps(known[0].table) and _may_stand(*known):
            doubtful[known[0].table] += _insert(connection, row, known, tally)
    for table, count in sorted(doubtful.items()):
        if count and table != "block":
            fault = "damaged" if sieve.is_sure(table) else "perhaps damaged: not in the ledger"
            yield f"{table}: {count} rows kept that are {fault}"


def _may_stand(shape: Shape, values: tuple[Value, ...]) -> bool:
    return shape.table != "block" or _is_intact(shape, values)


def _insert_surely(
    connection: sqlite3.Connection, row: LeafRow, known: Known, tally: _Tally
) -> None:
    """Insert a row that is known to have been there, elsewhere if its number was damaged."""
    shape, _ = known
    if not _insert(connection, row, known, tally) and shape.row_id is None:
        _insert(connection, replace(row, row_id=None), known, tally)


def _insert(connection: sqlite3.Connection, row: LeafRow, known: Known, tally: _Tally) -> int:
    """How many rows that were: none where there is one in its place already."""
    shape, values = known
    columns = ", ".join(shape.columns)
    if shape.row_id is None and row.row_id is not None:
        columns, values = f"rowid, {columns}", (row.row_id, *values)
    marks = ", ".join("?" * len(values))
    insert = f"INSERT OR IGNORE INTO {shape.table} ({columns}) VALUES ({marks})"  # noqa: S608
    count = connection.execute(insert, values).rowcount
    tally.kept[shape.table] += count
    if shape.table == "block" and count and isinstance(values[0], int):
        tally.newest_block = max(tally.newest_block, values[0])
    return count


def _complete(new: Path, out: Path, path: Path, tally: _Tally) -> Repaired:
    """Explain what is missing in the new file itself, and end it."""
    with SessionReader(new) as session:
        wrong_clocks = list(dict.fromkeys((it.board, it.segment) for it in clock_findings(session)))
        gaps = _damage_gaps(session)
        newest_t_ns = _newest_t_ns(session)
        counted = [blocks for (blocks,) in session.query("SELECT blocks FROM session") if blocks]
    lost_blocks = max([tally.newest_block, *counted]) - tally.kept["block"]
    others = tally.lost_rows - lost_blocks
    notes = [f"{others} rows beside the blocks are lost"] if others > 0 else []
    notes += [*tally.notes, *(f"clock of {place}: left out" for place in wrong_clocks)]
    text = f"repaired from {path.name}: {lost_blocks} blocks are lost"
    with closing(sqlite3.connect(new, isolation_level=None)) as connection:
        with Ledger(connection).transaction():
            connection.executemany(
                "DELETE FROM clock_fit WHERE (board, segment) = (?, ?)", wrong_clocks
            )
            connection.execute(_NEWEST_BLOCK)
            events = [EventRow(newest_t_ns, "repair", line) for line in (text, *notes)]
            insert_rows(connection, [*gaps, *events])
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
