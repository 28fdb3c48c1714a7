"""Lines that hold a row of numbers each, read as numbers; what is none is told with its line."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.recordings.recording import Unread

Floats = NDArray[np.float64]

HIGHEST_COUNTER = 255
MOST = 1e14  # milliseconds since 1970 are fewer
MOST_UV = 4.6e6  # an ADS1299 at gain 1 ends at 4.5 V
TOLD = 10_000  # rows that are not read are told one by one up to here
_DAY = re.compile(r"\s*(?:\d{4}-\d\d-\d\d[ T])?(\d{1,2}):(\d\d):(\d\d)[.,](\d{1,9})\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of a row is what, from 0; None or () for what is not there.

    Attributes:
        total: how many there are.
        counter: the sample counter.
        channels: microvolts.
        stamp: seconds since 1970 UTC times `stamps_a_second`.
        day: time of day, as text.
        end: a Cyton's end byte, which says what the pins' columns hold; None: they hold pins.
        pins: D11 and D12.
        marker: what was marked, 0 for nothing.
        delimiter: between columns.
        decimal_comma: whether numbers have one.
    """

    total: int
    counter: int
    channels: tuple[int, ...]
    stamp: int | None = None
    stamps_a_second: float = 1.0
    day: int | None = None
    end: int | None = None
    pins: tuple[int, ...] = ()
    marker: int | None = None
    delimiter: str = ","
    decimal_comma: bool = False

    @property
    def used(self) -> tuple[int, ...]:
        """Those that are read as numbers, in the order of a row of `Rows`."""
        others = (self.stamp, self.end, *self.pins, self.marker)
        return (self.counter, *self.channels, *(it for it in others if it is not None))


def with_points(line: str, delimiter: str) -> str:
    """A row of a machine with decimal commas, as `1, 0,25, 0,5`, the way others write it."""
    if delimiter != ",":
        return line.replace(",", ".")
    return line.replace(", ", "\0").replace(",", ".").replace("\0", ",")


class Rows:
    """Takes lines, and keeps what can be read of them.

    Attributes:
        unread: rows that were not read, the first ones.
        unread_rows: how many there are.
        columns: what stands where.
        size: rows that were read so far.
    """

    def __init__(self, columns: Columns) -> None:
        self.unread: list[Unread] = []
        self.unread_rows = 0
        self.size = 0
        self.columns = columns
        self._tables: list[Floats] = []
        self._lines: list[NDArray[np.int64]] = []
        self._days: list[Floats] = []

    def take(self, numbers: Sequence[int], lines: Sequence[str]) -> None:
        """Take lines that should hold a row each, and where they stand in the file."""
        if not lines:
            return
        if self.columns.decimal_comma:
            lines = [with_points(line, self.columns.delimiter) for line in lines]
        table = self._read_at_once(lines)
        whys = [""] * len(lines)
        if table is None:
            table = np.full((len(lines), len(self.columns.used)), np.nan)
            for place, line in enumerate(lines):
                whys[place] = self._read_one(line, table[place])
        day_s = self._days_of(lines, whys)
        self._judge(table, whys)
        self._keep(np.asarray(numbers, np.int64), table, day_s, whys)

    def refuse(self, line: int, why: str) -> None:
        """Tell of a line that is not even tried."""
        self.unread_rows += 1
        if len(self.unread) < TOLD:
            self.unread.append(Unread(line, why, self.size))

    def table(self) -> Floats:
        """(n, used columns) of all rows that were read."""
        return np.concatenate([np.empty((0, len(self.columns.used))), *self._tables])

    def lines(self) -> NDArray[np.int64]:
        """(n,) where they stand."""
        return np.concatenate([np.empty(0, np.int64), *self._lines])

    def day_s(self) -> Floats:
        """(n,) seconds of the day, NaN where there is no such column."""
        return np.concatenate([np.empty(0), *self._days])

    def _read_at_once(self, lines: Sequence[str]) -> Floats | None:
        """All of them, if nothing is wrong with any."""
        delimiter, total = self.columns.delimiter, self.columns.total
        if any(line.count(delimiter) != total - 1 for line in lines):
            return None
        if not all(line.isascii() and "\0" not in line for line in lines):
            return None
        try:
            read = np.loadtxt(
                list(lines),
                np.float64,
                comments=None,
                delimiter=delimiter,
                usecols=self.columns.used,
                ndmin=2,
            )
        except ValueError:
            return None
        return read if len(read) == len(lines) else None

    def _read_one(self, line: str, into: Floats) -> str:
        """Read a row; why it cannot be, or ""."""
        fields = line.split(self.columns.delimiter)
        if len(fields) != self.columns.total:
            return f"{len(fields)} columns where {self.columns.total} belong"
        for place, column in enumerate(self.columns.used):
            number = _number(fields[column])
            if number is None:
                return f"column {column + 1} is no number: {fields[column]!r:.24}"
            into[place] = number
        return ""

    def _days_of(self, lines: Sequence[str], whys: list[str]) -> Floats:
        day_s = np.full(len(lines), np.nan)
        if self.columns.day is None:
            return day_s
        for place, line in enumerate(lines):
            if not whys[place]:
                told = second_of_day(line.split(self.columns.delimiter)[self.columns.day])
                day_s[place] = np.nan if told is None else told
                whys[place] = "its time of day cannot be read" if told is None else ""
        return day_s

    def _judge(self, table: Floats, whys: list[str]) -> None:
        """What reads as a number and cannot be one."""
        channels = len(self.columns.channels)
        counter, uv, others = table[:, 0], table[:, 1 : 1 + channels], table[:, 1 + channels :]
        is_counter = (counter >= 0) & (counter <= HIGHEST_COUNTER) & (counter == np.rint(counter))
        found = {
            "its counter is not one of 0 to 255": ~is_counter,
            "no channel has a value": np.isnan(uv).all(axis=1),
            "a channel is beyond 4.5 V": (np.abs(uv) > MOST_UV).any(axis=1),
            "a time stamp, pin or marker has no value": ~(np.abs(others) < MOST).all(axis=1),
        }
        for why, those in found.items():
            for place in np.flatnonzero(those).tolist():
                whys[place] = whys[place] or why

    def _keep(
        self, numbers: NDArray[np.int64], table: Floats, day_s: Floats, whys: list[str]
    ) -> None:
        is_good = np.array([not why for why in whys], np.bool_)
        before = self.size + np.cumsum(is_good)
        for place in np.flatnonzero(~is_good).tolist():
            self.unread_rows += 1
            if len(self.unread) < TOLD:
                self.unread.append(Unread(int(numbers[place]), whys[place], int(before[place])))
        self._tables.append(table[is_good])
        self._lines.append(numbers[is_good])
        self._days.append(day_s[is_good])
        self.size += int(is_good.sum())


def second_of_day(text: str) -> float | None:
    """Of `12:00:53.329`, with a date before it or without; None when it is none."""
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    hour, minute, second, part = found.groups()
    return int(hour) * 3600 + int(minute) * 60 + int(second) + float(f"0.{part}")


def _number(text: str) -> float | None:
    """As numpy reads it; None when it is none."""
    if not text.isascii() or "_" in text or "\0" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None
