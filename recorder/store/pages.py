"""Rows straight from the pages of a SQLite file, for when SQLite itself gives the file up.

    page         leaf of a table (13): head of 8 bytes, cell pointers of 2, ... cells
                 leaf of a table WITHOUT ROWID (10): the same, its cells have no row id
    cell         payload size (varint), row id (varint), payload, 4 bytes: first overflow page
    overflow     4 bytes: next overflow page or 0, then payload
    payload      head size (varint), a type for each column (varint), the columns' values

A page is 13 or 10 by its first byte, but for page 1, where the file's head of 100 bytes comes
before. Every leaf is read for itself: no tree is followed, so that a damaged page costs its own
rows only. All numbers big end first. Source: https://www.sqlite.org/fileformat2.html
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MAGIC = b"SQLite format 3\0"
HEAD_BYTES = 100
PAGE_SIZES = tuple(1 << power for power in range(9, 17))
TABLE_LEAF, INDEX_LEAF = 13, 10
INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}

Value = int | float | str | bytes | None


@dataclass(frozen=True, slots=True)
class LeafRow:
    """A row as it stands on its page; `row_id` is None in a table WITHOUT ROWID.

    A column that is the row id is None in `values`.
    """

    row_id: int | None
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class FileHead:
    """What the first 100 bytes say: the page size, None where they are damaged, and two numbers."""

    page_size: int | None
    version: int
    application_id: int


def read_head(path: Path) -> FileHead:
    """The head of a file, which may be damaged."""
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES).ljust(HEAD_BYTES, b"\0")
    size = int.from_bytes(head[16:18], "big")
    size = 1 << 16 if size == 1 else size
    known = head.startswith(MAGIC) and size in PAGE_SIZES
    version, application_id = struct.unpack_from(">I4xI", head, 60)
    return FileHead(size if known else None, version, application_id)


@dataclass(slots=True)
class Pages:
    """The pages of an open file, numbered from 1."""

    file: BinaryIO
    size: int
    count: int

    @staticmethod
    def of(file: BinaryIO, size: int) -> "Pages":
        """All that are there whole, and the rest of one that was cut."""
        return Pages(file, size, -(-file.seek(0, 2) // size))

    def __getitem__(self, number: int) -> bytes:
        if not 0 < number <= self.count:
            raise ValueError(f"there is no page {number}")
        self.file.seek((number - 1) * self.size)
        return self.file.read(self.size).ljust(self.size, b"\0")


def leaf_rows(pages: Pages, number: int, page: bytes) -> Iterator[LeafRow]:
    """The rows of page `number` that can be read, in order; none if it is no leaf.

    What does not fit on it is taken from the others of `pages`.
    """
    at = HEAD_BYTES if number == 1 else 0
    kind, cells = page[at], int.from_bytes(page[at + 3 : at + 5], "big")
    if kind not in (TABLE_LEAF, INDEX_LEAF) or at + 8 + 2 * cells > len(page):
        return
    # no row needs more of the file than there is: what damage makes endless ends here
    allowance = pages.count
    for (pointer,) in struct.iter_unpack(">H", page[at + 8 : at + 8 + 2 * cells]):
        try:
            payload, row_id, used = _cell(pages, page, pointer, has_row_id=kind == TABLE_LEAF)
            yield LeafRow(row_id, _record(payload))
        except (ValueError, IndexError, struct.error):
            continue
        allowance -= used
        if allowance < 0:
            return


def _cell(pages: Pages, page: bytes, at: int, *, has_row_id: bool) -> tuple[bytes, int | None, int]:
    """Payload, row id and number of overflow pages of the cell at `at`."""
    size, at = _varint(page, at)
    row_id = None
    if has_row_id:
        row_id, at = _varint(page, at)
        row_id -= (row_id >> 63) << 64
    local = local_bytes(size, pages.size, has_row_id=has_row_id)
    payload = page[at : at + local]
    if local == size:
        return _whole(payload, size), row_id, 0
    rest, used = _overflow(pages, page[at + local : at + local + 4], size - local)
    return _whole(payload + rest, size), row_id, used


def local_bytes(size: int, page_size: int, *, has_row_id: bool) -> int:
    """How much of a payload stands on the leaf itself."""
    most = page_size - 35 if has_row_id else (page_size - 12) * 64 // 255 - 23
    least = (page_size - 12) * 32 // 255 - 23
    if size <= most:
        return size
    local = least + (size - least) % (page_size - 4)
    return local if local <= most else least


def _overflow(pages: Pages, pointer: bytes, size: int) -> tuple[bytes, int]:
    chunk = pages.size - 4
    needed = -(-size // chunk)
    if needed > pages.count:
        raise ValueError("a row longer than the file")
    parts = []
    for _ in range(needed):
        page = pages[int.from_bytes(pointer, "big")]
        pointer = page[:4]
        parts.append(page[4:])
    return b"".join(parts)[:size], needed


def _whole(payload: bytes, size: int) -> bytes:
    if len(payload) != size:
        raise ValueError("a row is cut short")
    return payload


def _record(payload: bytes) -> tuple[Value, ...]:
    head_size, at = _varint(payload, 0)
    end = head_size
    values = []
    while at < head_size:
        kind, at = _varint(payload, at)
        value, end = _value(payload, kind, end)
        values.append(value)
    if at != head_size or end != len(payload):
        raise ValueError("a row is damaged")
    return tuple(values)


def _value(payload: bytes, kind: int, at: int) -> tuple[Value, int]:
    """The value of a column of type `kind` at `at`, and where the next one begins."""
    if kind in (8, 9):
        return kind - 8, at
    size = (kind - 12) // 2 if kind >= 12 else 8 if kind == 7 else INTEGER_BYTES.get(kind, 0)
    content = payload[at : at + size]
    if kind in (10, 11) or len(content) != size:
        raise ValueError("a row is damaged")
    if kind >= 12:
        return (content.decode() if kind % 2 else content), at + size
    if kind == 7:
        return struct.unpack(">d", content)[0], at + size
    return (int.from_bytes(content, "big", signed=True) if size else None), at + size


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """Seven bits a byte while the highest is set, eight in the ninth; and where it ends."""
    value = 0
    for place in range(at, at + 8):
        octet = content[place]
        value = value << 7 | octet & 0x7F
        if octet < 0x80:
            return value, place + 1
    return value << 8 | content[at + 8], at + 9
