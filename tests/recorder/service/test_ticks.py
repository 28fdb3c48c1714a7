"""The loop's ticks: at once, ten a second, and an error is the task's."""

import asyncio
import time

import pytest

from recorder.recording.recorder import AFTER_READERS_NS, TICK_S
from recorder.service.ticks import at_each_tick


def test_ticks_come_ten_a_second_after_the_readers() -> None:
    came_ns = []

    def turn() -> None:
        came_ns.append(time.monotonic_ns())
        if len(came_ns) == 4:
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        asyncio.run(at_each_tick(turn, time.monotonic_ns))
    assert (came_ns[-1] - came_ns[0]) / 1e9 > 2 * TICK_S
    tick_ns = round(TICK_S * 1e9)
    assert len({(at_ns - AFTER_READERS_NS) // tick_ns for at_ns in came_ns}) == len(came_ns)


def test_when_it_is_cancelled_no_tick_comes_any_more() -> None:
    turns = 0

    def turn() -> None:
        nonlocal turns
        turns += 1

    async def test() -> None:
        ticking = asyncio.create_task(at_each_tick(turn, lambda: 0))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        ticking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ticking
        before = turns
        await asyncio.sleep(2 * TICK_S)
        assert turns == before > 0

    asyncio.run(test())


def test_a_tick_is_one_turn_of_the_event_loop() -> None:
    """Two turns, as a task that sleeps takes, are twice the calls of the system."""
    loop, looks, ticks = asyncio.new_event_loop(), 0, 0
    selector = loop._selector  # type: ignore[attr-defined]
    select = selector.select

    def counted(timeout_s: float | None) -> object:
        nonlocal looks
        looks += 1
        return select(timeout_s)

    def turn() -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 5:
            raise ArithmeticError

    selector.select = counted
    try:
        with pytest.raises(ArithmeticError):
            loop.run_until_complete(at_each_tick(turn, time.monotonic_ns))
    finally:
        loop.close()
    assert looks <= 5 + 3
