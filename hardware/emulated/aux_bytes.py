"""The six aux bytes of an emulated Cyton's frames and the stop byte that goes with them.

    mode                 without time stamps              with (after `<`)
    /0 default, /1 debug C0  X, Y, Z of the accelerometer C3 once, then C4: one axis in bytes 0-1
                         in every 10th packet, else 0     when counter % 10 is 7, 8, 9, then ms
    /2 analog            C1  A5, A6, A7                   C5 once, then C6: A5, then ms
    /3 digital           C1  D11 D12, D13 D17, 0 D18      C5 once, then C6: D11 D12, then ms
    /4 marker            C1  the marker's code, 0, 0      C5 once, then C6: the code, then ms

Before firmware 3.1.2 that one axis is always X. Words are 16 bits, ms is the board's uint32 time of
the sample; both big-endian.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from hardware.cyton.aux_mode import STOP_ACCEL, STOP_ACCEL_TIME, STOP_ACCEL_TIME_SET
from hardware.cyton.frames import STOP_DIGITAL, STOP_TIME, STOP_TIME_SET

_ACCEL_XYZ = (160, -240, 7900)  # about 1 g downwards, 0.125 mg per count
_FRESH_ACCEL_EVERY = 10
_FIRST_AXIS_AT = 7
_OPEN_ANALOG_PIN = 512  # half of full scale


class BoardMode(StrEnum):
    """The board's modes by the names it reports."""

    DEFAULT = "default"
    DEBUG = "debug"
    ANALOG = "analog"
    DIGITAL = "digital"
    MARKER = "marker"


class AuxField:
    """What the board puts into the aux bytes.

    Attributes:
        mode: what it reports there.
        stamps: whether it adds its own time.
        axes_hold: whether Y and Z are beside it; else they are X again.
    """

    def __init__(self) -> None:
        self.mode = BoardMode.DEFAULT
        self.stamps = False
        self.axes_hold = True
        self._time_set = False  # the next packet says that stamps begin
        self._marker = 0  # to go with the next packet

    @property
    def has_accel(self) -> bool:
        """Whether the accelerometer is on: then it has these bytes, and stop bytes of its own."""
        return self.mode in (BoardMode.DEFAULT, BoardMode.DEBUG)

    def set_mode(self, mode: BoardMode) -> None:
        """Change the mode; with time stamps on, the next packet says that they begin anew."""
        self.mode = mode
        self._time_set = self.stamps

    def set_stamps(self, *, on: bool) -> None:
        """Switch time stamps on or off."""
        self.stamps = self._time_set = on

    def set_marker(self, code: int) -> None:
        """Send a marker with the next packet (in marker mode)."""
        self._marker = code

    def first_has_gone(self) -> None:
        """The first packet after a change is on its way: what was for it alone is done."""
        self._time_set = False
        self._marker = 0

    def octets(
        self, counters: NDArray[np.int64], d11: NDArray[np.bool_], ms: NDArray[np.int64]
    ) -> NDArray[np.uint8]:
        """Return (n, 6) the aux bytes of packets with these counters, pins and board times."""
        words = np.zeros((len(counters), 3), ">i2")
        words[:, 0] = self._first_words(counters, d11)
        octets = words.view(np.uint8)
        if self.stamps:
            octets[:, 2:] = (ms % 2**32).astype(">u4").view(np.uint8).reshape(-1, 4)
        elif self.has_accel:
            words[counters % _FRESH_ACCEL_EVERY == 0] = _ACCEL_XYZ
        elif self.mode is BoardMode.ANALOG:
            words[:, 1:] = _OPEN_ANALOG_PIN
        return octets

    def _first_words(
        self, counters: NDArray[np.int64], d11: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Return (n,) the first aux word, which is there with time stamps too."""
        word = np.zeros(len(counters), np.int64)
        if self.mode is BoardMode.DIGITAL:
            word = d11.astype(np.int64) << 8
        elif self.mode is BoardMode.ANALOG:
            word += _OPEN_ANALOG_PIN
        elif self.mode is BoardMode.MARKER:
            word[:1] = self._marker
        elif self.stamps:
            axis = counters % 256 % 10 - _FIRST_AXIS_AT
            shown = np.maximum(axis, 0) * self.axes_hold
            word = np.where(axis >= 0, np.take(_ACCEL_XYZ, shown), 0)
        return word

    def stops(self, n: int) -> NDArray[np.uint8]:
        """Return (n,) the stop bytes of the next n packets."""
        if not self.stamps:
            return np.full(n, STOP_ACCEL if self.has_accel else STOP_DIGITAL, np.uint8)
        stops = np.full(n, STOP_ACCEL_TIME if self.has_accel else STOP_TIME, np.uint8)
        if self._time_set:
            stops[:1] = STOP_ACCEL_TIME_SET if self.has_accel else STOP_TIME_SET
        return stops
