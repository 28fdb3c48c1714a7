"""The reading of a session file: closed, still growing, or left by a crash.

Every query is a short transaction of its own, so that a reader never holds up the writer's
checkpoints, and no more than TOGETHER samples, or one block row, are unpacked at a time.
"""

import json
import math
import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import cycle, islice, repeat
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from dsp.clock import Reals
from recorder.store.codec import BLOCK_COLUMNS, unseal, unseal_counts
from recorder.store.columns import R, columns_of, from_sql
from recorder.store.files import in_words, open_for_reading, where_it_is
from recorder.store.headers import BoardHeader, ChannelHeader, Person, SessionHeader
from recorder.store.rows import (
    BlockRow,
    ClockUtcRow,
    EdgeRow,
    EventRow,
    FrameRow,
    GapRow,
    ImpedanceRow,
    IntervalRow,
    MarkerRow,
    QualityRow,
    RedactionRow,
    SeriesRow,
)
from recorder.store.timeline import Timeline

Columns = tuple["array[int]", "array[float]", "array[float]", "array[float]"]
BlockSizes = tuple["array[int]", "array[int]"]
# So many samples are unpacked together: ten times quicker than block by block, in a few megabytes.
TOGETHER = 8192
COUNTS_TOGETHER = 8 * TOGETHER  # a tenth quicker again, in 20 MiB for eight channels
VALUES_TOGETHER = 1 << 20  # of measures, 32 bytes each
LIVE_INTERVALS = (
    "interval WHERE undoes IS NULL"
    " AND id NOT IN (SELECT undoes FROM interval WHERE undoes IS NOT NULL)"
    " AND id NOT IN (SELECT ends FROM interval WHERE ends IS NOT NULL)"
)
LEAST = 64  # what any block counts, so that a damaged length does not make a portion endless


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """A run of consecutive samples: index (n,), counts (n, channels), aux (n, aux columns)."""

    segment: int
    index: NDArray[np.int64]
    counts: NDArray[np.int32]
    aux: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class MeasureSeries:
    """One series and its values by time: t_ns (m,) int64, the others (m,) float64, NaN for NULL."""

    series: SeriesRow
    t_ns: NDArray[np.int64]
    value: NDArray[np.float64]
    clean: NDArray[np.float64]
    percentile: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A block row that is damaged, or not there, and in what way."""

    block_id: int
    problem: str


class SessionReader(AbstractContextManager["SessionReader"]):
    """Reads one session file; a context manager.

    Args:
        path: the file; it follows one that was put away since.
        connection: the open file, where it is open already.

    Attributes:
        path: where the file is.
        connection: to it.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: it cannot be opened.
        ValueError: it is not a session file, or one of another version. Every method raises
            ValueError, in one line, when what it reads is damaged.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection | None = None) -> None:
        self.path = where_it_is(path)
        self.connection = connection or open_for_reading(self.path)
        self._timelines: dict[tuple[int, int], Timeline] = {}

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self.connection.close()

    @cached_property
    def header(self) -> SessionHeader:
        """What was known when the session started."""
        sessions = self._all(
            SessionHeader,
            "session",
            persons=tuple(self._all(Person, "person")),
            boards=self._boards(),
        )
        if len(sessions) != 1:
            raise ValueError(f"{self.path}: {len(sessions)} session rows where one belongs")
        return sessions[0]

    @property
    def state(self) -> str:
        """`recording`, `closed` or `interrupted`."""
        return str(self._one("SELECT state FROM session"))

    @property
    def ended_t_ns(self) -> int:
        """When the session ended; for one that has not been ended, when its newest samples came."""
        ended = self._one("SELECT ended_t_ns FROM session")
        return self.newest_t_ns() if ended is None else int(ended)

    def newest_t_ns(self) -> int:
        """Newest arrival of samples; the start of the session when there is none."""
        newest = "SELECT id FROM block WHERE board = ? ORDER BY id DESC LIMIT 1"
        ids = [row for board in self.boards() for row in self.query(newest, board.id)]
        arrivals = [int(self.block(block_id).arrival_ns.max()) for (block_id,) in ids]
        return max(arrivals, default=self.header.started_t_ns)

    def boards(self) -> tuple[BoardHeader, ...]:
        """The boards with their channels, by id."""
        return self.header.boards

    def board(self, board_id: int) -> BoardHeader:
        """The board with this id.

        Raises:
            LookupError: there is none.
        """
        for board in self.boards():
            if board.id == board_id:
                return board
        raise LookupError(f"{self.path}: no board {board_id}")

    def segments(self, board_id: int) -> list[int]:
        """Segments of which there are samples, in order."""
        sql = "SELECT DISTINCT segment FROM block WHERE board = ? ORDER BY segment"
        return [segment for (segment,) in self.query(sql, board_id)]

    def block(self, block_id: int) -> BlockRow:
        """One block row by its id in the file.

        Raises:
            ValueError: there is none, or it is damaged.
        """
        try:
            [row] = self._unpacked([block_id])
        except (LookupError, ValueError) as error:
            raise ValueError(f"{self.path}: block {block_id}: {error}") from error
        return row

    def blocks(self, board_id: int, segment: int | None = None) -> Iterator[BlockRow]:
        """Block rows by (segment, first index): late ones stand where they belong."""
        wanted = "WHERE board = ?1 AND (?2 IS NULL OR segment = ?2) ORDER BY segment, first_index"
        for block in self.each_block(self.block_sizes(wanted, board_id, segment)):
            if isinstance(block, Unreadable):
                raise ValueError(block.problem)
            yield block

    def block_sizes(self, wanted: str = "ORDER BY id", *parameters: object) -> BlockSizes:
        """The id and the number of samples of the block rows that an SQL clause asks for."""
        ids, sizes = array("q"), array("q")
        try:
            sql = f"SELECT id, n FROM block {wanted}"  # noqa: S608
            for block_id, n in self.connection.execute(sql, parameters):
                ids.append(block_id)
                sizes.append(n)
        except (sqlite3.Error, TypeError, OverflowError) as error:
            raise ValueError(f"{self.path}: {in_words(error)}") from error
        return ids, sizes

    def each_block(self, sizes: BlockSizes) -> Iterator[BlockRow | Unreadable]:
        """The block rows with these ids, in this order, unpacked a second or so at a time."""
        for ids in _portions(*sizes):
            try:
                rows: list[BlockRow | Unreadable] = [*self._unpacked(ids)]
            except (LookupError, ValueError):
                rows = [self._block_or_why(block_id) for block_id in ids]
            yield from rows

    def _block_or_why(self, block_id: int) -> BlockRow | Unreadable:
        try:
            return self.block(block_id)
        except ValueError as error:
            return Unreadable(block_id, str(error))

    def _unpacked(self, ids: Sequence[int]) -> list[BlockRow]:
        sealed = self._sealed(ids)
        by_board: dict[int, list[int]] = {}
        for block_id in ids:
            by_board.setdefault(sealed[block_id][0], []).append(block_id)
        rows: dict[int, BlockRow] = {}
        for board_id, mine in by_board.items():
            board = self.board(board_id)
            widths = len(board.channels), len(board.aux_labels)
            rows |= zip(mine, unseal([sealed[it] for it in mine], *widths), strict=True)
        return [rows[block_id] for block_id in ids]

    def _sealed(self, ids: Sequence[int]) -> dict[int, tuple[Any, ...]]:
        sql = (
            f"SELECT id, {BLOCK_COLUMNS} FROM block"  # noqa: S608
            " WHERE id IN (SELECT value FROM json_each(?))"
        )
        return {row[0]: row[1:] for row in self.query(sql, json.dumps(list(ids)))}

    def counts(self, board_id: int) -> Iterator[tuple[int, int, NDArray[np.int32]]]:
        """Segment, first index and counts (n, channels) of each block of a board, in order.

        As `samples`, without auxiliary columns and arrivals, in two thirds of the time.
        """
        sizes = self.block_sizes("WHERE board = ? ORDER BY segment, first_index", board_id)
        channels = len(self.board(board_id).channels)
        for ids in _portions(*sizes, COUNTS_TOGETHER):
            sealed = self._sealed(ids)
            try:
                rows = [sealed[block_id] for block_id in ids]
                counts = unseal_counts(rows, channels)
            except (LookupError, ValueError):
                for block_id in ids:
                    self.block(block_id)  # which tells what is wrong with the first that is
                raise
            for row, counted in zip(rows, counts, strict=True):
                yield row[1], row[2], counted

    def samples(self, board_id: int, segment: int | None = None) -> Iterator[Samples]:
        """All samples of a board, or of one segment of it, by (segment, index)."""
        for block in self.blocks(board_id, segment):
            index = np.arange(block.first_index, block.first_index + len(block), dtype=np.int64)
            yield Samples(block.segment, index, block.counts, block.aux)

    def arrivals(self, board_id: int, segment: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Index of the last sample of each read and when it returned, both (m,) int64."""
        blocks = [(b.arrival_index, b.arrival_ns) for b in self.blocks(board_id, segment)]
        empty = np.empty(0, np.int64)
        index, t_ns = zip(*blocks, strict=True) if blocks else ((empty,), (empty,))
        return np.concatenate(index), np.concatenate(t_ns)

    def timeline(self, board_id: int, segment: int) -> Timeline:
        """The clock of a segment, as it was when first asked for.

        Made of its settled knots, or else of the provisional ones, or else of the arrivals.

        Raises:
            ValueError: the file holds nothing of this segment.
        """
        key = (board_id, segment)
        if key not in self._timelines:
            self._timelines[key] = self._make_timeline(board_id, segment)
        return self._timelines[key]

    def times_ns(self, board_id: int, segment: int, index: Reals) -> NDArray[np.int64]:
        """CLOCK_MONOTONIC of samples, whole or fractional; strictly increasing with `index`."""
        return self.timeline(board_id, segment).times_ns(index)

    def clock_pairs(self) -> list[ClockUtcRow]:
        """Pairs of monotonic clock and time of day, oldest first: see recorder.store.calendar.

        Never empty: without any, the one that the header is.
        """
        header = self.header
        start = ClockUtcRow(header.started_t_ns, header.created_utc_ns, header.clock_synchronised)
        return self._all(ClockUtcRow, "clock_utc", order="t_ns") or [start]

    def gaps(self) -> list[GapRow]:
        """Gaps, oldest first."""
        return self._all(GapRow, "gap", order="begin_ns")

    def markers(self) -> list[MarkerRow]:
        """Markers that have not been taken back, by the time they mark."""
        live = "marker WHERE id IN (SELECT id FROM marker_live)"
        return self._all(MarkerRow, live, order="t_ns, id")

    def intervals(self) -> list[tuple[int, int, str, str]]:
        """Begin, end, label and provenance of intervals that have not been taken back, in time.

        One that was never ended lasts until the session's end.
        """
        ended_ns = self._one("SELECT ended_t_ns FROM session")
        rows = self.interval_rows()
        ends_ns = [ended_ns if it.end_ns is None else it.end_ns for it in rows]
        return [
            (it.begin_ns, it.begin_ns if end_ns is None else int(end_ns), it.label, it.provenance)
            for it, end_ns in zip(rows, ends_ns, strict=True)
        ]

    def interval_rows(self) -> list[IntervalRow]:
        """The rows that these intervals stand in."""
        return self._all(IntervalRow, LIVE_INTERVALS, order="begin_ns, id")

    def events(self) -> list[EventRow]:
        """What the recorder did and why, and what was noted, by the time it is about."""
        return self._all(EventRow, "event", order="t_ns, rowid")

    def qualities(self) -> list[QualityRow]:
        """Contact of each channel, as it was watched."""
        return self._all(QualityRow, "quality")

    def edges(self) -> list[EdgeRow]:
        """Transitions of the trigger lines, as they were seen."""
        return self._all(EdgeRow, "edge")

    def frames(self) -> list[FrameRow]:
        """Frames of the cameras, as they came."""
        return self._all(FrameRow, "frame")

    def impedances(self) -> list[ImpedanceRow]:
        """Impedances that were measured, oldest first."""
        return self._all(ImpedanceRow, "impedance")

    def redactions(self) -> list[RedactionRow]:
        """What was taken out of the file, oldest first."""
        return self._all(RedactionRow, "redaction")

    def series(self) -> list[SeriesRow]:
        """Definitions of the measures, by id."""
        return self._all(SeriesRow, "series", order="id")

    def measures(self, name: str | None = None) -> Iterator[MeasureSeries]:
        """The values of each series, or of those called `name`; so many at a time as fit."""
        wanted = [series for series in self.series() if name in (None, series.name)]
        instants = int(self._one("SELECT count(*) FROM measure_batch"))
        together = max(1, VALUES_TOGETHER // max(instants, 1))
        for begin in range(0, len(wanted), together):
            some = wanted[begin : begin + together]
            columns = self._measure_columns({series.id for series in some})
            for series in some:
                t_ns, *others = columns.pop(series.id)
                order = np.argsort(t_ns, kind="stable")
                value, clean, percentile = (np.array(column)[order] for column in others)
                yield MeasureSeries(series, np.array(t_ns)[order], value, clean, percentile)

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """All rows of a query of your own.

        Raises:
            ValueError: the file is damaged there, or the SQL is wrong.
        """
        try:
            return self.connection.execute(sql, parameters).fetchall()
        except (sqlite3.Error, OverflowError) as error:
            raise ValueError(f"{self.path}: {in_words(error)}") from error

    def _one(self, sql: str, *parameters: object) -> Any:
        rows = self.query(sql, *parameters)
        if len(rows) != 1:
            raise ValueError(f"{self.path}: {len(rows)} rows where one belongs")
        return rows[0][0]

    def _all(self, row_type: type[R], table: str, order: str = "rowid", **others: Any) -> list[R]:
        """The rows of `table` as `row_type`; `others` are its fields that are kept elsewhere."""
        columns = ", ".join(columns_of(row_type, without=tuple(others)))
        rows = self.query(f"SELECT {columns} FROM {table} ORDER BY {order}")  # noqa: S608
        try:
            return [from_sql(row_type, row, **others) for row in rows]
        except ValueError as error:
            raise ValueError(f"{self.path}: {table.split(maxsplit=1)[0]}: {error}") from error

    def _measure_columns(self, wanted: set[int]) -> dict[int, Columns]:
        """Columns t_ns, value, clean, percentile of each series, as they were stored."""
        columns = {key: (array("q"), array("d"), array("d"), array("d")) for key in wanted}
        try:
            for series, t_ns, *values in self._measure_values(wanted):
                times, *others = columns[series]
                times.append(t_ns)
                for column, value in zip(others, values, strict=True):
                    column.append(math.nan if value is None else value)
        except (
            sqlite3.Error,
            msgspec.MsgspecError,
            LookupError,
            TypeError,
            OverflowError,
        ) as error:
            raise ValueError(f"{self.path}: measure: {in_words(error)}") from error
        return columns

    def _measure_values(self, wanted: set[int]) -> Iterator[tuple[Any, ...]]:
        """Series, t_ns, value, clean, percentile of the wanted; quicker than by the view."""
        lists = {
            key: msgspec.json.decode(series, type=list[int])
            for key, series in self.connection.execute("SELECT id, series FROM series_list")
        }
        sql = "SELECT t_ns, list, value, clean, percentile FROM measure_batch"
        for t_ns, key, *texts in self.connection.execute(sql):
            ids = lists[key]
            if wanted.isdisjoint(ids):
                continue
            values = (_numbers_in(text, ids) for text in texts)
            yield from (it for it in zip(ids, repeat(t_ns), *values) if it[0] in wanted)

    def _boards(self) -> tuple[BoardHeader, ...]:
        boards = self._all(BoardHeader, "board", order="id", channels=())
        return tuple(replace(board, channels=tuple(self._channels(board.id))) for board in boards)

    def _channels(self, board_id: int) -> list[ChannelHeader]:
        return self._all(ChannelHeader, f"channel WHERE board = {board_id}", "idx")

    def _make_timeline(self, board_id: int, segment: int) -> Timeline:
        knots = self.query(
            "SELECT idx, t_ns, period_ns, provisional FROM clock_fit"
            " WHERE board = ? AND segment = ? ORDER BY idx",
            board_id,
            segment,
        )
        try:
            if knots:
                return Timeline.from_knots(knots)
            period_ns = 1e9 / self.board(board_id).nominal_rate_hz
            return Timeline.from_arrivals(*self.arrivals(board_id, segment), period_ns)
        except (ValueError, TypeError, LookupError, ZeroDivisionError) as error:
            raise ValueError(f"{self.path}: board {board_id} segment {segment}: {error}") from error


def _numbers_in(text: str | None, ids: list[int]) -> Iterator[float | None]:
    """A JSON array of numbers, repeated for as many series; None: there is none of any."""
    numbers = [None] if text is None else msgspec.json.decode(text, type=list[float | None])
    return islice(cycle(numbers), len(ids))


def _portions(
    ids: "array[int]", sizes: "array[int]", together: int = TOGETHER
) -> Iterator["array[int]"]:
    """The ids cut into stretches of so many samples at most, or of one block that has more."""
    begin, samples = 0, 0
    for place, n in enumerate(sizes):
        size = max(n, LEAST)
        if samples + size > together and place > begin:
            yield ids[begin:place]
            begin, samples = place, 0
        samples += size
    if ids:
        yield ids[begin:]
