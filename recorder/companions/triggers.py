"""The trigger, as this machine and the boards see it: edges become rows of the session."""

import time
from collections import deque
from collections.abc import Callable

from hardware.board import Block
from hardware.trigger.edges import Edge, LostEdges, TriggerEvent, TriggerSource
from hardware.trigger.pin import PinEdge, PinEdges
from recorder.clocks.anchoring import Anchoring
from recorder.clocks.matching import HOST
from recorder.settings.board import ROLES
from recorder.store.rows import EdgeRow, EventRow, Row
from recorder.wearers.lane import Lane

SPAN_NS = 10_000_000_000
STOPPED_NS = 5_000_000_000  # the longest interval of our own train is 1.5 s
STEADY = 3  # so many pulses in the span before, and it is a trigger that can stop
KEPT = 700  # 10 s of a 60 Hz strobe


class TriggerWatch:
    """Watches the host's own input, if there is one, and one pin of each board.

    Attributes:
        fault: why the host sees no trigger at present, in one line; "" when it may.
        rates: how often each path sees one.
        anchoring: ties the boards' clocks by what several paths saw; None until both are known.
    """

    def __init__(
        self,
        host: TriggerSource | None,
        pin: str,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Take `host`, whose `open` never fails, and the name of a pin, "" for none."""
        self.fault = ""
        self.rates = TriggerRates()
        self.anchoring: Anchoring | None = None
        self._host = host
        self._pin = pin
        self._monotonic_ns = monotonic_ns
        self._pins: dict[int, _PinRows | None] = {}

    def open(self) -> None:
        """Open the host's input; pins are watched as their boards' blocks come."""
        if self._host is not None:
            self._host.open()

    def meet(self, lanes: tuple[Lane, Lane]) -> None:
        """Both boards are known: what several paths see may tie their clocks from now on."""
        if self.anchoring is None:
            self.anchoring = Anchoring(lanes)

    def poll(self) -> list[Row]:
        """What the host has seen since the last call."""
        now_ns = self._monotonic_ns()
        events = [] if self._host is None else self._host.poll()
        if self.anchoring is not None:
            for edge in events:
                if isinstance(edge, Edge):
                    self.anchoring.host(edge)
            self.anchoring.settle(now_ns)
        if events:
            self.fault = "" if isinstance(events[-1], Edge | LostEdges) else str(events[-1])
        return self._counted([edge_row(event, now_ns) for event in events])

    def hear(self, board: int, role: str, lane: Lane, block: Block) -> list[Row]:
        """The edges on one board's pin in a block that `lane` has taken, with fitted times.

        An edge that fell between lost samples has no row: the samples that are there tell of it.
        """
        if board not in self._pins:
            known = self._pin in lane.aux_labels
            self._pins[board] = _PinRows(role, self._pin, lane) if known else None
        pin = self._pins[board]
        if pin is None:
            return []
        edges = pin.edges.feed(block)
        if self.anchoring is not None:
            for edge in edges:
                self.anchoring.pin(board, edge)
        return self._counted(pin.rows(edges))

    def opposed(self) -> list[str]:
        """Pairs of paths that see opposite levels of one trigger, by their names."""
        pairs = [] if self.anchoring is None else self.anchoring.opposed
        return [f"{self._name(one)} and {self._name(other)}" for one, other in pairs]

    def _name(self, board: int | None) -> str:
        return HOST if board is None else f"{ROLES[board]} {self._pin}"

    def close(self) -> None:
        """Let go of the host's input."""
        if self._host is not None:
            self._host.close()

    def _counted(self, rows: list[Row]) -> list[Row]:
        self.rates.see(rows)
        return rows


class _PinRows:
    """The edges of one board's pin as rows."""

    def __init__(self, role: str, pin: str, lane: Lane) -> None:
        self.edges = PinEdges(role, pin, lane.aux_labels)
        self._source = f"{role} {pin}"
        self._lane = lane
        self._seq = 0

    def rows(self, edges: list[PinEdge]) -> list[Row]:
        """Those that are known to a sample, of the segment that the clock is in."""
        rows: list[Row] = []
        for edge in edges:
            self._seq += 1
            if edge.is_exact and edge.segment == self._lane.segment:
                t_ns = int(self._lane.clock.time_ns(edge.index - 0.5))  # between the two samples
                rows.append(EdgeRow(self._source, self._seq, t_ns, edge.level))
        return rows


def edge_row(event: TriggerEvent, now_ns: int) -> Row:
    """What a trigger source says, as a row."""
    if isinstance(event, Edge):
        return EdgeRow(event.source, event.seq, event.t_ns, event.level)
    if isinstance(event, LostEdges):
        return EventRow(event.t_ns, "trigger", f"{event.source}: {event.count} edges were lost")
    return EventRow(now_ns, "trigger", str(event))


class TriggerRates:
    """Counts the pulses of each path. Fixed memory."""

    def __init__(self) -> None:
        self._rises: dict[str, deque[int]] = {}

    def see(self, rows: list[Row]) -> None:
        """Count the rising edges among new rows."""
        for row in rows:
            if isinstance(row, EdgeRow) and row.level:
                self._rises.setdefault(row.source, deque(maxlen=KEPT)).append(row.t_ns)

    def rates_hz(self, now_ns: int) -> dict[str, float]:
        """Pulses a second of each path that ever saw one, over the last 10 s."""
        return {
            source: sum(rise > now_ns - SPAN_NS for rise in rises) * 1e9 / SPAN_NS
            for source, rises in self._rises.items()
        }

    def stopped(self, now_ns: int) -> dict[str, float]:
        """Paths on which a steady trigger has stopped, and for how many seconds."""
        return {
            source: (now_ns - rises[-1]) * 1e-9
            for source, rises in self._rises.items()
            if now_ns - rises[-1] > STOPPED_NS and _was_steady(rises)
        }


def _was_steady(rises: deque[int]) -> bool:
    return sum(rise > rises[-1] - SPAN_NS for rise in rises) >= STEADY
