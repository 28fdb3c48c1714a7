"""The trigger, as this machine and the boards see it: edges become rows of the session."""

import time
from collections.abc import Callable

from hardware.board import Block
from hardware.trigger import Edge, LostEdges, TriggerEvent, TriggerSource
from hardware.trigger_pin import PinEdge, PinEdges
from recorder.lane import Lane
from recorder.store.rows import EdgeRow, EventRow, Row


class TriggerWatch:
    """Watches the host's own input, if there is one, and one pin of each board.

    Attributes:
        fault: why the host sees no trigger at present, in one line; "" when it may.
    """

    def __init__(
        self,
        host: TriggerSource | None,
        pin: str,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Take `host`, whose `open` never fails, and the name of a pin, "" for none."""
        self.fault = ""
        self._host = host
        self._pin = pin
        self._monotonic_ns = monotonic_ns
        self._pins: dict[str, _PinRows | None] = {}

    def open(self) -> None:
        """Begin to watch."""
        if self._host is not None:
            self._host.open()

    def poll(self) -> list[Row]:
        """What the host has seen since the last call."""
        if self._host is None:
            return []
        events = self._host.poll()
        if events:
            self.fault = "" if isinstance(events[-1], Edge | LostEdges) else str(events[-1])
        return [edge_row(event, self._monotonic_ns()) for event in events]

    def hear(self, role: str, aux_labels: tuple[str, ...], lane: Lane, block: Block) -> list[Row]:
        """The edges on one board's pin in a block that `lane` has taken, with fitted times.

        An edge that fell between lost samples has no row: the samples that are there tell of it.
        """
        if role not in self._pins:
            known = self._pin in aux_labels
            self._pins[role] = _PinRows(role, self._pin, aux_labels) if known else None
        pin = self._pins[role]
        return [] if pin is None else pin.rows(lane, block)

    def close(self) -> None:
        """Watch no more."""
        if self._host is not None:
            self._host.close()


class _PinRows:
    """The edges of one board's pin as rows."""

    def __init__(self, role: str, pin: str, aux_labels: tuple[str, ...]) -> None:
        self._source = f"{role} {pin}"
        self._edges = PinEdges(role, pin, aux_labels)
        self._seq = 0

    def rows(self, lane: Lane, block: Block) -> list[Row]:
        rows: list[Row] = []
        for edge in self._edges.feed(block):
            self._seq += 1
            if edge.is_exact and edge.segment == lane.segment and lane.clock.fit is not None:
                rows.append(self._row(edge, lane))
        return rows

    def _row(self, edge: PinEdge, lane: Lane) -> EdgeRow:
        """The edge lies anywhere between two samples: their middle."""
        t_ns = int(lane.clock.time_ns(edge.index - 0.5))
        return EdgeRow(self._source, self._seq, t_ns, edge.level)


def edge_row(event: TriggerEvent, now_ns: int) -> Row:
    """What a trigger source says, as a row."""
    if isinstance(event, Edge):
        return EdgeRow(event.source, event.seq, event.t_ns, event.level)
    if isinstance(event, LostEdges):
        return EventRow(event.t_ns, "trigger", f"{event.source}: {event.count} edges were lost")
    return EventRow(now_ns, "trigger", str(event))
