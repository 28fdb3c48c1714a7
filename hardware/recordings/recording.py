"""What a recording by another program holds."""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hardware.cyton import daisy
from hardware.cyton.frames import GAIN, RAIL_COUNTS, UV_PER_COUNT

MOST_CHANNELS = daisy.CHANNELS
Provenance = Literal["counts", "text", "float"]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Unread:
    """A row that was not read, or not taken.

    Attributes:
        line: where it stands in the file, from 1.
        why: in words.
        before: the row that was read next, by its number.
    """

    line: int
    why: str
    before: int

    def __str__(self) -> str:
        return f"line {self.line}: {self.why}"


@dataclass(frozen=True, slots=True, eq=False)
class Stamps:
    """When each row was written down, by the clock of the machine that did.

    Attributes:
        s: (n,) seconds since 1970 UTC, or of a day on the machine's own clock.
        of_day: which of these.
    """

    s: Floats
    of_day: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """What a file holds.

    Attributes:
        labels: one per channel.
        rate_hz: as the file states it.
        counters: (n,) int64, of samples, unwrapped, 0 for the first row, with the losses and in the
            order of the file; None where the file has no counters.
        uv: (persons, n, channels) microvolts; NaN where a channel has no value.
        kind: of the board, as far as the file tells.
        provenance: what the values are: a board's own counts, decimal text, or floating point.
        uv_per_count: of a board's counts at its gain.
        cycle: samples after which the file's counter begins again; 0: it has none.
        stretch: (n,) int32, which of several recordings one behind the other; None: one.
        lines: (n,) int64, where each row stands in the file; None where it has no lines.
        stamps: None where the file has none.
        pins: (n,) bool of each pin whose level was written down.
        marks: row and label of what was marked.
        pauses_s: before which stretch, and how long, where the file tells.
        unread: rows that were not read, the first ones; `unread_rows` of them in all.
    """

    labels: tuple[str, ...]
    rate_hz: float
    counters: NDArray[np.int64] | None
    uv: Floats
    kind: str = "cyton"
    provenance: Provenance = "float"
    uv_per_count: float = UV_PER_COUNT
    cycle: int = 0
    stretch: NDArray[np.int32] | None = None
    lines: NDArray[np.int64] | None = None
    stamps: Stamps | None = None
    pins: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    marks: tuple[tuple[int, str], ...] = ()
    pauses_s: dict[int, float] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()
    unread_rows: int = 0

    def __len__(self) -> int:
        return int(self.uv.shape[1])

    def at_gain(self, gain: float) -> "Recording":
        """The same, of a board at that gain: its counts are worth more or less, its text is not.

        Raises:
            ValueError: the file does not tell counts of an ADS1299.
        """
        if not self.kind.startswith("cyton"):
            raise ValueError(f"a gain is a Cyton's, and this is of a {self.kind or 'board'}")
        uv_per_count = UV_PER_COUNT * GAIN / gain
        uv = (
            self.uv * (uv_per_count / self.uv_per_count) if self.provenance == "counts" else self.uv
        )
        return replace(self, uv=uv, uv_per_count=uv_per_count)

    @property
    def rail_uv(self) -> float:
        """Beyond this no value can be."""
        return (RAIL_COUNTS + 1) * self.uv_per_count


def require_channels(count: int) -> None:
    """See that a person has channels, and no more than a board.

    Raises:
        ValueError: that is not so.
    """
    if not 1 <= count <= MOST_CHANNELS:
        raise ValueError(f"{count} channels, and only up to {MOST_CHANNELS} can be read")


def without_rows_of_holes(recording: Recording) -> Recording:
    """The recording without rows of which some channel has no value."""
    whole = np.isfinite(recording.uv).all(axis=(0, 2))
    if whole.all():
        return recording
    counters = recording.counters
    kept = None if counters is None else counters[whole] - counters[whole][:1]
    return replace(recording, uv=recording.uv[:, whole], counters=kept)
