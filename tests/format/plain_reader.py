"""A reader of session files, written from recorder/store/FORMAT.md alone: nothing but Python.

python tests/format/plain_reader.py FILE     every sample: role, segment, index, t_ns, counts
"""

import json
import sqlite3
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any

MISSING = -(2**31)
Sample = tuple[int, int, int, list[int], list[int]]  # segment, index, t_ns, counts, aux


class Bits:
    """Bits of a string of bytes, the highest first."""

    def __init__(self, octets: bytes) -> None:
        self.bits = "".join(f"{octet:08b}" for octet in octets)
        self.at = 0

    def number(self, count: int) -> int:
        self.at += count
        return int(self.bits[self.at - count : self.at] or "0", 2)

    def zeros(self) -> int:
        one = self.bits.index("1", self.at)
        count, self.at = one - self.at, one + 1
        return count


def int32(value: int) -> int:
    return (value + 2**31) % 2**32 - 2**31


def rice(octets: bytes, rows: int, n: int) -> list[list[int]]:
    bits = Bits(octets[rows:])
    low = [[bits.number(octets[row]) for _ in range(n)] for row in range(rows)]
    whole = [[bits.zeros() << octets[row] | it for it in low[row]] for row in range(rows)]
    return [[number >> 1 ^ -(number & 1) for number in row] for row in whole]


def payload(octets: bytes, n: int, k: int) -> list[list[int]]:
    """The counts, a list for each sample."""
    (mask_bytes,) = struct.unpack_from("<I", octets)
    firsts = struct.unpack_from(f"<{k}i", octets, 4 + mask_bytes)
    at = 4 + mask_bytes + 4 * k
    residuals = rice(octets[at + k * (k - 1) :], k, n - 1)
    steps: list[list[int]] = []
    columns = []
    for column in range(k):
        weights = struct.unpack_from(f"<{column}h", octets, at)
        at += 2 * column
        explained = [sum(w * steps[j][i] for j, w in enumerate(weights)) for i in range(n - 1)]
        steps.append([residuals[column][i] + (explained[i] + 2048 >> 12) for i in range(n - 1)])
        values = [firsts[column]]
        for step in steps[-1]:
            values.append(values[-1] + step)
        columns.append([int32(value) for value in values])
    if mask_bytes:
        mask = Bits(zlib.decompress(octets[4 : 4 + mask_bytes]))
        columns = [[MISSING if mask.number(1) else it for it in column] for column in columns]
    return [[column[i] for column in columns] for i in range(n)]


def aux(octets: bytes, n: int, k: int) -> list[list[int]]:
    """The auxiliary columns, a list for each sample."""
    plain = zlib.decompress(octets, wbits=-15)
    values, samples = [0] * k, []
    for place in range(n * k):
        z = sum(plain[plane * n * k + place] << 8 * plane for plane in range(4))
        values[place % k] = (values[place % k] + (z >> 1 ^ -(z & 1))) % 2**32
        if place % k == k - 1:
            samples.append([int32(value) for value in values])
    return samples or [[] for _ in range(n)]


def arrivals(octets: bytes, first_index: int) -> list[tuple[int, int]]:
    """Pairs of index and t_ns."""
    more, period_ns, begin_ns = struct.unpack_from("<HIq", octets)
    steps, beside_ns = rice(octets[14:], 2, more + 1)
    indexes = [first_index + sum(steps[: i + 1]) for i in range(more + 1)]
    times_ns = [begin_ns + (it - indexes[0]) * period_ns for it in indexes]
    return [(indexes[i], times_ns[i] + beside_ns[i]) for i in range(more + 1)]


class Session:
    """A session file."""

    def __init__(self, path: object) -> None:
        self.db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        for name, right in (("application_id", 0x414E5450), ("user_version", 5)):
            if self.rows(f"PRAGMA {name}") != [(right,)]:
                raise ValueError(f"{path}: no session file of version 5")

    def rows(self, sql: str, *values: Any) -> list[Any]:
        return self.db.execute(sql, values).fetchall()

    def samples(self, board: int) -> Iterator[Sample]:
        """Every sample of a board, in order."""
        [(width,)] = self.rows("SELECT count(*) FROM channel WHERE board = ?", board)
        [(labels,)] = self.rows("SELECT aux_labels FROM board WHERE id = ?", board)
        beside = len(json.loads(labels))
        time_of: dict[int, Callable[[int], int]] = {}
        sql = "SELECT segment, first_index, n, payload, aux FROM block WHERE board = ?"
        for segment, first, n, *packed in self.rows(f"{sql} ORDER BY 1, 2", board):
            if segment not in time_of:
                time_of[segment] = self.clock(board, segment)
            counts, others = payload(packed[0], n, width), aux(packed[1], n, beside)
            for i in range(n):
                yield segment, first + i, time_of[segment](first + i), counts[i], others[i]

    def clock(self, board: int, segment: int) -> Callable[[int], int]:
        """What gives the time of an index."""
        sql = "SELECT idx, t_ns, period_ns FROM clock_fit WHERE (board, segment) = (?, ?)"
        knots = self.rows(f"{sql} AND NOT provisional ORDER BY 1", board, segment)
        knots = knots or self.rows(f"{sql} ORDER BY 1", board, segment)
        knots = knots or [self.line(board, segment)]

        def time_of(index: int) -> int:
            idx, t_ns, period_ns = ([it for it in knots if it[0] <= index] or knots[:1])[-1]
            return int(t_ns + round((index - idx) * period_ns))

        return time_of

    def line(self, board: int, segment: int) -> tuple[int, int, float]:
        """A clock made of the arrivals."""
        sql = "SELECT arrivals, first_index FROM block WHERE (board, segment) = (?, ?) ORDER BY 2"
        pairs = [pair for packed in self.rows(sql, board, segment) for pair in arrivals(*packed)]
        [(rate_hz,)] = self.rows("SELECT nominal_rate_hz FROM board WHERE id = ?", board)
        first, period_ns = pairs[0][0], 1e9 / rate_hz
        return first, min(t - round((i - first) * period_ns) for i, t in pairs), period_ns


if __name__ == "__main__":
    session = Session(sys.argv[1])
    for board, role in session.rows("SELECT id, role FROM board"):
        for segment, index, t_ns, counts, _ in session.samples(board):
            print(role, segment, index, t_ns, *counts)  # noqa: T201
