"""Which edges on different paths are the same pulse; such edges tie the clocks together.

    seen by the host and by a board's pin    anchors that board's clock
    seen by both boards, not by the host     ties the two clocks to each other
    seen as opposite levels                  neither: rise and fall are not the same instant

A board's edge comes tens of ms late, a debounced one of the host later still, so an edge waits a
little before it is looked at.
"""

from collections import deque
from dataclasses import dataclass

from dsp.clock_tie import ClockTie
from hardware.trigger.edges import Edge
from hardware.trigger.pin import PinEdge
from recorder.clocks.levels import are_opposite
from recorder.clocks.matching import Moment, same_pulses
from recorder.wearers.lane import Lane

WAIT_NS = 400_000_000
KEPT = 256
DIFFERENCES = 120  # a minute of a train
ENOUGH = 10
LEVELS = 64  # edges of a path by which it is compared with others
Pair = tuple[int | None, int]
PAIRS: tuple[Pair, ...] = ((None, 0), (None, 1), (0, 1))
PULSES = 5  # of either path, before people are told that one is the wrong way round


@dataclass(frozen=True, slots=True)
class _Seen:
    """An edge on a board's pin, with its time as fitted when it was looked at."""

    edge: PinEdge
    t_ns: int


class Anchoring:
    """Finds pulses that several paths saw, and tells the clocks. Fixed memory.

    Args:
        lanes: the patient's and the therapist's.

    Attributes:
        anchored: edges that tied a board's clock to the host's.
        tied: edges that tied the boards' to each other.
        opposed: pairs of paths that see opposite levels: the host's is None, a pin's its board.
    """

    def __init__(self, lanes: tuple[Lane, Lane]) -> None:
        self._lanes = lanes
        self._tie = ClockTie(lanes[0].clock, lanes[1].clock)
        self._host: deque[Edge] = deque(maxlen=KEPT)
        self._waiting: tuple[deque[PinEdge], ...] = (deque(maxlen=KEPT), deque(maxlen=KEPT))
        self._levels: tuple[deque[Moment], ...] = (deque(maxlen=LEVELS), deque(maxlen=LEVELS))
        self._differences_ns: deque[int] = deque(maxlen=DIFFERENCES)
        self.anchored = self.tied = 0
        self.opposed: list[Pair] = []
        self._untied: list[Pair] = []

    @property
    def disagreement_ns(self) -> float | None:
        """By how much the second board's clock is later than the first's.

        The mean over the last edges that both saw, each known to a sample only; None before ten.
        """
        count = len(self._differences_ns)
        return sum(self._differences_ns) / count if count >= ENOUGH else None

    def host(self, edge: Edge) -> None:
        """The host has seen an edge."""
        self._host.append(edge)

    def pin(self, board: int, edge: PinEdge) -> None:
        """A board's pin has seen an edge."""
        self._waiting[board].append(edge)
        if (t_ns := self._time_ns(board, edge)) is not None:
            self._levels[board].append((t_ns, edge.level))

    def settle(self, now_ns: int) -> None:
        """Look at the edges that have waited long enough."""
        patient, therapist = (self._ripe(board, now_ns) for board in (0, 1))
        if not (patient or therapist):
            return
        self._untied = [pair for pair in PAIRS if self._are_opposite(*pair, pulses=1)]
        self.opposed = [pair for pair in self._untied if self._are_opposite(*pair, pulses=PULSES)]
        self._anchor(0, patient)
        self._anchor(1, therapist)
        if (0, 1) in self._untied:
            return
        for mine, other in same_pulses(_moments(patient), _moments(therapist)):
            self._compare(patient[mine], therapist[other])

    def _ripe(self, board: int, now_ns: int) -> list[_Seen]:
        """Edges that have waited, of the segment that the clock is in; others tell it nothing."""
        waiting = self._waiting[board]
        ripe: list[_Seen] = []
        while waiting and waiting[0].arrival_ns + WAIT_NS <= now_ns:
            edge = waiting.popleft()
            if (t_ns := self._time_ns(board, edge)) is not None:
                ripe.append(_Seen(edge, t_ns))
        return ripe

    def _time_ns(self, board: int, edge: PinEdge) -> int | None:
        lane = self._lanes[board]
        is_known = edge.segment == lane.segment and lane.clock.fit is not None
        return int(lane.clock.time_ns(edge.middle)) if is_known else None

    def _anchor(self, board: int, seen: list[_Seen]) -> None:
        if not seen or (None, board) in self._untied:
            return
        clock, host = self._lanes[board].clock, self._host_moments()
        for mine, other in same_pulses(_moments(seen), host):
            edge, (t_ns, _) = seen[mine].edge, host[other]
            self.anchored += clock.anchor(edge.index, t_ns, width=float(edge.width))

    def _compare(self, mine: _Seen, other: _Seen) -> None:
        if mine.edge.is_exact and other.edge.is_exact:
            self._differences_ns.append(other.t_ns - mine.t_ns)
        if not self._host or {(None, 0), (None, 1)} <= {*self._untied}:
            at = [(float(one.edge.index), float(one.edge.width)) for one in (mine, other)]
            self.tied += self._tie.tie(at[0], at[1])

    def _are_opposite(self, one: int | None, other: int, pulses: int) -> bool:
        mine = self._host_moments()[-LEVELS:] if one is None else [*self._levels[one]]
        return are_opposite(mine, [*self._levels[other]], pulses)

    def _host_moments(self) -> list[Moment]:
        return [(edge.t_ns, edge.level) for edge in self._host]


def _moments(seen: list[_Seen]) -> list[Moment]:
    return [(one.t_ns, one.edge.level) for one in seen]
