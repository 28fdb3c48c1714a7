"""What a file brings of one person."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hardware.recordings.placing import Loss
from hardware.recordings.recording import Unread

Integers = NDArray[np.int64]

# utc: time of day of some computer; day: the same without a date; own: nobody else's; none: the
# samples are counted, and that is all.
FileClock = Literal["utc", "day", "own", "none"]
# arrivals: stamped when they were written, late and never early; exact: each sample's own time;
# jittered: its own time give or take.
Stamped = Literal["arrivals", "exact", "jittered"]


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Samples without a restart between them.

    Attributes:
        index: (n,) increasing, from 0.
        counts: (n, channels) int32; MISSING_COUNT where a channel has no value.
        aux: (n, columns) int32.
        stamp_ns: (n,) by the file's clock; None where it has none.
        begin_ns: of sample 0, where there are no stamps.
        losses: what lies between the samples.
    """

    index: Integers
    counts: NDArray[np.int32]
    aux: NDArray[np.int32]
    stamp_ns: Integers | None
    begin_ns: int
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class Noted:
    """What the file says of an instant, or from `begin_ns` to `end_ns`, by its own clock."""

    begin_ns: int
    end_ns: int
    label: str


@dataclass(frozen=True, slots=True, eq=False)
class Brought:
    """One person's part of a file.

    Attributes:
        name: of it in the file, "" where it has none.
        form: of the file, in words.
        kind, provenance, rate_hz, uv_per_count, rail_counts: of the board, as in BoardHeader.
        labels, kinds, references, delays_s: of the channels.
        stretches: in time.
        clock: what its times are readings of.
        stamped: what its stamps are.
        start_sigma_s: how well its start is known by that clock, seconds.
        aux_labels: columns of `Stretch.aux`.
        notes: marks and intervals.
        unread: rows that were not read or not taken, the first ones; `unread_rows` in all.
        told: what else whoever imports it should know.
    """

    name: str
    form: str
    kind: str
    provenance: str
    rate_hz: float
    uv_per_count: float
    rail_counts: int
    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    references: tuple[str, ...]
    delays_s: tuple[float, ...]
    stretches: tuple[Stretch, ...]
    clock: FileClock
    stamped: Stamped = "exact"
    start_sigma_s: float = 0.0
    aux_labels: tuple[str, ...] = ()
    notes: tuple[Noted, ...] = ()
    unread: tuple[Unread, ...] = ()
    unread_rows: int = 0
    told: tuple[str, ...] = field(default=())

    @property
    def samples(self) -> int:
        """How many there are."""
        return sum(len(it.index) for it in self.stretches)

    @property
    def lost(self) -> int:
        """How many are known to be missing."""
        return sum(loss.n for it in self.stretches for loss in it.losses)
