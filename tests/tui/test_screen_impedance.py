"""Contacts in kilo-ohm: site after site, what to do about each, and how it ends."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from recorder.failure import Refused
from recorder.wire.messages import Impedance
from tests.tui.scripted_service import LABELS, idle, recording
from tests.tui.watching import Watch, watching

Scenario = Callable[[Watch], Awaitable[None]]


def run(directory: Path, scenario: Scenario) -> None:
    async def watched() -> None:
        async with watching(directory, idle(), size=(100, 30)) as watch:
            await scenario(watch)

    asyncio.run(watched())


def measured(watch: Watch, role: str, label: str, kohm: float | None, verdict: str) -> None:
    """The service has measured one site."""
    contact = Impedance(role, LABELS.index(label) + 1, label, kohm, 0.2, "", verdict)
    watch.service.say_raw("impedance", contact)


def test_each_site_comes_with_its_value_and_what_to_do(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("i")
        await watch.sees("Contacts in kilo-ohm", "About 48 s to go", "F3    ... is measured")
        measured(watch, "patient", "F3", 4.6, "good")
        await watch.sees("F3        5 kΩ ● good", "F4    ... is measured", "About 45 s to go")
        measured(watch, "patient", "F4", 31.0, "poor")
        measured(watch, "patient", "Fz", None, "bad")
        await watch.sees("F4       31 kΩ ▲ poor: more gel", "✕ no contact: part the hair")
        watch.service.measured.set()
        await watch.sees("To do again, worst first: patient Fz, patient F4", "i measures again")
        asked = [(it.do, it.label) for it in watch.service.asked if it.do == "impedance"]
        assert asked == [("impedance", "patient"), ("impedance", "therapist")]
        await watch.press("escape")
        await watch.sees("all 8 channels good")

    run(tmp_path, scenario)


def test_esc_ends_it_after_the_present_site_and_leaves_the_other_person_out(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("i")
        await watch.sees("F3    ... is measured")
        await watch.press("escape")
        await watch.sees("It ends after this site")
        await watch.until(lambda: "enough" in watch.asked())
        watch.service.measured.set()
        await watch.sees("i measures again")
        assert watch.asked().count("impedance") == 1

    run(tmp_path, scenario)


def test_a_board_that_cannot_is_told_and_the_other_one_measured(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.refusal = Refused("the patient's board has not been found yet", code=69)
        await watch.press("i")
        await watch.sees("the patient's board has not been found yet", "i measures again")

    run(tmp_path, scenario)


def test_a_session_that_begins_meanwhile_is_shown(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("i")
        await watch.sees("Contacts in kilo-ohm")
        watch.service.say(recording())
        await watch.sees("● REC", "x stop")
        watch.service.measured.set()

    run(tmp_path, scenario)
