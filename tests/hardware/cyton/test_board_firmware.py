"""Boards of each firmware are recorded through their port, and what they cannot do is told."""

import time
from collections.abc import Iterator

import numpy as np
import pytest

from hardware.board import MISSING_COUNT, BoardState
from hardware.cyton.aux_mode import ACCEL_LABELS, AuxMode
from hardware.cyton.frames import AUX_LABELS
from hardware.emulated.cyton import Behaviour, FirstState
from hardware.emulated.faults import parse_fault
from hardware.emulated.releases import Version
from tests.hardware.cyton.bench import Bench

NAMED_S = 5.0


def kinds(bench: Bench) -> list[str]:
    info = bench.board.info
    return [] if info is None else [it.kind for it in info.shortcomings]


@pytest.mark.parametrize("daisy", [False, True])
@pytest.mark.parametrize("version", [Version.V1, Version.V2])
def test_an_old_board_is_recorded_without_pins_and_milliseconds(
    bench: Bench, version: Version, daisy: bool
) -> None:
    lost = parse_fault("0.3:lose:3")
    bench.emulate(Behaviour(firmware=version, daisy=daisy, faults=(lost,)))
    bench.board.start()
    bench.until(lambda b: b.samples() > 150)
    info = bench.board.info
    assert info is not None
    halves = [ACCEL_LABELS[:3], tuple(f"{label}_even" for label in ACCEL_LABELS[:3])]
    assert info.aux_labels == (sum(halves, ()) if daisy else halves[0])
    assert kinds(bench) == ["firmware_old"]
    assert info.channels == (16 if daisy else 8)
    assert all(block.counts[:, 2].any() for block in bench.blocks)  # channel 3 is on
    axes = np.concatenate([block.aux[:, -3:] for block in bench.blocks])  # in even packets only
    fresh = axes[:, 0] != MISSING_COUNT
    assert fresh.mean() == pytest.approx(0.2 if daisy else 0.1, rel=0.2)
    assert (axes[fresh] == (160, -240, 7900)).all()


def test_an_old_board_is_recorded_again_after_it_was_away(bench: Bench) -> None:
    unplugged = parse_fault("0.3:unplug:0.3")
    bench.emulate(Behaviour(firmware=Version.V1, faults=(unplugged,)))
    bench.board.start()
    bench.until(lambda b: b.samples(segment=1) > 50)
    assert kinds(bench) == ["firmware_old"]


def test_an_older_board_gives_the_accelerometer_without_milliseconds(bench_of_axes: Bench) -> None:
    bench_of_axes.emulate(Behaviour(firmware=Version.V3_1_1))
    bench_of_axes.board.start()
    bench_of_axes.until(lambda b: b.samples() > 100)
    assert kinds(bench_of_axes) == ["accel_without_ms"]
    assert bench_of_axes.board.info is not None
    assert bench_of_axes.board.info.aux_labels == ACCEL_LABELS[:3]


@pytest.fixture
def bench_of_axes(bench: Bench) -> Iterator[Bench]:
    """The bench with a board of which the accelerometer is wanted."""
    made = Bench(bench.link.parent, AuxMode.ACCELEROMETER)
    yield made
    made.put_away()


def test_brainflows_own_emulator_is_recorded(bench: Bench) -> None:
    bench.emulate(Behaviour(firmware=Version.BRAINFLOW))
    bench.board.start()
    bench.until(lambda b: b.samples() > 100)
    assert kinds(bench) == ["firmware_old", "settings_untold"]


@pytest.mark.alone
def test_a_dongle_at_another_rate_is_told_and_recorded_soon_after(bench: Bench) -> None:
    bench.emulate(Behaviour(first_state=FirstState.OTHER_BAUD))
    began_s = time.monotonic()
    bench.board.start()
    bench.until_state(BoardState.LOST)
    assert time.monotonic() - began_s < NAMED_S
    assert "230400 baud" in bench.fault(BoardState.LOST)
    bench.until(lambda b: b.samples() > 20)
    assert bench.board.info is not None
    assert bench.board.info.aux_labels == AUX_LABELS


@pytest.mark.alone
@pytest.mark.parametrize(
    ("state", "named"), [(FirstState.NOISE, "noise"), (FirstState.DEAD_CONVERTER, "Cyton: 0x0")]
)
def test_what_is_wrong_is_named_soon(bench: Bench, state: FirstState, named: str) -> None:
    bench.emulate(Behaviour(first_state=state))
    began_s = time.monotonic()
    bench.board.start()
    bench.until_state(BoardState.LOST)
    assert time.monotonic() - began_s < NAMED_S
    assert named in bench.fault(BoardState.LOST)


def test_a_board_with_another_firmware_is_not_taken_for_the_one_before(bench: Bench) -> None:
    bench.emulate()
    bench.board.start()
    bench.until(lambda b: b.samples() > 20)
    bench.take_away()
    bench.until_state(BoardState.LOST)
    bench.emulate(Behaviour(firmware=Version.V2))
    bench.until(lambda b: any("not the same board" in change.fault for change in b.changes))
    assert bench.board.info is not None
    assert bench.board.info.firmware == "v3.1.2"
