"""Export as plain tables (CSV, UTF-8): samples, measures, and what else a session holds.

    <id>_<role>.csv     segment, index, t_ns, then one column `<label>_uv` per channel
    <id>_measures.csv   t_ns, series, name, band, persons, channels, value, clean, percentile
    <id>_<table>.csv    as recorder/export/tables.py says, each of which there is a row

Microvolts carry enough digits that round(uv / uv_per_count) gives the board's own integers back;
`nan` stands where a channel is missing while others of its sample are there. A word that a
spreadsheet would take for a formula has a ' before it.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from math import ceil, isnan, log10
from pathlib import Path

import msgspec
import numpy as np

from recorder.export.asked import Asked
from recorder.export.beside import beside, file_of
from recorder.export.tables import tables
from recorder.open import Native, OpenSession
from recorder.progress import Progress
from recorder.store.reader import MeasureSeries

ROWS_TOGETHER = 1024
FORMULA = ("=", "+", "-", "@", "\t", "\r")
MEASURES = "t_ns,series,name,band,persons,channels,value,clean,percentile\n"

Lines = Iterable[bytes]


def export_csv(session: OpenSession, directory: Path, _: Asked, progress: Progress) -> list[Path]:
    """Write the tables of a session into a directory.

    `progress` is told as the samples of one person after the other are written.

    Returns:
        The files written: one per board, and the others where there is something to tell.

    Raises:
        ValueError: the session is damaged.
        OSError: the tables cannot be written.
    """
    roles = session.roles
    written = []
    for place, role in enumerate(roles):
        lines = _sample_lines(session, role, progress, (place, len(roles)))
        written.append(_write(session, directory, role, lines))
    if session.series:
        written.append(_write(session, directory, "measures", _measure_lines(session)))
    for table in tables(session):
        text = _as_csv(table.columns, *table.rows)
        written.append(_write(session, directory, table.name, [text]))
    return written


def _write(session: OpenSession, directory: Path, name: str, lines: Lines) -> Path:
    path = file_of(directory, f"{session.id}_{name}.csv")
    with beside(path) as part, part.open("xb") as file:
        file.writelines(lines)
    return path


def _sample_lines(
    session: OpenSession, role: str, progress: Progress, of: tuple[int, int]
) -> Iterator[bytes]:
    """The heading, then some rows at a time; `of` is the place of this person among so many."""
    channels = session.channels(role)
    labels = (f"{channel.label}_{channel.unit.lower()}" for channel in channels)
    yield _as_csv(["segment", "index", "t_ns", *labels])
    native = session.native(role)
    decimals = [_decimals(channel.scale) for channel in channels]
    place, people = of
    for begin in range(0, len(native), ROWS_TOGETHER):
        yield _rows_of(native, slice(begin, begin + ROWS_TOGETHER), decimals)
        done = min(begin + ROWS_TOGETHER, len(native))
        progress(place * len(native) + done, people * len(native))


def _rows_of(native: Native, some: slice, decimals: Sequence[int]) -> bytes:
    """Numbers as lines; JSON's rows are made in a third of the time that formatting takes."""
    uv = native.uv_of(some).T
    rounded = [np.round(column, n).tolist() for column, n in zip(uv, decimals, strict=True)]
    whole = [it[some].tolist() for it in (native.segment, native.index, native.t_ns)]
    rows = msgspec.json.encode(list(zip(*whole, *rounded, strict=True)))
    return rows[2:-2].replace(b"],[", b"\n").replace(b"null", b"nan") + b"\n"


def _decimals(scale: float) -> int:
    """Digits after the point so that rounding moves a value by less than a tenth of a count."""
    return max(0, ceil(-log10(abs(scale))) + 1)


def _measure_lines(session: OpenSession) -> Iterator[bytes]:
    """Series after series."""
    yield MEASURES.encode()
    for found in session.each_measure():
        for begin in range(0, len(found.t_ns), ROWS_TOGETHER):
            yield _values_of(found, slice(begin, begin + ROWS_TOGETHER))


def _values_of(found: MeasureSeries, some: slice) -> bytes:
    it = found.series
    words = (it.id, it.name, it.band, "+".join(it.persons), "+".join(it.channels))
    definition = _as_csv(words).decode().rstrip("\n")
    columns = (found.t_ns[some], found.value[some], found.clean[some], found.percentile[some])
    rows = zip(*(column.tolist() for column in columns), strict=True)
    lines = [
        f"{t_ns},{definition},{_number(value)},{_number(clean)},{_number(percentile)}\n"
        for t_ns, value, clean, percentile in rows
    ]
    return "".join(lines).encode()


def _number(value: float) -> str:
    """The shortest text that reads back as it; nothing for one not known."""
    return "" if isnan(value) else repr(value)


def _as_csv(*rows: Sequence[object]) -> bytes:
    """Lines as the csv module quotes them."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(_no_formula, row) for row in rows)
    return text.getvalue().encode()


def _no_formula(cell: object) -> object:
    """`cell`; a word that begins as a formula, of the recorder's own making or of others', quoted.

    Source: OWASP, CSV injection.
    """
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
