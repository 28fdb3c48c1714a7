"""Export as plain tables (CSV, UTF-8): samples per board, and what else a session holds.

    <id>_<role>.csv     segment, index, t_ns, then one column `<label>_uv` per channel
    <id>_channels.csv   role, label, kind, unit, reference, delay_s
    <id>_markers.csv    t_ns, label, provenance
    <id>_gaps.csv       role, segment, first_index, n, cause, begin_ns, end_ns
    <id>_measures.csv   t_ns, series, name, band, persons, channels, value, clean, percentile
    <id>_clock.csv      t_ns, utc_ns, synchronised

Microvolts carry enough digits that round(uv / uv_per_count) gives the board's own integers back;
`nan` stands where a channel is missing while others of its sample are there. A word that a
spreadsheet would take for a formula has a ' before it.
Times are CLOCK_MONOTONIC in nanoseconds, the same for both persons. The clock table tells them as
nanoseconds since 1970-01-01 UTC: between two of its rows linearly, before the first and after the
last at its offset. A clock that was set while the session ran is put right in all rows;
`synchronised` is 1 where a server disciplined it at that time, and no row with 1 means that the
time of day is not certain.
"""

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count
from math import ceil, isnan, log10
from pathlib import Path

import numpy as np

from hardware.board import MISSING_COUNT
from recorder.progress import Progress, no_progress
from recorder.store.calendar import utc_ns
from recorder.store.headers import BoardHeader
from recorder.store.reader import SessionReader
from recorder.store.workplace import EXPORTS, workplace

ROWS_TOGETHER = 1024
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Lines = Iterator[str]


def export_csv(path: Path, directory: Path, progress: Progress = no_progress) -> list[Path]:
    """Write the tables of the session file `path` into `directory`, made if need be.

    A table appears under its name only when it is complete; one of that name is replaced.
    `progress` is told (blocks written, blocks in all).

    Returns:
        The files written: one per board, and the others where there is something to tell.

    Raises:
        FileNotFoundError: there is no such session file.
        ValueError: it is not one, or it is damaged.
        OSError: the tables cannot be written.
    """
    with SessionReader(path) as session:
        session_id = _file_name(session.header.id)
        directory.mkdir(parents=True, exist_ok=True)
        with workplace(directory, session_id, "export", EXPORTS) as place:
            written = [
                _write(place / _file_name(f"{session_id}_{name}.csv"), directory, lines)
                for name, lines in _tables(session, progress)
            ]
    return [file for file in written if file is not None]


def _file_name(text: str) -> str:
    """`text`, unless it would lead out of the directory: ids and roles are read from a file."""
    if Path(text).name != text:
        raise ValueError(f"{text!r} cannot be a file's name")
    return text


def _tables(session: SessionReader, progress: Progress) -> Iterator[tuple[str, Lines]]:
    [(blocks,)] = session.query("SELECT count(*) FROM block")
    written = count(1)
    for board in session.boards():
        lines = _sample_lines(session, board)
        yield board.role, (_told(line, progress, next(written), blocks) for line in lines)
    yield "channels", _channel_lines(session)
    yield "markers", _marker_lines(session)
    yield "gaps", _gap_lines(session)
    yield "measures", _measure_lines(session)
    yield "clock", _clock_lines(session)


def _told(line: str, progress: Progress, done: int, total: int) -> str:
    progress(done, total)
    return line


def _write(path: Path, directory: Path, lines: Lines) -> Path | None:
    """Write `lines` at `path`, then put it into `directory`; no file when there are none."""
    first = next(lines, None)
    if first is None:
        return None
    with path.open("x", encoding="utf-8", newline="") as file:
        file.writelines(chain([first], lines))
        file.flush()
        os.fsync(file.fileno())
    return path.replace(directory / path.name)


