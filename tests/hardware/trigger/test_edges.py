"""What all sources share, and the two that need no device."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.trigger.edges import (
    Edge,
    EdgeQueue,
    LostEdges,
    MarkerEdges,
    ScriptedEdges,
    TriggerEvent,
    TriggerFault,
)

S, MS = 1_000_000_000, 1_000_000


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self) -> None:
        self.now_ns = 100 * S

    def __call__(self) -> int:
        return self.now_ns


def edge(seq: int) -> Edge:
    return Edge("gpio", seq, seq * MS, seq % 2)


def test_a_fault_is_one_line_that_names_its_source() -> None:
    fault = TriggerFault("gpio", "no such chip")
    assert str(fault) == "gpio: no such chip"
    assert fault.source == "gpio"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 9), max_size=12), st.integers(1, 8))
def test_a_queue_gives_edges_in_order_and_accounts_for_each(
    bursts: list[int], capacity: int
) -> None:
    queue, seq = EdgeQueue(capacity), 0
    for burst in bursts:
        for _ in range(burst):
            seq += 1
            queue.put(edge(seq))
        events = queue.drain()
        kept, lost = min(burst, capacity), max(burst - capacity, 0)
        expected: list[TriggerEvent] = [edge(seq - burst + 1 + at) for at in range(kept)]
        if lost:
            expected.append(LostEdges("gpio", lost, seq * MS))
        assert events == expected


def test_a_full_queue_still_takes_the_fault_that_ends_it() -> None:
    queue = EdgeQueue(1)
    fault = TriggerFault("gpio", "gone")
    for event in (edge(1), edge(2), fault):
        queue.put(event)
    assert queue.drain() == [edge(1), fault, LostEdges("gpio", 1, 2 * MS)]


def test_edges_put_by_one_thread_reach_another_whole() -> None:
    queue, got = EdgeQueue(10_000), list[TriggerEvent]()

    def put_all() -> None:
        for seq in range(5000):
            queue.put(edge(seq))

    thread = threading.Thread(target=put_all)
    thread.start()
    while thread.is_alive():
        got += queue.drain()
    assert got + queue.drain() == [edge(seq) for seq in range(5000)]


def test_a_script_is_played_when_its_time_has_come() -> None:
    clock = Clock()
    source = ScriptedEdges("fake", [(0.5, 1), (0.53, 0), (2.0, 1)], clock)
    assert source.poll() == []
    source.open()
    assert source.poll() == []
    clock.now_ns += 500 * MS
    assert source.poll() == [Edge("fake", 1, 100 * S + 500 * MS, 1)]
    assert source.poll() == []
    clock.now_ns += 5 * S
    assert source.poll() == [
        Edge("fake", 2, 100 * S + 530 * MS, 0),
        Edge("fake", 3, 102 * S, 1),
    ]
    source.close()
    assert source.poll() == []


def test_a_script_begins_again_when_opened_again() -> None:
    clock = Clock()
    source = ScriptedEdges("fake", [(1.0, 1)], clock)
    for begin_s in (100, 200):
        clock.now_ns = begin_s * S
        source.open()
        clock.now_ns += 3 * S
        assert source.poll() == [Edge("fake", 1, (begin_s + 1) * S, 1)]
        source.close()


@pytest.mark.parametrize(
    ("label", "times_ns"), [(None, [10, 20, 30]), ("camera", [20]), ("other", [])]
)
def test_markers_with_the_label_are_rises(label: str | None, times_ns: list[int]) -> None:
    waiting = [[(1, "camera")], [(30, "beep"), (10, ""), (20, "camera")]]
    source = MarkerEdges("lsl", lambda: waiting.pop(0), label)
    source.open()  # what came before is not of this recording
    expected = [Edge("lsl", seq, t_ns, 1) for seq, t_ns in enumerate(times_ns, start=1)]
    assert source.poll() == expected
    source.close()
    assert source.poll() == []


def test_markers_are_numbered_on_over_polls() -> None:
    markers = iter(range(1, 10))
    source = MarkerEdges("lsl", lambda: [(next(markers), "x"), (next(markers), "x")])
    source.open()
    seqs = [[event.seq for event in source.poll() if isinstance(event, Edge)] for _ in range(3)]
    assert seqs == [[1, 2], [3, 4], [5, 6]]
