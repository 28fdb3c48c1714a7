import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from recorder.align.flashes import Stretch, _opening, flashes, pulses

FRAME_S = 0.04


def stretch(level: NDArray[np.float64]) -> Stretch:
    columns = level.reshape(len(level), -1).astype(np.float32)
    return Stretch(100 + FRAME_S * np.arange(len(level), dtype=np.float64), columns)


def flashing(every: int, shape: tuple[float, ...], n: int = 500) -> NDArray[np.float64]:
    level = np.zeros(n)
    for at in range(every, n - len(shape), every):
        level[at : at + len(shape)] = shape
    return level


def test_pulses_have_the_centre_of_gravity_of_their_brightness() -> None:
    seen = flashes(stretch(50 + flashing(25, (60.0, 60.0))), 0.06)
    found = pulses(seen, 0)
    expected = 100 + (np.arange(25, 498, 25) + 0.5) * FRAME_S
    np.testing.assert_allclose(found.middle_s, expected, atol=1e-6)
    assert seen.count[0] == len(expected)


def test_a_pulse_rises_where_it_crosses_the_threshold() -> None:
    seen = flashes(stretch(flashing(25, (10.0, 100.0, 10.0))), 0.06)
    rise_s = pulses(seen, 0).rise_s
    into = (0.3 - 0.1) / (1 - 0.1)
    np.testing.assert_allclose(rise_s, 100 + (np.arange(25, 497, 25) + into) * FRAME_S, atol=1e-6)


def test_what_lasts_or_moves_slowly_is_no_flash() -> None:
    t = np.arange(1000, dtype=np.float64)
    lasting = 80.0 + 60 * (t > 400) + 30 * ((t // 20) % 2)
    assert len(pulses(flashes(stretch(lasting), 0.06), 0).middle_s) == 0
    moving = lasting + 40 * np.sin(t / 40)
    both = flashes(stretch(moving + flashing(25, (50.0,), 1000)), 0.06)
    assert len(pulses(both, 0).middle_s) == pytest.approx(39, abs=2)


@pytest.mark.parametrize("level", [0.0, 255.0])
def test_an_even_picture_has_no_flashes(level: float) -> None:
    assert len(pulses(flashes(stretch(np.full(300, level)), 0.06), 0).rise_s) == 0


@given(st.lists(st.integers(0, 255), min_size=12, max_size=40), st.integers(1, 9))
@settings(max_examples=50, deadline=None)
def test_the_opening_is_the_highest_floor_under_each_frame(levels: list[int], width: int) -> None:
    level = np.array(levels, np.float32)[:, None]
    floors = [min(levels[at : at + width]) for at in range(len(levels) - width + 1)]
    expected = [max(floors[max(0, at - width + 1) : at + 1]) for at in range(len(levels))]
    assert _opening(level, width)[:, 0].tolist() == expected
