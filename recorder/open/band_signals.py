"""Band signals of a recorded session, made again as the pipeline made them (measures/pipeline.py).

The same filters on the same session grid, through the same bridge over short holes; by the clock
that was asked for, where the pipeline had what it knew at the time.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.bands import DEFAULT_BANDS, SPAN_S, Band, BandFilter, SessionGrid, band_filter
from dsp.ring import Ring
from hardware.board import MISSING_COUNT
from recorder.measures.series import DELTA_SPAN_S, REFERENCE_SITES
from recorder.open.native import Native
from recorder.store.headers import BoardHeader
from recorder.store.rows import SeriesRow

Complexes = NDArray[np.complex64]

POINTS_TOGETHER: Final = 2400  # a minute of the grid
SPARE: Final = 64  # samples on either side, more than any bridge rests on
LEAST_S: Final = 8.0  # of samples that are held
USUAL_MAINS_HZ: Final = 50.0
LINKED_EARS: Final = ("(A1+A2)/2", "(M1+M2)/2")


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """How one person's band signals are made.

    Attributes:
        filter: of the bands that were measured.
        ear: the channel of which half is taken off all others; None as recorded.
        is_recorded: the taps are those that the session's series name.
    """

    filter: BandFilter
    ear: int | None
    is_recorded: bool


def recipe_of(series: list[SeriesRow], board: BoardHeader) -> Recipe:
    """What the session's series say of this person's signals; the usual where there are none."""
    taught = [it for it in series if board.role in it.persons and it.taps_hash]
    alone = [it for it in taught if len(it.persons) == 1]
    mine = alone or taught
    bands = _bands(mine) or DEFAULT_BANDS
    mains_hz = next((it.mains_hz for it in reversed(mine) if it.mains_hz), USUAL_MAINS_HZ)
    span_s = DELTA_SPAN_S if "delta" in {band.name for band in bands} else SPAN_S
    made = band_filter(board.nominal_rate_hz, bands, span_s, mains_hz=mains_hz)
    labels = [channel.label for channel in board.channels]
    is_linked = any(it.reference in LINKED_EARS for it in alone)
    ears = [labels.index(label) for label in labels if label in REFERENCE_SITES]
    hashes = {it.taps_hash for it in mine}
    return Recipe(made, ears[0] if is_linked and ears else None, made.taps_hash in hashes)


def _bands(series: list[SeriesRow]) -> tuple[Band, ...]:
    """In the order that they were measured in: by frequency, the individual one last.

    The usual ones are always computed, whether or not anything was made of them.
    """
    usual = {band.name: band for band in DEFAULT_BANDS} if series else {}
    found = usual | {it.band: Band(it.band, it.low_hz, it.high_hz) for it in series if it.band}
    return tuple(sorted(found.values(), key=lambda it: (it.name == "ialpha", it.low_hz)))


def grid_times_ns(started_ns: int, duration_s: float) -> NDArray[np.int64]:
    """Instants of the session grid."""
    grid = SessionGrid(started_ns)
    n = int(duration_s * 1e9) // grid.step_ns
    return started_ns + grid.step_ns * np.arange(n, dtype=np.int64)


def band_signals(
    native: Native, board: BoardHeader, recipe: Recipe, times_ns: NDArray[np.int64]
) -> Complexes:
    """Band signals (bands, channels, points) in microvolts at instants; NaN where there is none.

    |z| is the amplitude of the rhythm, its angle the phase. Channels that the board samples later
    than others are read that much later.
    """
    z = np.full((len(recipe.filter.bands), len(native.labels), len(times_ns)), np.nan, np.complex64)
    edges = np.flatnonzero(np.diff(native.segment, prepend=-1, append=-1))
    for begin, end in pairwise(edges.tolist()):
        ends_ns = native.t_ns[[begin, end - 1]]
        first, last = np.searchsorted(times_ns, ends_ns, side="left").tolist()
        for at in range(first, last, POINTS_TOGETHER):
            some = slice(at, min(at + POINTS_TOGETHER, last))
            own = slice(begin, end)
            z[:, :, some] = _signals(native, own, board, recipe, times_ns[some])
    if recipe.ear is not None:
        z -= z[:, [recipe.ear]] / 2
    return z


def _signals(
    native: Native, own: slice, board: BoardHeader, recipe: Recipe, times_ns: NDArray[np.int64]
) -> Complexes:
    """The same of instants within one segment, which is `own` among the samples."""
    since_ns = (native.t_ns[own] - times_ns[0]).astype(np.float64)
    index = native.index[own]
    places = np.interp((times_ns - times_ns[0]).astype(np.float64), since_ns, index)
    delays = np.array([channel.delay_s for channel in board.channels]) * board.nominal_rate_hz
    reach = recipe.filter.reach + SPARE
    low, high = int(places[0]) - reach, int(places[-1] + delays.max(initial=0.0)) + reach
    near = slice(own.start + np.searchsorted(index, low), own.start + np.searchsorted(index, high))
    ring = Ring(max(high - low, round(LEAST_S * board.nominal_rate_hz)), len(native.labels))
    _fill(ring, native.index[near], _microvolts(native.counts[near], board))
    out = np.empty((len(recipe.filter.bands), len(native.labels), len(times_ns)), np.complex64)
    for delay in np.unique(delays):
        alike = delays == delay
        out[:, alike] = recipe.filter.evaluate(ring, places + delay)[:, alike]
    return out


def _fill(ring: Ring, index: NDArray[np.int64], uv: NDArray[np.float32]) -> None:
    for run in np.split(np.arange(len(index)), np.flatnonzero(np.diff(index) > 1) + 1):
        if len(run):
            ring.write(int(index[run[0]]), uv[run])


def _microvolts(counts: NDArray[np.int32], board: BoardHeader) -> NDArray[np.float32]:
    """As the lanes have them: a railed sample is infinite, a missing one NaN."""
    uv = np.multiply(counts, np.float32(board.uv_per_count), dtype=np.float32)
    uv[np.abs(counts.astype(np.int64)) >= board.rail_counts] = np.inf
    uv[counts == MISSING_COUNT] = np.nan
    return uv
