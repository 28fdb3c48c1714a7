"""The checks of a session file, written from recorder/store/FORMAT.md alone: nothing but Python."""

import sqlite3
import struct
import zlib
from collections import Counter
from collections.abc import Iterator

TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
COUNTING = {"block": ["crc32", "id"], "sqlite_master": ["name", "sql", "tbl_name", "type"]}
KEY = ("board", "segment", "first_index", "n", "codec", "late")


def damage(db: sqlite3.Connection) -> Iterator[str]:
    """What does not fit, one line each."""
    db.row_factory = sqlite3.Row
    known: Counter[int] = Counter()
    chain = 0
    for number, entry in enumerate(db.execute("SELECT * FROM ledger ORDER BY id"), start=1):
        head = struct.pack("<3q", chain, number, entry["change"])
        chain = zlib.crc32(entry["crcs"], zlib.crc32(head))
        if (entry["id"], entry["chain"]) != (number, chain):
            yield f"ledger: entry {entry['id']}"
        for (crc,) in struct.iter_unpack("<I", entry["crcs"]):
            known[crc] += entry["change"]
    for (table,) in [("sqlite_master",), *db.execute(TABLES).fetchall()]:
        if table != "ledger":
            known.subtract(row_crc(table, row) for row in db.execute(f"SELECT * FROM {table}"))
    made_by_sqlite = "SELECT * FROM sqlite_master WHERE name GLOB 'sqlite_*'"
    known.update(row_crc("sqlite_master", row) for row in db.execute(made_by_sqlite))
    yield from (f"row {crc:08x}: {count}" for crc, count in known.items() if count)
    for block in db.execute("SELECT * FROM block"):
        whole = struct.pack("<6q", *(block[name] for name in KEY))
        whole += block["payload"] + block["aux"] + block["arrivals"]
        if zlib.crc32(whole) != block["crc32"]:
            yield f"block {block['id']}"


def row_crc(table: str, row: sqlite3.Row) -> int:
    parts = [table.encode() + b"\0"]
    for name in COUNTING.get(table, sorted(row.keys())):
        value = row[name]
        if value is not None:
            parts += [name.encode() + b"\0", canonical(value)]
    return zlib.crc32(b"".join(parts))


def canonical(value: float | str | bytes) -> bytes:
    if isinstance(value, int):
        return struct.pack("<cq", b"i", value)
    if isinstance(value, float):
        return struct.pack("<cd", b"f", value)
    octets, kind = (value, b"b") if isinstance(value, bytes) else (value.encode(), b"s")
    return struct.pack("<cq", kind, len(octets)) + octets
