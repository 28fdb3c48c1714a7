"""The LSL back-end keeps the contract of a board."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.board import Board
from hardware.emulated.faults import FaultType, ScriptedFault, parse_fault
from hardware.lsl import description
from hardware.lsl.board import LslBoard
from hardware.lsl.inlet import AUX_LABELS
from tests.contract.board_contract import BackEnd, BoardContract, Rig, Script
from tests.hardware.lsl.bench import PERIOD_S, SETTINGS, Amplifier, lsl

PAUSE_S = 0.02
_numbers = itertools.count(1)


class LslRig:
    """An outlet whose samples are their own number, and what reads it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def make(self, first_segment: int = 0) -> Board:
        return LslBoard(self.name, settings=SETTINGS, first_segment=first_segment)

    def check(self, indexes: NDArray[np.int64], counts: NDArray[np.int32]) -> None:
        assert np.all(counts == counts[:, :1])
        numbers = (counts[:, 0] - counts[0, 0]) // 1000
        assert numbers.tolist() == (indexes - indexes[0]).tolist()


@contextmanager
def sent(folder: Path, script: Script) -> Iterator[Rig]:
    lsl()
    rig, stop = LslRig(f"contract {next(_numbers)}"), threading.Event()
    if script.is_absent:
        yield rig
        return
    faults = [parse_fault(text) for text in script.faults]
    sender = threading.Thread(target=send, args=(Amplifier(rig.name), faults, stop))
    sender.start()
    yield rig
    stop.set()
    sender.join()


def send(amplifier: Amplifier, faults: list[ScriptedFault], stop: threading.Event) -> None:
    """Send in real time; the script begins with the first reader."""
    first_read_s: float | None = None
    while not stop.wait(PAUSE_S):
        now_s = time.monotonic()
        if first_read_s is None and amplifier.has_reader:
            first_read_s = now_s
        if first_read_s is not None and faults and now_s >= first_read_s + faults[0].at_s:
            go_wrong(amplifier, faults.pop(0), stop)
        amplifier.send(amplifier.due() - amplifier.sent)


def go_wrong(amplifier: Amplifier, fault: ScriptedFault, stop: threading.Event) -> None:
    missing_s = fault.amount * (PERIOD_S if fault.type is FaultType.LOSE else 1.0)
    amplifier.send(amplifier.due() - amplifier.sent)
    if fault.type is FaultType.UNPLUG:
        stop.wait(PAUSE_S)  # liblsl may crash when an outlet goes with samples on their way
        amplifier.go()
    stop.wait(missing_s)
    amplifier.come()
    amplifier.skip(round(missing_s / PERIOD_S))


class TestLslBoard(BoardContract):
    back_end = BackEnd(
        sent,
        "lsl",
        2,
        250.0,
        AUX_LABELS,
        cannot={"busy": "an LSL stream has any number of readers"},
    )

    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(description, "FOUND_WITHIN_S", 2.0)
        monkeypatch.setattr(description, "RIVAL_WITHIN_S", 0.02)
