"""A minute of two boards, recorded on a simulated clock and exported, and the screen's first page.

Everything is made from what is passed in, so that two machines must come to the same tables.

python -m tests.arm64.minute DIR [RECORDING RECORDING]
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock

import click
import numpy as np

from hardware.emulated.cyton import Behaviour, EmulatedCyton
from hardware.emulated.stream import TrueTime
from recorder.export import export_of
from recorder.privacy.consent import persons
from recorder.recording.recorder import Recorder
from recorder.recording.starting import begin
from recorder.rehearsal.boards import DEFAULT_RATES_HZ, Plan
from recorder.rehearsal.simulated_board import SimulatedBoard
from recorder.settings.board import ROLES, BoardSettings
from recorder.settings.file import Config
from recorder.store import inserts
from recorder.store.catalog import find
from recorder.wearers.wearer import Wearer
from tests.tui import watching as tui_watching
from tests.tui.watching import watching

SECONDS = 60
TICK_NS = 250_000_000
BEGIN_NS = 1_000_000_000_000
SEED = 20261123
ALL_DIGITS = 17
# Of the screen of a service that has recorded for a while (tests.tui.scripted_service).
SHOWN = ("patient P01", "saved up to 12:36", "F3●G", "exploratory, not a medical device")
PATIENCE_S = 300.0  # an emulated processor is fifty times slower
PEOPLE = persons({"patient": "P01", "therapist": "T01"}, ("eeg",))


class Clock:
    """CLOCK_MONOTONIC of the minute."""

    def __init__(self) -> None:
        self.now_ns = BEGIN_NS

    def __call__(self) -> int:
        return self.now_ns


def record(directory: Path, plan: Plan, seconds: int) -> Path:
    """Record what `plan` has the boards do; the closed file."""
    clock = Clock()
    config = Config(sessions=str(directory / "sessions"), socket=str(directory / "none.sock"))
    boards = [
        SimulatedBoard(it, role, clock) for role, it in zip(ROLES, _cytons(plan), strict=True)
    ]
    patient, therapist = (
        Wearer(role, BoardSettings(), board, config.mains_hz)
        for role, board in zip(ROLES, boards, strict=True)
    )
    recorder = Recorder(config, (patient, therapist), monotonic_ns=clock)
    for wearer in recorder.wearers:
        wearer.open()
    session = begin(config, recorder.wearers, PEOPLE, clock())
    recorder.attach(session)
    for _ in range(round(seconds * 1e9 / TICK_NS)):
        clock.now_ns += TICK_NS
        recorder.tick()
    for board in boards:
        board.close()
    recorder.tick()
    recorder.detach()
    session.close(clock())
    return find(config.sessions_path, session.id)


def _cytons(plan: Plan) -> list[EmulatedCyton]:
    return [
        EmulatedCyton(
            source,
            Behaviour(rate_hz=rate_hz),
            BEGIN_NS,
            true_time=TrueTime(),
            rng=np.random.default_rng([SEED, place]),
        )
        for place, (source, rate_hz) in enumerate(zip(plan.sources, DEFAULT_RATES_HZ, strict=True))
    ]


@contextmanager
def _same_chances() -> Iterator[None]:
    """Generators that nobody gave a seed get one; in the same order each time."""
    seeds, default_rng = count(SEED), np.random.default_rng

    def seeded(*seed: Any) -> np.random.Generator:
        return default_rng(*seed or [next(seeds)])

    with mock.patch.object(np.random, "default_rng", seeded):
        yield


@contextmanager
def _all_digits() -> Iterator[None]:
    """Measures are stored whole: of the six digits that they are rounded to, the last may flip."""
    with mock.patch.multiple(inserts, VALUE="", SHARE=""):
        yield


async def first_screen(directory: Path) -> str:
    """What stands on the screen that watches a service which records."""
    async with watching(directory) as watch:
        await watch.sees(*SHOWN)
        return watch.visible()


def main(words: list[str]) -> None:
    """Record, export, and write the screen beside it."""
    directory, *recordings = map(Path, words)
    with _same_chances(), _all_digits():
        path = record(directory, Plan(replays=tuple(recordings), seed=SEED), SECONDS)
    for table in export_of("csv")(path, directory):
        table.rename(directory / table.name.removeprefix(f"{path.stem}_"))
    with mock.patch.object(tui_watching, "PATIENCE_S", PATIENCE_S):
        (directory / "screen.txt").write_text(asyncio.run(first_screen(directory)))
    click.echo(path.name)


if __name__ == "__main__":
    main(sys.argv[1:])
