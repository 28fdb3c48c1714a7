"""Which rows of a damaged file are as they were written: those that its ledger knows (ledger.py).

The ledger may be damaged itself, or the end of it lost. A row that it does not know is damaged for
sure only where all of the ledger is there: of the header's rows, when its first entry is whole; of
others, when all entries follow each other and the last one says how the session ended. What cannot
be judged is kept, and told.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from recorder.store.ledger import (
    Counts,
    Crcs,
    counting_columns,
    crc_of_rows,
    entry_fits,
    expected_crcs,
)
from recorder.store.pages import LeafRow, Value
from recorder.store.shapes import Shape

HEADER = ("session", "person", "board", "channel")
# What blocks cannot do without is kept even when it is damaged.
NEEDED = ("session", "board", "channel")

_SCHEMA = ("type", "name", "tbl_name", "rootpage", "sql")
_STEPS = ("id", "migration_set", "name", "applied_at")
# What the ledger knows, and a new file makes for itself.
OWN_SHAPES = (
    Shape("sqlite_master", _SCHEMA, ("TEXT",) * 3 + ("INTEGER", "TEXT"), (False,) * 5, None, False),
    Shape("_sqlite_migrations", _STEPS, ("INTEGER",) + ("TEXT",) * 3, (False,) * 4, 0, False),
)
OWN = tuple(shape.table for shape in OWN_SHAPES)

Known = tuple[Shape, tuple[Value, ...]]
Entry = tuple[int, int, bytes, int]


@dataclass(slots=True)
class Sieve:
    """What the ledger knows and has not been found yet.

    Attributes:
        shapes: of the tables.
        crcs: of the rows.
        counts: how many there are of each.
        header_is_sure: whether header rows that it does not know are damaged.
        chain_is_whole: whether the entries that are there follow each other.
        has_end: whether the row of the session is the one it was ended with.
    """

    shapes: list[Shape]
    crcs: Crcs
    counts: Counts
    header_is_sure: bool
    chain_is_whole: bool
    has_end: bool = False
    _crc_of: dict[str, tuple[Callable[[Iterable[Value]], int], list[int]]] = field(
        default_factory=dict
    )

    @classmethod
    def of(cls, shapes: list[Shape], entries: Iterable[tuple[Value, ...]]) -> "Sieve":
        """The sieve of ledger rows, in any order and some perhaps several times or damaged."""
        candidates: dict[int, list[Entry]] = defaultdict(list)
        for number, change, crcs, chain in entries:
            if isinstance(number, int) and isinstance(change, int) and isinstance(crcs, bytes):
                entry = (number, change, crcs, chain if isinstance(chain, int) else -1)
                candidates[number].append(entry)
        chosen: list[Entry] = []
        whole: list[bool] = []
        for number in sorted(candidates):
            before = chosen[-1] if chosen else (0, 0, b"", 0)
            fitting = [it for it in candidates[number] if entry_fits(before[0], before[3], it)]
            chosen.append((fitting or candidates[number])[0])
            whole.append(bool(fitting))
        there = expected_crcs((change, entered) for _, change, entered, _ in chosen)
        return cls([*shapes, *OWN_SHAPES], *there, whole[:1] == [True], all(whole))

    def take(self, row: LeafRow) -> Known | None:
        """The table and values of a row that the ledger knows, each as often as it was entered."""
        for shape in self.shapes:
            values = shape.values(row)
            if values is not None and self._take(self._crc(shape, values)):
                if shape.table == "session":
                    self.has_end = values[shape.columns.index("state")] != "recording"
                return shape, values
        return None

    def keeps(self, table: str) -> bool:
        """Whether a row of a table is to be kept although the ledger does not know it."""
        return table in ("block", *NEEDED) or not self.is_sure(table)

    def is_sure(self, table: str) -> bool:
        """Whether a row of a table that the ledger does not know is damaged."""
        if table in HEADER:
            return self.header_is_sure
        return self.chain_is_whole and self.has_end

    @property
    def lost(self) -> int:
        """How many rows were entered and have not been found."""
        return int(self.counts.sum())

    def _take(self, crc: int) -> bool:
        at = int(np.searchsorted(self.crcs, np.uint32(crc)))
        if at == len(self.crcs) or self.crcs[at] != crc or not self.counts[at]:
            return False
        self.counts[at] -= 1
        return True

    def _crc(self, shape: Shape, values: tuple[Value, ...]) -> int:
        if shape.table not in self._crc_of:
            names = counting_columns(shape.table, set(shape.columns) - {"rootpage"})
            places = [shape.columns.index(name) for name in names]
            self._crc_of[shape.table] = crc_of_rows(shape.table, names), places
        crc, places = self._crc_of[shape.table]
        # SQLite writes 4.0 as 4 where a real number belongs
        return crc(_real(values[it]) if shape.kinds[it] == "REAL" else values[it] for it in places)


def _real(value: Value) -> Value:
    return float(value) if isinstance(value, int) else value
