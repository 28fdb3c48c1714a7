"""What the screen looks like: without colour, as a picture, and on a real terminal."""

import asyncio
import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from recorder.wire.messages import Measures
from tests.tui.scripted_service import (
    ScriptedService,
    board,
    contacts,
    faa,
    idle,
    recording,
    trace,
)
from tests.tui.watching import Watch, watching
from tests.tui.wordless import NEUTRAL, wordless
from tui.glyphs import ASCII, CONSOLE, Table
from tui.screens.history import HistoryPage
from tui.screens.page import Page
from tui.screens.tap import TapPage
from tui.screens.technician import TechnicianPage
from tui.signs import BOARD, CONTACT, Sign
from tui.widgets.line import Line

PATIENCE_S = 15.0
HEAVY = {"numpy", "scipy", "serial", "sqlite_utils", "brainflow", "pylsl", "hardware", "dsp"}
SCREEN = "import sys, pathlib, tui.app; sys.exit(tui.app.run(pathlib.Path(sys.argv[1])))"


def test_every_state_can_be_read_without_colour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    status = recording("degraded", saved_s=700.0)
    status.boards = [
        board("patient", state="stalled", contacts=contacts(F3="noisy", F4="flat", Fz="railed")),
        board("therapist", contacts=contacts(F3="no data")),
    ]

    async def scenario() -> None:
        async with watching(tmp_path, status) as watch:
            watch.service.say(trace("patient", [[-20.0, 20.0] * 8] * 8))
            watch.service.say(Measures(700.0, [faa("patient", 0.1)]))
            await watch.sees("◐ REC, but patient: no data", "▲ saved up to 11:40")
            await watch.sees("▲ silent", "● sends")
            await watch.sees("F3▲N F4▬F Fz■X P3●G", "F3○- F4●G", "+0.10", "±50 µV")
            strips = watch.app.screen._compositor.render_strips()
            styles = [segment.style for strip in strips for segment in strip if segment.style]
            paints = [paint for style in styles for paint in (style.color, style.bgcolor) if paint]
            colours = {tuple(paint.get_truecolor()) for paint in paints}
            assert len(colours) > 3
            assert all(red == green == blue for red, green, blue in colours)

    asyncio.run(scenario())


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
@pytest.mark.parametrize("glyphs", [None, CONSOLE], ids=["all signs", "console"])
def test_shapes_alone_tell_the_states_of_a_recording_apart(
    tmp_path: Path, size: tuple[int, int], glyphs: Table | None
) -> None:
    states = {"IDLE": idle(), "REC": recording(), "REC, but": recording("degraded")}
    states["NOT RECORDING"] = recording("waiting for room")

    async def scenario() -> list[str]:
        shapes = []
        async with watching(tmp_path, idle(), size=size, glyphs=glyphs) as watch:
            for words, status in states.items():
                watch.service.say(status)
                await watch.sees(f" {words} ")
                shape, _words, _rest = watch.line("#state").partition(f" {words} ")
                shapes.append(wordless(shape.translate(glyphs or {})))
        return shapes

    shapes = asyncio.run(scenario())
    assert len(set(shapes)) == len(states)
    assert glyphs or all(NEUTRAL not in shape for shape in shapes)
    assert len(shapes[-1].split()[0]) > 1, "what is grave is larger, too"


def test_the_bar_has_a_colour_that_a_linux_console_has(tmp_path: Path) -> None:
    eight = {(r, g, b) for r in (0, 170) for g in (0, 170) for b in (0, 170)} | {(170, 85, 0)}

    async def scenario() -> list[tuple[int, int, int]]:
        colours = []
        async with watching(tmp_path, recording(), glyphs=CONSOLE) as watch:
            bar = watch.app.screen.query_one("#headline")
            for state, words in (("recording", "REC "), ("degraded", "but"), ("no data", "NOT")):
                watch.service.say(recording(state))
                await watch.sees(words)
                colours.append(bar.styles.background.rgb)
        return colours

    colours = asyncio.run(scenario())
    assert set(colours) <= eight - {(0, 0, 0)}
    assert len(set(colours)) == 3


@pytest.mark.parametrize("table", [{}, CONSOLE, ASCII], ids=["all signs", "console", "ascii"])
@pytest.mark.parametrize("signs", [CONTACT, BOARD], ids=["contacts", "boards"])
def test_shapes_alone_tell_contacts_and_boards_apart(signs: dict[str, Sign], table: Table) -> None:
    shapes = [it.shape.translate(table) for it in signs.values() if it.word != "whose?"]
    assert len(set(shapes)) == len(shapes)


def is_mounted(watch: Watch, page: type[Page[Any]]) -> bool:
    screen = watch.app.screen
    return isinstance(screen, page) and any(it.is_mounted for it in screen.query("#state"))


