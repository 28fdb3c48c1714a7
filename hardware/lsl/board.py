"""Any amplifier with an LSL outlet, as a `hardware.board.Board`.

LSL does not say that a stream has stopped; `hardware.keeper` watches over it. How a stream is found
and what it is asked is in `hardware.lsl.description`, what its numbers become in
`hardware.lsl.inlet`, and how missing samples show without a counter in `hardware.lsl.samples`.

`Block.arrival_ns` is when this host had the samples, as for any board. What the sender's clock says
travels in the columns of `Block.aux`.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from hardware.board import BoardFault, BoardInfo, Event, FaultKind, GapCause, PacketTally
from hardware.keeper import KeptBoard
from hardware.lsl.description import find, predicate
from hardware.lsl.inlet import AUX_LABELS, RAIL_COUNTS, UV_PER_COUNT, Inlet
from hardware.lsl.library import LOOPBACK, LslSettings, load
from hardware.lsl.samples import SampleIndexer

QUEUE_SAMPLES = 150_000  # 150 s at 1000 Hz
BATCH_S = 0.04
SLOWEST_HZ = 16.0
FLUSH_AFTER_S = 0.5  # of silence: what waits for later stamps waits no longer


class LslBoard(KeptBoard):
    """An LSL stream as a board. To open it takes 9 s at most."""

    def __init__(
        self,
        stream: str,
        *,
        channels: tuple[str, ...] = (),
        settings: LslSettings = LOOPBACK,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        first_segment: int = 0,
    ) -> None:
        """Name the stream; nothing is touched yet, and liblsl is not loaded.

        Args:
            stream: its name, or `source_id=...`, or `type=EEG`: hardware.lsl.description.
            channels: labels of the channels to record, in this order; by default all. A stream that
                knows none of these labels gives its first channels, in its own order.
            settings: how LSL is used in this process.
            monotonic_ns: the clock that stamps arrivals.
            first_segment: number of the first segment, when an earlier run left off before it.

        Raises:
            ValueError: `stream` is nothing that can be searched for.
        """
        predicate(stream)
        closing = threading.Event()
        self._lsl = _Stream(
            stream, channels, settings, closing, monotonic_ns, first_segment=first_segment
        )
        super().__init__(self._lsl, closing, monotonic_ns, capacity=QUEUE_SAMPLES)

    @property
    def labels(self) -> tuple[str, ...]:
        """The recorded channels as the stream calls them, "" where it does not say."""
        return self._lsl.labels


class _Stream:
    """A `hardware.keeper.Stream`: one LSL stream over all connections to it."""

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
        indexer = self._indexer
        return PacketTally(indexer.samples, indexer.lost) if indexer else PacketTally()

    def connect(self) -> "_Connection":
        """Find the stream, learn what it is, pick the channels; takes 9 s at most."""
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
    """A `hardware.keeper.Connection`."""

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
