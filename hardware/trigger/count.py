"""The trigger test: which paths see the pulses, and which do not."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise

from hardware.trigger.edges import Edge, LostEdges, TriggerEvent, TriggerFault, TriggerSource

POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class PathCount:
    """What one path saw.

    Attributes:
        source: name of the path.
        edges: transitions, lost ones included.
        pulses: rises among those with a time of their own.
        intervals_s: from each pulse to the next.
        fault: why it could not be used, or "".
    """

    source: str
    edges: int
    pulses: int
    intervals_s: tuple[float, ...]
    fault: str

    def __str__(self) -> str:
        if self.fault:
            return self.fault
        if not self.edges:
            return f"{self.source} saw nothing"
        if not self.intervals_s:
            return f"{self.source} saw {_counted(self.edges, 'edge')}"
        shortest, longest = min(self.intervals_s), max(self.intervals_s)
        apart = f"{shortest:.3f} to {longest:.3f} s apart"
        return f"{self.source} saw {_counted(self.pulses, 'pulse')}, {apart}"


def count_edges(
    sources: Sequence[TriggerSource],
    seconds: float,
    monotonic_ns: Callable[[], int],
    wait: Callable[[float], object],
) -> list[PathCount]:
    """Watch all paths for some seconds.

    Args:
        sources: the paths; opened and closed here.
        seconds: how long.
        monotonic_ns: the clock.
        wait: lets so many seconds pass.

    Returns:
        What each path saw, in the order of `sources`.
    """
    seen: dict[str, list[TriggerEvent]] = {source.name: [] for source in sources}
    with ExitStack() as opened:
        working = [source for source in sources if _opens(source, seen[source.name], opened)]
        end_ns = monotonic_ns() + round(seconds * 1e9)
        while monotonic_ns() < end_ns:
            wait(POLL_S)
            for source in working:
                seen[source.name] += source.poll()
    return [_count(source.name, seen[source.name]) for source in sources]


def in_words(counts: Sequence[PathCount]) -> str:
    """One line that says which paths saw what, and what to do where one saw nothing."""
    text = "; ".join(str(count) for count in counts)
    blind = [count.source for count in counts if not count.edges and not count.fault]
    if not blind:
        return text
    if len(blind) == len(counts):
        return f"{text}: is there a pulse at all?"
    return f"{text}: check the wire and the opto-coupler of {' and '.join(blind)}"


def _opens(source: TriggerSource, seen: list[TriggerEvent], opened: ExitStack) -> bool:
    try:
        source.open()
    except TriggerFault as fault:
        seen.append(fault)
        return False
    opened.callback(source.close)
    return True


def _count(name: str, seen: list[TriggerEvent]) -> PathCount:
    edges = [event for event in seen if isinstance(event, Edge)]
    rises_ns = [edge.t_ns for edge in edges if edge.level]
    return PathCount(
        source=name,
        edges=len(edges) + sum(event.count for event in seen if isinstance(event, LostEdges)),
        pulses=len(rises_ns),
        intervals_s=tuple((after - before) / 1e9 for before, after in pairwise(rises_ns)),
        fault=next((str(event) for event in seen if isinstance(event, TriggerFault)), ""),
    )


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
