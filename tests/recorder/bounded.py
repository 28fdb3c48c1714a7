"""Waiting in tests: for a condition, for so long and no longer."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

WITHIN_S = 30.0  # a bound for what hangs; a busy machine may need ten


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run a test that needs an event loop."""

    async def bounded() -> None:
        async with asyncio.timeout(WITHIN_S):
            await test

    asyncio.run(bounded())


async def until(holds: Callable[[], bool]) -> None:
    """Let the others go on until it holds; `run` bounds the wait."""
    while not holds():
        await asyncio.sleep(0.002)


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    pause = threading.Event()
    given_up_s = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < given_up_s, "it did not happen"
        pause.wait(0.005)
