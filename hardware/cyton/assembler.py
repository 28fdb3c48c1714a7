"""From timed reads of a Cyton's byte stream to blocks and gaps, with or without a Daisy. No I/O."""

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hardware.board import Block, Event, Gap, GapCause, PacketTally
from hardware.board_fault import BoardFault
from hardware.cyton.aux_mode import AUX_LAYOUTS, AuxLayout, AuxMode
from hardware.cyton.daisy import DaisyPairs
from hardware.cyton.frames import COUNTER_MODULUS, FRAME_BYTES, FrameDecoder, Packets
from hardware.packets.radio import RadioSegments
from hardware.packets.segments import Batch
from hardware.rest import Read

START_LIMIT_NS = 2_000_000_000
_PINS = AUX_LAYOUTS[AuxMode.DIGITAL]


class BlockAssembler:
    """Turns the reads of one port into events, over as many segments as the stream has.

    A segment begins with the packet whose counter is 0, the first after the board's start: what
    comes before it was still on its way from an earlier stream.

    Any thread may ask for the tally: it is put together for whoever asks, and not at each read.

    Args:
        rate_hz: nominal rate of the packets, which with a Daisy is twice that of the samples.
        first_segment: number of the first segment.

    Attributes:
        last_frame_ns: arrival of the last frame of this board, or of the start of the stream.
    """

    def __init__(self, rate_hz: float, first_segment: int = 0) -> None:
        self.last_frame_ns = 0
        self._counting = threading.RLock()
        self._segments = RadioSegments(rate_hz, COUNTER_MODULUS, first_segment)
        self._pairs = DaisyPairs()
        self._has_daisy = False
        self._aux = _PINS
        self._decoder = FrameDecoder()
        self._damaged_before = 0
        self._held: list[Read] = []
        self._offset = 0
        self._start_limit_ns = 0
        self._is_timed: bool | None = None  # whether packets carry the board's milliseconds

    @property
    def missing_bytes(self) -> int:
        """How many bytes end the frame under way."""
        held = sum([len(octets) for octets, _ in self._held])
        return FRAME_BYTES - (FRAME_BYTES - self._decoder.missing_bytes + held) % FRAME_BYTES

    @property
    def holds(self) -> bool:
        """Whether reads wait for the next."""
        return bool(self._held)

    @property
    def doubt(self) -> BoardFault | None:
        """Why nothing more is taken from this stream: the board has to be opened again."""
        return self._segments.doubt

    @property
    def tally(self) -> PacketTally:
        """What has been seen so far, in all segments."""
        with self._counting:
            packets = self._segments.tally
            counts = self._pairs if self._has_daisy else packets
            nobodys = FRAME_BYTES * self._segments.nobodys
            return packets._replace(
                samples=counts.samples,
                lost=counts.lost,
                late=counts.late,
                damaged_bytes=self._damaged_before + self._decoder.damaged_bytes + nobodys,
                halves=counts.halves,
            )

    def begin_stream(self, now_ns: int, *, has_daisy: bool = False, aux: AuxLayout = _PINS) -> None:
        """The board has been told to start its stream at `now_ns`; the one before has ended.

        `has_daisy`, and `aux`, what is in its aux bytes, are the same for all streams of a board.
        """
        self._has_daisy = has_daisy
        self._aux = aux
        with self._counting:
            self._damaged_before += self._decoder.damaged_bytes
            self._decoder = FrameDecoder()
        self._offset = 0
        self._start_limit_ns = now_ns + START_LIMIT_NS
        self._is_timed = None
        self._segments.begin(now_ns)
        self.last_frame_ns = now_ns

    def end_stream(self, cause: GapCause) -> list[Event]:
        """The stream has ended; return what is certain now: gaps, and halves of samples.

        `cause` is that of the gap between this segment and the next.
        """
        with self._counting:
            events = self._feed([], 0)
            events += self._in_samples(self._segments.end(cause))
            self._pairs.end_segment()
            return events

    def hold(self, reads: list[Read]) -> None:
        """Keep these reads: they are taken with the next, or when the stream ends."""
        self._held += reads

    def feed(self, reads: list[Read], backlog_until_ns: int = 0) -> list[Event]:
        """Take the next reads; return what they complete, oldest first.

        What came until `backlog_until_ns` had waited while the host stood still.
        """
        with self._counting:
            return self._feed(reads, backlog_until_ns)

    def _feed(self, reads: list[Read], backlog_until_ns: int) -> list[Event]:
        reads, self._held = self._held + reads, []
        if not reads:
            return []
        packets = self._decoder.feed(b"".join([octets for octets, _ in reads]))
        arrival_ns = self._arrivals(packets, reads)
        if len(packets) and not self._segments.is_open:
            self.last_frame_ns = int(arrival_ns[-1])
            start = self._find_start(packets.counter)
            packets, arrival_ns = packets.where(slice(start, None)), arrival_ns[start:]
        if len(packets) == 0:
            return []
        batch = self._batch(packets, arrival_ns)
        if int(arrival_ns[0]) > backlog_until_ns:
            return self._take(batch, is_backlog=False)
        waited = int(batch.arrival_ns.searchsorted(backlog_until_ns, "right"))
        events = self._take(batch.where(slice(waited)), is_backlog=True)
        return events + self._take(batch.where(slice(waited, None)), is_backlog=False)

    def _take(self, batch: Batch, *, is_backlog: bool) -> list[Event]:
        """Turn packets into events; where it is not certain how they go on, begin a segment."""
        size = len(batch.counters)
        certain, start = self._segments.certain(batch, is_backlog=is_backlog)
        known = batch if certain == size else batch.where(slice(certain))
        events = self._in_samples(self._segments.feed(known, is_backlog=is_backlog))
        if certain < size:
            events += self.end_stream(GapCause.OVERRUN)
            rest = batch.where(slice(start, None))
            rest = rest.where(slice(self._find_start(rest.counters), None))
            events += self._in_samples(self._segments.feed(rest, is_backlog=is_backlog))
        self.last_frame_ns = max(self.last_frame_ns, self._segments.last_sample_ns)
        return events

    def _arrivals(self, packets: Packets, reads: list[Read]) -> NDArray[np.int64]:
        """Return the arrival of the read that brought each packet's last byte."""
        ends = []
        for octets, _ in reads:
            self._offset += len(octets)
            ends.append(self._offset)
        stamps = np.array([stamp_ns for _, stamp_ns in reads], np.int64)
        return stamps[np.array(ends).searchsorted(packets.end_offset)]

    def _find_start(self, counters: NDArray[np.integer]) -> int:
        """Return which of these packets begins a stream; how many there are, if none does."""
        begins = counters == 0
        if not begins.any() and self.last_frame_ns > self._start_limit_ns:
            begins = counters % (2 if self._has_daisy else 1) == 0  # pairs begin with even
        return int(begins.argmax()) if begins.any() else len(counters)

    def _batch(self, packets: Packets, arrival_ns: NDArray[np.int64]) -> Batch:
        """Decode these packets; those that are none of this board's by their kind are left out."""
        timed = self._aux.has_board_ms(packets)
        if self._is_timed is None:
            self._is_timed = bool(2 * timed.sum() > len(timed))
        if np.count_nonzero(timed) != self._is_timed * len(timed):
            own = timed == self._is_timed
            self._segments.drop_aliens(int((~own).sum()), int(arrival_ns[-1]))
            packets, arrival_ns = packets.where(own), arrival_ns[own]
        aux = self._aux.decode(packets)
        board_ms = aux[:, -1] if self._is_timed else None
        return Batch(packets.counter, packets.counts, aux, arrival_ns, board_ms)

    def _in_samples(self, events: Sequence[Block | Gap]) -> list[Event]:
        """Turn what is known of packets into what is known of samples."""
        if not self._has_daisy:
            return list(events)
        return [made for event in events for made in self._pairs.take(event)]
