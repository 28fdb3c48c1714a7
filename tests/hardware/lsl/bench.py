"""LSL in the tests: on the loopback, with a session id that only this process knows."""

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.board import BoardFault
from hardware.lsl.library import LslSettings, load

SETTINGS = LslSettings(session_id=f"test-{secrets.token_hex(8)}")
LIMIT_S = 10.0
RATE_HZ = 250.0
PERIOD_S = 1 / RATE_HZ


def lsl() -> Any:
    """The module pylsl, or the test is skipped."""
    try:
        return load(SETTINGS)
    except BoardFault as fault:
        pytest.skip(str(fault))


def until(seen: Callable[[], Any], limit_s: float = LIMIT_S) -> None:
    """Wait until something is so."""
    deadline, pause = time.monotonic() + limit_s, threading.Event()
    while not seen():
        assert time.monotonic() < deadline
        pause.wait(0.01)


def described(
    info: Any, labels: Sequence[str], unit: str = "microvolts", kinds: Sequence[str] = ()
) -> Any:
    """Write the channels into a stream's description."""
    channels = info.desc().append_child("channels")
    for number, label in enumerate(labels):
        channel = channels.append_child("channel")
        channel.append_child_value("label", label)
        channel.append_child_value("unit", unit)
        if kinds:
            channel.append_child_value("type", kinds[number])
    return info


class Amplifier:
    """An outlet that sends what it is told, each sample stamped with when it was due.

    Each sample is its own number, in all channels, in microvolts.
    """

    def __init__(self, name: str, source_id: str = "", channels: int = 2) -> None:
        self.name = name
        self.sent = 0
        self.begin_s = time.monotonic()
        self._source_id = source_id or name
        self._channels = channels
        self._outlet: Any = None
        self.come()

    def come(self) -> None:
        """The program that sends it begins, unless it runs."""
        if self._outlet is None:
            pylsl, n = lsl(), self._channels
            info = pylsl.StreamInfo(self.name, "EEG", n, RATE_HZ, "float32", self._source_id)
            labels = [f"E{number}" for number in range(1, n + 1)]
            self._outlet = pylsl.StreamOutlet(described(info, labels))

    def due(self) -> int:
        """How many samples it should have sent by now."""
        return int((time.monotonic() - self.begin_s) * RATE_HZ)

    def wait_for_reader(self) -> None:
        assert self._outlet.wait_for_consumers(LIMIT_S)

    @property
    def has_reader(self) -> bool:
        return bool(self._outlet.have_consumers())

    def send(self, n: int) -> None:
        """The next `n` samples, as one chunk; none if there are none."""
        if n <= 0:
            return
        numbers = np.arange(self.sent, self.sent + n)
        stamps_s = self.begin_s + numbers * PERIOD_S
        self.send_values(np.repeat(numbers[:, None], self._channels, axis=1), stamps_s)
        self.sent += n

    def send_values(self, values: NDArray[Any], stamps_s: NDArray[np.floating[Any]]) -> None:
        self._outlet.push_chunk(values, stamps_s.tolist())

    def skip(self, n: int) -> None:
        """These samples are never sent."""
        self.sent += n

    def go(self) -> None:
        """The program that sends it ends."""
        self._outlet = None
