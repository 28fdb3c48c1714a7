"""What an analysis found, as Parquet; written by DuckDB alone.

    FILE                    a row a number, as recorder.open.Result, and `made_utc_ns`, `version`
    FILE's name _windows    t_ns, series, value, clean, percentile: measured again, and what is
                            measured off-line only
    FILE's name _lagged     lagged correlation in windows: name, band, channels, begin_s, lag_s, r

The metadata hold the session and its clock, all parameters of each test, and the definitions.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from recorder import __version__
from recorder.analysis.analyse import Analysis
from recorder.export.beside import beside
from recorder.export.library import library
from recorder.export.parquet import Columns, arrays_of, write
from recorder.open import OpenSession, Result


def write_analysis(session: OpenSession, analysis: Analysis, path: Path) -> list[Path]:
    """Write an analysis to `path` and beside it; the files.

    Raises:
        Failure: DuckDB is missing.
        OSError: a file cannot be written.
    """
    duckdb = library("duckdb", "duckdb", "analysis")
    about = {"id": session.id, "clock": session.clock, "version": __version__}
    written = []
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute("SET enable_progress_bar = false")
        for columns in _tables(analysis, about):
            own = path.with_stem(path.stem + columns.name)
            try:
                with beside(own) as part:
                    write(database, columns, part)
            except duckdb.Error as error:
                raise OSError(f"{own}: {error}") from error
            written.append(own)
    return written


def _tables(analysis: Analysis, about: dict[str, str]) -> Iterator[Columns]:
    parameters = {run.test: run.parameters for run in analysis.runs}
    yield Columns("", results_of(analysis), {"antiphon": about, "parameters": parameters})
    yield _windows(analysis, about)
    if analysis.windowed:
        yield Columns("_lagged", _lagged(analysis), {"antiphon": about, "parameters": parameters})


def results_of(analysis: Analysis) -> dict[str, Any]:
    """What was found as columns of a table: a row a number."""
    names = tuple(field.name for field in fields(Result))
    rows = [
        (*(_cell(getattr(one, name)) for name in names), run.version, run.made_utc_ns)
        for run in analysis.runs
        for one in run.results
    ]
    return arrays_of((*names, "version", "made_utc_ns"), rows)


def _cell(value: object) -> Any:
    """Several words joined with +."""
    if isinstance(value, tuple):
        return "+".join(value)
    if isinstance(value, float) and math.isnan(value):
        return None
    return int(value) if isinstance(value, bool) else value


def _windows(analysis: Analysis, about: dict[str, str]) -> Columns:
    """Each value at the centre of its window."""
    replayed, more = analysis.replayed, analysis.more
    rows = [*replayed.definitions.rows, *(it.row for it in more)]
    none = np.full(len(replayed.end_ns), np.nan)
    value = [*replayed.value.T, *(it.value for it in more)]
    clean = [*replayed.clean.T, *(it.clean for it in more)]
    percentile = [*replayed.percentile.T, *(none for _ in more)]
    arrays = {
        "t_ns": np.concatenate([replayed.end_ns - round(it.window_s * 0.5e9) for it in rows]),
        "series": np.repeat([it.id for it in rows], len(replayed.end_ns)),
        "value": np.concatenate(value),
        "clean": np.concatenate(clean),
        "percentile": np.concatenate(percentile),
    }
    return Columns(
        "_windows", arrays, {"antiphon": about, "series": {it.id: asdict(it) for it in rows}}
    )


def _lagged(analysis: Analysis) -> dict[str, Any]:
    words: dict[str, list[str]] = {"name": [], "band": [], "channels": []}
    numbers: dict[str, list[Any]] = {"begin_s": [], "lag_s": [], "r": []}
    for it in analysis.windowed:
        two, size = it.two, it.r.size
        for name, word in zip(words, (two.name, two.band, "+".join(two.channels)), strict=True):
            words[name] += [word] * size
        numbers["begin_s"].append(np.repeat(it.begin_s, len(it.lag_s)))
        numbers["lag_s"].append(np.tile(it.lag_s, len(it.begin_s)))
        numbers["r"].append(it.r.ravel())
    as_words = {name: np.array(cells, object) for name, cells in words.items()}
    return as_words | {name: np.concatenate(cells) for name, cells in numbers.items()}
