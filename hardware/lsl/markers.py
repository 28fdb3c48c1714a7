"""Markers of another program, or its numbers, from its LSL stream.

Nothing here waits: the stream is searched for in the background, and the search lasts as long as
they are wanted, because it tells when a sender is not there any more. A marker's time is what its
sender says, moved to this host's clock, and its arrival where that is no time; until liblsl has
measured how the two clocks differ, about a second after the stream was found, markers wait in the
inlet.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from hardware.board_fault import BoardFault
from hardware.lsl.description import RIVAL_WITHIN_S, only_one, predicate
from hardware.lsl.library import LOOPBACK, LslSettings, clock_offset_ns, load
from hardware.lsl.stamps import Stamps

BUFFER_X100 = 10  # a thousand markers that nobody polls
PULL_MARKERS = 64
FORGET_AFTER_S = 5.0  # of a sender that does not answer the search any more

Marker = tuple[int, str]  # CLOCK_MONOTONIC ns, label
Values = tuple[int, list[float | str]]  # CLOCK_MONOTONIC ns, one value a channel


class _IrregularStream:
    """A stream without a rate. One thread calls `open`, `poll` and `close`.

    Attributes:
        fault: why nothing can come at present, in one line; "" when it can.
        stamps: what speaks against the sender's stamps.
    """

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
        self._uid = ""
        self._offset_ns = 0
        self._found_ns: int | None = None
        self.fault = ""
        self.stamps = Stamps()

    def open(self) -> None:
        """Begin to search for the stream.

        Raises:
            BoardFault: LSL cannot be used; the text says what to do.
        """
        self._pylsl = load(self._settings)
        self._offset_ns = clock_offset_ns(self._pylsl, self._monotonic_ns)
        self._search()

    def poll_values(self) -> list[Values]:
        """What has come since the last call, oldest first. Never waits."""
        found = self._resolver.results()
        if self._inlet is None:
            self._connect(found)
        elif self._uid not in [info.uid() for info in found]:
            self._search()  # its program has ended, and did not say so
        return [] if self._inlet is None else self._pull()

    def close(self) -> None:
        """Disconnect. May be called twice, and without `open`."""
        self._inlet = self._resolver = None

    def _search(self) -> None:
        """Begin anew: what the old search has found may be gone."""
        self._inlet = self._found_ns = None
        self._resolver = self._pylsl.ContinuousResolver(
            pred=self._predicate, forget_after=FORGET_AFTER_S
        )

    def _connect(self, found: list[Any]) -> None:
        """Subscribe, once it is sure that there is no other stream of the name."""
        now_ns = self._monotonic_ns()
        if found and self._found_ns is None:
            self._found_ns = now_ns
        if found and now_ns < (self._found_ns or 0) + RIVAL_WITHIN_S * 1e9:
            return
        try:
            info = only_one(found, self._stream)
        except BoardFault as fault:
            self.fault = str(fault)
            return
        self._uid = info.uid()
        self.stamps.begin(now_ns)
        self._inlet = self._pylsl.StreamInlet(
            info, max_buflen=BUFFER_X100, recover=False, as_numpy=True
        )
        with suppress(RuntimeError):  # it has not waited; the connection is made in the background
            self._inlet.open_stream(0.0)

    def _pull(self) -> list[Values]:
        try:
            correction_s = self._inlet.time_correction(0.0)
            values, stamps_s = self._inlet.pull_chunk(0.0, max_samples=PULL_MARKERS)
        except self._pylsl.util.TimeoutError:
            self.fault = f"lsl:{self._stream}: the sender's clock is not known yet"
            return []
        except RuntimeError:
            self._search()
            return []
        self.fault = ""
        shift_ns = correction_s * 1e9 + self._offset_ns
        times_ns = self.stamps.times_ns(stamps_s, shift_ns, self._monotonic_ns())
        return [
            (t_ns, list(map(_value, sample))) for t_ns, sample in zip(times_ns, values, strict=True)
        ]


class LslMarkers(_IrregularStream):
    """A stream of markers."""

    def poll(self) -> list[Marker]:
        """The markers since the last call, oldest first; numbers become text. Never waits."""
        return [(t_ns, " ".join(map(_text, values))) for t_ns, values in self.poll_values()]


class StampedValue(NamedTuple):
    """A value of one channel of a stream at `t_ns` of CLOCK_MONOTONIC."""

    t_ns: int
    channel: int
    value: float


class LslSeries(_IrregularStream):
    """A stream of numbers, as slow as a heart rate or a slider."""

    def poll(self) -> list[StampedValue]:
        """The values since the last call, oldest first; text is left out. Never waits."""
        return [
            StampedValue(t_ns, channel, value)
            for t_ns, values in self.poll_values()
            for channel, value in enumerate(values)
            if isinstance(value, float)
        ]


def _value(value: Any) -> float | str:
    """A channel's value; not every program sends UTF-8."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else float(value)


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.10g}"
