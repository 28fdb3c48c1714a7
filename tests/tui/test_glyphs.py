"""Every terminal shows the screen by signs that it has."""

import asyncio
import io
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from recorder.wire.messages import Alarm
from tests.tui.scripted_service import board, contacts, idle, recording
from tests.tui.test_screen_shows import MEASURES, waves
from tests.tui.watching import Watch, watching
from tui.glyphs import ASCII, CONSOLE, Table, table_for

# In Lat15-Fixed16, Lat15-Terminus16, Uni2-Fixed16 and Uni2-Terminus16 of Debian's console-setup,
# and in the kernel's own font, which has code page 437.
IN_CONSOLE_FONTS = set("─│┌┐└┘├┤┴┬┼█░▒■▲•")
LETTERS = {sign for sign in bytes(range(0x80, 0x100)).decode("cp437") if sign <= "\xff"}


def has(table: Table, sign: str) -> bool:
    if table is ASCII:
        return sign.isascii()
    return sign in IN_CONSOLE_FONTS | LETTERS or sign.isascii()


def test_the_table_is_chosen_by_the_terminal() -> None:
    assert table_for({"TERM": "xterm-256color"}, "utf-8") is None
    assert table_for({"TERM": "linux"}, "UTF-8") is CONSOLE
    assert table_for({"TERM": "linux-16color"}, "utf8") is CONSOLE
    assert table_for({"TERM": "xterm"}, "iso8859-15") is ASCII
    assert table_for({}, None) is ASCII


@pytest.mark.parametrize("table", [CONSOLE, ASCII], ids=["console", "ascii"])
def test_every_cell_of_dots_has_a_line(table: Table) -> None:
    cells = [chr(0x2800 + n).translate(table) for n in range(1, 256)]
    assert all(len(cell) == 1 and has(table, cell) for cell in cells)
    assert len(set(cells)) == 4
    top, middle, bottom, upright = (
        chr(it).translate(table) for it in (0x2809, 0x2812, 0x28C0, 0x28FF)
    )
    assert len({top, middle, bottom, upright}) == 4


@pytest.mark.parametrize("table", [CONSOLE, ASCII], ids=["console", "ascii"])
@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
def test_no_page_shows_what_the_terminal_lacks(
    tmp_path: Path, table: Table, size: tuple[int, int]
) -> None:
    bad = contacts(F3="noisy", F4="flat", Fz="railed", P3="no data")
    faulty = msgspec.structs.replace(
        recording("degraded"),
        boards=[board("patient", contacts=bad), board("therapist", state="lost")],
        alarms=[Alarm("disk_low", numbers={"hours": 1.5})],
    )

    async def look(watch: Watch) -> None:
        await watch.pilot.pause()
        lacking = {sign for sign in watch.visible() if not has(table, sign)}
        assert lacking == set()

    async def scenario() -> None:
        async with watching(tmp_path, faulty, size=size, glyphs=table) as watch:
            watch.service.say(MEASURES)
            watch.service.say(waves("patient"))
            await watch.sees("F3", "REC, but")
            await look(watch)
            for keys in (["x"], ["n"], ["w"], ["question_mark"], ["t"]):
                await watch.press(*keys)
                await look(watch)
                await watch.press("escape")
            await watch.press("space")
            await watch.until(watch.notices)
            await look(watch)
            for status in (idle(), recording(), recording("waiting for room")):
                watch.service.say(status)
                await look(watch)
            watch.service.say(idle())
            await watch.sees("checked: whole")
            await look(watch)
            await watch.press("enter")
            await watch.until(watch.is_shown)
            await look(watch)

    asyncio.run(scenario())


def test_what_is_written_past_textual_goes_through_it_too(tmp_path: Path) -> None:
    async def scenario() -> str:
        async with watching(tmp_path, recording(), glyphs=ASCII) as watch:
            watch.service.say(waves("patient"))
            await watch.sees("|")
            out = io.StringIO()
            patch = watch.app.screen_stack[0]._headline._state._patch  # type: ignore[attr-defined]
            await watch.until(lambda: patch._segments)
            Console(file=out, width=160).print(patch)
            return out.getvalue()

    written = asyncio.run(scenario())
    assert written.strip()
    assert written.isascii()
