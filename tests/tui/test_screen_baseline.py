"""The guided baseline: it counts down, tells usable seconds, rings, and can be broken off."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.app import App
from textual.widgets import Label

from recorder.failure import Refused
from recorder.wire.messages import Mark, Status
from tests.tui.scripted_service import idle, recording
from tests.tui.watching import Watch, watching
from tui.screens.baseline import BaselineScreen

Scenario = Callable[[Watch], Awaitable[None]]
SHARES = {"patient": 1.0, "therapist": 0.25}


def run(directory: Path, scenario: Scenario, status: Status, **around: Any) -> None:
    async def watched() -> None:
        async with watching(directory, status, size=(80, 24), **around) as watch:
            await scenario(watch)

    asyncio.run(watched())


class Guided(App[None]):
    """A baseline by itself: no service that could fall silent while its clock jumps."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 100.0
        self.rung_s: list[float] = []
        self.marked: list[str] = []
        ring = lambda: self.rung_s.append(self.now_s)  # noqa: E731
        self.page = BaselineScreen(120.0, lambda: SHARES, self._mark, ring, lambda: self.now_s)

    async def _mark(self, label: str) -> bool:
        self.marked.append(label)
        return True

    async def passes(self, seconds: float) -> None:
        """Let time pass, and the page look at the clock."""
        self.now_s += seconds
        await self.page._look()

    def says(self, where: str) -> str:
        """One of its lines."""
        return str(self.page.query_one(f"#{where}", Label).content)


def labels(watch: Watch) -> list[str]:
    return [request.label for request in watch.service.asked if request.do == "mark"]


def test_a_baseline_counts_down_and_its_end_is_heard() -> None:
    async def guided() -> None:
        app = Guided()
        async with app.run_test() as pilot:
            await app.push_screen(app.page)
            assert app.says("left") == "It lasts 02:00; its end can be heard."
            await pilot.press("enter", "enter")  # the second begins nothing more
            assert app.marked == ["baseline starts"]
            await app.passes(60)
            assert (app.says("left"), app.says("keys")) == ("01:00 left", "Esc  break it off")
            assert app.says("usable") == "usable: patient 60 s, therapist 15 s"
            await app.passes(61)
            assert app.says("left") == "It is over: eyes open."
            assert app.says("usable").startswith("Too little of the therapist")
            assert app.marked == ["baseline starts", "baseline ends"]
            for _ in range(4):
                await app.passes(1)
            assert app.rung_s == [221.0, 222.0, 223.0]
            await pilot.press("enter")
            assert app.screen is not app.page

    asyncio.run(guided())


def test_its_end_rings_the_bell_of_the_terminal(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        rings: list[str] = []
        watch.app.bell = lambda: rings.append("heard")  # type: ignore[method-assign]
        await watch.press("b")
        await watch.sees("eyes closed", "Enter  they are ready")
        await watch.press("enter")
        await watch.sees("It is over: eyes open", "Enter  back")
        assert labels(watch) == ["baseline starts", "baseline ends"]
        assert rings == ["heard"]  # its clock stands still
        await watch.press("enter")
        await watch.until(lambda: len(watch.app.screen_stack) == 1)

    run(tmp_path, scenario, recording(), baseline_s=0.0)


def test_a_baseline_that_is_broken_off_is_taken_back(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
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
    async def scenario(watch: Watch) -> None:
        watch.service.refusal = Refused("the disk does not keep up", 74)
        await watch.press("b", "enter")
        await watch.until(lambda: watch.notices() == ["the disk does not keep up"])
        await watch.sees("Enter  they are ready")
        watch.service.refusal = None
        await watch.press("enter")
        await watch.sees("02:00 left")

    run(tmp_path, scenario, recording())


def test_without_a_session_there_is_no_baseline(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("b")
        assert not isinstance(watch.app.screen, BaselineScreen)

    run(tmp_path, scenario, idle())
