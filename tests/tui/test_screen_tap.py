"""The tap test: what to do, a countdown, and what came of it; exchanged caps are a gate."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from recorder.failure import Refused
from recorder.wire.messages import Tapped
from tests.tui.scripted_service import board, contacts, idle
from tests.tui.watching import Watch, watching
from tui.language import speak

Scenario = Callable[[Watch], Awaitable[None]]


def run(directory: Path, scenario: Scenario) -> None:
    async def watched() -> None:
        async with watching(directory, idle(), size=(80, 24)) as watch:
            await scenario(watch)

    asyncio.run(watched())


def tapped(role: str) -> Tapped:
    return Tapped(role, {"patient": 0, "therapist": 0} | ({role: 5} if role else {}))


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("patient", "The caps are right"),
        ("therapist", "The caps are exchanged"),
        ("", "Not sure. Both sit still"),
    ],
)
def test_what_was_heard_is_told_in_words(tmp_path: Path, role: str, words: str) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.sees("c tap test")
        await watch.press("c")
        await watch.sees("Whose cap is whose?", "Tap on the patient's cap", "Enter begins")
        watch.service.tapped = tapped(role)
        await watch.press("enter")
        await watch.sees(words, "Enter tests again")
        [asked] = [it for it in watch.service.asked if it.do == "tap"]
        assert asked.label == "patient"
        await watch.press("escape")
        await watch.sees("all 8 channels good")

    run(tmp_path, scenario)


def test_it_counts_down_while_the_service_listens_and_is_not_begun_twice(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("c")
        await watch.sees("Enter begins")
        await watch.press("enter", "enter")
        await watch.sees("Tap the patient's cap now: 8")
        watch.service.tapped = tapped("patient")
        await watch.sees("The caps are right")
        assert watch.asked().count("tap") == 1

    run(tmp_path, scenario)


def test_exchanged_caps_are_passed_with_a_reason_and_a_test_that_is_right_ends_that(
    tmp_path: Path,
) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.tapped = tapped("therapist")
        await watch.press("c")
        await watch.sees("Enter begins")
        await watch.press("enter")
        await watch.sees("The caps are exchanged")
        await watch.press("escape", "enter")
        await watch.sees("Go on all the same?", "The tap test found the caps exchanged")
        await watch.press("escape", "c")
        await watch.sees("Enter begins")
        watch.service.tapped = tapped("patient")
        await watch.press("enter")
        await watch.sees("The caps are right")
        await watch.press("escape", "enter")
        await watch.sees("Who is the patient?")

    run(tmp_path, scenario)


def test_a_template_may_want_the_test_and_call_people_otherwise(tmp_path: Path) -> None:
    async def watched() -> None:
        speak("en", {"patient": "client"})
        bad = idle(boards=[board("patient", contacts=contacts(O2="railed")), board("therapist")])
        async with watching(tmp_path, bad, size=(80, 24), gates=("tap",)) as watch:
            await watch.sees("CLIENT", "THERAPIST")
            await watch.press("enter")
            await watch.sees("It was not tested whose cap is whose")
            assert "O2 has no contact" not in watch.visible()
            await watch.press("escape", "c")
            await watch.sees("Tap on the client's cap")
            watch.service.tapped = tapped("patient")
            await watch.press("enter")
            await watch.sees("The caps are right: the client wears the client's")
            await watch.press("escape", "enter")
            await watch.sees("Who is the client?")

    try:
        asyncio.run(watched())
    finally:
        speak("en")


def test_why_it_cannot_be_done_is_told(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.refusal = Refused("both boards have to be there for that", code=69)
        await watch.press("c")
        await watch.sees("Enter begins")
        await watch.press("enter")
        await watch.sees("both boards have to be there for that")

    run(tmp_path, scenario)