def _sample_lines(session: SessionReader, board: BoardHeader) -> Lines:
    """The heading, then the rows of one block at a time in one string."""
    labels = (f"{channel.label}_{channel.unit.lower()}" for channel in board.channels)
    yield from _csv_lines(["segment", "index", "t_ns", *labels], [])
    scale = np.array([channel.scale for channel in board.channels])
    row = ",".join(["%d", "%d", "%d", *(f"%.{_decimals(s)}f" for s in scale)]) + "\n"
    for samples in session.samples(board.id):
        t_ns = session.times_ns(board.id, samples.segment, samples.index)
        segment = [samples.segment] * len(t_ns)
        uv = np.where(samples.counts == MISSING_COUNT, np.nan, samples.counts * scale)
        columns = (segment, samples.index.tolist(), t_ns.tolist(), *uv.T.tolist())
        # one formatting of a whole block is three times faster than csv.writer
        yield (row * len(t_ns)) % tuple(chain.from_iterable(zip(*columns, strict=True)))


def _decimals(scale: float) -> int:
    """Digits after the point so that rounding moves a value by less than a tenth of a count."""
    return max(0, ceil(-log10(abs(scale))) + 1)


def _channel_lines(session: SessionReader) -> Lines:
    rows = [
        (board.role, it.label, it.kind, it.unit, it.reference, it.delay_s)
        for board in session.boards()
        for it in board.channels
    ]
    return _csv_lines(["role", "label", "kind", "unit", "reference", "delay_s"], rows)


def _marker_lines(session: SessionReader) -> Lines:
    rows = [(m.t_ns, m.label, m.provenance) for m in session.markers()]
    return _csv_lines(["t_ns", "label", "provenance"], rows) if rows else iter(())


def _gap_lines(session: SessionReader) -> Lines:
    roles = {board.id: board.role for board in session.boards()}
    heading = ["role", "segment", "first_index", "n", "cause", "begin_ns", "end_ns"]
    rows = [
        (roles.get(g.board, ""), g.segment, g.first_index, g.n, g.cause, g.begin_ns, g.end_ns)
        for g in session.gaps()
    ]
    return _csv_lines(heading, rows) if rows else iter(())


def _measure_lines(session: SessionReader) -> Lines:
    """Series after series; the heading comes with the first value."""
    heading = ["t_ns", "series", "name", "band", "persons", "channels"]
    heading += ["value", "clean", "percentile"]
    for found in session.measures():
        s = found.series
        fixed = (s.id, s.name, s.band, "+".join(s.persons), "+".join(s.channels))
        for begin in range(0, len(found.t_ns), ROWS_TOGETHER):
            some = slice(begin, begin + ROWS_TOGETHER)
            columns = (found.value[some], found.clean[some], found.percentile[some])
            rows = (
                (t_ns, *fixed, *map(_number, numbers))
                for t_ns, *numbers in zip(found.t_ns[some].tolist(), *columns, strict=True)
            )
            yield from _csv_lines(heading, rows)
            heading = []


def _clock_lines(session: SessionReader) -> Lines:
    pairs = session.clock_pairs()
    told_ns = utc_ns(pairs, np.array([pair.t_ns for pair in pairs], np.int64)).tolist()
    rows = [(p.t_ns, told, int(p.synchronised)) for p, told in zip(pairs, told_ns, strict=True)]
    return _csv_lines(["t_ns", "utc_ns", "synchronised"], rows)


def _number(value: float) -> float | None:
    """A float, written as the shortest text that reads back as it; None for one not known."""
    return None if isnan(value) else float(value)


def _csv_lines(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> Lines:
    """Lines as the csv module quotes them, the heading first if there is one."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    if heading:
        table.writerow(map(_no_formula, heading))
    table.writerows(map(_no_formula, row) for row in rows)
    yield text.getvalue()


def _no_formula(cell: object) -> object:
    """`cell`; a word that begins as a formula, of the recorder's own making or of others', quoted.

    Source: OWASP, CSV injection.
    """
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
