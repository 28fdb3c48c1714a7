"""A small terminal: no word is cut, whole keys in the last line, and help that can be read on."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from textual.widgets._footer import FooterKey

from recorder.wire.messages import Status
from tests.tui.scripted_service import board, idle, recording
from tests.tui.watching import Watch, watching
from tui.language import speak
from tui.screens.help import HelpScreen
from tui.wording import beside

Scenario = Callable[[Watch], Awaitable[None]]


@pytest.fixture(params=["en", "de"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    speak(request.param)
    yield request.param
    speak("en")


def run(directory: Path, scenario: Scenario, status: Status) -> None:
    async def watched() -> None:
        async with watching(directory, status, size=(80, 24)) as watch:
            await scenario(watch)

    asyncio.run(watched())


async def keys_of(watch: Watch) -> list[FooterKey]:
    """The keys in the last line, once they are there."""
    await watch.until(lambda: watch.app.screen.query(FooterKey))
    return list(watch.app.screen.query(FooterKey))


@pytest.mark.parametrize(
    ("status", "keys"), [(recording(), "space u n x h t ? q"), (idle(), "Enter i c p o t ? q")]
)
def test_the_keys_fit_whole_and_the_way_out_is_among_them(
    tmp_path: Path, language: str, status: Status, keys: str
) -> None:
    async def scenario(watch: Watch) -> None:
        found = await keys_of(watch)
        space = "Leertaste" if language == "de" else "space"
        assert [it.key_display for it in found] == keys.replace("space", space).split()
        for key in found:
            assert key.region.right <= 80
            assert key.description in watch.visible().splitlines()[-1]

    run(tmp_path, scenario, status)


def test_a_wider_terminal_has_more_of_them(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await keys_of(watch)
        await watch.pilot.resize_terminal(160, 48)
        await watch.sees("b baseline")
        await watch.pilot.resize_terminal(80, 24)
        await watch.until(lambda: "b baseline" not in watch.visible())

    run(tmp_path, scenario, recording())


def test_help_can_be_read_to_its_end(tmp_path: Path, language: str) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("question_mark")
        await watch.until(lambda: isinstance(watch.app.screen, HelpScreen))
        last = "Esc  zurück" if language == "de" else "Esc  back"
        await watch.press("end")
        await watch.sees(last)

    run(tmp_path, scenario, recording())


def test_what_does_not_fit_in_a_line_goes_on_below_its_begin(tmp_path: Path, language: str) -> None:
    lost = idle(boards=[board("patient", state="lost", fault="off"), board("therapist")])

    async def scenario(watch: Watch) -> None:
        await watch.sees("1  ○ ")
        lines = [line[1:] for line in watch.visible().splitlines()]
        first = next(k for k, line in enumerate(lines) if line.startswith("1  ○ "))
        assert lines[first + 1].startswith("     ")
        assert lines[first + 1].strip()

    run(tmp_path, scenario, lost)


def test_a_text_stands_beside_its_head() -> None:
    assert beside("F3 ", "part the hair, more gel", 23) == "F3 part the hair, more\n   gel"
    assert beside("F3 ", "", 23) == "F3 "
    assert beside("F3 ", "much longer than it is", 1) == "F3 much longer than it\n   is"
