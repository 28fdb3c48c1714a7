"""Marks are taken back, put right, and made while a note is typed; music has a begin and an end."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.widgets import Input

from recorder.failure import Refused
from recorder.wire.messages import Mark, Request, Status
from tests.tui.scripted_service import recording
from tests.tui.watching import Watch, watching
from tui.marking import Begins

Scenario = Callable[[Watch], Awaitable[None]]


def run(directory: Path, scenario: Scenario, status: Status | None = None) -> None:
    async def watched() -> None:
        async with watching(directory, status or recording(), size=(80, 24)) as watch:
            await scenario(watch)

    asyncio.run(watched())


def requests(watch: Watch, do: str) -> list[Request]:
    return [request for request in watch.service.asked if request.do == do]


@pytest.mark.parametrize("key", ["u", "U"])
def test_u_takes_the_last_mark_back_and_says_which(tmp_path: Path, key: str) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.marks = [Mark("mark", 3, 757.0, "music starts")]
        await watch.press(key)
        await watch.until(lambda: watch.notices() == ["music starts at 12:37: taken back"])
        assert [it.mark for it in requests(watch, "withdraw")] == [0]

    run(tmp_path, scenario)


def test_u_after_the_end_of_the_music_lets_it_go_on(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.marks = [Mark("interval", 3, 65.0, "music: Moon River", 120.0)]
        await watch.press("u")
        await watch.until(lambda: watch.notices() == ["music: Moon River at 01:05: has not ended"])

    run(tmp_path, scenario)


def test_the_list_puts_a_mark_right(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.marks = [
            Mark("mark", 3, 65.0, "music starts"),
            Mark("interval", 1, 70.0, "talking"),
            Mark("mark", 4, 757.0, "shfit", source="foot switch"),
        ]
        await watch.press("l")
        await watch.sees("01:05", "music starts", "01:10 - on", "talking", "shfit  (foot switch)")
        await watch.press("minus")  # the newest is the one that is chosen
        await watch.until(lambda: requests(watch, "correct"))
        [asked] = requests(watch, "correct")
        assert (asked.kind, asked.mark, asked.label, asked.earlier_s) == ("mark", 4, "shfit", 10.0)

        await watch.until(lambda: len(requests(watch, "marks")) == 2)  # and the list is there again
        await watch.sees("Marks", "take back")
        await watch.press("up", "up", "enter")
        await watch.sees("Another label")
        watch.app.screen.query_one(Input).value = "music ends"
        await watch.press("enter")
        await watch.until(lambda: len(requests(watch, "correct")) == 2)
        asked = requests(watch, "correct")[-1]
        assert (asked.mark, asked.label, asked.ask_first) == (3, "music ends", True)

        await watch.until(lambda: len(requests(watch, "marks")) == 3)
        await watch.sees("Marks", "take back")
        await watch.press("up", "u")
        await watch.until(lambda: requests(watch, "withdraw"))
        [taken] = requests(watch, "withdraw")
        assert (taken.kind, taken.mark) == ("interval", 1)

    run(tmp_path, scenario)


def test_an_empty_list_says_so(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("l")
        await watch.sees("nothing has been marked yet")
        await watch.press("enter", "minus", "u", "escape")
        assert watch.asked() == ["subscribe", "marks"] or watch.asked() == ["marks"]

    run(tmp_path, scenario)


def test_music_begins_with_the_name_of_the_piece_and_ends(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("i")
        await watch.sees("What begins or ends now?", "1  music begins", "2  talking begins")
        await watch.press("1")
        await watch.sees("What is it called?")
        watch.app.screen.query_one(Input).value = "Moon River"
        await watch.press("enter")
        await watch.until(lambda: watch.notices() == ["music: Moon River begins at 12:37"])
        [asked] = requests(watch, "begin")
        assert (asked.label, asked.ask_first) == ("music: Moon River", True)

        await watch.press("i")
        await watch.sees("1  music: Moon River ends, on since 12:37", "2  music begins")
        await watch.press("1")
        await watch.until(lambda: watch.notices()[-1] == "music: Moon River ends at 12:40")

    run(tmp_path, scenario)


def test_marks_are_made_while_a_note_is_typed(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("n")
        await watch.sees("F1 to F9 mark")
        await watch.press("h", "1", "f2", "f10", "!")
        await watch.until(lambda: len(requests(watch, "mark")) == 2)
        assert [it.label for it in requests(watch, "mark")] == ["music ends", ""]
        await watch.press("enter")
        await watch.until(lambda: requests(watch, "note"))
        assert [it.label for it in requests(watch, "note")] == ["h1!"]

    run(tmp_path, scenario)


def test_a_name_is_asked_about_before_it_is_written_down(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.warnings = ["a name"]
        await watch.press("n", "x", "enter")
        await watch.sees("Write it down all the same?", "it held a name")
        await watch.press("n")  # change it: what was typed is there again
        await watch.sees("its time is that of the key n")
        assert watch.app.screen.query_one(Input).value == "x"
        await watch.press("end", "y", "enter")
        await watch.sees("Write it down all the same?")
        assert [it.ask_first for it in requests(watch, "note")] == [True, True]
        await watch.press("y")
        await watch.until(lambda: len(requests(watch, "note")) == 3)
        last = requests(watch, "note")[-1]
        assert (last.label, last.ask_first) == ("xy", False)

    run(tmp_path, scenario)


@pytest.mark.parametrize("key", ["u", "l", "i"])
def test_a_refusal_is_told(tmp_path: Path, key: str) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.refusal = Refused("no session is running: start one first", 69)
        await watch.press(key)
        await watch.until(lambda: watch.notices() == ["no session is running: start one first"])

    run(tmp_path, scenario, recording())


def test_pieces_that_are_known_are_completed(tmp_path: Path) -> None:
    async def watched() -> None:
        begins = Begins(["music:"], ["Moon River", "Clair de Lune"])
        async with watching(tmp_path, recording(), begins=begins) as watch:
            await watch.press("i", "1")
            await watch.sees("Moon River · Clair de Lune")
            await watch.press("c")
            await watch.sees("Clair de Lune")
            suggestion = watch.app.screen.query_one(Input)
            await watch.until(lambda: suggestion._suggestion == "Clair de Lune")
            await watch.press("right", "enter")
            await watch.until(lambda: requests(watch, "begin"))
            assert requests(watch, "begin")[0].label == "music: Clair de Lune"

    asyncio.run(watched())


def test_with_blind_the_measures_are_hidden_until_h(tmp_path: Path) -> None:
    async def watched() -> None:
        async with watching(tmp_path, recording(), blind=True) as watch:
            await watch.sees("measures hidden")
            await watch.press("h")
            await watch.sees("exploratory, not a medical device")

    asyncio.run(watched())
