"""Numbers of another program, from its LSL stream; as slow as a heart rate or a slider."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from hardware.lsl.library import LOOPBACK, LslSettings
from hardware.lsl.markers import LslMarkers


@dataclass(frozen=True, slots=True)
class StampedValue:
    """A value of one channel of the stream at `t_ns` of CLOCK_MONOTONIC."""

    t_ns: int
    channel: int
    value: float


class LslSeries:
    """A stream of numbers. One thread calls `open`, `poll` and `close`.

    Args:
        stream: as for `hardware.lsl.board.LslBoard`.
        settings: how LSL is used in this process.
        monotonic_ns: the clock.

    Raises:
        ValueError: `stream` is nothing that can be searched for.
    """

    def __init__(
        self,
        stream: str,
        *,
        settings: LslSettings = LOOPBACK,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._markers = LslMarkers(stream, settings=settings, monotonic_ns=monotonic_ns)

    @property
    def fault(self) -> str:
        """Why no values can come at present, in one line; "" when they can."""
        return self._markers.fault

    def open(self) -> None:
        """Begin to search for the stream.

        Raises:
            BoardFault: LSL cannot be used; the text says what to do.
        """
        self._markers.open()

    def poll(self) -> list[StampedValue]:
        """The values since the last call, oldest first; what is no number is left out."""
        return [
            StampedValue(t_ns, channel, value)
            for t_ns, values in self._markers.poll_values()
            for channel, value in enumerate(values)
            if isinstance(value, float)
        ]

    def close(self) -> None:
        """Disconnect. May be called twice, and without `open`."""
        self._markers.close()
