"""Indices of each person and the share of usable data, a value a second of the session."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder.measures.indices import FORMULAS
from recorder.open import OpenSession
from recorder.review.packing import packed
from recorder.store.reader import MeasureSeries

Floats = NDArray[np.float64]

STEP: Final = 0.001
PER_CENT: Final = 0.5
ERROR: Final = "_se"


@dataclass(frozen=True, slots=True)
class Seconds:
    """The seconds of a session, from its start."""

    started_ns: int
    n: int

    def of(self, t_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which second each instant is nearest to; -1 outside."""
        at = np.rint((t_ns - self.started_ns) / 1e9).astype(np.int64)
        return np.where((at >= 0) & (at < self.n), at, -1)

    def placed(self, found: list[MeasureSeries], column: str) -> Floats:
        """(n,) of series of one thing, which may have been defined anew in mid-session."""
        placed = np.full(self.n, np.nan)
        for one in found:
            value, at = getattr(one, column), self.of(one.t_ns)
            there = (at >= 0) & np.isfinite(value)
            placed[at[there]] = value[there]
        return placed


def seconds_of(session: OpenSession) -> Seconds:
    """Those from its start to its end."""
    return Seconds(session.started_ns, max(1, int(session.duration_s) + 1))


def index_curves(session: OpenSession, seconds: Seconds) -> list[dict[str, Any]]:
    """Each index that was measured of either person, with its standard error where it has one."""
    found = {name: list(session.each_measure(name)) for name in FORMULAS}
    errors = {name: list(session.each_measure(name + ERROR)) for name in FORMULAS}
    return [
        {
            "name": name,
            "band": band,
            "channels": list(channels),
            "window_s": same[0].series.window_s,
            "formula": same[0].series.formula,
            "step": STEP,
            "people": {
                role: {
                    "value": packed(seconds.placed(mine, "value"), STEP),
                    "error": packed(
                        seconds.placed(_of(errors[name], role, band, channels), "value"), STEP
                    ),
                }
                for role in session.roles
                if (mine := _of(same, role, band, channels))
            },
        }
        for name in FORMULAS
        for band, channels, same in _alike(found[name])
    ]


def clean_shares(session: OpenSession, seconds: Seconds) -> dict[str, Floats]:
    """Of each person, (n,) per cent of the window around each second that was usable."""
    first = next((found for name in FORMULAS if (found := list(session.each_measure(name)))), [])
    mine = {role: [it for it in first if it.series.persons == (role,)] for role in session.roles}
    return {role: 100 * seconds.placed(it[:1], "clean") for role, it in mine.items() if it}


def _alike(
    found: list[MeasureSeries],
) -> Iterator[tuple[str, tuple[str, ...], list[MeasureSeries]]]:
    """Series of one index in one place, of either person; those of the frontal sites first."""
    keys = dict.fromkeys((it.series.band, it.series.channels) for it in found)
    for band, channels in keys:
        yield band, channels, [it for it in found if _is(it, band, channels)]


def _is(one: MeasureSeries, band: str, channels: tuple[str, ...]) -> bool:
    return (one.series.band, one.series.channels) == (band, channels)


def _of(
    found: list[MeasureSeries], role: str, band: str, channels: tuple[str, ...]
) -> list[MeasureSeries]:
    return [it for it in found if it.series.persons == (role,) and _is(it, band, channels)]
