"""What a Cyton can do, by the firmware that its banner names.

    none named       firmware 1, and BrainFlow's emulator: no board modes, no time stamps
    v2               no board modes: of `/3` it takes the 3, and switches channel 3 off
    v3.0 to v3.1.1   beside time stamps, what it sends for Y and Z of the accelerometer is X
    v3.1.2 on        all that is asked for

A board without modes sends its accelerometer, whatever is wanted.

Source: OpenBCI_Cyton_Library, change log.
"""

import re

from hardware.board import Shortcoming
from hardware.cyton.aux_mode import (
    AUX_LAYOUTS,
    PLAIN_ACCELEROMETER,
    UNASKED_ACCELEROMETER,
    AuxLayout,
    AuxMode,
)

OLD_FIRMWARE, NO_STAMPS = "firmware_old", "accel_without_ms"
UPDATED = "v3.1.2"

_MODES_SINCE = (3, 0, 0)
_AXES_SINCE = (3, 1, 2)


def version(firmware: str) -> tuple[int, ...]:
    """Return "v3.1.2" as (3, 1, 2); (1, 0, 0) when the board named none."""
    numbers = [int(number) for number in re.findall(r"\d+", firmware)[:3]] or [1]
    return tuple(numbers + [0] * (3 - len(numbers)))


def has_modes(firmware: str) -> bool:
    """Return whether it knows board modes, and so the trigger pins."""
    return version(firmware) >= _MODES_SINCE


def aux_layout(firmware: str, wanted: AuxMode) -> AuxLayout:
    """Return what is to be asked of the board, and how its aux bytes are read then."""
    if not has_modes(firmware):
        return UNASKED_ACCELEROMETER
    if wanted is AuxMode.ACCELEROMETER and version(firmware) < _AXES_SINCE:
        return PLAIN_ACCELEROMETER
    return AUX_LAYOUTS[wanted]


def shortcomings(firmware: str, wanted: AuxMode) -> tuple[Shortcoming, ...]:
    """Return what is wanted and cannot be had."""
    named = firmware or "1"
    if not has_modes(firmware):
        return (Shortcoming(OLD_FIRMWARE, named),)
    if not aux_layout(firmware, wanted).stamped:
        return (Shortcoming(NO_STAMPS, named),)
    return ()
