"""Any amplifier with an LSL outlet, as a `hardware.board.Board`.

LSL does not say that a stream has stopped; `hardware.keeper` watches over it. How a stream is found
and what it is asked is in `hardware.lsl.description`, what its numbers become in
`hardware.lsl.inlet`, and how missing samples show without a counter in `hardware.lsl.samples`.

`Block.arrival_ns` is when this host had the samples, as for any board. What the sender's clock says
travels in the columns of `Block.aux`.
"""

import threading
import time
from collections.abc import Callable

from hardware.keeper import KeptBoard
from hardware.lsl.description import predicate
from hardware.lsl.library import LOOPBACK, LslSettings
from hardware.lsl_link import LslStream

QUEUE_SAMPLES = 150_000  # 150 s at 1000 Hz


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
        self._lsl = LslStream(
            stream, channels, settings, closing, monotonic_ns, first_segment=first_segment
        )
        super().__init__(self._lsl, closing, monotonic_ns, capacity=QUEUE_SAMPLES)

    @property
    def labels(self) -> tuple[str, ...]:
        """The recorded channels as the stream calls them, "" where it does not say."""
        return self._lsl.labels
