"""Measures as a wide table: a row an instant, a column a series, and what each column is."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recorder.store.reader import MeasureSeries
from recorder.store.rows import SeriesRow

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """Values of k series at m instants.

    Attributes:
        t_ns: (m,) int64, the centre of each window.
        t_s: (m,) seconds since the session started.
        names: of the k columns, such as plv_alpha_patient-therapist_F3-F3.
        definitions: of each column: formula, band, window, channels, what was done about holes.
        value: (m, k); NaN where there is none.
        clean: (m, k), the share of the window that was usable, 0 to 1.
        percentile: (m, k) within the pair's own chance level; NaN in the first minutes, in which
            that level is not known yet, and for measures of one person.
    """

    t_ns: NDArray[np.int64]
    t_s: Floats
    names: tuple[str, ...]
    definitions: tuple[SeriesRow, ...]
    value: Floats
    clean: Floats
    percentile: Floats

    def columns(self) -> dict[str, Floats]:
        """t_s and each value by its name, as pandas, polars or duckdb take them."""
        return {"t_s": self.t_s, **dict(zip(self.names, self.value.T, strict=True))}


def wide(found: Iterable[MeasureSeries], started_ns: int) -> Measures:
    """Put series side by side, at all instants at which any of them has a value."""
    series = list(found)
    empty = np.empty(0, np.int64)
    t_ns = np.unique(np.concatenate([empty, *(it.t_ns for it in series)]))
    value, clean, percentile = (np.full((len(t_ns), len(series)), np.nan) for _ in range(3))
    for column, it in enumerate(series):
        rows = np.searchsorted(t_ns, it.t_ns)
        value[rows, column], clean[rows, column] = it.value, it.clean
        percentile[rows, column] = it.percentile
    definitions = tuple(it.series for it in series)
    t_s = (t_ns - started_ns) / 1e9
    return Measures(t_ns, t_s, _names(definitions), definitions, value, clean, percentile)


def _names(definitions: tuple[SeriesRow, ...]) -> tuple[str, ...]:
    """Names that tell the columns apart; of one that was defined anew, with its series' number."""
    names = [name_of(it) for it in definitions]
    often = Counter(names)
    return tuple(
        f"{name}_{it.id}" if often[name] > 1 else name
        for name, it in zip(names, definitions, strict=True)
    )


def name_of(series: SeriesRow) -> str:
    """Measure, band, persons and channels in one word."""
    parts = (series.name, series.band, "-".join(series.persons), "-".join(series.channels))
    return "_".join(part for part in parts if part)
