"""Scores of other sources joined to sessions: alliance, mood, attendance, whatever a csv has.

A row is of one session, by its id (`session`), or by `patient` and, where a patient has several,
`therapist`, with the number of the session (`number`) or its date (`date`, as 2026-11-29, UTC). All
other columns are scores: numbers stay numbers, an empty cell is no score, and words stay words but
are not tested. What does not fit a session is an error in one line, so that nothing is lost unseen.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from recorder.cohort.dyads import Member

KEYS: Final = ("session", "site", "patient", "therapist", "number", "date")

Score = float | str | None


@dataclass(frozen=True, slots=True)
class Scores:
    """Of each session the scores that there are.

    Attributes:
        columns: names, in the order of the files.
        of: of each session id, by column.
    """

    columns: tuple[str, ...]
    of: dict[str, dict[str, Score]]

    def numbers(self) -> tuple[str, ...]:
        """The columns of which every score is a number."""
        cells = [(name, cell) for row in self.of.values() for name, cell in row.items()]
        words = {name for name, cell in cells if isinstance(cell, str)}
        return tuple(name for name in self.columns if name not in words)


def read_scores(files: Iterable[Path], members: Sequence[Member], taken: Sequence[str]) -> Scores:
    """Join csv files to sessions.

    Args:
        files: of them.
        members: the sessions; the parts of one have the same scores.
        taken: names of columns that there are already.

    Raises:
        ValueError: a file is no such table, or a row of it fits no session or several.
        OSError: it cannot be read.
    """
    columns: list[str] = []
    of: dict[str, dict[str, Score]] = {}
    for file in files:
        for line, row in _rows(file):
            new = [name for name in row if name not in KEYS]
            if clash := sorted({*new} & {*taken}):
                raise ValueError(
                    f"{file}: a column {clash[0]!r} is in the table already: rename it"
                )
            columns += [name for name in new if name not in columns]
            fitting = [it for it in members if _fits(row, it)]
            if len({it.number for it in fitting}) != 1 or len({it.dyad for it in fitting}) != 1:
                raise ValueError(f"{file}, line {line}: fits {_count(fitting)}: {_asked(row)}")
            for it in fitting:
                of.setdefault(it.seen.id, {}).update({name: _score(row[name]) for name in new})
    return Scores(tuple(columns), of)


def _rows(file: Path) -> Iterable[tuple[int, dict[str, str]]]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        head = text.readline()
        delimiter = max(",;\t", key=head.count)
        names = [it.strip() for it in next(csv.reader([head], delimiter=delimiter), [])]
        names = [it.lower() if it.lower() in KEYS else it for it in names]
        if "session" not in names and not ({"number", "date"} & {*names} and "patient" in names):
            raise ValueError(f"{file}: no column session, nor patient with number or date")
        if len({*names}) < len(names) or not all(names):
            raise ValueError(f"{file}: its columns need names, each another")
        for line, cells in enumerate(csv.reader(text, delimiter=delimiter, strict=True), start=2):
            if len(cells) > len(names):
                raise ValueError(f"{file}, line {line}: more cells than columns")
            if any(cells):
                padded = [*cells, *[""] * (len(names) - len(cells))]
                yield line, dict(zip(names, (it.strip() for it in padded), strict=True))


def _fits(row: dict[str, str], it: Member) -> bool:
    own = {
        "session": it.seen.id,
        "site": it.seen.site,
        "patient": it.seen.codes[0],
        "therapist": it.seen.codes[1],
        "number": str(it.number),
        "date": it.date,
    }
    return all(own[key] == row[key] for key in KEYS if row.get(key))


def _count(fitting: Sequence[Member]) -> str:
    return f"{len(fitting)} sessions" if fitting else "no session"


def _asked(row: dict[str, str]) -> str:
    return ", ".join(f"{key} {row[key]}" for key in KEYS if row.get(key))


def _score(cell: str) -> Score:
    """A number, also with a comma for a point; None of nothing."""
    if not cell:
        return None
    try:
        number = float(cell.replace(",", "."))
    except ValueError:
        return cell
    return number if number - number == 0 else None  # neither nan nor inf is a score
