"""Pictures of the screen's pages: `make pictures`.

    python -m tests.tui.pictures [--out DIRECTORY] [--language de]

Each page is drawn as SVG at 80x24 and 160x48, and by the signs of the Linux console, by the screen
itself before a service whose answers are scripted (scripted_service.py); and once more in grey with
all letters and figures replaced, to see what shapes alone say (wordless.py). Where chromium is
installed, sheets of six are PNG (rsvg-convert loses blanks), and so is the README's picture.
"""

import argparse
import asyncio
import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.screen import Screen
from textual.widgets._footer import FooterKey

from recorder.settings.board import ROLES
from recorder.wire.messages import Alarm, Impedance, Mark, Measures, Status, Tapped
from recorder.wire.past import KnownPair, KnownPerson, Missing, People, Written
from tests.places import ROOT
from tests.tui.scripted_service import (
    LABELS,
    board,
    contacts,
    faa,
    idle,
    past,
    recording,
    synchrony,
    trace,
)
from tests.tui.watching import Watch, watching
from tests.tui.wordless import wordless_picture
from tui.glyphs import CONSOLE, Table
from tui.language import speak
from tui.screens.caps import CapsPage
from tui.screens.dialogs import Question, WhoDialog
from tui.screens.done import DonePage
from tui.screens.gate import GateDialog
from tui.screens.help import HelpScreen
from tui.screens.history import HistoryPage
from tui.screens.impedance import ImpedancePage
from tui.screens.ready import ReadyPage
from tui.screens.session import SessionScreen
from tui.screens.start import StartPage
from tui.screens.tap import TapPage
from tui.screens.technician import TechnicianPage
from tui.screens.who import WhoPage
from tui.widgets.keys import Keys

WAYS: tuple[tuple[str, tuple[int, int], Table | None], ...] = (
    ("80x24", (80, 24), None),
    ("160x48", (160, 48), None),
    ("console", (80, 25), CONSOLE),
)
README = ROOT / "deploy" / "pictures" / "screen.png"
PEOPLE = People(
    [
        KnownPerson("patient", "P09", 1, "2026-11-21 14:02"),
        KnownPerson("patient", "P07", 4, "2026-11-20 09:30"),
        KnownPerson("therapist", "T02", 5, "2026-11-21 14:02"),
    ],
    [KnownPair("P09", "T02", 1, "2026-11-21 14:02", ("eeg", "video"))],
)
STEPS, AT_ONCE = 160, 8
SETTLED_S = 0.2  # the keys in the last line come after the page
# What is asked during a recording and after it, by the keys that ask.
DIALOGS = {
    "note": ["n"],
    "marks": ["l"],
    "begins": ["i"],
    "piece": ["i", "1"],
    "baseline": ["b"],
    "leave": ["q"],
}
DONE_DIALOGS = {"comment": ["c"], "interview": ["i"], "moment": ["i", "p"]}
A_SHEET, ACROSS, SHEET_PX = 6, 2, 1800
Keep = Callable[[str], None]


def drawn(rng: random.Random) -> list[float | None]:
    """Lowest and highest of each step of something that goes up and down as an EEG does."""
    levels, level, slope = [], 0.0, 0.0
    for _ in range(STEPS):
        slope = 0.75 * slope - 0.25 * level + rng.gauss(0, 4)
        level += slope
        levels.append(level)
    pairs = [(level, level + abs(rng.gauss(0, 3))) for level in levels]
    return [value for pair in pairs for value in pair]


async def not_ready(watch: Watch, keep: Keep) -> None:
    """The steps before anything can be recorded; then nobody answers."""
    await comes(watch, ReadyPage)
    keep("ready")
    await watch.press("question_mark")
    await comes(watch, HelpScreen)
    keep("help")
    await watch.press("escape")
    await watch.service.stop()
    await settled(watch)
    keep("no-service")


async def to_a_start(watch: Watch, keep: Keep) -> None:
    """Caps, who, and the check-list."""
    watch.service.people = PEOPLE
    await comes(watch, CapsPage)
    keep("caps")
    await tapped(watch, keep)
    await measured(watch, keep)
    await watch.press("v")
    await comes(watch, SessionScreen)
    keep("traces")
    await watch.press("enter", "o")
    await comes(watch, HistoryPage)
    keep("history")
    await watch.press("escape", "enter")
    await comes(watch, WhoPage)
    keep("who")
    await watch.press("down", "enter")
    await settled(watch)
    await watch.press("enter")
    await comes(watch, StartPage)
    keep("start")


