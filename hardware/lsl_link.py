"""An amplifier's LSL stream, as `hardware.keeper` wants it: connected to, read, and left."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from hardware.board import BoardFault, BoardInfo, Event, FaultKind, GapCause, PacketTally
from hardware.keeper import Connection
from hardware.lsl.description import find
from hardware.lsl.inlet import AUX_LABELS, RAIL_COUNTS, UV_PER_COUNT, Inlet
from hardware.lsl.library import LslSettings, load
from hardware.lsl.samples import SampleIndexer

BATCH_S = 0.04
SLOWEST_HZ = 16.0
FLUSH_AFTER_S = 0.5  # of silence: what waits for later stamps waits no longer


class LslStream:
    """One stream over all connections to it; implements `hardware.keeper.Stream`."""

    port = ""

    def __init__(
        self,
        stream: str,
        channels: tuple[str, ...],
        settings: LslSettings,
        closing: threading.Event,
        monotonic_ns: Callable[[], int],
        *,
        first_segment: int,
    ) -> None:
        """Name the stream and the channels that are wanted of it."""
        self.name = f"lsl:{stream}"
        self.labels: tuple[str, ...] = ()
        self._stream = stream
        self._channels = channels
        self._settings = settings
        self._closing = closing
        self._monotonic_ns = monotonic_ns
        self._first_segment = first_segment
        self._info: BoardInfo | None = None
        self._indexer: SampleIndexer | None = None

    @property
    def tally(self) -> PacketTally:
        """What has been seen so far, in all segments."""
        indexer = self._indexer
        return PacketTally(indexer.samples, indexer.lost) if indexer else PacketTally()

    def connect(self) -> Connection:
        """Find the stream, learn what it is, pick the channels; takes 9 s at most.

        Raises:
            BoardFault: there is no such stream, or it cannot be recorded; the text says why.
            Closing: it is wanted closed.
        """
        pylsl = load(self._settings)
        found = find(pylsl, self._stream, self._closing, self._monotonic_ns)
        if reason := _not_signals(pylsl, found):
            raise self._refused(f"{reason}: name another stream")
        inlet = Inlet(pylsl, found, self.name, self._closing, self._monotonic_ns)
        try:
            picked = inlet.description.pick(self._channels)
            inlet.pick(picked)
        except ValueError as error:
            raise self._refused(str(error)) from error
        labels = tuple(inlet.description.channels[n].label for n in picked)
        return _Connection(inlet, *self._meet(self._describe(inlet, len(picked)), labels))

    def end(self, cause: GapCause) -> Sequence[Event]:
        """The segment, if any, has ended, by `cause`; return what waited."""
        return [] if self._indexer is None else self._indexer.end_segment(cause)

    def _describe(self, inlet: Inlet, channels: int) -> BoardInfo:
        said = inlet.description
        return BoardInfo(
            kind="lsl",
            port=self.name,
            serial=said.source_id,
            firmware=said.maker,
            rate_hz=said.rate_hz,
            channels=channels,
            uv_per_count=UV_PER_COUNT,
            rail_counts=RAIL_COUNTS,
            aux_labels=AUX_LABELS,
        )

    def _meet(self, info: BoardInfo, labels: tuple[str, ...]) -> tuple[BoardInfo, SampleIndexer]:
        """Take down what the stream is; after a loss it must be what it was."""
        if self._info is None or self._indexer is None:
            self._indexer = SampleIndexer(info.rate_hz, self._first_segment)
            self._info, self.labels = info, labels
        elif (info.rate_hz, labels) != (self._info.rate_hz, self.labels):
            raise self._refused("it has other channels or another rate than it had: restart")
        return self._info, self._indexer

    def _refused(self, text: str) -> BoardFault:
        return BoardFault(FaultKind.REFUSED, f"{self.name}: {text}")


class _Connection:
    """A connected stream; implements `hardware.keeper.Connection`."""

    def __init__(self, inlet: Inlet, info: BoardInfo, indexer: SampleIndexer) -> None:
        self.info = info
        self._inlet = inlet
        self._indexer = indexer

    @property
    def heard_ns(self) -> int:
        return self._inlet.heard_ns

    def begin(self) -> None:
        self._inlet.subscribe()

    def receive(self) -> list[Event]:
        samples = self._inlet.read_timed(BATCH_S)
        if samples is not None:
            return self._indexer.feed(samples)
        return self._indexer.flush() if self._inlet.silent_s >= FLUSH_AFTER_S else []

    def close(self) -> None:
        self._inlet.close()


def _not_signals(pylsl: Any, found: Any) -> str:
    """Why a stream cannot be an amplifier's, "" if it can."""
    if found.channel_format() == pylsl.cf_string:
        return "it carries text, not signals"
    if found.nominal_srate() < SLOWEST_HZ:
        return f"it has no rate, or too low a one ({found.nominal_srate():g} Hz)"
    return ""
