"""What the page of a two-hour session takes, and how soon a browser shows it: `make bench-review`.

The session is lived on the simulated clock (recorder/sample) with forty marks, twenty moments of
raters, and music all the time. Needs Debian's Chromium and Playwright.

python -m tests.bench.review [--hours 2] [--session FILE] [--json]
"""

import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from recorder import __version__
from recorder.music.series import MusicRow, result_row
from recorder.open import open_session
from recorder.review import Asked, review_page
from recorder.sample.recording import record_sample
from recorder.store.note_rows import NoteIntervalRow, NoteMarkerRow
from recorder.store.notes import open_notes
from tests.recorder.review.browser import chromium
from tests.results import Row, tell

TIMES = 5
MOST_MB, MOST_WITH_EEG_MB, MOST_S = 2.5, 12.0, 1.5


def main() -> None:
    """Record, write, load, keep and tell."""
    parser = ArgumentParser(prog="tests.bench.review", description=__doc__)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--session", type=Path, help="an existing session file instead")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="review-") as directory:
        seconds = round(asked.hours * 3600)
        path = asked.session or _recorded(Path(directory), seconds)
        found = _measured(path, Path(directory))
    length = asked.session.stem if asked.session else f"{asked.hours:g} h"
    rows = [
        Row(f"page of {length}: size", f"{found['mb']:.2f} MB", f"<= {MOST_MB} MB"),
        Row(f"page of {length}: made", f"{found['made_s']:.1f} s of a processor"),
        Row(f"page of {length}: until it is drawn", f"{found['load_s']:.2f} s", f"<= {MOST_S} s"),
        Row(
            f"page of {length} --with-eeg: size",
            f"{found['with_eeg_mb']:.1f} MB",
            f"<= {MOST_WITH_EEG_MB:g} MB",
        ),
        Row(f"page of {length} --with-eeg: until it is drawn", f"{found['with_eeg_load_s']:.2f} s"),
    ]
    tell("bench-review", rows, "antiphon.bench-review/1", as_json=asked.json, **found)


def _recorded(directory: Path, seconds: int) -> Path:
    path = record_sample(directory, seconds=seconds).path
    mark(path, seconds)
    return path


def _measured(path: Path, directory: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, asked in {"": Asked(), "with_eeg_": Asked(with_eeg=True)}.items():
        before_s = time.process_time()
        page = review_page(path, asked)
        found[f"{name}made_s"] = time.process_time() - before_s
        found[f"{name}mb"] = len(page) / 1e6
        (directory / f"{name}page.html").write_bytes(page)
        found[f"{name}load_s"] = _load_s(directory / f"{name}page.html")
    return found


def mark(path: Path, seconds: int) -> None:
    """Forty marks, twenty moments of interest, and music, over all of a session."""
    with open_session(path) as opened:
        start_ns = opened.started_ns
    with open_notes(path) as notes:
        for number in range(40):
            at_ns = start_ns + round((number + 0.5) * seconds / 40 * 1e9)
            notes.add(NoteMarkerRow(at_ns, f"mark {number}", "post", "R1", 1))
            if number % 2:
                until_ns = at_ns + 20 * 10**9
                notes.add(NoteIntervalRow(at_ns, until_ns, "interest", "rater", "R1", 1))
        notes.add(result_row(_music(seconds), {"sha256": ""}, __version__, 1))


def _music(seconds: int) -> list[MusicRow]:
    """Of noise, which packs worst."""
    values = np.random.default_rng(1).uniform((-40, 300, 0, 0), (-10, 4000, 8, 1), (seconds, 4))
    return [MusicRow(float(at_s), *row) for at_s, row in enumerate(values.tolist())]


def _load_s(file: Path) -> float:
    """Until everything is drawn, in the middle of several times."""
    with chromium() as browser:
        taken = []
        for _ in range(TIMES):
            page = browser.new_page(viewport={"width": 1300, "height": 900})
            before_s = time.perf_counter()
            page.goto(file.as_uri())
            page.wait_for_selector("#measures[aria-busy=false]")
            taken.append(time.perf_counter() - before_s)
            page.close()
    return median(taken)


if __name__ == "__main__":
    main()
