"""What a Cyton is asked to put into the six aux bytes of its packets, and how they are read.

In digital mode (`/3`) they hold the trigger pins: hardware/cyton/frames.py. In default mode (`/0`)
they hold the accelerometer:

    stop byte    aux bytes
    C0           X, Y, Z when there is a new reading, 25 a second, else zeros
    C3, C4       X, Y or Z when the packet's counter % 10 is 7, 8 or 9, else 0; then the board's
                 milliseconds, uint32 big-endian
                 (C3 once after `<` has switched time stamps on, C4 from then on)

Axes are 16 bits, big-endian two's complement. A level axis is 0, all three never are: gravity is
on one of them. In the first 40 ms of a stream with C4 the board sends 0 for want of a reading.

Source: OpenBCI_Cyton_Library, sendTimeWithAccelSerial (firmware 3.1).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from hardware.board import MISSING_COUNT
from hardware.cyton.frames import (
    AUX_LABELS,
    DEFAULT_MODE,
    DIGITAL_MODE,
    Packets,
    decode_aux,
    has_board_ms,
)

ACCEL_LABELS = ("accel_x", "accel_y", "accel_z", "board_ms")
ACCEL_G_PER_COUNT = 0.002 / 16

STOP_ACCEL = 0xC0
STOP_ACCEL_TIME_SET = 0xC3
STOP_ACCEL_TIME = 0xC4

_AXES = 3
_FIRST_AXIS_AT = 7  # of a counter % 10


class AuxMode(StrEnum):
    """What is wanted there; either excludes the other."""

    DIGITAL = "digital"  # the trigger pins
    ACCELEROMETER = "accelerometer"


@dataclass(frozen=True, slots=True)
class AuxLayout:
    """How one mode is set and read.

    Attributes:
        command: sets it; b"" where the board has no modes.
        reply: is in the board's answer when it is set.
        stamped: whether the board adds its milliseconds.
        labels: names of the columns; the last is the board's milliseconds, if it adds them.
        decode: packets to (n, len(labels)) int32.
        has_board_ms: packets to (n,) whether they carry the board's milliseconds.
    """

    command: bytes
    reply: bytes
    stamped: bool
    labels: tuple[str, ...]
    decode: Callable[[Packets], NDArray[np.int32]]
    has_board_ms: Callable[[Packets], NDArray[np.bool_]]


def decode_accel(packets: Packets) -> NDArray[np.int32]:
    """Return the readings of the accelerometer and the board's own time.

    Returns:
        (n, 4) int32 with columns ACCEL_LABELS: X, Y and Z in counts of ACCEL_G_PER_COUNT, or
        MISSING_COUNT where the packet brings nothing new, and board_ms, the board's uint32
        milliseconds modulo 2**32, or 0 where the packet does not carry them.
    """
    words = np.ascontiguousarray(packets.aux).view(">i2")
    accel = np.full((len(packets), len(ACCEL_LABELS)), MISSING_COUNT, np.int32)
    fresh = (packets.stop == STOP_ACCEL) & words.any(axis=1)
    accel[fresh, :_AXES] = words[fresh]
    timed = has_accel_ms(packets)
    for axis in range(_AXES):
        carries = timed & (packets.counter % 10 == _FIRST_AXIS_AT + axis)
        accel[carries, axis] = words[carries, 0]
    accel[:, _AXES] = packets.board_ms * timed
    return accel


def decode_plain_accel(packets: Packets) -> NDArray[np.int32]:
    """Return X, Y and Z (n, 3) as `decode_accel` does."""
    return decode_accel(packets)[:, :_AXES]


def has_accel_ms(packets: Packets) -> NDArray[np.bool_]:
    """Return (n,) True where the packet carries the board's milliseconds."""
    timed: NDArray[np.bool_] = (packets.stop == STOP_ACCEL_TIME) | (
        packets.stop == STOP_ACCEL_TIME_SET
    )
    return timed


def has_any_ms(packets: Packets) -> NDArray[np.bool_]:
    """Return (n,) True where a packet is stamped, of whatever mode."""
    return has_accel_ms(packets) | has_board_ms(packets)


AUX_LAYOUTS = {
    AuxMode.DIGITAL: AuxLayout(
        DIGITAL_MODE, b"digital", True, AUX_LABELS, decode_aux, has_board_ms
    ),
    AuxMode.ACCELEROMETER: AuxLayout(
        DEFAULT_MODE, b"default", True, ACCEL_LABELS, decode_accel, has_accel_ms
    ),
}
# For boards that cannot send axes and time stamps at once, and for those without modes.
PLAIN_ACCELEROMETER = AuxLayout(
    DEFAULT_MODE, b"default", False, ACCEL_LABELS[:_AXES], decode_plain_accel, has_any_ms
)
UNASKED_ACCELEROMETER = replace(PLAIN_ACCELEROMETER, command=b"", reply=b"")
