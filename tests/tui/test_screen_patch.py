"""What is written straight to the terminal: it must be what Textual would have drawn there."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from recorder.wire.messages import Measures
from tests.tui.scripted_service import changed, faa, recording, synchrony, trace
from tests.tui.watching import Watch, watching
from tui.patch import Patch
from tui.wording import clock

MOVE = re.compile(r"\x1b\[(\d+);(\d+)H([^\x1b]*)")
SIZES = [(160, 48), (100, 30), (80, 24), (60, 14)]


class Terminal:
    """The characters of a terminal that gets the screen's patches, and nothing else."""

    def __init__(self, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lines = [list(line) for line in watch.visible().split("\n")]
        self.patches = 0
        monkeypatch.setattr(watch.app, "_display", self._display)

    def shows(self) -> str:
        return "\n".join("".join(line) for line in self.lines)

    def _display(self, _screen: object, shown: Any) -> None:
        if not isinstance(shown, Patch):
            return
        self.patches += 1
        console = Console()
        codes = "".join(segment.text for segment in console.render(shown))
        for line, column, text in MOVE.findall(codes):
            begin = int(column) - 1
            self.lines[int(line) - 1][begin : begin + len(text)] = text


async def hears_all(watch: Watch, step: int) -> None:
    """New points, figures and measures, as after so many steps; no text gets longer."""
    for role in ("patient", "therapist"):
        uv: list[list[float | None]] = [[-20.0 - step, 20.0, 0.0, 5.0 * k] * 8 for k in range(8)]
        watch.service.say(trace(role, uv, first_step=step))
    values = [faa("patient", step / 1000), faa("therapist", -0.3), synchrony("plv", step / 500)]
    watch.service.say(Measures(700.0 + step / 16, values))
    now_s = 757.0 + step / 16
    watch.service.say(changed(watch.service.status, elapsed_s=now_s, saved_s=now_s))
    await watch.until(lambda: f"saved up to {clock(now_s)}" in watch.line("#facts"))


@pytest.mark.parametrize("size", SIZES)
def test_patches_make_the_picture_that_textual_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    async def scenario() -> None:
        async with watching(tmp_path, recording(), size=size) as watch:
            await hears_all(watch, 0)
            await watch.sees("±50 µV")
            await watch.pilot.pause(0.1)
            terminal = Terminal(watch, monkeypatch)
            for step in range(16, 160, 16):
                await hears_all(watch, step)
            await watch.until(lambda: terminal.shows() == watch.visible())
            assert terminal.patches > 5

    asyncio.run(scenario())


def test_nothing_is_written_over_a_dialog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with watching(tmp_path, recording()) as watch:
            await hears_all(watch, 0)
            await watch.sees("±50 µV")
            await watch.press("x")
            await watch.sees("Stop the recording?")
            terminal = Terminal(watch, monkeypatch)
            await hears_all(watch, 16)
            await hears_all(watch, 32)
            assert terminal.patches == 0

    asyncio.run(scenario())
