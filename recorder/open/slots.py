"""One person's samples in even slots: a mean period apart, holes bridged by a straight line.

Everything that filters needs samples without holes. A hole that is filled with zeros leaves
millivolts behind a high-pass filter for seconds after it, since raw electrodes stand at many
millivolts; a straight line leaves microvolts. So a hole is bridged, and told.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.board import MISSING_COUNT
from recorder.open.native import Native
from recorder.store.rows import GapRow

HALF = "half"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Hole:
    """A stretch in which one person has no samples, or not of all channels.

    Attributes:
        role: whose.
        begin_ns, end_ns: from the first instant without a sample to the next one with.
        cause: a word of hardware.board.GapCause, several joined with +, or "unknown".
        n: how many samples of even slots.
        channels: those without samples; () for all.
    """

    role: str
    begin_ns: int
    end_ns: int
    cause: str
    n: int
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """One person's n slots, of which `holes` are bridged.

    Attributes:
        role: whose.
        counts: (n, channels) int32.
        t_ns: (n,) int64, strictly increasing.
        scale: (channels,) microvolts a count.
        rate_hz: the mean of all stretches without a hole.
        segment_ends: slots at which another segment begins.
        holes: in time.
    """

    role: str
    counts: NDArray[np.int32]
    t_ns: NDArray[np.int64]
    scale: NDArray[np.float64]
    rate_hz: float
    segment_ends: tuple[int, ...]
    holes: tuple[Hole, ...]

    def __len__(self) -> int:
        return len(self.t_ns)


def slots_of(native: Native, gaps: Sequence[GapRow], nominal_hz: float) -> Slots:
    """Give each sample its slot, and bridge the others.

    Within a segment the board's own index says how many are missing; between two segments the time
    does. `gaps` are those of this board, for the causes.

    Raises:
        ValueError: there are no samples.
    """
    if not len(native):
        raise ValueError(f"{native.role}: no samples")
    is_same = np.diff(native.segment) == 0
    step, span_ns = np.diff(native.index), np.diff(native.t_ns)
    period_ns = span_ns[is_same].sum() / step[is_same].sum() if is_same.any() else 1e9 / nominal_hz
    step = np.where(is_same, step, np.maximum(1, np.rint(span_ns / period_ns).astype(np.int64)))
    place = np.concatenate([[0], np.cumsum(step)])
    n = int(place[-1]) + 1
    t_ns = _interpolated_ns(native.t_ns, place, n)
    holes = [*_holes(native, place, step, t_ns, gaps), *_halves(native, place, t_ns)]
    holes.sort(key=lambda hole: hole.begin_ns)
    return Slots(
        native.role,
        _bridged(native, place, n),
        t_ns,
        native.scale,
        1e9 / period_ns,
        tuple((place[1:][~is_same]).tolist()),
        tuple(holes),
    )


def _interpolated_ns(
    t_ns: NDArray[np.int64], place: NDArray[np.int64], n: int
) -> NDArray[np.int64]:
    since_ns = np.interp(np.arange(n), place, (t_ns - t_ns[0]).astype(np.float64))
    times: NDArray[np.int64] = t_ns[0] + np.rint(since_ns).astype(np.int64)
    return times


def _bridged(native: Native, place: NDArray[np.int64], n: int) -> NDArray[np.int32]:
    if n == len(native) and not (native.counts == MISSING_COUNT).any():
        return native.counts
    full = np.empty((n, native.counts.shape[1]), np.int32)
    full[place] = native.counts
    is_there = np.zeros(n, np.bool_)
    is_there[place] = True
    for channel, counts in enumerate(native.counts.T):
        own = counts != MISSING_COUNT
        missing = ~is_there
        missing[place[~own]] = True
        known = (place[own], counts[own]) if own.any() else ([0], [0])
        gap = np.flatnonzero(missing)
        full[gap, channel] = np.rint(np.interp(gap, *known))
    return full


def _holes(
    native: Native,
    place: NDArray[np.int64],
    step: NDArray[np.int64],
    t_ns: NDArray[np.int64],
    gaps: Sequence[GapRow],
) -> Iterator[Hole]:
    """Slots without any sample, with the causes of the gaps that are stored there."""
    stored = sorted((*_place_of(gap), gap.cause) for gap in gaps)
    for before in np.flatnonzero(step > 1).tolist():
        first, n = int(place[before]) + 1, int(step[before]) - 1
        ends = ((int(native.segment[at]), int(native.index[at])) for at in (before, before + 1))
        begin, end = (bisect_left(stored, (*at, "")) for at in ends)
        causes = dict.fromkeys(cause for _, _, cause in stored[begin:end])
        told = "+".join(causes) or UNKNOWN
        yield Hole(native.role, int(t_ns[first]), int(t_ns[first + n]), told, n)


def _place_of(gap: GapRow) -> tuple[int, int]:
    """Segment and index; a gap of time is before the first sample of the segment it names."""
    return gap.segment, gap.first_index if gap.n else -1


def _halves(native: Native, place: NDArray[np.int64], t_ns: NDArray[np.int64]) -> Iterator[Hole]:
    """Runs of samples of which some channels are missing."""
    missing = native.counts == MISSING_COUNT
    rows = np.flatnonzero(missing.any(axis=1))
    if not len(rows):
        return
    is_new = (np.diff(place[rows]) != 1) | (missing[rows[1:]] != missing[rows[:-1]]).any(axis=1)
    for run in np.split(rows, np.flatnonzero(is_new) + 1):
        begin, last = int(place[run[0]]), int(place[run[-1]])
        end_ns = int(t_ns[min(last + 1, len(t_ns) - 1)])
        labels = np.array(native.labels)[missing[run[0]]].tolist()
        yield Hole(native.role, int(t_ns[begin]), end_ns, HALF, len(run), tuple(labels))
