"""Export as Parquet, for DuckDB, polars, pandas, R and Spark; written by DuckDB alone.

    <id>_samples_<role>.parquet    segment, index, t_ns, and of each channel `<label>_counts`, the
                                   board's own integers, NULL where that channel is missing
    <id>_measures.parquet          long: t_ns, series, value, clean, percentile
    <id>_measures_wide.parquet     t_ns, t_s, and a column a series
    <id>_<table>.parquet           as recorder/export/tables.py says, each of which there is a row

Each file says in its key-value metadata what is in it: `antiphon` the session, by which clock it is
told, and the version; `channels` of samples unit, reference and scale, value = count * scale;
`series` of measures each one's definition. Other units are in the names of columns. Of the same
session come the same bytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from hardware.board import MISSING_COUNT
from recorder import __version__
from recorder.export.asked import Asked
from recorder.export.beside import beside, file_of
from recorder.export.library import library
from recorder.export.tables import Table, tables
from recorder.open import OpenSession
from recorder.open.wide import wide
from recorder.progress import Progress

# Version 2 tells integers by their differences: half the bytes in a third of the time.
WRITTEN = "FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd"


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """A table as arrays, and what its metadata says."""

    name: str
    arrays: dict[str, Any]
    about: dict[str, Any]


def export_parquet(
    session: OpenSession, directory: Path, _: Asked, progress: Progress
) -> list[Path]:
    """Write a session as Parquet, a file a table.

    `progress` is told (tables written, tables in all).

    Raises:
        Failure: DuckDB is missing.
        ValueError: the session is damaged.
        OSError: a file cannot be written.
    """
    duckdb = library("duckdb", "duckdb", "analysis")
    small = list(tables(session))
    total = len(session.roles) + 2 * bool(session.series) + len(small)
    written = []
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute("SET enable_progress_bar = false")
        for columns in _tables(session, small):
            path = file_of(directory, f"{session.id}_{columns.name}.parquet")
            try:
                with beside(path) as part:
                    write(database, columns, part)
            except duckdb.Error as error:
                raise OSError(f"{path}: {error}") from error
            del columns  # before the other one's samples are read
            written.append(path)
            progress(len(written), total)
    return written


def _tables(session: OpenSession, small: list[Table]) -> Iterator[Columns]:
    about = {"id": session.id, "clock": session.clock, "version": __version__}
    for role in session.roles:
        yield _samples(session, role, about)
    if session.series:
        yield from _measures(session, about)
    for table in small:
        yield Columns(table.name, arrays_of(table.columns, table.rows), {"antiphon": about})


def _samples(session: OpenSession, role: str, about: dict[str, str]) -> Columns:
    native = session.native(role)
    arrays: dict[str, Any] = {
        "segment": native.segment,
        "index": native.index,
        "t_ns": native.t_ns,
    }
    for label, counts in zip(native.labels, native.counts.T, strict=True):
        is_missing = counts == MISSING_COUNT
        whole = not is_missing.any()
        arrays[f"{label}_counts"] = counts if whole else np.ma.masked_array(counts, is_missing)
    channels = [asdict(channel) for channel in session.channels(role)]
    return Columns(f"samples_{role}", arrays, {"antiphon": about, "channels": channels})


def _measures(session: OpenSession, about: dict[str, str]) -> Iterator[Columns]:
    """The same values twice: a row a value, and a row an instant."""
    found = list(session.each_measure())
    series = {it.series.id: asdict(it.series) for it in found}
    long = {
        "t_ns": np.concatenate([it.t_ns for it in found]),
        "series": np.repeat([it.series.id for it in found], [len(it.t_ns) for it in found]),
    }
    for name in ("value", "clean", "percentile"):
        long[name] = np.concatenate([getattr(it, name) for it in found])
    yield Columns("measures", long, {"antiphon": about, "series": series})
    beside_each_other = wide(found, session.started_ns)
    named = {
        name: asdict(it)
        for name, it in zip(beside_each_other.names, beside_each_other.definitions, strict=True)
    }
    arrays = {"t_ns": beside_each_other.t_ns, **beside_each_other.columns()}
    yield Columns("measures_wide", arrays, {"antiphon": about, "series": named})


def arrays_of(names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """Rows of cells as columns, by name; None where there is nothing."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    return {name: _array(cells) for name, cells in zip(names, columns, strict=True)}


def _array(cells: tuple[Any, ...]) -> Any:
    """Integers, numbers or words, with what stands for None in each."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {int}:
        missing = [cell is None for cell in cells]
        return np.ma.masked_array([cell or 0 for cell in cells], missing, dtype=np.int64)
    if kinds <= {int, float}:
        return np.array([np.nan if cell is None else cell for cell in cells], np.float64)
    return np.array(cells, object)


def write(database: Any, columns: Columns, path: Path) -> None:
    """Write a table through a DuckDB connection."""
    database.register("columns", columns.arrays)
    copy(database, "columns", columns.about, path)
    database.unregister("columns")


def copy(database: Any, table: str, about: dict[str, Any], path: Path) -> None:
    """Write what DuckDB has as a table, with what its metadata says."""
    told = ", ".join(f"{key}: {_quoted(_json(it))}" for key, it in about.items())
    options = f"{WRITTEN}, KV_METADATA {{{told}}}"
    database.execute(f"COPY {table} TO {_quoted(str(path))} ({options})")


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _quoted(text: str) -> str:
    """As SQL quotes a string."""
    return "'" + text.replace("'", "''") + "'"
