"""Session files for tests: two boards of three channels, made of seeded counts."""

from pathlib import Path

import numpy as np

from recorder.store.headers import BoardHeader, ChannelHeader, Person, SessionHeader
from recorder.store.rows import (
    BlockRow,
    ClockFitRow,
    GapRow,
    MarkerRow,
    MeasureRows,
    Row,
    SeriesRow,
)
from recorder.store.taken import Taken
from recorder.store.writer import SessionWriter

START_NS = 5_000_000_000_000
PERIOD_NS = 4_000_000
UV_PER_COUNT = 4.5 / 24 / (2**23 - 1) * 1e6
LABELS = ("F3", "F4", "P3")


def board(board_id: int, role: str) -> BoardHeader:
    return BoardHeader(
        id=board_id,
        role=role,
        kind="cyton",
        port=f"/dev/ttyUSB{board_id}",
        serial="DM00Q0QN",
        firmware="v3.1.2",
        nominal_rate_hz=250.0,
        uv_per_count=UV_PER_COUNT,
        rail_counts=2**23 - 1,
        aux_labels=("accel_x", "millis"),
        channels=tuple(ChannelHeader(label, "uV", UV_PER_COUNT, "SRB2") for label in LABELS),
    )


def header(session_id: str = "20261123T040000Z-1f3a", boot_id: str = "boot") -> SessionHeader:
    return SessionHeader(
        id=session_id,
        created_utc_ns=1_795_406_400_000_000_000,
        boot_id=boot_id,
        software_version="0.1.0",
        template="",
        planned_duration_s=None,
        started_t_ns=START_NS,
        clock_synchronised=True,
        persons=(
            Person("patient", "P01", True, False, False),
            Person("therapist", "T01", True, True, True),
        ),
        boards=(board(0, "patient"), board(1, "therapist")),
    )


def block(
    board_id: int, first_index: int, n: int = 50, *, segment: int = 0, late: bool = False
) -> BlockRow:
    """Counts that are known from their place; reads of ten samples arrive 3 ms late."""
    rng = np.random.default_rng([board_id, segment, first_index])
    index = np.append(np.arange(9, n - 1, 10), n - 1).astype(np.int64) + first_index
    return BlockRow(
        board=board_id,
        segment=segment,
        first_index=first_index,
        counts=rng.integers(-(2**23), 2**23, (n, 3)).astype(np.int32),
        aux=rng.integers(-(2**31), 2**31, (n, 2)).astype(np.int32),
        arrival_index=index,
        arrival_ns=START_NS + index * PERIOD_NS + 3_000_000,
        late=late,
    )


def gap(board_id: int, first_index: int, n: int, *, segment: int = 0) -> GapRow:
    begin_ns = START_NS + first_index * PERIOD_NS
    return GapRow(board_id, segment, first_index, n, "radio", begin_ns, begin_ns + n * PERIOD_NS)


def knot(
    board_id: int,
    idx: int,
    *,
    t_ns: int,
    period_ns: float = 4e6,
    sigma_ns: float = 2e6,
    provisional: bool = False,
) -> ClockFitRow:
    return ClockFitRow(board_id, 0, idx, t_ns, period_ns, 7.4e6, sigma_ns, provisional)


def series(series_id: int, name: str = "plv") -> SeriesRow:
    return SeriesRow(
        id=series_id,
        name=name,
        formula="|sum u_a conj(u_b)| / N",
        band="alpha",
        low_hz=8.0,
        high_hz=13.0,
        persons=("patient", "therapist"),
        channels=("F3", "F3"),
        window_s=30.0,
        hop_s=0.25,
        taps_hash="ab12",
        missing="holes up to 20 ms bridged",
        delay_s=15.5,
        reference="SRB2",
        software_version="0.1.0",
    )


def values(t_ns: int, *pairs: tuple[int, float]) -> MeasureRows:
    """One value of each (series id, value); no percentile."""
    ids, numbers = zip(*pairs, strict=True)
    value = np.array(numbers)
    return MeasureRows(t_ns, np.array(ids), value, np.ones(len(value)), np.full(len(value), np.nan))


def usual_rows() -> list[Row]:
    """Two boards, 4 s each; the patient's lost 10 samples of which 4 came late."""
    rows: list[Row] = [series(1), values(START_NS + 10**9, (1, 0.25))]
    rows += [block(1, first) for first in range(0, 1000, 50)]
    rows += [block(0, first) for first in range(0, 500, 50)]
    rows += [block(0, 510), block(0, 503, 4, late=True), gap(0, 500, 3), gap(0, 507, 3)]
    rows += [block(0, first) for first in range(560, 1010, 50)]
    rows += [
        knot(0, 0, t_ns=START_NS, period_ns=PERIOD_NS + 9000.0, provisional=True),
        knot(0, 300, t_ns=START_NS + 300 * PERIOD_NS, period_ns=PERIOD_NS + 40.0),
        knot(0, 600, t_ns=START_NS + 600 * PERIOD_NS + 12000, period_ns=PERIOD_NS + 20.0),
    ]
    rows += [
        MarkerRow(START_NS + 2 * 10**9, "shift", made_t_ns=START_NS + 2 * 10**9, id=1),
        MarkerRow(START_NS + 3 * 10**9, "music, ends", made_t_ns=START_NS + 3 * 10**9, id=2),
        MarkerRow(START_NS + 3 * 10**9, "undo", undoes=1, made_t_ns=START_NS + 3 * 10**9, id=3),
    ]
    return rows


def start(path: Path) -> SessionWriter:
    """A writer that commits when asked to, and otherwise seldom."""
    return SessionWriter.create(path, header(path.stem), period_s=30.0)


def write(path: Path, rows: list[Row], head: SessionHeader | None = None) -> Path:
    """A closed session of `rows`; `head` instead of the usual one."""
    writer = start(path) if head is None else SessionWriter.create(path, head, period_s=30.0)
    for row in rows:
        assert writer.put(row)
    writer.close(START_NS + 4 * 10**9)
    return path


def resume(path: Path, boot_id: str = "boot") -> SessionWriter:
    """A session that a dead recorder left, resumed."""
    with Taken(path) as taken:
        return SessionWriter.resume(taken, boot_id, period_s=30.0)


def interrupt(path: Path) -> None:
    """A session that a dead recorder left, ended and still where it was."""
    with Taken(path) as taken:
        taken.end()
