"""What every trigger source keeps to, whatever it is made of: see hardware/trigger/edges.py."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from hardware.trigger.edges import Edge, TriggerEvent, TriggerSource

LIMIT_S = 8.0
AT_ONCE_NS = 100_000_000


@dataclass(frozen=True, slots=True)
class Bench:
    """A source, and what makes pulses on it.

    Attributes:
        source: not open.
        make: let more pulses come; may be called until enough have been seen.
        falls: whether the end of a pulse is an edge too.
    """

    source: TriggerSource
    make: Callable[[], None]
    falls: bool = True

    def gather(self, count: int) -> list[Edge]:
        """Open, and poll until so many edges have come."""
        self.source.open()
        edges: list[Edge] = []
        pause, limit_s = threading.Event(), time.monotonic() + LIMIT_S
        while len(edges) < count:
            assert time.monotonic() < limit_s, f"only {edges}"
            self.make()
            pause.wait(0.01)
            edges += only_edges(self.source.poll())
        return edges


def only_edges(events: list[TriggerEvent]) -> list[Edge]:
    """The events, none of which may be a loss or a fault."""
    edges = [event for event in events if isinstance(event, Edge)]
    assert len(edges) == len(events), events
    return edges


def edges_carry_the_name_of_their_source(bench: Bench) -> None:
    assert bench.source.name
    assert {edge.source for edge in bench.gather(4)} == {bench.source.name}


def numbers_grow_by_one(bench: Bench) -> None:
    edges = bench.gather(6)
    assert all(after.seq == before.seq + 1 for before, after in pairwise(edges))


def times_do_not_go_back(bench: Bench) -> None:
    assert all(before.t_ns <= after.t_ns for before, after in pairwise(bench.gather(6)))


def levels_alternate(bench: Bench) -> None:
    levels = [edge.level for edge in bench.gather(6)]
    assert set(levels) == ({0, 1} if bench.falls else {1})
    assert not bench.falls or all(before != after for before, after in pairwise(levels))


def a_poll_with_nothing_to_give_returns_at_once(bench: Bench) -> None:
    bench.source.open()
    began_ns = time.monotonic_ns()
    for _ in range(20):
        bench.source.poll()
    assert time.monotonic_ns() - began_ns < AT_ONCE_NS


def before_it_is_open_there_is_nothing(bench: Bench) -> None:
    assert bench.source.poll() == []


def closing_may_be_repeated_and_needs_no_opening(bench: Bench) -> None:
    bench.source.close()
    bench.gather(2)
    bench.source.close()
    bench.source.close()


def it_can_be_opened_again(bench: Bench) -> None:
    for _ in range(2):
        assert len(bench.gather(2)) >= 2
        bench.source.close()


CONTRACT: tuple[Callable[[Bench], None], ...] = (
    edges_carry_the_name_of_their_source,
    numbers_grow_by_one,
    times_do_not_go_back,
    levels_alternate,
    a_poll_with_nothing_to_give_returns_at_once,
    before_it_is_open_there_is_nothing,
    closing_may_be_repeated_and_needs_no_opening,
    it_can_be_opened_again,
)
