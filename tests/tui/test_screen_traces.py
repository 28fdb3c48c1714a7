"""Traces by key: larger and smaller, faster and slower, with seconds and the labels of marks."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

from recorder.wire.messages import Trace
from tests.tui.scripted_service import changed, recording, trace
from tests.tui.watching import Watch, watching

Scenario = Callable[[Watch], Awaitable[None]]
STEPS = 60


def run(directory: Path, scenario: Scenario) -> None:
    async def watched() -> None:
        async with watching(directory, recording(), size=(160, 40)) as watch:
            await scenario(watch)

    asyncio.run(watched())


def waves(first_step: int = 0) -> Trace:
    return trace("patient", [[-20.0, 20.0] * STEPS] * 8, first_step=first_step)


def test_arrows_change_scale_and_speed_and_0_follows_again(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.say(waves())
        await watch.sees("±50 µV · 4.7 s across")
        await watch.press("up")
        await watch.sees("±30 µV")
        await watch.press("down", "down")
        await watch.sees("±70 µV")
        await watch.press("left")
        watch.service.say(waves(STEPS))
        await watch.sees("±70 µV · 9.5 s across")
        await watch.press("0")
        watch.service.say(waves(2 * STEPS))
        watch.service.say(waves(3 * STEPS))
        await watch.sees("±50 µV")

    run(tmp_path, scenario)


def test_whole_seconds_stand_above_the_traces(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.say(waves())
        await watch.sees("4.7 s across")
        head = next(line for line in watch.visible().splitlines() if "s across" in line)
        seconds = [at for at, sign in enumerate(head[:60]) if sign == "·"]
        assert len(seconds) == 3
        assert len({b - a for a, b in pairwise(seconds)}) <= 2

    run(tmp_path, scenario)


def test_a_mark_has_its_label_at_its_line(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.say(waves())
        await watch.sees("s across")
        watch.service.say(changed(watch.service.status, markers=3, last_marker="shift"))
        await watch.sees("shift┊")

    run(tmp_path, scenario)