def test_a_page_says_how_it_stands_from_its_first_moment(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with watching(tmp_path, idle()) as watch:
            for key, page in (("o", HistoryPage), ("c", TapPage), ("t", TechnicianPage)):
                await watch.press(key)
                await watch.until(partial(is_mounted, watch, page))
                assert watch.app.screen.query_one("#state", Line).text == "\n ○ IDLE \n"
                await watch.press("escape")

    asyncio.run(scenario())


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """By WCAG 2: from 1 to 21."""

    def luminance(colour: tuple[int, ...]) -> float:
        parts = [part / 255 for part in colour]
        red, green, blue = (
            p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_by_day_every_word_stands_out_from_what_is_light(tmp_path: Path) -> None:
    status = recording("degraded", saved_s=700.0)
    status.boards = [
        board("patient", state="stalled", contacts=contacts(F3="noisy", F4="flat", Fz="railed")),
        board("therapist", contacts=contacts(F3="no data")),
    ]

    async def scenario() -> None:
        async with watching(tmp_path, status) as watch:
            watch.service.say(trace("patient", [[-20.0, 20.0] * 8] * 8))
            await watch.sees("±50 µV", "REC, but")
            await watch.press("f2")
            await watch.until(lambda: watch.app.theme == "day")
            await watch.pilot.pause()
            weak = set()
            for strip in watch.app.screen._compositor.render_strips():
                for text, style, _ in strip:
                    if text.strip() and style and style.color and style.bgcolor:
                        one, other = (
                            tuple(c.get_truecolor()) for c in (style.color, style.bgcolor)
                        )
                        if contrast(one, other) < 4.0:
                            weak.add((text, one, other))
            assert weak == set()

    asyncio.run(scenario())


def test_a_picture_of_the_screen_says_what_the_screen_says(tmp_path: Path) -> None:
    async def scenario() -> str:
        async with watching(tmp_path, recording()) as watch:
            watch.service.say(trace("patient", [[-20.0, 20.0] * 8] * 8))
            watch.service.say(Measures(700.0, [faa("patient", 0.1)]))
            await watch.sees("±50 µV", "+0.10", "q leave")
            return watch.app.export_screenshot().replace("&#160;", " ")

    svg = asyncio.run(scenario())

    assert svg.startswith("<svg")
    for words in ("REC", "PATIENT P01", "sends", "exploratory, not a medical device", "leave"):
        assert words in svg


def test_the_screen_loads_nothing_heavy() -> None:
    code = f"import sys, tui.app; print(*sorted({HEAVY!r} & set(sys.modules)))"

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.split() == []


def test_without_a_terminal_it_says_what_to_do_instead(tmp_path: Path) -> None:
    shown = subprocess.run(
        [sys.executable, "-c", SCREEN, tmp_path / "s"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert shown.returncode == os.EX_USAGE
    assert shown.stdout == ""
    assert shown.stderr == "antiphon: the screen needs a terminal; `antiphon status` does not\n"


class Terminal:
    """The screen as a process of its own on a pseudo-terminal; its stdout is a pipe."""

    def __init__(self, socket: Path) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        environment = os.environ | {"TERM": "xterm-256color"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCREEN, socket],
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        self.written = b""

    async def shows(self, text: str) -> None:
        """Wait until `text` has been written to the terminal; what came before is forgotten."""
        end_s = time.monotonic() + PATIENCE_S
        while text.encode() not in self.written:
            assert time.monotonic() < end_s, self.written[-3000:].decode(errors="replace")
            await asyncio.to_thread(self._read)
        self.written = b""

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    async def insist(self, keys: bytes, text: str) -> None:
        """Press until `text` is written: a page that has just come takes no keys yet."""
        end_s = time.monotonic() + PATIENCE_S
        while text.encode() not in self.written and self.process.poll() is None:
            assert time.monotonic() < end_s, self.written[-3000:].decode(errors="replace")
            self.press(keys)
            await asyncio.to_thread(self._read)
        await self.shows(text)

    def _read(self) -> None:
        if select.select([self._master], [], [], 0.1)[0]:
            with contextlib.suppress(OSError):  # the other end has been closed
                self.written += os.read(self._master, 65536)

    def close(self) -> bytes:
        """Close the terminal; what the process wrote to its stdout."""
        output, _ = self.process.communicate(timeout=PATIENCE_S)
        os.close(self._master)
        return output


def say_again_and_again(service: ScriptedService) -> None:
    """Speak twice a second, as a service that is not missed does."""
    service.say(service.status)
    asyncio.get_running_loop().call_later(0.5, say_again_and_again, service)


def test_on_a_terminal_it_draws_marks_and_leaves_the_recording_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with ScriptedService(tmp_path / "s") as service:
            service.status = recording()
            say_again_and_again(service)
            terminal = Terminal(service.path)
            await terminal.shows("REC")
            terminal.press(b" ")
            await terminal.shows("mark at 12:37")
            await terminal.insist(b"q", "The recording goes on")
            await terminal.insist(b"y", "the recording goes on: P01 · T01")
            assert await asyncio.to_thread(terminal.close) == b""
            assert terminal.process.returncode == 0
            assert [request.do for request in service.asked] == ["status", "recent", "mark"]

    asyncio.run(scenario())
