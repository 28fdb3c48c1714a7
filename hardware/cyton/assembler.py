"""From timed reads of a Cyton's byte stream to blocks and gaps, with or without a Daisy. No I/O."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hardware.board import Block, Event, Gap, GapCause, PacketTally
from hardware.counter import CounterUnwrapper, Run
from hardware.cyton.aux_mode import AUX_LAYOUTS, AuxMode
from hardware.cyton.daisy import DaisyPairs
from hardware.cyton.frames import COUNTER_MODULUS, FrameDecoder, Packets

START_LIMIT_NS = 2_000_000_000


Read = tuple[bytes, int]  # what one read returned, and CLOCK_MONOTONIC right after it


class _Batch(NamedTuple):
    """Packets, decoded for a Block."""

    packets: Packets
    aux: NDArray[np.int32]
    arrival_ns: NDArray[np.int64]


class BlockAssembler:
    """Turns the reads of one port into events, over as many segments as the stream has.

    A segment begins with the packet whose counter is 0, the first after the board's start: what
    comes before it was still on its way from an earlier stream.

    Args:
        rate_hz: nominal rate of the packets, which with a Daisy is twice that of the samples.
        first_segment: number of the first segment.
        aux_mode: what the board has been asked to put into the aux bytes.

    Attributes:
        last_frame_ns: arrival of the last intact frame, or of the start of the stream.
    """

    def __init__(
        self, rate_hz: float, first_segment: int = 0, aux_mode: AuxMode = AuxMode.DIGITAL
    ) -> None:
        self.last_frame_ns = 0
        self._unwrapper = CounterUnwrapper(rate_hz, COUNTER_MODULUS, first_segment)
        self._pairs = DaisyPairs()
        self._has_daisy = False
        self._aux = AUX_LAYOUTS[aux_mode]
        self._decoder = FrameDecoder()
        self._damaged_before = 0
        self._offset = 0
        self._started = False
        self._start_limit_ns = 0
        self._last_sample_ns: int | None = None
        self._break_cause: GapCause | None = None

    @property
    def tally(self) -> PacketTally:
        """What has been seen so far, in all segments."""
        counts = self._pairs if self._has_daisy else self._unwrapper
        return PacketTally(
            samples=counts.samples,
            lost=counts.lost,
            late=counts.late,
            duplicate=self._unwrapper.duplicate,
            damaged_bytes=self._damaged_before + self._decoder.damaged_bytes,
            halves=self._pairs.halves,
        )

    def begin_stream(self, now_ns: int, *, has_daisy: bool = False) -> None:
        """The board has been told to start its stream at `now_ns`.

        `has_daisy` is the same for all streams of a board.
        """
        self._has_daisy = has_daisy
        self._damaged_before += self._decoder.damaged_bytes
        self._decoder = FrameDecoder()
        self._offset = 0
        self._started = False
        self._start_limit_ns = now_ns + START_LIMIT_NS
        self.last_frame_ns = now_ns

    def end_stream(self, cause: GapCause) -> list[Event]:
        """The stream has ended; return what is certain now: gaps, and halves of samples.

        `cause` is that of the gap between this segment and the next.
        """
        if self._started:
            self._break_cause = cause
        self._started = False
        return self._in_samples(self._unwrapper.end_segment())

    def feed(self, reads: list[Read]) -> list[Event]:
        """Take the next reads; return what they complete, oldest first."""
        packets = self._decoder.feed(b"".join([octets for octets, _ in reads]))
        arrival_ns = self._arrivals(packets, reads)
        if len(packets) == 0:
            return []
        self.last_frame_ns = int(arrival_ns[-1])
        batch = _Batch(packets, self._aux.decode(packets), arrival_ns)
        if self._started:
            return self._place(batch, 0)
        start = self._find_start(packets)
        return (
            []
            if start is None
            else [*self._begin_segment(batch, start), *self._place(batch, start)]
        )

    def _arrivals(self, packets: Packets, reads: list[Read]) -> NDArray[np.int64]:
        """Return the arrival of the read that brought each packet's last byte."""
        ends = list(accumulate([len(octets) for octets, _ in reads], initial=self._offset))
        self._offset = ends[-1]
        stamps = np.fromiter([stamp_ns for _, stamp_ns in reads], np.int64, len(reads))
        ended = np.fromiter(ends[1:], np.int64, len(reads))
        return stamps[ended.searchsorted(packets.end_offset)]

    def _find_start(self, packets: Packets) -> int | None:
        begins = packets.counter == 0
        if not begins.any() and self.last_frame_ns > self._start_limit_ns:
            begins = packets.counter % (2 if self._has_daisy else 1) == 0  # pairs begin with even
        return int(begins.argmax()) if begins.any() else None

    def _begin_segment(self, batch: _Batch, start: int) -> list[Event]:
        self._started = True
        segment = self._unwrapper.begin_segment()
        self._pairs.begin_segment()
        cause, self._break_cause = self._break_cause, None
        if cause is None or self._last_sample_ns is None:
            return []
        begin_ns, end_ns = self._last_sample_ns, int(batch.arrival_ns[start])
        return [Gap(segment, 0, 0, cause, begin_ns, end_ns)]

    def _place(self, batch: _Batch, start: int) -> list[Event]:
        counters, arrival_ns = batch.packets.counter[start:], batch.arrival_ns[start:]
        board_ms = batch.aux[start:, -1] if self._aux.has_board_ms(batch.packets).all() else None
        self._last_sample_ns = int(arrival_ns[-1])
        placed = self._unwrapper.feed(counters, arrival_ns, board_ms)
        return self._in_samples(
            [it if isinstance(it, Gap) else self._block(batch, start, it) for it in placed]
        )

    def _in_samples(self, events: Sequence[Block | Gap]) -> list[Event]:
        """Turn what is known of packets into what is known of samples."""
        if not self._has_daisy:
            return list(events)
        return [made for event in events for made in self._pairs.take(event)]

    def _block(self, batch: _Batch, start: int, run: Run) -> Block:
        part = slice(start + run.start, start + run.stop)
        return Block(
            self._unwrapper.segment,
            run.first_index,
            batch.packets.counts[part],
            batch.aux[part],
            batch.arrival_ns[part],
            run.late,
        )
