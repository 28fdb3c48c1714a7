"""What is in a file, and where each row of it stands: against this a damaged one is held."""

import sqlite3
import struct
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from recorder.store.pages import (
    HEAD_BYTES,
    INDEX_LEAF,
    TABLE_LEAF,
    Pages,
    _varint,
    leaf_rows,
    local_bytes,
    read_head,
)
from recorder.store.shapes import shapes_of
from recorder.store.wal import FRAME_HEAD_BYTES, Log, read_log
from recorder.store.wal import HEAD_BYTES as LOG_HEAD_BYTES
from tests.damage.hits import Range

Rows = Counter[tuple[Any, ...]]  # table, then the values of its columns
TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'ledger'"
    " AND name NOT GLOB 'sqlite_*'"
)
# A repair ends a session that nobody ended.
ENDED_BY_REPAIR = ("state", "ended_t_ns", "blocks")


def content(path: Path) -> Rows | None:
    """All rows as SQLite reads them, and the schema; None when it cannot."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
            db.text_factory = lambda raw: raw.decode(errors="surrogateescape")
            rows: Rows = Counter()
            for name in ("user_version", "application_id"):
                rows.update((name, *row) for row in db.execute(f"PRAGMA {name}"))
            schema = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name <> 'ledger'"
            rows.update(("sqlite_master", *row) for row in db.execute(schema))
            for (table,) in db.execute(TABLES).fetchall():
                rows.update((table, *row) for row in db.execute(f'SELECT * FROM "{table}"'))
            return rows
    except (sqlite3.Error, UnicodeDecodeError):  # an error's own text may hold what is damaged
        return None


def repaired_content(path: Path) -> Rows:
    """The rows that a repair brings back: without what it makes anew or ends."""
    with closing(sqlite3.connect(path)) as db:
        return Counter(row for _, row in _rows(db))


def _rows(db: sqlite3.Connection) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Each row as it stands on its page (with its table and row id), and as it is compared."""
    for shape in shapes_of(db):
        if shape.table == "ledger":
            continue
        row_id = "NULL" if shape.without_row_id else "rowid"
        sql = f"SELECT {row_id}, {', '.join(shape.columns)} FROM {shape.table}"
        for number, *values in db.execute(sql).fetchall():
            stored, compared = list(values), values
            if shape.row_id is not None:
                stored[shape.row_id] = None
            if shape.table == "session":
                ended = [shape.columns.index(column) for column in ENDED_BY_REPAIR]
                compared = [None if at in ended else value for at, value in enumerate(values)]
            yield (number, *stored), (shape.table, *compared)


class Places:
    """Where the rows of an undamaged session stand, in the file and in the log beside it.

    Args:
        path: the file.
        target: which of its files is hit, "file" or "log".
    """

    def __init__(self, path: Path, target: str) -> None:
        head = read_head(path)
        assert head.page_size is not None
        self.log = read_log(path, head.page_size)
        copies: dict[tuple[Any, ...], list[list[Range]]] = defaultdict(list)
        with open(path, "rb") as file:
            pages = Pages.of(file, head.page_size)
            for number in range(1, pages.count + 1):
                at = (number - 1) * pages.size if target == "file" else None
                _place(copies, pages, number, pages[number], at)
            for frame in range(len(self.log.numbers) if self.log else 0):
                assert self.log is not None
                at = frame * (FRAME_HEAD_BYTES + pages.size) + FRAME_HEAD_BYTES + LOG_HEAD_BYTES
                number, page = int(self.log.numbers[frame]), self.log.page(frame)
                _place(copies, pages, number, page, at if target == "log" else None)
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
            self._rows = [(row, copies[key]) for key, row in _rows(db)]
        assert all(places for _, places in self._rows)

    @property
    def rows(self) -> Rows:
        """All rows."""
        return Counter(row for row, _ in self._rows)

    def untouched(self, hit: Range) -> Rows:
        """The rows of which a copy was not hit; no board of which nothing else is left."""
        there = [
            row for row, copies in self._rows if any(not _is_hit(copy, hit) for copy in copies)
        ]
        boards = {row[1] for row in there if row[0] == "channel"}
        boards |= {row[2] for row in there if row[0] == "block"}
        return Counter(row for row in there if row[0] != "board" or row[1] in boards)


def commits_hit(log: Log, hit: Range) -> Range:
    """`hit`, from the begin on of the transactions whose last frame cannot be known for one."""
    size = FRAME_HEAD_BYTES + log.page_size
    marks = [
        LOG_HEAD_BYTES + frame * size
        for frame in range(len(log.numbers))
        if int.from_bytes(log.content[LOG_HEAD_BYTES + frame * size + 4 :][:4], "big")
    ]
    last = (marks[-1], marks[-1] + FRAME_HEAD_BYTES)
    if hit[1] < len(log.content) and not _is_hit([last], hit):
        return hit
    ends = [at + size for at in marks if at + size <= hit[0]]
    return max(ends, default=LOG_HEAD_BYTES), len(log.content)


def _is_hit(places: list[Range], hit: Range) -> bool:
    return any(begin < hit[1] and hit[0] < end for begin, end in places)


def _place(
    copies: dict[tuple[Any, ...], list[list[Range]]],
    pages: Pages,
    number: int,
    page: bytes,
    begin: int | None,
) -> None:
    """Note where the rows of a page stand when it begins at `begin`; None: nowhere to be hit."""
    at = HEAD_BYTES if number == 1 else 0
    if page[at] not in (TABLE_LEAF, INDEX_LEAF):
        return
    count = int.from_bytes(page[at + 3 : at + 5], "big")
    cells = [cell for (cell,) in struct.iter_unpack(">H", page[at + 8 : at + 8 + 2 * count])]
    ends = [*sorted(cells)[1:], len(page)] if cells else []
    end_of = dict(zip(sorted(cells), ends, strict=True))
    for place, (cell, row) in enumerate(zip(cells, leaf_rows(pages, number, page), strict=True)):
        slot = at + 8 + 2 * place
        ranges = [(cell, end_of[cell]), (slot, slot + 2), (at, at + 1), (at + 3, at + 5)]
        moved = [] if begin is None else [(begin + a, begin + b) for a, b in ranges]
        if begin is not None:
            moved += _overflow(pages, page, cell, has_row_id=page[at] == TABLE_LEAF)
        copies[(row.row_id, *row.values)].append(moved)


def _overflow(pages: Pages, page: bytes, at: int, *, has_row_id: bool) -> Iterator[Range]:
    """Where the rest of a row stands that does not fit on its page; of a file, not of a log."""
    size, at = _varint(page, at)
    if has_row_id:
        _, at = _varint(page, at)
    local = local_bytes(size, pages.size, has_row_id=has_row_id)
    pointer = page[at + local : at + local + 4]
    for _ in range(-(-(size - local) // (pages.size - 4))):
        number = int.from_bytes(pointer, "big")
        yield (number - 1) * pages.size, number * pages.size
        pointer = pages[number][:4]
