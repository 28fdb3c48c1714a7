"""A screen that watches a scripted service, and bounded waiting for what it will show."""

import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from recorder.wire.messages import Status
from tests.tui.scripted_service import ScriptedService, recording
from tui.app import AntiphonApp, Around
from tui.glyphs import Table
from tui.screens.caps import CapsPage
from tui.screens.ready import ReadyPage, is_ready
from tui.widgets.line import Line, Paragraph
from tui.widgets.traces import TraceView

MARKS = ("music starts", "music ends", "shift")
PATIENCE_S = 5.0


@dataclass
class Watch:
    """The screen, its user's hands, and the service it looks at."""

    app: AntiphonApp
    pilot: Pilot[None]
    service: ScriptedService

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until `condition` holds; fail with what the screen shows when it never does."""
        await until(self.pilot, condition, self.visible)

    async def sees(self, *texts: str) -> None:
        """Wait until all `texts` can be read on the screen."""
        await self.until(lambda: all(text in self.visible() for text in texts))

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        await self.pilot.press(*keys)

    def is_shown(self) -> bool:
        """Whether the page that fits the service's first words is there."""
        if not self.app._view.reachable:
            return False
        if self.service.status.session is None:
            page = CapsPage if is_ready(self.service.status) else ReadyPage
            return isinstance(self.app.screen, page)
        view = self.app._view
        return self.app.screen is view and view.query_one(TraceView).size.height > 0

    def visible(self) -> str:
        """The characters on the screen."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text for strip in strips)

    def line(self, selector: str) -> str:
        """What one text of the session screen says."""
        shown = self.app.screen_stack[0].query_one(selector)
        assert isinstance(shown, Line | Paragraph)
        return shown.text

    def notices(self) -> list[str]:
        """The notices given so far."""
        return [*self.app._view.said]

    def asked(self) -> list[str]:
        """What the service was asked for, but for what every screen asks at the start."""
        at_start = ("status", "recent")
        return [request.do for request in self.service.asked if request.do not in at_start]


@contextlib.asynccontextmanager
async def watching(
    directory: Path,
    status: Status | None = None,
    *,
    size: tuple[int, int] = (160, 48),
    monotonic: Callable[[], float] = lambda: 0.0,
    glyphs: Table | None = None,
    **around: Any,
) -> AsyncIterator[Watch]:
    """A screen that has connected to a service which says `status`; its clock stands still."""
    async with ScriptedService(directory / "antiphon.sock") as service:
        service.status = status or recording()
        app = AntiphonApp(
            service.path,
            marks=MARKS,
            monotonic=monotonic,
            around=Around(**{"glyphs": glyphs, "settle_s": 0.0, **around}),
        )
        async with app.run_test(size=size, notifications=True) as pilot:
            watch = Watch(app, pilot, service)
            await watch.until(watch.is_shown)
            yield watch


async def until(
    pilot: Pilot[None], condition: Callable[[], object], shown: Callable[[], str]
) -> None:
    """Wait for a condition, at most PATIENCE_S."""
    end_s = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end_s:
            raise AssertionError(f"it did not come; the screen shows:\n{shown()}")
        await pilot.pause(0.02)
