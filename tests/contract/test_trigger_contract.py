"""Every trigger source keeps the contract, the board's pin on the stream of an emulated board."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hardware.cyton import conversation
from hardware.cyton.board import CytonBoard
from hardware.cyton.frames import AUX_LABELS
from hardware.emulated.cyton import Behaviour
from hardware.lsl.markers import LslMarkers
from hardware.trigger.edges import MarkerEdges, ScriptedEdges
from hardware.trigger.gpio import GpioEdges, GpioOutput
from hardware.trigger.pin import PinEdges, PinSource
from hardware.trigger.steady import Debounced, KeptOpen
from hardware.trigger.sync_train import Pulse, SyncTrain
from tests.contract.trigger_contract import CONTRACT, Bench
from tests.hardware.emulated_port import emulated_port
from tests.hardware.lsl.bench import SETTINGS, lsl, until
from tests.hardware.trigger.gpio_chip import GpioChip

LslStream = tuple[Any, LslMarkers]

SCRIPT = [(0.01 * k, k % 2) for k in range(1, 200)]


def nothing() -> None:
    """Pulses come by themselves."""


def scripted() -> Bench:
    return Bench(ScriptedEdges("fake", SCRIPT), nothing)


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
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CytonBoard]:
    """A board whose D11 is on for 40 of each 80 ms."""
    behaviour = Behaviour(d11_edges_s=tuple(0.04 * k for k in range(1, 2000)))
    link = tmp_path_factory.mktemp("ports") / "ttyUSB0"
    board = CytonBoard(str(link))
    with pytest.MonkeyPatch.context() as patch, emulated_port(link, behaviour):
        patch.setattr(conversation, "QUIET_S", 0.1)
        board.start()
        yield board
        board.close()


def pin(board: CytonBoard) -> Bench:
    edges = PinEdges("patient", "D11", AUX_LABELS)
    return Bench(PinSource("patient D11", edges, board.poll), nothing)


@pytest.mark.parametrize("clause", CONTRACT, ids=lambda clause: clause.__name__)
@pytest.mark.parametrize("make_bench", [scripted, gpio, steady, sync_train])
def test_a_source_keeps(make_bench: Callable[[], Bench], clause: Callable[[Bench], None]) -> None:
    bench = make_bench()
    clause(bench)
    bench.source.close()


@pytest.mark.parametrize("clause", CONTRACT, ids=lambda clause: clause.__name__)
def test_the_pin_of_a_board_keeps(board: CytonBoard, clause: Callable[[Bench], None]) -> None:
    clause(pin(board))


@pytest.fixture(scope="module")
def stream() -> Iterator[LslStream]:
    """A marker stream on the loopback, and what reads it, connected to each other."""
    pylsl = lsl()
    outlet = pylsl.StreamOutlet(pylsl.StreamInfo("camera", "Markers", 1, 0.0, "string", "camera"))
    inlet = LslMarkers("camera", settings=SETTINGS)
    inlet.open()
    until(lambda: inlet.poll() == [] and outlet.have_consumers() and not inlet.fault)
    yield outlet, inlet
    inlet.close()


@pytest.mark.parametrize("clause", CONTRACT, ids=lambda clause: clause.__name__)
def test_lsl_markers_keep(stream: LslStream, clause: Callable[[Bench], None]) -> None:
    outlet, inlet = stream
    source = MarkerEdges("lsl", inlet.poll)
    clause(Bench(source, lambda: outlet.push_sample(["frame"]), falls=False))
    source.close()
