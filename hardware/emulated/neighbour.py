"""Another board on the radio channel of an emulated one: it hears its commands, and is heard.

It was switched on at another time and counts at another rate, so its counter drifts through the
first one's and its milliseconds are others. Its person is known by a mean of 500 µV.
"""

import numpy as np

from hardware.cyton.frames import CHANNELS, RATE_HZ, UV_PER_COUNT
from hardware.emulated.aux_bytes import AuxField
from hardware.emulated.converter import EmulatedAds
from hardware.emulated.firmware import Firmware
from hardware.emulated.source import PacketRun
from hardware.emulated.stream import Frame, SampleStream, TrueTime

MEAN_UV = 500.0
FASTER = 7e-4  # than the board next to it: what two real ones differed by
_LONGEST_ON_S = 600.0
_TURN_S = 256 / RATE_HZ
_IMPEDANCES_OHM = (5e3,) * CHANNELS


class Somebody:
    """The source of a rhythm of 6 Hz around MEAN_UV."""

    labels = tuple(f"{channel + 1}" for channel in range(CHANNELS))
    length = None

    def packets(self, first: int, n: int) -> PacketRun:
        """Return the numbers of n samples, and their counts."""
        numbers = np.arange(first, first + n, dtype=np.int64)
        phase = 2 * np.pi * 6 / RATE_HZ * numbers[:, None] + np.arange(CHANNELS)
        return numbers, np.rint((MEAN_UV + 30 * np.sin(phase)) / UV_PER_COUNT).astype(np.int32)

    def first_at(self, counter: int) -> int:
        """Return the row of a sample."""
        return counter


class Neighbour:
    """The other board.

    Args:
        rate_hz: of the board next to it.
        now_ns: CLOCK_MONOTONIC; it was switched on some time before.
        rng: when that was, and which of its packets are heard.

    Attributes:
        share: how many of its packets are heard, 0 to 1.
    """

    def __init__(self, rate_hz: float, now_ns: int, rng: np.random.Generator) -> None:
        self.share = 0.0
        ads = EmulatedAds(_IMPEDANCES_OHM)
        rate_hz *= 1 + FASTER
        self._stream = SampleStream(Somebody(), rate_hz, ads, true_time=TrueTime(), d11_edges_s=())
        self._stream.power_on_ns = now_ns - round(rng.uniform(1, _LONGEST_ON_S) * 1e9)
        self._firmware = Firmware(self._stream)
        self._rng = rng
        self._heard = 0.0  # of its packets, as a running sum of shares

    @property
    def next_ns(self) -> int | None:
        """When its next packet is due."""
        return self._stream.next_ns if self.share else None

    def take(self, octet: int, now_ns: int) -> bytes:
        """Hear a byte of a command; return the reply, or b""."""
        return self._firmware.take(octet, now_ns) if self.share else b""

    def come_near(self, share: float, now_ns: int, aux: AuxField) -> None:
        """Be heard from now on, with packets of the kind of the board next to it; 0 ends it."""
        self.share = share
        if self._stream.begin_ns is None:
            self._stream.aux.mode, self._stream.aux.stamps = aux.mode, aux.stamps
            self._stream.start(now_ns - round(self._rng.uniform(0, _TURN_S) * 1e9))
        self._stream.take(now_ns)

    def frames(self, until_ns: int) -> list[Frame]:
        """Return those of its packets that are heard until then."""
        return [it for it in self._stream.take(until_ns) if self._is_heard()]

    def _is_heard(self) -> bool:
        """Every nth, so that a share is met in the shortest time."""
        self._heard += self.share
        is_heard = self._heard >= 1
        self._heard -= is_heard
        return is_heard
