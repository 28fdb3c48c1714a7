"""The rows of a session file, as plain values; what the writer takes and the reader gives back.

Field names are the column names of recorder/store/schema.py. `board` is the id of a BoardHeader.
Times are CLOCK_MONOTONIC in nanoseconds (`t_ns`), of the boot named in the session header.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recorder import __version__

# Bounds what a reader must allocate for one row, however its length column was damaged.
MAX_BLOCK_SAMPLES = 1 << 16
MAX_BLOCK_VALUES = 1 << 22
# Python objects around the numbers of one row, rounded up.
ROW_BYTES = 1024
URGENT_EVENTS = ("session", "note")


@dataclass(frozen=True, slots=True, eq=False)
class BlockRow:
    """A run of n consecutive samples of one segment.

    Attributes:
        board: which board.
        segment: a stretch between (re)starts of its stream.
        first_index: unwrapped index of the first sample.
        counts: (n, channels) int32.
        aux: (n, aux columns) int32, unsigned values modulo 2**32.
        arrival_index: (m,) int64, index of the last sample of each read, 1 <= m <= n.
        arrival_ns: (m,) int64, when those reads returned.
        late: came after later samples and fills the hole they had jumped over.

    Raises:
        ValueError: shapes or types are others than these, or the block is empty or oversized.
    """

    board: int
    segment: int
    first_index: int
    counts: NDArray[np.int32]
    aux: NDArray[np.int32]
    arrival_index: NDArray[np.int64]
    arrival_ns: NDArray[np.int64]
    late: bool = False

    def __post_init__(self) -> None:
        n = len(self.counts)
        widest = max(self.counts.shape[-1], self.aux.shape[-1])
        if not (0 < n <= MAX_BLOCK_SAMPLES and n * widest <= MAX_BLOCK_VALUES):
            raise ValueError(f"a block of {n} samples x {widest} columns is empty or too large")
        if not (self.counts.ndim == self.aux.ndim == 2 and len(self.aux) == n):
            raise ValueError("counts and aux must be (n, columns) with the same n")
        if not (self.counts.dtype == self.aux.dtype == np.int32):
            raise ValueError("counts and aux must be int32")
        if not 0 < len(self.arrival_index) == len(self.arrival_ns) <= n:
            raise ValueError("a block has between 1 and n arrivals, each an index and a time")

    def __len__(self) -> int:
        return len(self.counts)


@dataclass(frozen=True, slots=True)
class GapRow:
    """Samples (n > 0) or a stretch of time (n = 0) that did not arrive; see hardware.board.Gap.

    Where nothing came any more until the session ended, `segment` is the one that never began.
    """

    board: int
    segment: int
    first_index: int
    n: int
    cause: str
    begin_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class ClockFitRow:
    """One knot of a board's clock: sample `idx` was taken at `t_ns`, from there on `period_ns`."""

    board: int
    segment: int
    idx: int
    t_ns: int
    period_ns: float
    delay_ns: float
    sigma_ns: float
    provisional: bool


@dataclass(frozen=True, slots=True)
class ClockUtcRow:
    """The time of day read at `t_ns`."""

    t_ns: int
    utc_ns: int
    synchronised: bool


