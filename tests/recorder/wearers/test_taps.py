"""What is heard as a tap, and what is not; and when it is clear whose cap was tapped."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hardware.board import MISSING_COUNT, Block, BoardInfo
from recorder.wearers.taps import TapEar, TapTest
from tests.recorder.scripted_board import INFO, UV_PER_COUNT

POLLED = 25
POLL_NS = 100_000_000
ACCEL = replace(INFO, aux_labels=("accel_x", "accel_y", "accel_z"))
DAISY = replace(INFO, channels=16)
TAP_UV = 900.0


def block(
    number: int = 0,
    tap_uv: float = 0.0,
    info: BoardInfo = INFO,
    aux: NDArray[np.int32] | None = None,
    noise_uv: float = 5.0,
) -> Block:
    """A tenth of a second; a tap is a jump in its middle."""
    uv = np.random.default_rng(number).normal(0, noise_uv, (POLLED, info.channels))
    uv[POLLED // 2 :] += tap_uv
    counts = np.rint(uv / UV_PER_COUNT).astype(np.int32)
    if aux is None:
        aux = np.zeros((POLLED, len(info.aux_labels)), np.int32)
    arrival_ns = np.full(POLLED, (number + 1) * POLL_NS, np.int64)
    return Block(0, number * POLLED, counts, aux, arrival_ns)


def test_a_jump_of_most_electrodes_is_a_tap_and_eeg_is_none() -> None:
    ear = TapEar(INFO)
    strengths = [ear.strength(block(number)) for number in range(5)]
    assert max(strengths) < 0.5
    assert ear.strength(block(5, TAP_UV)) > 5


def test_a_board_that_is_moved_itself_is_tapped() -> None:
    aux = np.full((POLLED, 3), MISSING_COUNT, np.int32)
    aux[::10] = (160, -240, 7900)
    ear = TapEar(ACCEL)
    assert ear.strength(block(0, info=ACCEL, aux=aux)) < 1
    aux[20] = (160, 1200, 7900)
    assert ear.strength(block(1, info=ACCEL, aux=aux)) > 1


def test_samples_that_lack_a_half_are_no_tap() -> None:
    ear = TapEar(DAISY)
    half = block(0, info=DAISY)
    half.counts[7, 8:] = MISSING_COUNT
    assert ear.strength(half) < 1


def heard(taps: dict[int, tuple[float, float]], noise_uv: tuple[float, float] = (5, 5)) -> TapTest:
    """A test of 8 s; `taps` are how strong each person was hit, by tenth of a second."""
    test = TapTest((INFO, INFO), 50.0)
    for number in range(80):
        for person, tap_uv in enumerate(taps.get(number, (0.0, 0.0))):
            test.hear(person, block(number, tap_uv, noise_uv=noise_uv[person]))
    return test


def test_three_taps_of_one_board_are_clear() -> None:
    for person, each in enumerate([(TAP_UV, 0.0), (0.0, TAP_UV)]):
        test = heard({20: each, 30: each, 40: each})
        assert (test.taps[person], test.tapped) == (3, person)


def test_two_taps_and_a_tap_of_both_are_not() -> None:
    assert heard({20: (TAP_UV, 0.0), 30: (TAP_UV, 0.0)}).tapped is None
    both = heard(dict.fromkeys((20, 30, 40, 50), (TAP_UV, 0.8 * TAP_UV)))
    assert (both.taps, both.tapped) == ((0, 0), None)


def test_what_a_table_carries_over_is_no_tap_of_the_other() -> None:
    carried = heard(dict.fromkeys((20, 30, 40, 50), (TAP_UV, 0.2 * TAP_UV)))
    assert (carried.taps, carried.tapped) == ((4, 0), 0)


def test_a_tap_that_rings_on_is_one() -> None:
    ringing = {at + late: (TAP_UV, 0.0) for at in (20, 30, 40) for late in (0, 1)}
    assert heard(ringing).taps == (3, 0)


def test_a_board_that_hears_nothing_leaves_it_open() -> None:
    taps = dict.fromkeys((20, 30, 40), (TAP_UV, 0.0))
    assert heard(taps, noise_uv=(5, 0)).tapped is None
