"""Markers of another program, from its LSL stream.

Nothing here waits: the stream is searched for in the background, and one that has gone is searched
for again. A marker's time is what its sender says, moved to this host's clock; until liblsl has
measured how the two clocks differ, about a second after the stream was found, markers wait in the
inlet. Numbers, as trigger boxes send them, become text.
"""

import time
from collections.abc import Callable
from typing import Any

from hardware.board_fault import BoardFault
from hardware.lsl_library import LOOPBACK, LslSettings, clock_offset_ns, load
from hardware.lsl_stream import only_one, predicate

BUFFER_X100 = 10  # a thousand markers that nobody polls
PULL_MARKERS = 64

Marker = tuple[int, str]  # CLOCK_MONOTONIC ns, label


class LslMarkers:
    """A marker stream. One thread calls `open`, `poll` and `close`."""

    def __init__(
        self,
        stream: str,
        *,
        settings: LslSettings = LOOPBACK,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Name the stream, as for `LslBoard`; nothing is touched yet.

        Raises:
            ValueError: `stream` is nothing that can be searched for.
        """
        self._predicate = predicate(stream)
        self._stream = stream
        self._settings = settings
        self._monotonic_ns = monotonic_ns
        self._pylsl: Any = None
        self._resolver: Any = None
        self._inlet: Any = None
        self._offset_ns = 0
        self.fault = ""

    def open(self) -> None:
        """Begin to search for the stream.

        Raises:
            BoardFault: LSL cannot be used; the text says what to do.
        """
        self._pylsl = load(self._settings)
        self._offset_ns = clock_offset_ns(self._pylsl, self._monotonic_ns)
        self._search()

    def poll(self) -> list[Marker]:
        """The markers since the last call, oldest first. Never waits.

        While there are none because something is wrong, `fault` says what.
        """
        if self._inlet is None:
            self._connect()
        if self._inlet is None:
            return []
        try:
            return self._pull()
        except self._pylsl.util.TimeoutError:
            self.fault = f"lsl:{self._stream}: the sender's clock is not known yet"
        except RuntimeError:  # it has gone, and cannot be recovered
            self._inlet = None
            self._search()
        return []

    def close(self) -> None:
        """Disconnect. May be called twice, and without `open`."""
        self._inlet = self._resolver = None

    def _search(self) -> None:
        self._resolver = self._pylsl.ContinuousResolver(pred=self._predicate)

    def _connect(self) -> None:
        try:
            found = only_one(self._resolver.results(), self._stream)
        except BoardFault as fault:
            self.fault = str(fault)
            return
        self._inlet = self._pylsl.StreamInlet(found, max_buflen=BUFFER_X100)
        self._inlet.pull_chunk(0.0, max_samples=1)  # subscribes
        self._resolver = None

    def _pull(self) -> list[Marker]:
        correction_s = self._inlet.time_correction(0.0)
        self.fault = ""
        values, stamps_s = self._inlet.pull_chunk(0.0, max_samples=PULL_MARKERS)
        return [
            (round((stamp_s + correction_s) * 1e9) + self._offset_ns, " ".join(map(str, value)))
            for value, stamp_s in zip(values, stamps_s, strict=True)
        ]