@dataclass(frozen=True, slots=True)
class MarkerRow:
    """An instant somebody marked. Never changed: an undo is a row that `undoes` another.

    `provenance` is live, post, rater or interview; `made_t_ns` is None for marks made after the
    session; `id` is given by the file when it is None; `source` is the foot switch, pin or stream
    that made it, "" a key.
    """

    t_ns: int
    label: str
    provenance: str = "live"
    undoes: int | None = None
    made_t_ns: int | None = None
    id: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class IntervalRow:
    """A stretch of time somebody marked. Never changed: as MarkerRow.

    `end_ns` is None of one that is not over; where it ends, another row takes its place, which
    `ends` it.
    """

    begin_ns: int
    end_ns: int | None
    label: str
    provenance: str = "live"
    source: str = ""
    undoes: int | None = None
    ends: int | None = None
    made_t_ns: int | None = None
    id: int | None = None


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """The definition of a series: everything needed to compute a measure again.

    What is not computed here, but received, has none of what stands behind the formula.

    Attributes:
        id: unique within the file.
        name: `faa`, `plv` and so on.
        formula: in words and signs a scientist can check.
        band, low_hz, high_hz: of the band filter.
        persons: role of the person, or of both for a measure between two.
        channels: labels, in the order of the formula.
        window_s, hop_s: length of the window, and its step from one value to the next.
        taps_hash: of the filter's coefficients, those of the bridge over short holes included.
        missing: what was done about missing samples.
        delay_s: from a value's own time to when it can be known.
        reference: against what the channels were measured.
        software_version: of antiphon.
        mains_hz: what was taken for the mains; None in external series.
        unit: of the values, or "".
    """

    id: int
    name: str
    formula: str
    band: str = ""
    low_hz: float = 0.0
    high_hz: float = 0.0
    persons: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    window_s: float = 0.0
    hop_s: float = 0.0
    taps_hash: str = ""
    delay_s: float = 0.0
    reference: str = ""
    software_version: str = __version__
    mains_hz: float | None = None
    missing: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class MeasureRows:
    """Values of several series at the same instant, the centre of their windows.

    Attributes:
        t_ns: that instant.
        series: (m,) integers, ids of SeriesRow.
        value: (m,) float, NaN where there is none.
        clean: (m,) float, share of clean samples, 0 to 1.
        percentile: (m,) float, within the pair's own chance level; NaN where there is none.
        as_sent: another instrument's values, of which every digit is kept.
    """

    t_ns: int
    series: NDArray[np.int64]
    value: NDArray[np.float64]
    clean: NDArray[np.float64]
    percentile: NDArray[np.float64]
    as_sent: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        lengths = {len(self.series), len(self.value), len(self.clean), len(self.percentile)}
        if len(lengths) != 1:
            raise ValueError("series, value, clean and percentile must be of one length")


@dataclass(frozen=True, slots=True)
class QualityRow:
    """Contact of one channel (its position on the board) at `t_ns`; None where not known."""

    t_ns: int
    board: int
    channel: int
    state: str
    mains_share: float | None
    peak_to_peak_uv: float | None


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """A transition of a trigger line; `level` is 1 when it became active.

    `source` is the path that saw it. `seq` grows while that path is open; a jump is a loss.
    """

    source: str
    seq: int
    t_ns: int
    level: int


@dataclass(frozen=True, slots=True)
class FrameRow:
    """A frame of a camera's video, taken at `t_ns`."""

    camera: str
    seq: int
    t_ns: int


@dataclass(frozen=True, slots=True)
class ImpedanceRow:
    """Impedance at one channel (its position on the board), within ±20 %; None: at its rail."""

    t_ns: int
    board: int
    channel: int
    kohm: float | None


@dataclass(frozen=True, slots=True)
class EventRow:
    """What the service did and why; kind `session` is saved at once."""

    t_ns: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class RedactionRow:
    """Something was taken out of an ended session for good: see recorder/store/redaction.py.

    `what` is eeg, video or share, of the person with `role`; or struck, of a text, and `role` is
    "". `replaced_sha256` is the hash of the file as it was before.
    """

    made_utc_ns: int
    what: str
    role: str
    replaced_sha256: str


Row = (
    BlockRow
    | GapRow
    | ClockFitRow
    | ClockUtcRow
    | MarkerRow
    | IntervalRow
    | SeriesRow
    | MeasureRows
    | QualityRow
    | EdgeRow
    | FrameRow
    | ImpedanceRow
    | EventRow
)


def weight(row: Row) -> int:
    """What a row occupies in the queue, an upper estimate in bytes."""
    if isinstance(row, BlockRow):
        arrays = (row.counts, row.aux, row.arrival_index, row.arrival_ns)
        return ROW_BYTES + sum(array.nbytes for array in arrays)
    return ROW_BYTES + (4 * row.value.nbytes if isinstance(row, MeasureRows) else 0)


def is_urgent(row: Row) -> bool:
    """Whether somebody waits for it to be on disk."""
    marked = isinstance(row, MarkerRow | IntervalRow)
    return marked or (isinstance(row, EventRow) and row.kind in URGENT_EVENTS)
