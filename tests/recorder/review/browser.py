"""Debian's Chromium without a window, for tests of the page; and axe-core, when there is any.

apt install chromium; pip install playwright (it is told where the browser is, and downloads none).
axe-core, of `npm pack axe-core`, is looked for in $ANTIPHON_CACHE/axe.min.js.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cache import cache

AXE = cache() / "axe.min.js"


def program() -> str:
    """Where Chromium is; the test is skipped where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("no Chromium: apt install chromium")
    return found


@contextmanager
def chromium() -> Iterator[Any]:
    """A running one; the test is skipped where it or Playwright is missing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    path = program()
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Shown:
    """A page in the browser, drawn; what it asked for and complained of."""

    def __init__(self, browser: Any, file: Path, width: int = 1300, height: int = 900) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        context = browser.new_context(
            viewport={"width": width, "height": height}, accept_downloads=True
        )
        self.page = context.new_page()
        self.page.on("request", lambda it: self.requests.append(it.url))
        self.page.on("pageerror", lambda it: self.complaints.append(str(it)))
        self.page.on(
            "console",
            lambda it: self.complaints.append(it.text) if it.type in ("error", "warning") else None,
        )
        self.page.goto(file.resolve().as_uri())
        self.page.wait_for_selector("#measures[aria-busy=false]")

    def now_s(self) -> float:
        """The instant that the page shows, in seconds of the session."""
        return float(self.page.evaluate("+document.getElementById('slider').value"))

    def video_s(self) -> float:
        """The second that the first video shows."""
        return float(self.page.evaluate("document.querySelector('video').currentTime"))
