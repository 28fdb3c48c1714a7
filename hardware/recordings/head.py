"""What the first lines of a text file tell of the rows that follow."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hardware.recordings.rows import second_of_day

COMMENT = "%"
NAMES = "Sample Index"
# A row may have lost its first sign to a %; a header's line is words.
_HEADER_LINE = re.compile(r"%\W*([A-Za-z].*)?")
_STATED = re.compile(r"%\s*(?P<name>[A-Za-z][A-Za-z ]*?)\s*=\s*(?P<value>.*)")
_DECIMAL_COMMA = re.compile(r"\d+(,\d+)?, -?\d+,\d+, ")
_EPOCHS = ((1e11, 1e14, 1000.0), (1e8, 1e11, 1.0))  # milliseconds and seconds, of this century
MOST = 0.8


class Placed(NamedTuple):
    """A line, and where it stands in the file."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a file.

    Attributes:
        comments: lines before the first row that begin with %.
        names: of the columns, "" where they have none.
        rows: the first ones.
    """

    comments: tuple[Placed, ...]
    names: str
    rows: tuple[Placed, ...]

    def stated(self, name: str) -> str:
        """What the header says after `name =`; "" for nothing."""
        return stated([it.text for it in self.comments], name)

    def columns(self, delimiter: str) -> int:
        """How many columns most of the rows have."""
        counted = Counter(it.text.count(delimiter) + 1 for it in self.rows)
        return counted.most_common(1)[0][0]

    @property
    def delimiter(self) -> str:
        """Between columns."""
        text = "\n".join(it.text for it in self.rows)
        return next((sign for sign in "\t;" if text.count(sign) >= len(self.rows)), ",")

    @property
    def decimal_comma(self) -> bool:
        """Whether numbers have one: beside another delimiter, or where a space follows commas."""
        if self.delimiter != ",":
            return most(("," in it.text and "." not in _no_time(it.text)) for it in self.rows)
        return most(_DECIMAL_COMMA.match(it.text) is not None for it in self.rows)


def _no_time(text: str) -> str:
    return text.partition(":")[0]


def head_of(lines: Sequence[Placed]) -> Head:
    """Part the first lines of a file."""
    comments = [it for it in lines if it.text.startswith(COMMENT)]
    rows = [it for it in lines if it.text.strip() and not it.text.startswith(COMMENT)]
    first = rows[0].number if rows else 0
    names = rows.pop(0).text if rows and rows[0].text.lstrip().startswith(NAMES) else ""
    return Head(tuple(it for it in comments if not rows or it.number < first), names, tuple(rows))


def stated(comments: Sequence[str], name: str) -> str:
    """What comments say after `name =`, the first of them; "" for nothing."""
    found = (_STATED.match(it) for it in comments)
    said = (it["value"].strip() for it in found if it and it["name"].lower() == name.lower())
    return next(said, "")


def number_in(text: str) -> float | None:
    """The number that a text begins with, with a point or a comma."""
    found = re.match(r"[+-]?\d+(?:[.,]\d+)?", text)
    return float(found[0].replace(",", ".")) if found else None


def is_header(text: str) -> bool:
    """Whether a line that begins with % is one of a header, and no damaged row."""
    return _HEADER_LINE.fullmatch(text) is not None


def most(flags: Iterator[bool] | Sequence[bool]) -> bool:
    """Whether most of them are set."""
    listed = list(flags)
    return bool(listed) and sum(listed) >= MOST * len(listed)


class Clock(NamedTuple):
    """The columns that say when a row was written; None: there is none."""

    stamp: int | None = None
    stamps_a_second: float = 1.0
    day: int | None = None


def clock_of(rows: Sequence[Sequence[str]], after: int) -> Clock:
    """Find them among the columns from `after` on, by what is in them."""
    total = min(map(len, rows), default=0)
    for low, high, a_second in _EPOCHS:
        for column in range(after, total):
            if most(_is_between(row[column], low, high) for row in rows):
                return Clock(column, a_second)
    days = (it for it in range(after, total) if most(_is_day(row[it]) for row in rows))
    return Clock(day=next(days, None))


def _is_between(text: str, low: float, high: float) -> bool:
    try:
        return low < float(text) < high
    except ValueError:
        return False


def _is_day(text: str) -> bool:
    return second_of_day(text) is not None
