"""From decoded samples that know their counter to blocks and gaps, segment by segment. No I/O."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hardware.board import Block, Event, Gap, GapCause, PacketTally
from hardware.counter import CounterUnwrapper, Run


class Batch(NamedTuple):
    """Samples in the order of arrival, as for `CounterUnwrapper.feed` and `Block`.

    Attributes:
        counters: (n,) modulo the board's modulus.
        counts: (n, channels).
        aux: (n, aux columns).
        arrival_ns: (n,) CLOCK_MONOTONIC, not decreasing.
        board_ms: (n,) the board's milliseconds modulo 2**32, or None where a sample has none.
    """

    counters: NDArray[np.integer]
    counts: NDArray[np.int32]
    aux: NDArray[np.int32]
    arrival_ns: NDArray[np.int64]
    board_ms: NDArray[np.int32] | None


class Segments:
    """Turns the samples of one board into events, over as many segments as its stream has."""

    def __init__(self, rate_hz: float, modulus: int, first_segment: int = 0) -> None:
        self._unwrapper = CounterUnwrapper(rate_hz, modulus, first_segment)
        self._is_open = False
        self._last_sample_ns: int | None = None
        self._break_cause: GapCause | None = None

    @property
    def tally(self) -> PacketTally:
        """What has been seen so far, in all segments."""
        counts = self._unwrapper
        return PacketTally(counts.samples, counts.lost, counts.late, counts.duplicate)

    def feed(self, batch: Batch) -> list[Event]:
        """Take the next samples; the first after an end begins a new segment."""
        if len(batch.counters) == 0:
            return []
        opening: list[Event] = [] if self._is_open else self._begin(int(batch.arrival_ns[0]))
        self._last_sample_ns = int(batch.arrival_ns[-1])
        placed = self._unwrapper.feed(batch.counters, batch.arrival_ns, batch.board_ms)
        return opening + [it if isinstance(it, Gap) else self._block(batch, it) for it in placed]

    def end(self, cause: GapCause) -> list[Gap]:
        """The stream has ended; return the gaps that are certain now.

        `cause` is that of the gap between this segment and the next.
        """
        if self._is_open:
            self._break_cause = cause
        self._is_open = False
        return self._unwrapper.end_segment()

    def _begin(self, arrival_ns: int) -> list[Event]:
        self._is_open = True
        segment = self._unwrapper.begin_segment()
        cause, self._break_cause = self._break_cause, None
        if cause is None or self._last_sample_ns is None:
            return []
        return [Gap(segment, 0, 0, cause, self._last_sample_ns, arrival_ns)]

    def _block(self, batch: Batch, run: Run) -> Block:
        part = slice(run.start, run.stop)
        return Block(
            self._unwrapper.segment,
            run.first_index,
            batch.counts[part],
            batch.aux[part],
            batch.arrival_ns[part],
            run.late,
        )
