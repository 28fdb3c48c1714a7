"""The EEG of a page: 1 to 40 Hz, both people on one grid, holes left empty.

    bins        lowest and highest of every BIN samples, throughout
    stretches   samples near the moments, or all of them; each packed by itself, so that a page
                unpacks only what it shows

What does not fit is left out and told: of stretches near moments the later ones, and of a whole
session every second sample, or the last digit. A page shows; whoever computes has the exports.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dsp.display import DisplayFilter
from recorder.open import Grid, OpenSession, Slots
from recorder.open.grid import holes_on
from recorder.review.packing import packed

Microvolts = NDArray[np.float32]  # (n, channels), NaN where there is none

GRID_HZ: Final = 250.0
BIN: Final = 256
NEAR_S: Final = 10.0
PIECE_S: Final = 60.0
NEAR_MOST: Final = 1_000_000  # signs
ALL_MOST: Final = 11_000_000
TRIED: Final = 8  # one piece of so many tells how long all will be
# (every how many-th sample, step in microvolts), the first that fits is taken
COARSER: Final = ((1, 1.0), (2, 1.0), (2, 2.0), (3, 2.0), (3, 4.0), (3, 8.0))


@dataclass(frozen=True, slots=True)
class Seen:
    """The EEG of everybody who has any, on one grid."""

    grid: Grid
    begin_s: float
    people: dict[str, Microvolts]

    @property
    def duration_s(self) -> float:
        """Of the grid."""
        return self.grid.n / self.grid.rate_hz


def seen_eeg(session: OpenSession, slots: dict[str, Slots]) -> Seen | None:
    """As people read it; None where nobody has samples. `slots` are by role."""
    if not slots:
        return None
    grid = session.grid(GRID_HZ)
    people = {role: _read(session, one, grid) for role, one in slots.items()}
    return Seen(grid, session.t_s(grid.begin_ns), people)


def eeg(
    seen: Seen,
    labels: Mapping[str, tuple[str, ...]],
    spans: list[tuple[float, float]],
    *,
    whole: bool,
) -> dict[str, Any]:
    """What a page holds of it. `spans` are moments in seconds, the most important first."""
    if whole:
        every, step = _fitting(seen)
        stretches = [_packed(seen, span, every, step) for span in _pieces(seen)]
        left_out = 0
    else:
        every, step = COARSER[0]
        stretches, left_out = _near(seen, spans, step)
    return {
        "labels": {role: list(labels[role]) for role in seen.people},
        "all": whole,
        "begin_s": seen.begin_s,
        "bin_s": BIN / seen.grid.rate_hz,
        "hz": seen.grid.rate_hz / every,
        "step": step,
        "bins": {role: packed(_bins(uv), 1.0) for role, uv in seen.people.items()},
        "stretches": sorted(stretches, key=lambda it: it["begin_s"]),
        "left_out": left_out,
    }


def _read(session: OpenSession, slots: Slots, grid: Grid) -> Microvolts:
    uv = np.concatenate([it.astype(np.float32) for it in session.pieces(slots, grid)])
    for hole in holes_on(slots, grid):
        begin, end = (
            round((t_ns - grid.begin_ns) * 1e-9 * grid.rate_hz)
            for t_ns in (hole.begin_ns, hole.end_ns)
        )
        gone = [list(session.labels(slots.role)).index(it) for it in hole.channels]
        uv[max(begin, 0) : max(end, 0), gone or slice(None)] = np.nan
    shown = DisplayFilter(grid.rate_hz)
    around = np.pad(uv, ((shown.half, shown.half), (0, 0)), mode="edge")
    return shown.apply(around)


def _bins(uv: Microvolts) -> NDArray[np.float32]:
    """(channels, 2, bins) lowest and highest of each bin, NaN where it is empty."""
    n = len(uv) // BIN * BIN
    cut = uv[:n].reshape(-1, BIN, uv.shape[1])
    low, high = (
        reduce(np.where(np.isfinite(cut), cut, empty), axis=1)
        for reduce, empty in ((np.min, np.inf), (np.max, -np.inf))
    )
    return np.stack([low.T, high.T], axis=1)  # what is not finite is told as missing


def _near(
    seen: Seen, spans: list[tuple[float, float]], step: float
) -> tuple[list[dict[str, Any]], int]:
    """Stretches around moments as long as they fit; and how many moments are without."""
    told: list[dict[str, Any]] = []
    held: list[tuple[float, float]] = []
    signs = left_out = 0
    for begin_s, end_s in spans:
        for span in _beyond((begin_s - NEAR_S, end_s + NEAR_S), held):
            one = _packed(seen, span, 1, step)
            size = sum(map(len, one["people"].values()))
            if signs + size > NEAR_MOST:
                left_out += 1
                break
            signs += size
            told.append(one)
            held.append(span)
    return told, left_out


def _beyond(
    span: tuple[float, float], held: Iterable[tuple[float, float]]
) -> Iterator[tuple[float, float]]:
    """What of a span is in none of those that are held."""
    begin_s, end_s = span
    for other_begin_s, other_end_s in sorted(held):
        if other_end_s > begin_s and other_begin_s < end_s:
            if other_begin_s > begin_s:
                yield begin_s, other_begin_s
            begin_s = other_end_s
    if end_s > begin_s:
        yield begin_s, end_s


def _pieces(seen: Seen) -> list[tuple[float, float]]:
    begins = seen.begin_s + np.arange(0.0, seen.duration_s, PIECE_S)
    return [(float(begin_s), float(begin_s) + PIECE_S) for begin_s in begins]


def _fitting(seen: Seen) -> tuple[int, float]:
    """How coarse the whole has to be, by some of its pieces."""
    pieces = _pieces(seen)
    tried = pieces[::TRIED]
    for every, step in COARSER:
        found = [_packed(seen, span, every, step)["people"].values() for span in tried]
        signs = sum(len(it) for values in found for it in values)
        if signs * len(pieces) / len(tried) <= ALL_MOST:
            break
    return every, step


def _packed(seen: Seen, span: tuple[float, float], every: int, step: float) -> dict[str, Any]:
    """One stretch: (channels, n) of each person."""
    hz = seen.grid.rate_hz
    begin, end = (round((s - seen.begin_s) * hz) for s in span)
    begin, end = max(begin, 0), min(max(end, 0), seen.grid.n)
    cut = slice(begin, end, every)
    return {
        "begin_s": seen.begin_s + begin / hz,
        "n": len(range(begin, end, every)),
        "people": {role: packed(uv[cut].T, step) for role, uv in seen.people.items()},
    }
