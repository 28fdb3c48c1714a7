"""Tables: csv of anybody, by the names of its columns; BORIS's events, tabular or aggregated.

A row is a stretch: begin, and end or duration. Where it has one `time` and whether that is START,
STOP or POINT, two rows are one. What parts the columns, comma, semicolon or tab, is seen.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping

from recorder.spans.span import Found, Span, clock, seconds_of

BEGIN = ("begin_s", "begin", "start_s", "start", "onset", "start (s)", "begin time")
END = ("end_s", "end", "stop_s", "stop", "offset", "stop (s)", "end (s)", "end time")
LENGTH = ("duration_s", "duration", "duration (s)")
TIME = ("time", "time_s")
PHASE = ("behavior type", "status")
TEXT = ("text", "label", "sort", "behavior", "behaviour", "trial_type", "words", "annotation")
TIER = ("speaker", "tier", "subject", "who")
COMMENT = ("comment", "comment start", "note")
SHIFTED = "time offset (s)"
Row = Mapping[str, str]


def read_table(text: str) -> Found:
    """The stretches of a table. Raises ValueError where there are none, or a row is not clear."""
    rows = list(_rows(text))
    if not rows:
        raise ValueError("a table without rows")
    first = rows[0][1]
    _require(first, TEXT, "a text")
    if any(seconds_of(row.get(SHIFTED) or "0") for _, row in rows):
        raise ValueError(f"its column {SHIFTED!r} is not 0: times would be moved by that")
    if _name(first, TIME) and _name(first, PHASE):
        return Found(tuple(_of_phases(rows)))
    _require(first, BEGIN, "a begin")
    _require(first, (*END, *LENGTH), "an end or a duration")
    return Found(tuple(_of_rows(rows)))


def _rows(text: str) -> Iterator[tuple[int, Row]]:
    """Each row with its line; names of columns in small letters."""
    lines = [f"{line}\n" for line in text.split("\n")]
    empty = next((at for at, line in enumerate(lines) if line.strip()), 0)
    del lines[:empty]
    head = lines[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.DictReader(lines, delimiter=delimiter, strict=True, restkey="", restval="")
    try:
        names = [name.strip().casefold() for name in reader.fieldnames or ()]
        if twice := {name for name in names if name and names.count(name) > 1}:
            raise ValueError(f"two columns are called {sorted(twice)[0]!r:.40}")
        reader.fieldnames = names
        for row in reader:
            if extra := row.pop("", None):
                _require_empty(extra, empty + reader.line_num)
            yield empty + reader.line_num, row
    except csv.Error as error:
        raise ValueError(f"line {empty + reader.line_num}: {error}") from error


def _require_empty(extra: object, line: int) -> None:
    cells = extra if isinstance(extra, list) else [extra]
    if any(str(cell).strip() for cell in cells):
        raise ValueError(f"line {line}: more cells than columns have names")


def _of_rows(rows: Iterable[tuple[int, Row]]) -> Iterator[Span]:
    for line, row in rows:
        begin_s = _seconds(row, BEGIN, line)
        if _name(row, END):
            end_s = _seconds(row, END, line)
        else:
            end_s = begin_s + _seconds(row, LENGTH, line)
        yield Span(begin_s, end_s, _text(row), _cell(row, TIER))


def _of_phases(rows: Iterable[tuple[int, Row]]) -> Iterator[Span]:
    begun: dict[tuple[str, str], tuple[float, str]] = {}
    for line, row in rows:
        at_s, phase = _seconds(row, TIME, line), _cell(row, PHASE).upper()
        key = (_cell(row, TIER), _cell(row, TEXT))
        if phase == "START" and key not in begun:
            begun[key] = at_s, _text(row)
        elif phase == "STOP" and key in begun:
            begin_s, text = begun.pop(key)
            yield Span(begin_s, at_s, text, key[0])
        elif phase == "POINT":
            yield Span(at_s, at_s, _text(row), key[0])
        else:
            raise ValueError(f"line {line}: {phase!r:.40} of {key[1]!r:.40} is out of turn")
    for (_, text), (begin_s, _) in begun.items():
        raise ValueError(f"{text!r:.40} begins at {clock(begin_s)} and does not end")


def _name(row: Row, names: Iterable[str]) -> str | None:
    return next((name for name in names if name in row), None)


def _require(row: Row, names: tuple[str, ...], what: str) -> None:
    if _name(row, names) is None:
        raise ValueError(f"no column is {what}: {' or '.join(names[:3])}")


def _cell(row: Row, names: Iterable[str]) -> str:
    name = _name(row, names)
    return " ".join((row[name] or "").split()) if name else ""


def _seconds(row: Row, names: Iterable[str], line: int) -> float:
    try:
        return seconds_of(_cell(row, names))
    except ValueError as error:
        raise ValueError(f"line {line}: {error}") from error


def _text(row: Row) -> str:
    label, comment = _cell(row, TEXT), _cell(row, COMMENT)
    return f"{label}: {comment}" if comment and label else label or comment
