"""The README's picture of the page, made anew: `make pictures`.

Runs `antiphon demo --review` and looks at the page with Debian's Chromium, where the moment is.

python -m tests.pictures
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.places import ROOT
from tests.recorder.review.browser import chromium

PICTURE = ROOT / "deploy" / "pictures" / "review.png"
WIDTH, HEIGHT = 1200, 900


def main() -> None:
    """Make the page, and the picture of it."""
    with tempfile.TemporaryDirectory(prefix="pictures-") as directory:
        command = [
            sys.executable,
            "-m",
            "recorder",
            "demo",
            "--review",
            "--json",
            "--out",
            directory,
        ]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        take(json.loads(done.stdout)["url"], PICTURE)


def take(url: str, picture: Path) -> None:
    """Show the page, wait until its video stands there, and look."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(url)
        page.wait_for_selector("#measures[aria-busy=false]")
        page.wait_for_function(
            "() => document.querySelector('video').readyState > 1"
            " && !document.querySelector('video').seeking"
        )
        page.screenshot(path=picture)


if __name__ == "__main__":
    main()
