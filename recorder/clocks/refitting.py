"""The clocks of a recorded session once more, with all of it in view; into its notes.

The raw fit in the session file stays as it is. Needs scipy: never imported by the service.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dsp.clock_frame import NO_EDGES, Edges, SegmentReads
from dsp.refit import Refit, SharedEdges, refit, refit_tied
from hardware.board import Block
from hardware.trigger.pin import PinEdge, PinEdges
from recorder import __version__
from recorder.clocks.levels import are_opposite
from recorder.clocks.matching import HOST, Moment, same_pulses
from recorder.store.note_rows import RefitRow
from recorder.store.notes import open_notes
from recorder.store.reader import SessionReader

METHOD = "asymmetric floor curve with trigger intervals"
OF_DAMAGED = ", of a damaged file"


@dataclass(frozen=True, slots=True)
class Refitted:
    """What became of one segment.

    Attributes:
        board, segment: which.
        edges: of the host's, that this board saw, too; `refused` of them did not fit.
        tied: edges that both boards saw and the host did not.
        moved_ms: by how much its times have changed: median of the absolute.
        floor_rms_ms: how far the earliest arrivals lie from the curve.
        problem: why it was not fitted, "" when it was.
    """

    board: int
    segment: int
    edges: int = 0
    refused: int = 0
    tied: int = 0
    moved_ms: float = 0.0
    floor_rms_ms: float = 0.0
    problem: str = ""


def refit_session(
    path: Path,
    pin: str,
    made_utc_ns: int,
    progress: Callable[[int, int], None],
    *,
    is_damaged: bool = False,
) -> list[Refitted]:
    """Fit every segment again and store the knots beside the session.

    Args:
        path: of the session file.
        pin: on which the boards saw the trigger, such as D11.
        made_utc_ns: now.
        progress: told how many of the segments are done.
        is_damaged: whether the file is known to be; the method's name says so then.

    Raises:
        OSError, ValueError: see SessionReader and open_notes.
    """
    with SessionReader(path) as file:
        segments = [
            _Segment(file, board.id, n, pin)
            for board in file.boards()
            for n in file.segments(board.id)
        ]
        rows: list[RefitRow] = []
        told: list[Refitted] = []
        for done, segment in enumerate(segments):
            progress(done, len(segments))
            partner = _partner(segment, segments)
            result, fitted = _fit(file, segment, partner)
            told.append(result)
            rows += [] if fitted is None else _rows(segment, fitted, made_utc_ns)
    if is_damaged:
        rows = [replace(row, method=f"{row.method}{OF_DAMAGED}") for row in rows]
    with open_notes(path) as notes:
        notes.add(*rows)
    progress(len(segments), len(segments))
    return told


class _Segment:
    """A segment's reads, and the edges on its board's pin."""

    def __init__(self, file: SessionReader, board: int, number: int, pin: str) -> None:
        self.board, self.number = board, number
        self.index, self.arrival_ns = file.arrivals(board, number)
        self.rate_hz = file.board(board).nominal_rate_hz
        self.pins = _pin_edges(file, board, number, pin)
        self.moments = _moments(file, board, number, self.pins)
        host = [(edge.t_ns, edge.level) for edge in file.edges() if edge.source == HOST]
        same = [] if are_opposite(self.moments, host) else same_pulses(self.moments, host)
        self.anchors = [
            (self.pins[mine].index, self.pins[mine].width, host[other][0]) for mine, other in same
        ]

    def reads(self) -> SegmentReads:
        edges = NO_EDGES
        if self.anchors:
            index, width, t_ns = (
                np.array(column, np.int64) for column in zip(*self.anchors, strict=True)
            )
            edges = Edges(index, width, t_ns)
        return SegmentReads(self.rate_hz, self.index, self.arrival_ns, edges)


def _pin_edges(file: SessionReader, board: int, number: int, pin: str) -> list[PinEdge]:
    labels = file.board(board).aux_labels
    if pin not in labels:
        return []
    finder = PinEdges(str(board), pin, labels)
    found: list[PinEdge] = []
    for row in file.blocks(board, number):
        arrival_ns = np.full(len(row), int(row.arrival_ns[-1]))
        block = Block(row.segment, row.first_index, row.counts, row.aux, arrival_ns, row.late)
        found += finder.feed(block)
    return found


def _moments(file: SessionReader, board: int, number: int, pins: list[PinEdge]) -> list[Moment]:
    """When each edge was by the clock as it was fitted while recording."""
    fitted_ns = file.times_ns(board, number, np.array([edge.middle for edge in pins]))
    return [(t_ns, edge.level) for t_ns, edge in zip(fitted_ns.tolist(), pins, strict=True)]


def _partner(segment: _Segment, others: list[_Segment]) -> _Segment | None:
    """The other board's segment that shares most of the time, when the host saw no edge."""
    shared = [
        (
            min(other.arrival_ns[-1], segment.arrival_ns[-1])
            - max(other.arrival_ns[0], segment.arrival_ns[0]),
            place,
        )
        for place, other in enumerate(others)
        if other.board != segment.board and other.pins
    ]
    if segment.anchors or not segment.pins or not shared:
        return None
    overlap_ns, place = max(shared)
    return others[place] if overlap_ns > 0 else None


def _fit(
    file: SessionReader, segment: _Segment, partner: _Segment | None
) -> tuple[Refitted, Refit | None]:
    shared = None if partner is None else _shared(segment, partner)
    try:
        if partner is None or shared is None:
            fitted = refit(segment.reads())
        else:
            fitted, _ = refit_tied(segment.reads(), partner.reads(), shared)
    except ValueError as error:
        return Refitted(segment.board, segment.number, problem=str(error)), None
    before_ns = file.times_ns(segment.board, segment.number, fitted.index)
    return (
        Refitted(
            board=segment.board,
            segment=segment.number,
            edges=fitted.edges_used,
            refused=fitted.edges_refused,
            tied=0 if shared is None else len(shared.index_a),
            moved_ms=float(np.median(np.abs(fitted.t_ns - before_ns)) / 1e6),
            floor_rms_ms=fitted.floor_rms_ns / 1e6,
        ),
        fitted,
    )


def _shared(a: _Segment, b: _Segment) -> SharedEdges | None:
    """Edges that both boards saw at nearly the same fitted time."""
    pairs = same_pulses(a.moments, b.moments)
    if not pairs or are_opposite(a.moments, b.moments):
        return None
    edges_a, edges_b = [a.pins[i] for i, _ in pairs], [b.pins[j] for _, j in pairs]
    return SharedEdges(
        index_a=np.array([edge.index for edge in edges_a]),
        width_a=np.array([edge.width for edge in edges_a]),
        index_b=np.array([edge.index for edge in edges_b]),
        width_b=np.array([edge.width for edge in edges_b]),
    )


def _rows(segment: _Segment, fitted: Refit, made_utc_ns: int) -> list[RefitRow]:
    columns = (fitted.index, fitted.t_ns, fitted.period_ns, fitted.sigma_ns)
    return [
        RefitRow(
            board=segment.board,
            segment=segment.number,
            idx=index,
            t_ns=t_ns,
            period_ns=period_ns,
            sigma_ns=sigma_ns,
            made_utc_ns=made_utc_ns,
            method=METHOD,
            version=__version__,
        )
        for index, t_ns, period_ns, sigma_ns in zip(
            *(np.asarray(column).tolist() for column in columns), strict=True
        )
    ]
