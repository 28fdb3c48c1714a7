"""A session while it is being recorded: what happens becomes rows, rows go to the writer."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from dsp.clock import ClockFit
from hardware.board import Block, FaultKind, Gap
from recorder.companions.external import ExternalSeries
from recorder.companions.running import Companions
from recorder.recording.elapsed import Elapsed
from recorder.recording.gatherer import BlockGatherer
from recorder.recording.holes import Holes
from recorder.recording.interrupted import LEFT, Past
from recorder.recording.unsaved import DISK, UnsavedGaps
from recorder.store.columns import row_from
from recorder.store.elapsed import missing_s
from recorder.store.files import where_it_is
from recorder.store.headers import BoardHeader, SessionHeader, is_same_board
from recorder.store.rows import (
    BlockRow,
    ClockFitRow,
    EventRow,
    GapRow,
    IntervalRow,
    MarkerRow,
    Row,
)
from recorder.store.writer import CLOSE_TIMEOUT_S, SessionWriter

log = logging.getLogger("antiphon")


class Session:
    """One recording: its file, what has been marked, and how far it is saved.

    Nothing here waits for the disk. What the writer's queue cannot take is written down as a gap
    with the cause `disk` as soon as there is room again.

    Attributes:
        writer: of its file; tells what is on disk.
        companions: what is recorded beside the boards; they end with the session.
        missing_s: for each role, how much time is in gaps.
        stranger: why a board is not the one that this session was begun with, "" while it is.
    """

    def __init__(
        self,
        writer: SessionWriter,
        header: SessionHeader,
        past: Past | None = None,
        *,
        board_now: Callable[[int], BoardHeader | None] = lambda _: None,
    ) -> None:
        """Record into what `writer` has made; `board_now` tells which board is there now."""
        self.header = header
        self.id = header.id
        self.codes = {person.role: person.code for person in header.persons}
        self.started_t_ns = header.started_t_ns
        self.stranger = ""
        begin_ns = header.started_t_ns
        self.past = past or Past((), begin_ns, (begin_ns, begin_ns), (0, 0), 1)
        self.markers = len(self.past.labels)
        self.last_marker = self.past.labels[-1] if self.past.labels else ""
        self.writer = writer
        self._ended_t_ns: int | None = None
        self._is_closed = False
        self._board_now = board_now
        self._first_ns: int | None = None
        self._newest_ns = self.past.newest_ns
        self._gatherers = [BlockGatherer(board.id, len(board.channels)) for board in header.boards]
        self._holes = (Holes(), Holes())
        cause = "" if past is None else past.cause
        self._rates_hz = [board.nominal_rate_hz for board in header.boards]
        self._elapsed = [Elapsed(until_ns, cause) for until_ns in self.past.told_until_ns]
        self.missing_s = {board.role: 0.0 for board in header.boards}
        self._unsaved = UnsavedGaps()
        self.companions = Companions()
        self.external = ExternalSeries(self.past.next_external_id)

    def follow(self, ended: "Session") -> None:
        """Begin with the sample after the last one of `ended`: what is lost in between is ours."""
        for mine, theirs in zip(self._holes, ended._holes, strict=True):
            mine.begin(theirs.segment, theirs.end)

    def take_block(self, board: int, block: Block) -> None:
        """Samples of `board` have arrived; those from before the session are none of ours."""
        holes = self._holes[board]
        begin_ns, end_ns = int(block.arrival_ns[0]), int(block.arrival_ns[-1])
        strays = block.late or end_ns < self.started_t_ns
        if strays and not holes.holds(block.segment, block.first_index):
            return
        if not self._is_of_its_board(board, block.segment):
            return
        self._enter(board, block.segment, block.first_index, begin_ns)
        grown = holes.fill(block.first_index, len(block))
        if self._first_ns is None:
            self._first_ns = begin_ns
        self._newest_ns = max(self._newest_ns, end_ns)
        if block.is_backlog:
            self._elapsed[board].catch_up(grown / self._rates_hz[board], end_ns)
        else:
            self._elapsed[board].hear(end_ns)
        for row in self._gatherers[board].add(block):
            self._put_block(row)

    def take_gap(self, board: int, gap: Gap) -> None:
        """Samples of `board`, or a stretch of time, are known to be missing."""
        if not (self._concerns(board, gap) and self._is_of_its_board(board, gap.segment)):
            return
        if gap.count:
            self._enter(board, gap.segment, gap.first_index, gap.begin_ns)
            grown = self._holes[board].fill(gap.first_index, gap.count)
            self._elapsed[board].catch_up(grown / self._rates_hz[board], gap.end_ns)
        else:
            self._elapsed[board].hear(gap.end_ns)
        self._put_gap(row_from(GapRow, gap, board=board, n=gap.count, cause=gap.cause.value))

    def lose(self, board: int, kind: FaultKind | None) -> None:
        """`board` cannot be used at present, for that reason."""
        self._elapsed[board].lose(kind)

    def take_fit(self, board: int, segment: int, fit: ClockFit) -> None:
        """The clock of `board` has a new knot."""
        self.writer.put(row_from(ClockFitRow, fit, board=board, segment=segment, idx=fit.index))

    def take_rows(self, rows: list[Row]) -> None:
        """Measures, quality: rows that may be missed when the disk stalls."""
        for row in rows:
            self.writer.put(row)

    def gather(self) -> None:
        """Take what the companions have to tell."""
        self._take_told(self.companions.poll())

    def end_companions(self) -> None:
        """End them before the session does. Blocks."""
        self._take_told(self.companions.end())

    def mark(self, t_ns: int, label: str, made_t_ns: int | None = None, source: str = "") -> float:
        """Mark `t_ns`, as soon on disk as can be; returns it in seconds of the session.

        `made_t_ns` is when it was told, when that is later; `source` what did, "" a key.

        Raises:
            OSError: the disk has stalled for so long that nothing more is taken.
        """
        made_t_ns = made_t_ns or t_ns
        self.put_marks([MarkerRow(t_ns=t_ns, label=label, made_t_ns=made_t_ns, source=source)])
        return self.session_s(t_ns)

    def put_marks(self, rows: Sequence[MarkerRow | IntervalRow]) -> None:
        """Write marks down, intervals, and what takes them back. Raises OSError as `mark`."""
        for row in rows:
            self._put_surely(row)
            if isinstance(row, MarkerRow):
                self._count_mark(row)

    def note(self, t_ns: int, text: str) -> float:
        """Write down what a person says about `t_ns`; returns it in seconds of the session.

        Raises:
            OSError: the disk has stalled for so long that nothing more is taken.
        """
        self._put_surely(EventRow(t_ns=t_ns, kind="note", text=text))
        return self.session_s(t_ns)

    def log(self, t_ns: int, kind: str, text: str) -> None:
        """Write down what the service says about `t_ns`; may be missed when the disk stalls."""
        self.writer.put(EventRow(t_ns=t_ns, kind=kind, text=text))

    def commit(self) -> None:
        """Hand over what has been gathered and ask for it to be committed now."""
        self._unsaved.hand_over(self.writer.put)
        for gatherer in self._gatherers:
            for row in gatherer.flush():
                self._put_block(row)
        self.writer.commit()

    def close(self, t_ns: int, *, patience_s: float = CLOSE_TIMEOUT_S) -> None:
        """End the session at `t_ns`; blocks until the file is whole. It is not put away yet.

        A disk that refuses is given `patience_s`. Nothing is given up then: what waits is saved as
        soon as it can be, and `close` may be called again to see whether it is.

        Raises:
            OSError: the disk has refused so far.
        """
        if self._ended_t_ns is None:
            self._ended_t_ns = t_ns
            for board in (0, 1):
                self._explain_absence(board, self._holes[board].segment + 1, t_ns)
            self._complete(t_ns)
        self._hand_over(patience_s)
        self.log(self._ended_t_ns, "session", "stopped")  # not taken any more the second time
        self.writer.close(self._ended_t_ns, timeout_s=patience_s)
        self._is_closed = True

    def leave(self, t_ns: int, *, patience_s: float = CLOSE_TIMEOUT_S) -> None:
        """Record nothing after `t_ns`, and leave the session to be resumed; blocks as `close`.

        Raises:
            OSError: the disk refused to the end; the session can be resumed all the same.
        """
        self._complete(t_ns)
        self._hand_over(patience_s)
        self.log(t_ns, "session", LEFT)
        self.writer.leave(timeout_s=patience_s)

    def _complete(self, t_ns: int) -> None:
        """Write down all that is still to be told."""
        self.end_companions()
        for board in (0, 1):
            self._explain_rest(board, t_ns)

    def _hand_over(self, patience_s: float) -> None:
        """To the writer, what has not found room in its queue yet. Raises OSError as `close`."""
        self.commit()
        while self._unsaved:
            if not self.writer.flush(patience_s):
                raise OSError(f"{self.path}: {self.disk_error or 'the disk does not keep up'}")
            if not self._unsaved.hand_over(self.writer.put):
                return

    @property
    def path(self) -> Path:
        """Its file, wherever that is now."""
        return where_it_is(self.writer.path)

    @property
    def newest_saved_ns(self) -> int:
        """Arrival of the newest sample on disk; the session's start when there is none."""
        return self.writer.saved_t_ns or self.past.newest_ns

    @property
    def elapsed_s(self) -> float:
        """How much has been recorded: from the start to the newest sample's arrival, seconds.

        Of a session that has ended, its length, as every list has it.
        """
        until_ns = self._newest_ns if self._ended_t_ns is None else self._ended_t_ns
        return max(0.0, self.session_s(until_ns))

    @property
    def recorded_s(self) -> float:
        """From the first sample's arrival to the newest's, seconds."""
        return 0.0 if self._first_ns is None else (self._newest_ns - self._first_ns) * 1e-9

    @property
    def saved_s(self) -> float:
        """How much of the session is on disk, seconds from its start; all once it is closed."""
        if self._is_closed:
            return self.elapsed_s
        return max(0.0, self.session_s(self.newest_saved_ns))

    @property
    def disk_error(self) -> str:
        """Why the file cannot be written at present, "" when it can."""
        return self.writer.error or ""

    def _take_told(self, rows: list[Row]) -> None:
        for row in rows:
            if isinstance(row, MarkerRow):
                self._count_mark(row)
        self.take_rows(rows)

    def _count_mark(self, row: MarkerRow) -> None:
        if row.undoes is None:
            self.markers += 1
            self.last_marker = row.label
        else:
            self.markers -= 1

    def session_s(self, t_ns: int) -> float:
        """An instant in seconds of the session."""
        return (t_ns - self.started_t_ns) * 1e-9

    def _concerns(self, board: int, gap: Gap) -> bool:
        """Whether a gap lies in this session: samples after its first, or time after its start."""
        if gap.count:
            return self._holes[board].holds(gap.segment, gap.first_index)
        return gap.end_ns >= self.started_t_ns

    def _is_of_its_board(self, board: int, segment: int) -> bool:
        """Whether a segment comes from the board that the header names; asked when one begins."""
        now = self._board_now(board) if segment != self._holes[board].segment else None
        if now is None or is_same_board(self.header.boards[board], now):
            return True
        self.stranger = f"the {now.role}'s board is not the one of this session any more"
        return False

    def _enter(self, board: int, segment: int, index: int, t_ns: int) -> None:
        """When a segment begins, nobody explains any more what the one before has left open."""
        holes = self._holes[board]
        if segment != holes.segment:
            self._explain_absence(board, segment, t_ns)
            self._explain_rest(board, t_ns)
            holes.begin(segment, index)

    def _explain_absence(self, board: int, segment: int, t_ns: int) -> None:
        """Nothing came of a board until `t_ns`, before this segment: a gap, unless it is told."""
        elapsed = self._elapsed[board]
        if cause := elapsed.untold(t_ns):
            self._put_gap(GapRow(board, segment, 0, 0, cause, elapsed.until_ns, t_ns))
            elapsed.hear(t_ns)

    def _explain_rest(self, board: int, t_ns: int) -> None:
        holes = self._holes[board]
        for first, end in holes.remaining():
            self._put_gap(GapRow(board, holes.segment, first, end - first, "radio", t_ns, t_ns))

    def _put_block(self, row: BlockRow) -> None:
        if not self.writer.put(row):
            begin_ns, end_ns = int(row.arrival_ns[0]), int(row.arrival_ns[-1])
            gap = row_from(GapRow, row, n=len(row), cause=DISK, begin_ns=begin_ns, end_ns=end_ns)
            self._count_missing(gap)
            self._unsaved.add(gap)

    def _put_surely(self, row: Row) -> None:
        if not self.writer.put(row):
            raise OSError(f"not written down: {self.disk_error or 'the disk does not keep up'}")

    def _put_gap(self, row: GapRow) -> None:
        self._count_missing(row)
        if not self.writer.put(row):
            self._unsaved.add(row)

    def _count_missing(self, row: GapRow) -> None:
        board = self.header.boards[row.board]
        self.missing_s[board.role] += missing_s(row, board, self.started_t_ns, row.end_ns)
