"""The tap test as the service answers it, and what the session knows of it."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.board import BoardState
from recorder.wire.messages import TAPPING_S
from tests.recorder.bounded import run
from tests.recorder.scripted_board import RATE_HZ, eeg
from tests.recorder.served_box import Box, events_of, only_session

TAPS_S = (3.0, 4.0, 5.0, 6.0)
BEGUN_S, LONG_S = 1.0, 20.0


def box_of(directory: Path, tapped: int) -> Box:
    """Both stream; one is tapped four times."""
    noise = eeg(1), eeg(2)

    def signal(person: int, t_s: NDArray[np.float64]) -> NDArray[np.float64]:
        uv: NDArray[np.float64] = noise[person](t_s)
        for at_s in TAPS_S if person == tapped else ():
            uv[np.abs(t_s - at_s) < 0.02] += 900.0
        return uv

    signals = (lambda t_s: signal(0, t_s)), (lambda t_s: signal(1, t_s))
    box = Box(directory, signals=signals)
    for person, board in enumerate(box.bed.boards):
        board.plan_state(box.bed.at(0), BoardState.STREAMING)
        box.bed.stream(person, 0.0, range(round(LONG_S * RATE_HZ)))
    return box


async def tapped(box: Box) -> Any:
    """Ask at BEGUN_S, and let the time go by."""
    await box.tick_until(BEGUN_S)
    asked = asyncio.create_task(box.ask("tap", label="patient"))
    while not asked.done():
        box.bed.clock.advance(0.1)
        await box.ticked()
    return await asked


@pytest.mark.parametrize(("person", "role"), [(0, "patient"), (1, "therapist")])
def test_who_was_tapped_is_told_and_stands_in_the_session(
    tmp_path: Path, person: int, role: str
) -> None:
    box = box_of(tmp_path, person)

    async def test() -> None:
        async with box.running():
            told = await tapped(box)
            assert (told["role"], told["taps"][role]) == (role, 4)
            assert box.bed.recorder.tap_test is None
            await box.start()

    run(test())
    [text] = [text for kind, text in events_of(only_session(box)) if kind == "tap"]
    assert f"the patient's cap was to be tapped; {role} was heard" in text


def test_without_both_boards_nothing_is_tested(tmp_path: Path) -> None:
    box = Box(tmp_path)

    async def test() -> None:
        async with box.running():
            assert (await box.refusal("tap", label="patient")).code == 69

    run(test())


def test_one_test_at_a_time_and_none_in_a_session(tmp_path: Path) -> None:
    box = box_of(tmp_path, 0)

    async def test() -> None:
        async with box.running():
            assert (await box.refusal("tap")).code == 64
            await box.tick_until(BEGUN_S)
            first = asyncio.create_task(box.ask("tap", label="patient"))
            while box.bed.recorder.tap_test is None:
                await asyncio.sleep(0)
            assert "under way" in str(await box.refusal("tap", label="patient"))
            box.bed.clock.advance(TAPPING_S)
            assert (await first)["role"] == "patient"
            await box.start()
            assert "a session is on" in str(await box.refusal("tap", label="patient"))

    run(test())
