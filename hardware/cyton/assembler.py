"""From timed reads of a Cyton's byte stream to blocks and gaps, with or without a Daisy. No I/O."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from hardware.board import Block, Event, Gap, GapCause, PacketTally
from hardware.cyton.aux_mode import AUX_LAYOUTS, AuxMode
from hardware.cyton.daisy import DaisyPairs
from hardware.cyton.frames import COUNTER_MODULUS, FrameDecoder, Packets
from hardware.segments import Batch, Segments

START_LIMIT_NS = 2_000_000_000


Read = tuple[bytes, int]  # what one read returned, and CLOCK_MONOTONIC right after it


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
        self._segments = Segments(rate_hz, COUNTER_MODULUS, first_segment)
        self._pairs = DaisyPairs()
        self._has_daisy = False
        self._aux = AUX_LAYOUTS[aux_mode]
        self._decoder = FrameDecoder()
        self._damaged_before = 0
        self._offset = 0
        self._start_limit_ns = 0

    @property
    def tally(self) -> PacketTally:
        """What has been seen so far, in all segments."""
        packets = self._segments.tally
        counts = self._pairs if self._has_daisy else packets
        return replace(
            packets,
            samples=counts.samples,
            lost=counts.lost,
            late=counts.late,
            damaged_bytes=self._damaged_before + self._decoder.damaged_bytes,
            halves=counts.halves,
        )

    def begin_stream(self, now_ns: int, *, has_daisy: bool = False) -> None:
        """The board has been told to start its stream at `now_ns`; the one before has ended.

        `has_daisy` is the same for all streams of a board.
        """
        self._has_daisy = has_daisy
        self._damaged_before += self._decoder.damaged_bytes
        self._decoder = FrameDecoder()
        self._offset = 0
        self._start_limit_ns = now_ns + START_LIMIT_NS
        self.last_frame_ns = now_ns

    def end_stream(self, cause: GapCause) -> list[Event]:
        """The stream has ended; return what is certain now: gaps, and halves of samples.

        `cause` is that of the gap between this segment and the next.
        """
        events = self._in_samples(self._segments.end(cause))
        self._pairs.end_segment()
        return events

    def feed(self, reads: list[Read]) -> list[Event]:
        """Take the next reads; return what they complete, oldest first."""
        packets = self._decoder.feed(b"".join([octets for octets, _ in reads]))
        arrival_ns = self._arrivals(packets, reads)
        if len(packets) == 0:
            return []
        self.last_frame_ns = int(arrival_ns[-1])
        start = 0 if self._segments.is_open else self._find_start(packets)
        if start is None:
            return []
        return self._in_samples(self._segments.feed(self._batch(packets, arrival_ns, start)))

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

    def _batch(self, packets: Packets, arrival_ns: NDArray[np.int64], start: int) -> Batch:
        """Decode the packets from `start` on."""
        aux = self._aux.decode(packets)[start:]
        board_ms = aux[:, -1] if self._aux.has_board_ms(packets).all() else None
        return Batch(
            packets.counter[start:], packets.counts[start:], aux, arrival_ns[start:], board_ms
        )

    def _in_samples(self, events: Sequence[Block | Gap]) -> list[Event]:
        """Turn what is known of packets into what is known of samples."""
        if not self._has_daisy:
            return list(events)
        return [made for event in events for made in self._pairs.take(event)]
