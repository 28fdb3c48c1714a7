"""From decoded samples that know their counter to blocks and gaps, segment by segment. No I/O."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hardware.board import Block, Gap, GapCause, PacketTally
from hardware.packets.counter import CounterUnwrapper, Run


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

    def where(self, rows: slice | NDArray[np.bool_]) -> "Batch":
        """Return some of them."""
        ms = None if self.board_ms is None else self.board_ms[rows]
        counts, aux, arrival_ns = self.counts[rows], self.aux[rows], self.arrival_ns[rows]
        return Batch(self.counters[rows], counts, aux, arrival_ns, ms)


class Break:
    """The time between two segments: begun when one ends, told when the next begins."""

    def __init__(self) -> None:
        self._cause: GapCause | None = None
        self._ended: GapCause | None = None
        self._begin_ns = 0

    def begin(self, cause: GapCause, last_ns: int) -> None:
        """A segment has ended by `cause`; its last sample came at `last_ns`."""
        self._cause, self._begin_ns = cause, last_ns

    def end(self, segment: int, first_ns: int) -> list[Gap]:
        """A segment begins; return the gap before it, none before the first of all."""
        cause, self._cause = self._cause, None
        self._ended = cause
        return [] if cause is None else [Gap(segment, 0, 0, cause, self._begin_ns, first_ns)]

    def resume(self) -> None:
        """The segment that has begun is none: the time is still that between two others."""
        self._cause = self._ended


class Segments:
    """Turns the samples of one board into events, over as many segments as its stream has.

    Attributes:
        is_open: whether a sample has come since the last end.
        last_sample_ns: arrival of the last sample.
        counter: gives samples their indexes.
    """

    def __init__(self, rate_hz: float, modulus: int, first_segment: int = 0) -> None:
        self.is_open = False
        self.last_sample_ns = 0
        self.counter = CounterUnwrapper(rate_hz, modulus, first_segment)
        self._break = Break()
        self._period_ns = 1e9 / rate_hz
        self._fresh: tuple[int, int] | None = None  # arrival and head of what last came at once

    @property
    def tally(self) -> PacketTally:
        """What has been seen so far, in all segments."""
        counts = self.counter
        found = counts.samples, counts.lost, counts.late, counts.duplicate
        return PacketTally(*found, taken=counts.is_shared)

    def feed(
        self, batch: Batch, *, is_backlog: bool = False, is_next: bool = False
    ) -> list[Block | Gap]:
        """Take the next samples; the first after an end begins a new segment.

        Args:
            batch: n samples.
            is_backlog: they had waited while the host stood still.
            is_next: as for `CounterUnwrapper.feed`.
        """
        if len(batch.counters) == 0:
            return []
        events: list[Block | Gap] = []
        if not self.is_open:
            self.is_open = True
            segment = self.counter.begin_segment()
            events += self._break.end(segment, int(batch.arrival_ns[0]))
        self.last_sample_ns = int(batch.arrival_ns[-1])
        placed = self.counter.feed(
            batch.counters,
            batch.arrival_ns,
            batch.board_ms,
            is_backlog=is_backlog,
            is_next=is_next,
        )
        if not is_backlog:
            self._fresh = self.last_sample_ns, self.counter.head
        return events + [
            it if isinstance(it, Gap) else self._block(batch, it, is_backlog=is_backlog)
            for it in placed
        ]

    def end(self, cause: GapCause) -> list[Gap]:
        """The stream has ended; return the gaps that are certain now.

        `cause` is that of the gap between this segment and the next.
        """
        if self.is_open:
            self._break.begin(cause, min(self.last_sample_ns, self._due_ns()))
        self.is_open, self._fresh = False, None
        return self.counter.end_segment()

    def _due_ns(self) -> int:
        """When the last sample would have come, had the reader neither rested nor stood still."""
        track = self.counter.track
        if track is not None:
            return track.arrival_ns - round(track.late_ms * 1e6)
        if self._fresh is None:
            return self.last_sample_ns
        fresh_ns, head = self._fresh
        return fresh_ns + round((self.counter.head - head) * self._period_ns)

    def withdraw(self) -> list[Gap]:
        """The segment that has begun is none, for nothing of it was delivered; nor are its gaps."""
        self.is_open = False
        self._break.resume()
        return self.counter.withdraw_segment()

    def _block(self, batch: Batch, run: Run, *, is_backlog: bool) -> Block:
        part = slice(run.start, run.stop)
        return Block(
            self.counter.segment,
            run.first_index,
            batch.counts[part],
            batch.aux[part],
            batch.arrival_ns[part],
            run.late,
            is_backlog,
        )