async def tapped(watch: Watch, keep: Keep) -> None:
    """Whose cap is whose: exchanged, then right."""
    await watch.press("c")
    await comes(watch, TapPage)
    keep("tap")
    watch.service.tapped = Tapped("therapist", {"patient": 0, "therapist": 5})
    await watch.press("enter")
    await settled(watch)
    keep("tap-exchanged")
    watch.service.tapped = Tapped("patient", {"patient": 5, "therapist": 0})
    await watch.press("enter")
    await settled(watch)
    keep("tap-right")
    await watch.press("escape")
    await comes(watch, CapsPage)


async def measured(watch: Watch, keep: Keep) -> None:
    """Some contacts in kilo-ohm."""
    await watch.press("i")
    await comes(watch, ImpedancePage)
    for label, kohm, verdict in (("F3", 4.6, "good"), ("F4", 31.0, "poor"), ("Fz", None, "bad")):
        contact = Impedance("patient", 1, label, kohm, 0.2, "", verdict)
        watch.service.say_raw("impedance", contact)
    await settled(watch)
    keep("impedance")
    watch.service.measured.set()
    await settled(watch)
    await watch.press("escape")
    await comes(watch, CapsPage)


async def amiss(watch: Watch, keep: Keep) -> None:
    """Caps that are not well, the question why to go on, and a session for practice."""
    await comes(watch, CapsPage)
    keep("caps-amiss")
    await watch.press("p")
    await comes(watch, GateDialog)
    keep("gate")
    await watch.press("3")
    await comes(watch, StartPage)
    keep("practice")


async def comes(watch: Watch, page: type[Screen[Any]]) -> None:
    """A page is in front, with its keys."""
    await watch.until(lambda: isinstance(watch.app.screen, page))
    if watch.app.screen.query(Keys):
        await watch.until(lambda: watch.app.screen.query(FooterKey))
    await settled(watch)


async def settled(watch: Watch) -> None:
    """What was asked for has come."""
    await watch.pilot.pause(SETTLED_S)


async def a_recording(watch: Watch, keep: Keep) -> None:
    """The recording, the technician's figures, and what was recorded."""
    for role in ("patient", "therapist"):
        waves = [drawn(random.Random(f"{role} {channel}")) for channel in range(8)]
        for step in range(0, STEPS, AT_ONCE):
            part = [wave[2 * step : 2 * (step + AT_ONCE)] for wave in waves]
            watch.service.say(trace(role, part, first_step=step))
    values = [faa("patient", 0.12), faa("therapist", -0.2), synchrony("plv", 0.31, 62.0)]
    watch.service.say(Measures(741.3, values))
    await comes(watch, SessionScreen)
    keep("recording")
    watch.service.marks = [Mark("mark", 1, 10.0, "music starts"), Mark("mark", 2, 610.0, "")]
    for name, keys in DIALOGS.items():
        await watch.press(*keys)
        await settled(watch)
        keep(name)
        await watch.press("escape")
        await settled(watch)
    await watch.press("t")
    await comes(watch, TechnicianPage)
    keep("technician")
    await watch.press("t", "x")
    await comes(watch, Question)
    keep("stop")
    await watch.press("y")
    await comes(watch, DonePage)
    keep("done")
    for name, keys in DONE_DIALOGS.items():
        await watch.press(*keys)
        await settled(watch)
        keep(name)
        await watch.press("escape")
        await settled(watch)


async def trouble(watch: Watch, keep: Keep) -> None:
    """A board is away, back with a gap, perhaps exchanged; the disk is full; nobody answers."""
    away = recording(state="degraded")
    nothing = contacts(**dict.fromkeys(LABELS, "no data"))
    lost = board("patient", state="lost", fault="unplugged", contacts=nothing)
    away.boards = [lost, board("therapist")]
    watch.service.say(away)
    await settled(watch)
    keep("lost")
    watch.service.say(recording(missing_s={"patient": 6.2, "therapist": 0.0}))
    await settled(watch)
    keep("back")
    whose = recording(state="no data")
    whose.alarms = [Alarm("who_is_who", detail="patient")]
    whose.boards = [board(role, state="held", contacts=nothing) for role in ROLES]
    watch.service.say(whose)
    await settled(watch)
    keep("whose")
    await watch.press("w")
    await comes(watch, WhoDialog)
    keep("who-is-who")
    await watch.press("escape")
    full = recording(state="waiting for room", whole_s=780.0)
    full.alarms, full.disk_hours = [Alarm("waiting_for_room")], 0.0
    watch.service.say(full)
    await settled(watch)
    keep("full")
    await watch.service.stop()
    await settled(watch)
    keep("silent")


