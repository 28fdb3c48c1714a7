"""Camera trigger edges: the values, and what every source of them can do.

A trigger is a pulse that host, boards and camera all see, so that their times can be tied together:
the camera's own strobe (25 to 60 a second, a millisecond or less) or our sync train (20 to 50 ms
every 0.5 to 1.5 s). A source speaks in three values:

    Edge          one transition, with its time
    LostEdges     transitions that happened and were not recorded one by one
    TriggerFault  the source is gone; also what `open` raises

Sources wrap each other: `KeptOpen(Debounced(GpioEdges(...), 0.002))` (hardware/trigger/steady.py).
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

QUEUE_EDGES = 4096  # 34 s of a 60 Hz strobe


@dataclass(frozen=True, slots=True)
class Edge:
    """One transition of a trigger line, seen by the host.

    Attributes:
        source: name of the path it was seen on.
        seq: number of the edge on its path; grows while that is open. Edges that were lost, or
            dropped as bounce, have numbers too.
        t_ns: CLOCK_MONOTONIC; not decreasing.
        level: 1 when the line became active, 0 when it became idle.
    """

    source: str
    seq: int
    t_ns: int
    level: int


@dataclass(frozen=True, slots=True)
class LostEdges:
    """`count` edges of a path were not recorded; `t_ns` is when that became known."""

    source: str
    count: int
    t_ns: int


class TriggerFault(Exception):
    """A source that cannot be used. The message is one line and says what to do."""

    def __init__(self, source: str, text: str) -> None:
        super().__init__(f"{source}: {text}")
        self.source = source


TriggerEvent = Edge | LostEdges | TriggerFault


class TriggerSource(Protocol):
    """One path on which edges come. One thread calls `open`, `poll` and `close`."""

    @property
    def name(self) -> str:
        """What its edges carry as `source`."""

    def open(self) -> None:
        """Begin to record edges.

        Raises:
            TriggerFault: it cannot; the text says what to do.
        """

    def poll(self) -> list[TriggerEvent]:
        """Everything that happened since the last call, oldest first. Never waits.

        After a TriggerFault nothing more comes until the source is opened again.
        """

    def close(self) -> None:
        """Stop. May be called twice, and without `open`."""


class EdgeQueue:
    """The bounded queue between the thread that sees edges and the thread that polls.

    When it is full, the newest edges are dropped and counted.
    """

    def __init__(self, capacity: int = QUEUE_EDGES) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._events: list[TriggerEvent] = []
        self._lost: LostEdges | None = None

    def put(self, event: TriggerEvent) -> None:
        """Append an event; an edge for which there is no room becomes part of a LostEdges."""
        with self._lock:
            if isinstance(event, Edge) and len(self._events) >= self._capacity:
                before = self._lost.count if self._lost else 0
                self._lost = LostEdges(event.source, before + 1, event.t_ns)
            else:
                self._events.append(event)

    def drain(self) -> list[TriggerEvent]:
        """Everything since the last call, oldest first; the queue is empty then."""
        with self._lock:
            events = self._events if self._lost is None else [*self._events, self._lost]
            self._events, self._lost = [], None
            return events


class MarkerEdges:
    """Markers of another program (an LSL marker stream) as edges; each is a rise to level 1.

    Args:
        name: of the path.
        poll: returns the markers since its last call, (CLOCK_MONOTONIC ns, label) each.
        label: the one that means a trigger, or None for all.
    """

    def __init__(
        self,
        name: str,
        poll: Callable[[], Iterable[tuple[int, str]]],
        label: str | None = None,
    ) -> None:
        self.name = name
        self._poll = poll
        self._label = label
        self._seq = 0
        self._is_open = False

    def open(self) -> None:
        """Forget markers from before; the stream itself belongs to whoever polls it."""
        self._poll()
        self._is_open = True
        self._seq = 0

    def poll(self) -> list[TriggerEvent]:
        """The markers since the last call."""
        markers = self._poll() if self._is_open else ()
        wanted = [t_ns for t_ns, label in markers if self._label in (None, label)]
        first, self._seq = self._seq + 1, self._seq + len(wanted)
        return [Edge(self.name, first + at, t_ns, 1) for at, t_ns in enumerate(sorted(wanted))]

    def close(self) -> None:
        """Look no more; the stream itself is not ours."""
        self._is_open = False


class ScriptedEdges:
    """Edges that were written down before, each when its time has come: for trying things out.

    Args:
        name: of the path.
        script: (seconds after `open`, level) of each edge, in order.
        monotonic_ns: the clock they come by.
    """

    def __init__(
        self,
        name: str,
        script: Iterable[tuple[float, int]],
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.name = name
        self._script = [(round(at_s * 1e9), level) for at_s, level in script]
        self._monotonic_ns = monotonic_ns
        self._open_ns: int | None = None
        self._seq = 0

    def open(self) -> None:
        """Begin the script: its seconds count from now."""
        self._open_ns = self._monotonic_ns()
        self._seq = 0

    def poll(self) -> list[TriggerEvent]:
        """The edges whose time has come since the last call."""
        if self._open_ns is None:
            return []
        begin, since_ns = self._seq, self._monotonic_ns() - self._open_ns
        while self._seq < len(self._script) and self._script[self._seq][0] <= since_ns:
            self._seq += 1
        return [
            Edge(self.name, begin + at, self._open_ns + after_ns, level)
            for at, (after_ns, level) in enumerate(self._script[begin : self._seq], start=1)
        ]

    def close(self) -> None:
        """End the script; the next `open` begins it again."""
        self._open_ns = None
