"""What a Cyton is asked to put into the six aux bytes of its packets, and how they are read."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from hardware.accelerometer import ACCEL_LABELS, decode_accel, has_accel_ms
from hardware.cyton.frames import (
    AUX_LABELS,
    DEFAULT_MODE,
    DIGITAL_MODE,
    Packets,
    decode_aux,
    has_board_ms,
)


class AuxMode(StrEnum):
    """What is wanted there; either excludes the other."""

    DIGITAL = "digital"  # the trigger pins
    ACCELEROMETER = "accelerometer"


@dataclass(frozen=True, slots=True)
class AuxLayout:
    """How one mode is set and read.

    Attributes:
        command: sets it.
        reply: is in the board's answer when it is set.
        labels: names of the columns; the last is the board's milliseconds.
        decode: packets to (n, len(labels)) int32.
        has_board_ms: packets to (n,) whether they carry the board's milliseconds.
    """

    command: bytes
    reply: bytes
    labels: tuple[str, ...]
    decode: Callable[[Packets], NDArray[np.int32]]
    has_board_ms: Callable[[Packets], NDArray[np.bool_]]


AUX_LAYOUTS = {
    AuxMode.DIGITAL: AuxLayout(DIGITAL_MODE, b"digital", AUX_LABELS, decode_aux, has_board_ms),
    AuxMode.ACCELEROMETER: AuxLayout(
        DEFAULT_MODE, b"default", ACCEL_LABELS, decode_accel, has_accel_ms
    ),
}
