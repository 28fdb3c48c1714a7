"""Two sets of exported tables, held against each other."""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

TABLES = ("patient.csv", "therapist.csv", "measures.csv")
RELATIVE = 1e-6
TIME_NS = 1000.0
_TIME = "t_ns"


@dataclass(frozen=True, slots=True)
class Difference:
    """Of one table.

    Attributes:
        rows: how many there are.
        values: fields of them that hold a number.
        worst: the greatest difference of two numbers, by the greater of them and 1.
        worst_ns: the greatest of two times.
        problems: what must not be, one line each; the first few.
    """

    rows: int
    values: int
    worst: float
    worst_ns: float
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether they are the same, but for rounding."""
        return not self.problems


def compare(one: Path, other: Path, *, exact: bool) -> Difference:
    """Compare two tables; where `exact`, numbers (but for times) must be written alike."""
    worst = worst_ns = 0.0
    rows = values = 0
    problems: list[str] = []
    for rows, (heading, line, twin) in enumerate(_lines(one, other), start=1):
        if len(line) != len(heading) or len(twin) != len(heading):
            problems.append(f"{one.name}, row {rows}: only one has it, whole")
            break
        for name, a, b in zip(heading, line, twin, strict=True):
            apart = 0.0 if a == b else _apart(a, b)
            values += _is_number(a)
            if name == _TIME:
                worst_ns = max(worst_ns, abs(float(a) - float(b)))
            else:
                worst = max(worst, apart)
            limit = TIME_NS / max(abs(float(a)), 1.0) if name == _TIME else RELATIVE * (not exact)
            if apart > limit:
                problems.append(f"{one.name}, row {rows}, {name}: {a!r} and {b!r}")
    return Difference(rows, values, worst, worst_ns, tuple(problems[:5]))


def _lines(one: Path, other: Path) -> Iterator[tuple[list[str], list[str], list[str]]]:
    with one.open(newline="") as a, other.open(newline="") as b:
        lines: Iterator[tuple[list[str], list[str]]] = zip_longest(
            csv.reader(a), csv.reader(b), fillvalue=[]
        )
        heading, _ = next(lines)
        for line, twin in lines:
            yield heading, line, twin


def _apart(a: str, b: str) -> float:
    """How far apart two fields are; infinitely when one is no number and the other differs."""
    if not (_is_number(a) and _is_number(b)):
        return math.inf
    x, y = float(a), float(b)
    if math.isnan(x) or math.isnan(y):
        return 0.0 if math.isnan(x) and math.isnan(y) else math.inf
    return abs(x - y) / max(abs(x), abs(y), 1.0)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
