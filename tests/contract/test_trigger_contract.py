"""Every trigger source keeps the contract, the board's pin on the stream of an emulated board."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from hardware import opening
from hardware.cyton import AUX_LABELS
from hardware.emulated_cyton import Behaviour, EmulatedCyton
from hardware.emulated_stream import TrueTime
from hardware.emulator import Emulator
from hardware.serial_board import SerialBoard
from hardware.sync_train import Pulse, SyncTrain
from hardware.synthetic import SyntheticDyad, SyntheticSource
from hardware.trigger import MarkerEdges, ScriptedEdges
from hardware.trigger_gpio import GpioEdges, GpioOutput
from hardware.trigger_pin import PinEdges, PinSource
from hardware.trigger_steady import Debounced, KeptOpen
from tests.contract.trigger_contract import CONTRACT, Bench
from tests.hardware.gpio_chip import GpioChip

SCRIPT = [(0.01 * k, k % 2) for k in range(1, 200)]


def nothing() -> None:
    """Pulses come by themselves."""


def scripted() -> Bench:
    return Bench(ScriptedEdges("fake", SCRIPT), nothing)


def markers() -> Bench:
    """As an LSL inlet is polled: some markers, then none."""
    waiting: list[tuple[int, str]] = []

    def poll() -> list[tuple[int, str]]:
        fresh = waiting.copy()
        waiting.clear()
        return fresh

    def make() -> None:
        waiting.append((time.monotonic_ns(), "camera"))

    return Bench(MarkerEdges("lsl", poll), make, falls=False)


def gpio() -> Bench:
    chip = GpioChip()

    def make() -> None:
        chip.change(0, 1, time.monotonic_ns())
        chip.change(0, 0, time.monotonic_ns())

    return Bench(GpioEdges("gpio", chip.path, 0, request_lines=chip.request_lines), make)


def steady() -> Bench:
    return Bench(KeptOpen(Debounced(ScriptedEdges("fake", SCRIPT), 0.002)), nothing)


def sync_train() -> Bench:
    chip = GpioChip()
    output = GpioOutput(chip.path, 1, request_lines=chip.request_lines)
    return Bench(SyncTrain(output, iter([Pulse(0.01, 0.01)] * 1000)), nothing)


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SerialBoard]:
    """A board whose D11 is on for 40 of each 80 ms."""
    behaviour = Behaviour(d11_edges_s=tuple(0.04 * k for k in range(1, 2000)))
    source = SyntheticSource(SyntheticDyad(1), 0, 250.0)
    rng, now_ns = np.random.default_rng(1), time.monotonic_ns()
    emulated = EmulatedCyton(source, behaviour, now_ns, true_time=TrueTime(), rng=rng)
    link = tmp_path_factory.mktemp("ports") / "ttyUSB0"
    with pytest.MonkeyPatch.context() as patch, ExitStack() as undo:
        patch.setattr(opening, "QUIET_S", 0.1)
        yield started(link, emulated, undo)


def started(link: Path, emulated: EmulatedCyton, undo: ExitStack) -> SerialBoard:
    emulator = undo.enter_context(Emulator({link: emulated}))
    stop = threading.Event()
    loop = threading.Thread(target=emulator.run, args=(stop.is_set,))
    loop.start()
    undo.callback(loop.join)
    undo.callback(stop.set)
    board = SerialBoard(str(link))
    board.start()
    undo.callback(board.close)
    return board


def pin(board: SerialBoard) -> Bench:
    edges = PinEdges("patient", "D11", AUX_LABELS)
    return Bench(PinSource("patient D11", edges, board.poll), nothing)


@pytest.mark.parametrize("clause", CONTRACT, ids=lambda clause: clause.__name__)
@pytest.mark.parametrize("make_bench", [scripted, markers, gpio, steady, sync_train])
def test_a_source_keeps(make_bench: Callable[[], Bench], clause: Callable[[Bench], None]) -> None:
    bench = make_bench()
    clause(bench)
    bench.source.close()


@pytest.mark.parametrize("clause", CONTRACT, ids=lambda clause: clause.__name__)
def test_the_pin_of_a_board_keeps(board: SerialBoard, clause: Callable[[Bench], None]) -> None:
    clause(pin(board))
