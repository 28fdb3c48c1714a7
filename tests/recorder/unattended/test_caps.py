"""Caps: worn when contacts are good for a while, with hysteresis."""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hardware.board import BoardState
from recorder.settings.board import BoardSettings
from recorder.settings.file import Config
from recorder.unattended.caps import LOOKS, Cap, Caps, CapWatch
from tests.recorder.bedside import Bedside
from tests.recorder.scripted_board import Signal, eeg


def in_the_air(t_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Eight electrodes that hang: mains of 10 mV peak to peak."""
    mains: NDArray[np.float64] = 5000 * np.sin(2 * math.pi * 50 * t_s)
    return np.tile(mains[:, None], 8)


def worn_until(seconds: float, begin_s: float = 0.0) -> Signal:
    on, off = eeg(1), in_the_air

    def uv(t_s: NDArray[np.float64]) -> NDArray[np.float64]:
        worn = (t_s >= begin_s) & (t_s < seconds)
        return np.where(worn[:, None], on(t_s), off(t_s))

    return uv


def looks(bed: Bedside, seconds: int) -> list[Caps]:
    """What is seen at the end of each second; both boards say that they stream."""
    for board in bed.boards:
        board.plan_state(bed.at(0), BoardState.STREAMING)
    watch, seen = CapWatch(), []
    for second in range(1, seconds + 1):
        bed.run_until(second)
        seen.append(watch.look(bed.clock(), bed.recorder.wearers))
    return seen


def test_a_cap_is_on_after_half_of_ten_good_seconds() -> None:
    cap = Cap()
    seen = []
    for _ in range(LOOKS):
        cap.observe(1.0)
        seen.append(cap.is_on)
    assert seen == [False] * 4 + [True] * 6


def test_between_the_two_levels_a_cap_stays_as_it_was() -> None:
    cap = Cap()
    for _ in range(2 * LOOKS):
        cap.observe(0.4)
    assert not cap.is_on
    for share in (1.0, 0.4):
        for _ in range(2 * LOOKS):
            cap.observe(share)
        assert cap.is_on
    for _ in range(2 * LOOKS):
        cap.observe(0.2)
    assert not cap.is_on


def test_worn_caps_are_told_from_hanging_ones(tmp_path: Path) -> None:
    bed = Bedside(tmp_path, signals=(worn_until(30.0), worn_until(60.0, begin_s=10.0)))
    bed.stream_both(45)
    seen = looks(bed, 45)
    assert not seen[2].any
    assert seen[12] == Caps(patient=True, therapist=False)
    assert seen[25].both
    assert seen[44] == Caps(patient=False, therapist=True)


def test_a_board_that_is_switched_off_wears_no_cap(tmp_path: Path) -> None:
    bed = Bedside(tmp_path)
    bed.stream(0, 0.0, range(20 * 250))
    seen = looks(bed, 20)
    assert seen[-1] == Caps(patient=True, therapist=False)


def test_channels_that_are_no_eeg_do_not_count(tmp_path: Path) -> None:
    labels = ("F3", "F4", "ECG", "EOG", "P3", "P4", "O1", "O2")
    person = BoardSettings(channels=labels, kinds={"ECG": "ecg", "EOG": "eog"})
    odd = eeg(1)

    def uv(t_s: NDArray[np.float64]) -> NDArray[np.float64]:
        signal = in_the_air(t_s)
        signal[:, 2:4] = odd(t_s)[:, 2:4]
        return signal

    bed = Bedside(tmp_path, signals=(uv, uv), config=Config(patient=person))
    bed.stream_both(15)
    assert not looks(bed, 15)[-1].patient
