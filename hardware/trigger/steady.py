"""Steadier trigger sources, made of others: without bounces, and open again after a loss."""

import time
from collections.abc import Callable

from hardware.trigger.edges import Edge, TriggerEvent, TriggerFault, TriggerSource

REOPEN_S = 5.0


class Debounce:
    """Drops what bounces: a level that changes again within `debounce_s` is not yet a level.

    Changes that follow each other that closely are one burst. If the line ends it at the level of
    its first change, that change was the edge, and keeps its time; if not, it was a glitch.

    Args:
        debounce_s: shorter than the pulses and the pauses that are to be seen.

    Raises:
        ValueError: it is not positive.
    """

    def __init__(self, debounce_s: float) -> None:
        if not debounce_s > 0:
            raise ValueError(f"a debounce time of {debounce_s} s is not positive")
        self._debounce_ns = round(debounce_s * 1e9)
        self._first: Edge | None = None  # of the burst
        self._last: Edge | None = None

    def feed(self, edge: Edge) -> list[Edge]:
        """Take the next change of the line; return the edge that it proves, if any."""
        settled = self.settle(edge.t_ns)
        self._first = self._first or edge
        self._last = edge
        return settled

    def settle(self, now_ns: int) -> list[Edge]:
        """Return the edge that is certain when nothing more has changed until `now_ns`, if any."""
        first, last = self._first, self._last
        if first is None or last is None or now_ns - last.t_ns < self._debounce_ns:
            return []
        self._first = self._last = None
        return [first] if first.level == last.level else []


class Debounced:
    """A source without its bounces; edges come `debounce_s` later, with their own times."""

    def __init__(
        self,
        source: TriggerSource,
        debounce_s: float,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.name = source.name
        self._source = source
        self._debounce_s = debounce_s
        self._debounce = Debounce(debounce_s)
        self._monotonic_ns = monotonic_ns

    def open(self) -> None:
        """Open the source, with no burst begun."""
        self._debounce = Debounce(self._debounce_s)
        self._source.open()

    def poll(self) -> list[TriggerEvent]:
        """What has settled, and the source's losses and faults."""
        now_ns = self._monotonic_ns()  # before the poll: what it returns is complete up to here
        events: list[TriggerEvent] = []
        for event in self._source.poll():
            events += self._debounce.feed(event) if isinstance(event, Edge) else [event]
        return [*events, *self._debounce.settle(now_ns)]

    def close(self) -> None:
        """Close the source; what has not settled is forgotten when it is opened again."""
        self._source.close()


class KeptOpen:
    """A source that is opened again when it is lost, or was not there to begin with.

    Its `open` never fails: a fault comes with `poll`, once, and the next attempt follows after
    `REOPEN_S`.
    """

    def __init__(
        self, source: TriggerSource, monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self.name = source.name
        self._source = source
        self._monotonic_ns = monotonic_ns
        self._is_open = False
        self._retry_ns: int | None = None  # while it is wanted open and is not
        self._fault = ""

    @property
    def is_open(self) -> bool:
        """Whether the source is there at present."""
        return self._is_open

    def open(self) -> None:
        """Open the source, now or as soon as that is possible."""
        self.close()
        self._fault = ""
        self._retry_ns = self._monotonic_ns()

    def poll(self) -> list[TriggerEvent]:
        """What the source has; a fault is not repeated before something else has come."""
        events: list[TriggerEvent] = []
        if self._retry_ns is not None and self._monotonic_ns() >= self._retry_ns:
            events += self._try()
        if self._is_open:
            events += self._source.poll()
        return [event for event in events if self._is_news(event)]

    def close(self) -> None:
        """Close the source and leave it so."""
        self._source.close()
        self._is_open = False
        self._retry_ns = None

    def _try(self) -> list[TriggerFault]:
        try:
            self._source.open()
        except TriggerFault as fault:
            return [fault]
        self._is_open = True
        self._retry_ns = None
        return []

    def _is_news(self, event: TriggerEvent) -> bool:
        """Take note of a fault, and of its end; return False for one that is known."""
        if not isinstance(event, TriggerFault):
            self._fault = ""
            return True
        self._source.close()
        self._is_open = False
        self._retry_ns = self._monotonic_ns() + round(REOPEN_S * 1e9)
        known, self._fault = self._fault, str(event)
        return self._fault != known
