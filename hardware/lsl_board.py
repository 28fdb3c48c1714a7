"""Any amplifier with an LSL outlet, as a `hardware.board.Board`.

LSL does not say that a stream has stopped; `hardware.keeper` watches over it. How a stream is found
and what it is asked is in `hardware.lsl_stream`, what its numbers become in `hardware.lsl_inlet`,
and how missing samples show without a counter in `hardware.lsl_samples`.

`Block.arrival_ns` is when this host had the samples, as for any board. What the sender's clock says
travels in the columns of `Block.aux`.
"""

import threading
import time
from collections.abc import Callable

from hardware.board import BoardInfo, BoardState, Event, PacketTally
from hardware.keeper import Keeper
from hardware.lsl_library import LOOPBACK, LslSettings
from hardware.lsl_link import LslStream
from hardware.lsl_stream import predicate

QUEUE_SAMPLES = 150_000  # 150 s at 1000 Hz


class LslBoard:
    """An LSL stream as a board; implements `hardware.board.Board`.

    One thread calls `open`, `start`, `poll` and `close`; the properties may be read from any.
    """

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
            stream: its name, or `source_id=...`, or `type=EEG`: hardware.lsl_stream.
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
        self._stream = LslStream(
            stream, channels, settings, closing, monotonic_ns, first_segment=first_segment
        )
        self._keeper = Keeper(self._stream, closing, monotonic_ns, capacity=QUEUE_SAMPLES)

    @property
    def info(self) -> BoardInfo | None:
        """What the stream is; None until it has been opened once."""
        return self._keeper.info

    @property
    def labels(self) -> tuple[str, ...]:
        """The recorded channels as the stream calls them, "" where it does not say."""
        return self._stream.labels

    @property
    def state(self) -> BoardState:
        """What it is doing now."""
        return self._keeper.state

    @property
    def tally(self) -> PacketTally:
        """What has been seen so far; samples dropped by a full queue count as lost."""
        return self._keeper.tally

    def open(self) -> BoardInfo:
        """Find the stream and learn what it is; one attempt, of 9 s at most.

        Raises:
            BoardFault: it cannot be used; the text says what to do.
            RuntimeError: it has been started already.
        """
        return self._keeper.open()

    def start(self) -> None:
        """Stream, and keep streaming, in a thread of its own, until closed.

        Raises:
            RuntimeError: it has been started already.
        """
        self._keeper.start()

    def poll(self) -> list[Event]:
        """Everything that happened since the last call, oldest first."""
        return self._keeper.poll()

    def close(self) -> None:
        """Stop reading and disconnect. May be called twice."""
        self._keeper.close()
