"""The guided baseline: it counts down, tells usable seconds, rings, and can be broken off."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from recorder.failure import Refused
from recorder.wire.messages import Mark, Status
from tests.tui.scripted_service import board, idle, recording
from tests.tui.watching import Watch, watching
from tui.screens.baseline import BaselineScreen

Scenario = Callable[[Watch, list[float]], Awaitable[None]]


def run(directory: Path, scenario: Scenario, status: Status) -> None:
    async def watched() -> None:
        now_s = [100.0]
        async with watching(directory, status, size=(80, 24), monotonic=lambda: now_s[0]) as watch:
            await scenario(watch, now_s)

    asyncio.run(watched())


def labels(watch: Watch) -> list[str]:
    return [request.label for request in watch.service.asked if request.do == "mark"]


def half_clean() -> Status:
    status = recording()
    status.boards = [board("patient", clean_share=1.0), board("therapist", clean_share=0.25)]
    return status


def test_a_baseline_counts_down_and_its_end_is_heard(tmp_path: Path) -> None:
    async def scenario(watch: Watch, now_s: list[float]) -> None:
        rings: list[float] = []
        watch.app.bell = lambda: rings.append(now_s[0])  # type: ignore[method-assign]
        await watch.press("b")
        await watch.sees("eyes closed", "It lasts 02:00", "Enter  they are ready")
        assert labels(watch) == []
        await watch.press("enter")
        await watch.sees("02:00 left", "Esc  break it off")
        assert labels(watch) == ["baseline starts"]
        await watch.press("enter")  # begins nothing more
        now_s[0] += 60
        watch.service.say(half_clean())  # or the screen takes the service for dead
        await watch.sees("01:00 left", "usable: patient 60 s, therapist 15 s")
        now_s[0] += 61
        await watch.sees("It is over: eyes open", "Too little of the therapist")
        assert labels(watch) == ["baseline starts", "baseline ends"]
        for again_s in (222.0, 223.0):
            now_s[0] = again_s
            await watch.until(lambda: now_s[0] in rings)
        assert 221.0 in rings
        now_s[0] += 1
        await watch.pilot.pause(0.6)
        assert 224.0 not in rings
        await watch.press("enter")
        await watch.until(lambda: len(watch.app.screen_stack) == 1)

    run(tmp_path, scenario, half_clean())


def test_a_baseline_that_is_broken_off_is_taken_back(tmp_path: Path) -> None:
    async def scenario(watch: Watch, now_s: list[float]) -> None:
        watch.service.marks = [Mark("mark", 7, 700.0, "baseline starts")]
        await watch.press("b", "escape")
        await watch.until(lambda: len(watch.app.screen_stack) == 1)
        assert watch.asked() == []
        await watch.press("b", "enter")
        await watch.sees("left")
        await watch.press("escape")
        await watch.until(lambda: "withdraw" in watch.asked())
        taken = watch.service.asked[-1]
        assert (taken.kind, taken.mark) == ("mark", 7)
        assert labels(watch) == ["baseline starts"]

    run(tmp_path, scenario, recording())


def test_what_is_not_written_down_does_not_begin(tmp_path: Path) -> None:
    async def scenario(watch: Watch, now_s: list[float]) -> None:
        watch.service.refusal = Refused("the disk does not keep up", 74)
        await watch.press("b", "enter")
        await watch.until(lambda: watch.notices() == ["the disk does not keep up"])
        await watch.sees("Enter  they are ready")
        watch.service.refusal = None
        await watch.press("enter")
        await watch.sees("02:00 left")

    run(tmp_path, scenario, recording())


def test_without_a_session_there_is_no_baseline(tmp_path: Path) -> None:
    async def scenario(watch: Watch, now_s: list[float]) -> None:
        await watch.press("b")
        assert not isinstance(watch.app.screen, BaselineScreen)

    run(tmp_path, scenario, idle())