OFF = board("patient", state="lost", fault="off")
POOR = contacts(F3="railed", F4="noisy", O1="flat", A2="no data")
STORIES: tuple[tuple[Status, Callable[[Watch, Keep], Awaitable[None]]], ...] = (
    (idle(boards=[OFF, board("therapist")]), not_ready),
    (idle(), to_a_start),
    (idle(boards=[board("patient", contacts=POOR), board("therapist")]), amiss),
    (recording(), a_recording),
    (recording(), trouble),
)


async def draw(out: Path, way: str, size: tuple[int, int], glyphs: Table | None) -> list[Path]:
    """All pages at one size and by some signs; the files that were written."""
    written: list[Path] = []
    for status, story in STORIES:
        with tempfile.TemporaryDirectory() as directory:
            async with watching(Path(directory), status, size=size, glyphs=glyphs) as watch:
                watch.service.past = past(
                    gaps=[Missing(740.0, 6.0, "patient", "radio")],
                    marks=[Written(10.0, "music starts"), Written(610.0, "music ends")],
                    notes=[Written(20.0, "window open")],
                    destinations=["ward"],
                )

                def keep(name: str, watch: Watch = watch) -> None:
                    file = out / f"{name}-{way}.svg"
                    file.write_text(watch.app.export_screenshot(title="antiphon"), encoding="utf-8")
                    written.append(file)

                await story(watch, keep)
    return written


def photograph(page: Path, size: tuple[float, float]) -> None:
    """A PNG beside an SVG or a web page."""
    window = "--window-size={:.0f},{:.0f}".format(*size)
    shot = f"--screenshot={page.with_suffix('.png').resolve()}"
    words = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", window, shot]
    quiet = subprocess.DEVNULL
    subprocess.run([*words, page.resolve().as_uri()], check=True, stdout=quiet, stderr=quiet)


def size_of(svg: Path) -> tuple[float, float]:
    """Width and height of a picture, as it says itself."""
    width, height = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg.read_text("utf-8"))[0]
    return float(width), float(height)


def sheets(pictures: list[Path], name: str) -> None:
    """Lay pictures of one size out side by side, A_SHEET on each PNG."""
    width, height = size_of(pictures[0])
    tall = SHEET_PX / ACROSS * height / width
    for first in range(0, len(pictures), A_SHEET):
        batch, number = pictures[first : first + A_SHEET], first // A_SHEET + 1
        page = pictures[0].with_name(f"sheet-{name}-{number}.html")
        images = (f'<img src="{svg.name}" width="{100 / ACROSS}%">' for svg in batch)
        page.write_text(f'<body style="margin:0;font-size:0">{"".join(images)}', encoding="utf-8")
        photograph(page, (SHEET_PX, tall * -(-len(batch) // ACROSS)))
        page.unlink()
        print(page.with_suffix(".png"))  # noqa: T201


def main() -> None:
    """Draw all pages, and tell which files were written."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("pictures"))
    parser.add_argument("--language", default="en")
    asked = parser.parse_args()
    out: Path = asked.out
    out.mkdir(parents=True, exist_ok=True)
    speak(asked.language)
    can_photograph = shutil.which("chromium") is not None
    for way in WAYS:
        pages = asyncio.run(draw(out, *way))
        grey = [wordless_picture(page) for page in pages]
        if can_photograph:
            sheets(pages, way[0])
            sheets(grey, f"{way[0]}-wordless")
    if can_photograph and asked.language == "en":
        recorded = out / "recording-160x48.svg"
        photograph(recorded, size_of(recorded))
        shutil.copyfile(recorded.with_suffix(".png"), README)


if __name__ == "__main__":
    main()
