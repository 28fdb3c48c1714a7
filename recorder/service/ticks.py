"""Ten times a second, out of the event loop itself.

A task that sleeps costs three calls of the system for each tick: the loop wakes, finds the sleep
over, goes round once more for the task, and asks which process it is in to sleep again.
"""

import asyncio
from collections.abc import Callable

from recorder.recording.recorder import until_tick_s


async def at_each_tick(turn: Callable[[], None], monotonic_ns: Callable[[], int]) -> None:
    """Call `turn` at once, and then at each tick, until cancelled. Raises what it raises."""
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[None] = loop.create_future()
    timer: asyncio.Handle

    def take_turn() -> None:
        nonlocal timer
        try:
            turn()
        except Exception as error:  # noqa: BLE001 - the task's to raise
            failed.set_exception(error)
        else:
            timer = loop.call_later(until_tick_s(monotonic_ns()), take_turn)

    timer = loop.call_soon(take_turn)
    try:
        await failed
    finally:
        timer.cancel()
