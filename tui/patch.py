"""What widgets have to say anew, written straight to the terminal, past Textual's compositor.

For each update, however small, the compositor goes through every line of every widget, and at
several updates a second that is most of what a screen costs. Here a widget says that it has news,
and shortly after is asked for them: text with the escape codes that move the cursor. All else is
Textual's: layout, the first picture, and all that lies under a dialog or a notice.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from textual.css.query import NoMatches
from textual.errors import NoWidget
from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer

from tui.glyphs import drawn

TOAST_RACK = "textual-toastrack"
# The news of a widget that stands at an offset; they are told once.
News = Callable[[Offset], Iterable[Segment]]


class Patch:
    """Gathers the news of a screen's widgets, and writes them in one go."""

    def __init__(self, screen: Screen[Any]) -> None:
        self._screen = screen
        self._pending: dict[Widget, News] = {}
        self._segments: list[Segment] = []

    def add(self, widget: Widget, news: News) -> None:
        """Ask for the news of `widget` before long; it renders them as well when Textual asks."""
        if not self._screen.is_running:
            return
        if not self._pending:
            asyncio.get_running_loop().call_soon(self._write)
        self._pending[widget] = news

    def __rich_console__(self, _console: Console, _options: ConsoleOptions) -> RenderResult:
        """What is written, by the signs that this terminal has."""
        yield from drawn(self._screen, self._segments)

    def _write(self) -> None:
        pending, self._pending = self._pending, {}
        if not self._screen.is_running:
            return
        self._segments = []
        uncovered = self._is_uncovered()
        for widget, news in pending.items():
            place = self._place_of(widget)
            segments = list(news(place or Offset()))
            if uncovered and place is not None:
                self._segments.extend(segments)
            else:
                widget.refresh()
        if self._segments:
            self._screen.app._display(self._screen, self)

    def _is_uncovered(self) -> bool:
        """Whether neither a dialog nor a notice is shown."""
        if self._screen.app.screen is not self._screen:
            return False
        try:
            return not self._screen.get_child_by_id(TOAST_RACK).display
        except NoMatches:
            return True

    def _place_of(self, widget: Widget) -> Offset | None:
        """Where a widget stands of which nothing is out of sight, or below the keys."""
        try:
            place, keys = self._screen.find_widget(widget), self._screen.query_one(Footer)
        except (NoWidget, NoMatches):
            return None
        if place.visible_region != place.region or place.region.overlaps(keys.region):
            return None
        return place.region.offset


def at(place: Offset, x: int, y: int) -> str:
    """What moves the cursor to column `x` of line `y` of a widget, counted from 0."""
    return f"\x1b[{place.y + y + 1};{place.x + x + 1}H"
