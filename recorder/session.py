"""A session while it is being recorded: what happens becomes rows, rows go to the writer."""

from collections import deque
from dataclasses import dataclass, replace

from dsp.clock import ClockFit
from hardware.board import Block, Gap
from recorder.blocks import BlockGatherer
from recorder.holes import Holes
from recorder.store.rows import (
    BlockRow,
    ClockFitRow,
    ClockUtcRow,
    EventRow,
    GapRow,
    MarkerRow,
    Row,
    SessionHeader,
)
from recorder.store.writer import SessionWriter

# Stretches that a stalled disk has cost and that are still to be written down.
UNSAVED_LIMIT = 64


@dataclass(frozen=True, slots=True)
class Past:
    """What a session already holds when it is gone on with.

    Attributes:
        labels: of its markers.
        newest_ns: arrival of its newest sample.
        next_segments: for each board the segment its stream must begin with.
        next_series_id: the first that is free.
    """

    labels: tuple[str, ...]
    newest_ns: int
    next_segments: tuple[int, int]
    next_series_id: int


class Session:
    """One recording: its file, what has been marked, and how far it is saved.

    Nothing here waits for the disk. What the writer's queue cannot take is written down as a gap
    with the cause `disk` as soon as there is room again.
    """

    def __init__(
        self, writer: SessionWriter, header: SessionHeader, past: Past | None = None
    ) -> None:
        self.path = writer.path
        self.id = header.id
        self.codes = {person.role: person.code for person in header.persons}
        self.started_t_ns = header.started_t_ns
        self.past = past or Past((), header.started_t_ns, (0, 0), 1)
        self.markers = len(self.past.labels)
        self.last_marker = self.past.labels[-1] if self.past.labels else ""
        self._writer = writer
        self._first_ns: int | None = None
        self._newest_ns = self.past.newest_ns
        self._gatherers = [BlockGatherer(board.id, len(board.channels)) for board in header.boards]
        self._holes = (Holes(), Holes())
        self._returning = [past is not None, past is not None]
        self._unsaved: deque[GapRow] = deque(maxlen=UNSAVED_LIMIT)

    def take_block(self, board: int, block: Block) -> None:
        """Samples of `board` have arrived."""
        holes = self._holes[board]
        if block.late and not holes.holds(block.segment, block.first_index):
            return
        holes.block(block.segment, block.first_index, len(block))
        if self._first_ns is None:
            self._first_ns = int(block.arrival_ns[0])
        if self._returning[board]:
            self._returning[board] = False
            self._put_restart(board, block)
        self._newest_ns = max(self._newest_ns, int(block.arrival_ns[-1]))
        for row in self._gatherers[board].add(block):
            self._put_block(row)

    def take_gap(self, board: int, gap: Gap) -> None:
        """Samples of `board` are known to be missing; those before the session are none of ours."""
        holes = self._holes[board]
        if gap.end_ns < self.started_t_ns or not holes.holds(gap.segment, gap.first_index):
            return
        holes.gap(gap.first_index, gap.count)
        row = GapRow(
            board=board,
            segment=gap.segment,
            first_index=gap.first_index,
            n=gap.count,
            cause=gap.cause.value,
            begin_ns=gap.begin_ns,
            end_ns=gap.end_ns,
        )
        self._put_gap(row)

    def take_fit(self, board: int, segment: int, fit: ClockFit) -> None:
        """The clock of `board` has a new knot."""
        row = ClockFitRow(
            board=board,
            segment=segment,
            idx=fit.index,
            t_ns=fit.t_ns,
            period_ns=fit.period_ns,
            delay_ns=fit.delay_ns,
            sigma_ns=fit.sigma_ns,
            provisional=fit.provisional,
        )
        self._writer.put(row)

    def take_utc(self, t_ns: int, utc_ns: int, *, synchronised: bool) -> None:
        """What the wall clock said at `t_ns`."""
        self._writer.put(ClockUtcRow(t_ns=t_ns, utc_ns=utc_ns, synchronised=synchronised))

    def take_rows(self, rows: list[Row]) -> None:
        """Measures, quality: rows that may be missed when the disk stalls."""
        for row in rows:
            self._writer.put(row)

    def mark(self, t_ns: int, label: str) -> float:
        """Mark `t_ns`, at once on disk; returns it in seconds of the session."""
        self.markers += 1
        self._writer.put(MarkerRow(id=self.markers, t_ns=t_ns, label=label, made_t_ns=t_ns))
        self.last_marker = label
        return (t_ns - self.started_t_ns) * 1e-9

    def note(self, t_ns: int, kind: str, text: str) -> float:
        """Write down what the service or a person says about `t_ns`."""
        self._writer.put(EventRow(t_ns=t_ns, kind=kind, text=text))
        return (t_ns - self.started_t_ns) * 1e-9

    def commit(self) -> None:
        """Hand over what has been gathered and ask for it to be committed now."""
        for gatherer in self._gatherers:
            for row in gatherer.flush():
                self._put_block(row)
        while self._unsaved and self._writer.put(self._unsaved[0]):
            self._unsaved.popleft()
        self._writer.commit()

    def close(self, t_ns: int) -> None:
        """End the session at `t_ns`; blocks until the file is whole and alone."""
        for board, holes in enumerate(self._holes):
            for first, end in holes.remaining():
                self._put_gap(GapRow(board, holes.segment, first, end - first, "radio", t_ns, t_ns))
        self.note(t_ns, "session", "stopped")
        self.commit()
        self._writer.close(t_ns)

    @property
    def elapsed_s(self) -> float:
        """How much has been recorded: from the start to the newest sample's arrival, seconds."""
        return max(0.0, (self._newest_ns - self.started_t_ns) * 1e-9)

    @property
    def recorded_s(self) -> float:
        """From the first sample's arrival to the newest's, seconds."""
        return 0.0 if self._first_ns is None else (self._newest_ns - self._first_ns) * 1e-9

    @property
    def saved_s(self) -> float:
        """How much of the session is on disk, seconds from its start."""
        saved_t_ns = self._writer.saved_t_ns
        return 0.0 if saved_t_ns is None else max(0.0, (saved_t_ns - self.started_t_ns) * 1e-9)

    @property
    def disk_error(self) -> str:
        """Why the file cannot be written at present, "" when it can."""
        return self._writer.error or ""

    def _put_block(self, row: BlockRow) -> None:
        if not self._writer.put(row):
            lost = GapRow(
                board=row.board,
                segment=row.segment,
                first_index=row.first_index,
                n=len(row.counts),
                cause="disk",
                begin_ns=int(row.arrival_ns[0]),
                end_ns=int(row.arrival_ns[-1]),
            )
            self._remember(lost)

    def _put_restart(self, board: int, block: Block) -> None:
        """The stretch in which no service was there to record."""
        began_ns, ended_ns = self.past.newest_ns, int(block.arrival_ns[0])
        self._put_gap(GapRow(board, block.segment, 0, 0, "restart", began_ns, ended_ns))

    def _put_gap(self, row: GapRow) -> None:
        if not self._writer.put(row):
            self._remember(row)

    def _remember(self, gap: GapRow) -> None:
        """Keep a gap for later; one that continues the newest of its board extends it."""
        for place, known in enumerate(self._unsaved):
            if _continues(known, gap):
                self._unsaved[place] = replace(known, n=known.n + gap.n, end_ns=gap.end_ns)
                return
        self._unsaved.append(gap)


def _continues(known: GapRow, gap: GapRow) -> bool:
    same = (known.board, known.segment, known.cause) == (gap.board, gap.segment, gap.cause)
    return same and known.first_index + known.n == gap.first_index
