"""One person's samples as they go into a file: counts at one rate, and what is told beside them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recorder.export.annotations import Annotation, annotations
from recorder.open import Grid, Hole, OpenSession, Slots
from recorder.open.grid import holes_on

FULL_COUNTS = 2**23 - 1  # the range is symmetric, so that no reader moves what is 0
RAIL = "rail"
RAIL_PAUSE_S = 1.0  # what is nearer is one stretch at the rail


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """n samples of one person.

    Attributes:
        role: whose.
        counts: (channels, n) int32, within +-FULL_COUNTS.
        rate_hz: samples a second.
        begin_ns: when the first one was taken.
        annotations: in time, of which the first sample is 0.
    """

    role: str
    counts: NDArray[np.int32]
    rate_hz: float
    begin_ns: int
    annotations: tuple[Annotation, ...]


def native_track(session: OpenSession, slots: Slots) -> Track:
    """As the board sent it: digit for digit, at its own mean rate, holes bridged.

    An annotation's onset is where its sample is, so that it falls on it in every reader; from the
    session's clock the time of such a file departs by milliseconds. The one count that a symmetric
    range cannot say is -2**23, of a converter at its rail: it is written as one more, and told.

    Raises:
        ValueError: counts that 24 bits cannot hold.
    """
    lowest, highest = int(slots.counts.min()), int(slots.counts.max())
    if lowest < -FULL_COUNTS - 1 or highest > FULL_COUNTS:
        raise ValueError(f"{session.id}: {slots.role}: BDF cannot hold counts beyond 24 bits")
    counts = np.ascontiguousarray(slots.counts.T)
    told = _told(session, slots, lambda t_ns: _place(slots, t_ns) / slots.rate_hz, slots.holes)
    if lowest < -FULL_COUNTS:
        told += _rails(session.labels(slots.role), slots)
        np.maximum(counts, -FULL_COUNTS, out=counts)
    return Track(slots.role, counts, slots.rate_hz, int(slots.t_ns[0]), tuple(sorted(told)))


def grid_track(session: OpenSession, slots: Slots, grid: Grid) -> Track:
    """On the grid that both people share, rounded to the board's own counts."""
    counts = np.empty((slots.counts.shape[1], grid.n), np.int32)
    begin = 0
    for piece in session.pieces(slots, grid):
        rounded = np.rint(piece / slots.scale)
        counts[:, begin : begin + len(piece)] = np.clip(rounded, -FULL_COUNTS, FULL_COUNTS).T
        begin += len(piece)
    holes = holes_on(slots, grid)
    told = _told(session, slots, lambda t_ns: (t_ns - grid.begin_ns) / 1e9, holes)
    return Track(slots.role, counts, grid.rate_hz, grid.begin_ns, tuple(told))


def _told(
    session: OpenSession, slots: Slots, second_of: Callable[[int], float], holes: Sequence[Hole]
) -> list[Annotation]:
    skips_ns = (int(slots.t_ns[at]) for at in slots.segment_ends)
    return annotations(session, holes, skips_ns, second_of)


def _place(slots: Slots, t_ns: int) -> float:
    """Which sample an instant is at, whole or not; before the first and after the last, too."""
    period_ns = 1e9 / slots.rate_hz
    after = int(np.searchsorted(slots.t_ns, t_ns))
    if after == 0:
        return (t_ns - int(slots.t_ns[0])) / period_ns
    before_ns = int(slots.t_ns[after - 1])
    wide_ns = int(slots.t_ns[after]) - before_ns if after < len(slots) else period_ns
    return after - 1 + (t_ns - before_ns) / wide_ns


def _rails(labels: Sequence[str], slots: Slots) -> Iterator[Annotation]:
    """Where -2**23 was counted."""
    for label, counts in zip(labels, slots.counts.T, strict=True):
        places = np.flatnonzero(counts < -FULL_COUNTS)
        new = np.flatnonzero(np.diff(places) > RAIL_PAUSE_S * slots.rate_hz) + 1
        for begin, end in pairwise([0, *new.tolist(), len(places)] if len(places) else []):
            first, last = int(places[begin]), int(places[end - 1])
            onset_s, length_s = (n / slots.rate_hz for n in (first, last + 1 - first))
            yield Annotation(onset_s, length_s, f"{RAIL} {label}", channels=(label,))
