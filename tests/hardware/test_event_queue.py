"""What does not fit is dropped, and told exactly."""

import threading
from dataclasses import replace

import numpy as np

from hardware.board import Block, BoardState, Event, Gap, GapCause, StateChange
from hardware.event_queue import EventQueue


def block(first_index: int, size: int, segment: int = 0) -> Block:
    arrival_ns = 1000 * np.arange(first_index, first_index + size)
    empty = np.zeros((size, 1), np.int32)
    return Block(segment, first_index, empty, empty, arrival_ns)


def put(queue: EventQueue, *events: Event) -> None:
    for event in events:
        queue.put(event)


def test_events_come_out_in_order_and_once() -> None:
    queue = EventQueue(100)
    events: list[Event] = [block(0, 10), StateChange(BoardState.STALLED, 5), block(10, 10)]
    put(queue, *events)
    assert queue.drain() == events
    assert queue.drain() == []


def test_blocks_that_do_not_fit_become_one_gap_at_their_place() -> None:
    queue = EventQueue(20)
    kept = [block(0, 10), block(10, 10)]
    put(queue, *kept, block(20, 10), block(30, 10))
    assert queue.drain() == [*kept, Gap(0, 20, 20, GapCause.OVERRUN, 20_000, 39_000)]
    assert queue.dropped == 20


def test_there_is_room_again_after_draining() -> None:
    queue = EventQueue(20)
    put(queue, block(0, 10), block(10, 10), block(20, 10))
    queue.drain()
    put(queue, later := block(30, 10))
    assert queue.drain() == [later]


def test_the_gap_comes_before_what_followed_it() -> None:
    queue = EventQueue(15)
    first, small = block(0, 10), block(20, 5)
    put(queue, first, block(10, 10), small)
    assert queue.drain() == [first, Gap(0, 10, 10, GapCause.OVERRUN, 10_000, 19_000), small]


def test_what_is_dropped_of_two_segments_is_two_gaps() -> None:
    queue = EventQueue(10)
    put(queue, block(0, 10), block(10, 4), block(0, 3, segment=1))
    gaps = [event for event in queue.drain() if isinstance(event, Gap)]
    assert [(gap.segment, gap.first_index, gap.count) for gap in gaps] == [(0, 10, 4), (1, 0, 3)]


def test_a_late_block_that_is_dropped_is_a_gap_of_its_own() -> None:
    queue = EventQueue(10)
    put(queue, block(5, 10), block(15, 2), replace(block(3, 1), late=True))
    gaps = [event for event in queue.drain() if isinstance(event, Gap)]
    assert [(gap.first_index, gap.count) for gap in gaps] == [(15, 2), (3, 1)]


def test_a_queue_that_nobody_drains_stays_small() -> None:
    queue = EventQueue(50)
    for i in range(1000):
        put(queue, block(5 * i, 3), StateChange(BoardState.STALLED, i))
    events = queue.drain()
    assert len(events) <= 51
    assert sum(len(event) for event in events if isinstance(event, Block)) <= 50


def test_two_threads_lose_nothing_between_them() -> None:
    queue = EventQueue(100_000)
    sender = threading.Thread(target=lambda: put(queue, *(block(i, 1) for i in range(5000))))
    sender.start()
    seen: list[Event] = []
    while sender.is_alive():
        seen += queue.drain()
    seen += queue.drain()
    assert [event.first_index for event in seen if isinstance(event, Block)] == list(range(5000))
