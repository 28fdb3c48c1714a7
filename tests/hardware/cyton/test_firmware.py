import pytest

from hardware.board import Shortcoming
from hardware.cyton.aux_mode import (
    AUX_LAYOUTS,
    PLAIN_ACCELEROMETER,
    UNASKED_ACCELEROMETER,
    AuxLayout,
    AuxMode,
)
from hardware.cyton.firmware import aux_layout, has_modes, shortcomings, version

PINS, ACCEL = AuxMode.DIGITAL, AuxMode.ACCELEROMETER


@pytest.mark.parametrize(
    ("firmware", "numbers"),
    [
        ("", (1, 0, 0)),
        ("v2.0.0", (2, 0, 0)),
        ("v3.1", (3, 1, 0)),
        ("v3.1.2", (3, 1, 2)),
        ("v10.0.0", (10, 0, 0)),
        ("v2.0.0rc6", (2, 0, 0)),
        ("vX", (1, 0, 0)),
    ],
)
def test_a_version_is_read_off_its_name(firmware: str, numbers: tuple[int, ...]) -> None:
    assert version(firmware) == numbers
    assert has_modes(firmware) == (numbers[0] >= 3)


@pytest.mark.parametrize(
    ("firmware", "wanted", "layout", "kinds"),
    [
        ("", PINS, UNASKED_ACCELEROMETER, ["firmware_old"]),
        ("", ACCEL, UNASKED_ACCELEROMETER, ["firmware_old"]),
        ("v2.0.1", PINS, UNASKED_ACCELEROMETER, ["firmware_old"]),
        ("v3.0.0", PINS, AUX_LAYOUTS[PINS], []),
        ("v3.0.0", ACCEL, PLAIN_ACCELEROMETER, ["accel_without_ms"]),
        ("v3.1.1", ACCEL, PLAIN_ACCELEROMETER, ["accel_without_ms"]),
        ("v3.1.2", ACCEL, AUX_LAYOUTS[ACCEL], []),
        ("v4.0.0", PINS, AUX_LAYOUTS[PINS], []),
    ],
)
def test_what_is_asked_of_a_board_is_what_it_can(
    firmware: str, wanted: AuxMode, layout: AuxLayout, kinds: list[str]
) -> None:
    assert aux_layout(firmware, wanted) == layout
    told = shortcomings(firmware, wanted)
    assert [it.kind for it in told] == kinds
    assert all(it == Shortcoming(it.kind, firmware or "1") for it in told)
