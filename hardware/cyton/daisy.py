"""A Cyton with a Daisy: two packets make one sample of 16 channels. No I/O.

    packet             channels    holds the mean of
    2k      (even)      9-16       samples 2k - 1 and 2k of the Daisy
    2k + 1  (odd)       1-8        samples 2k and 2k + 1 of the Cyton

Packets are a Cyton's, 250 a second. Packets 2k and 2k + 1 are sample k, 125 a second.

The time of index k is that of packet 2k + 1, which completes it; so what channels 1-8 show is 2 ms
older, and channels 9-16 are 6 ms older. Sample 0 is left out: packet 0 holds a mean with something
from before the start. Aux fields are never averaged: those of the odd packet come first, then those
of the even one, which were taken 4 ms earlier.

When one packet of a pair is lost, the sample is delivered with MISSING_COUNT in that half, and a
Gap (HALF) goes with it. As lost counts what no late packet can bring any more
(`hardware.counter`); until then the other packet waits, so the sample comes in a late block. When
both are lost, the sample is missing as with any board. At the end of a stream an even packet
without its odd one is no sample.

Sources: OpenBCI_Cyton_Library, updateBoardData, updateDaisyData, ADS_writeChannelDataAvgDaisy.
"""

from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hardware.board import MISSING_COUNT, Block, BoardInfo, Gap, GapCause
from hardware.cyton import frames

_T = TypeVar("_T", bound=np.generic)
KIND = "cyton-daisy"
CHANNELS = 2 * frames.CHANNELS
CHANNEL_DELAY_S = tuple(n / frames.RATE_HZ for n in (0.5, 1.5) for _ in range(frames.CHANNELS))

_FIRST_PACKET = 2


def with_daisy(info: BoardInfo) -> BoardInfo:
    """Return what a Cyton is when it has a Daisy."""
    return replace(
        info,
        kind=KIND,
        rate_hz=info.rate_hz / 2,
        channels=CHANNELS,
        aux_labels=info.aux_labels + tuple(f"{label}_even" for label in info.aux_labels),
        channel_delay_s=CHANNEL_DELAY_S,
    )


class DaisyPairs:
    """Joins packets to samples.

    Attributes:
        samples: delivered so far, halves included.
        halves: of these, with one half missing.
        late: of these, whole and later than those behind them.
    """

    def __init__(self) -> None:
        self.samples = self.halves = self.late = 0
        self._lost_before = 0
        self._forget_stream()

    @property
    def lost(self) -> int:
        """Samples known missing; those of a hole still open may yet come late."""
        return self._lost_before + self._head - self._delivered

    def end_segment(self) -> None:
        """The stream has ended: a packet that waits for its partner is no sample."""
        self._lost_before = self.lost
        self._forget_stream()

    def take(self, event: Block | Gap) -> list[Block | Gap]:
        """Turn a Cyton's block or gap into those of samples that it makes certain."""
        if isinstance(event, Block):
            return self._pair(event)
        return self._lose(event) if event.count else [event]

    def _forget_stream(self) -> None:
        self._head = 0  # the last sample that was delivered, or is known to be lost
        self._delivered = 0  # of samples 1 to head
        self._waiting: dict[int, Block] = {}  # packets without their partner, by index

    def _pair(self, packets: Block) -> list[Block | Gap]:
        """Deliver the samples that these packets complete; a packet without its partner waits."""
        if packets.first_index < _FIRST_PACKET:
            packets = _part(packets, _FIRST_PACKET - packets.first_index, len(packets))
        first, end = packets.first_index, packets.first_index + len(packets)
        before = self._waiting.pop(first - 1, None) if first % 2 else None
        after = self._waiting.pop(end, None) if end % 2 else None
        start = first % 2 if before is None else 0
        stop = len(packets) - (end % 2 if after is None else 0)
        for row in (*range(start), *range(stop, len(packets))):
            self._waiting[first + row] = _part(packets, row, row + 1)
        parts = [part for part in (before, _part(packets, start, stop), after) if part]
        if not parts:
            return []
        block = self._deliver(parts)
        self.late += len(block) * block.late
        return [block]

    def _lose(self, gap: Gap) -> list[Block | Gap]:
        """Packets are lost; those that waited for one of them travel alone."""
        first, end = max(gap.first_index, _FIRST_PACKET), gap.first_index + gap.count
        if first >= end:
            return []
        events = self._half(first - 1, gap) if first % 2 else []
        index, count = (first + 1) // 2, end // 2 - (first + 1) // 2
        if count:
            events.append(replace(gap, first_index=index, count=count))
            self._head = max(self._head, index + count - 1)
        return events + self._half(end, gap) if end % 2 else events

    def _half(self, index: int, gap: Gap) -> list[Block | Gap]:
        """Deliver the sample of which only packet `index` has come."""
        there = self._waiting.pop(index)
        lost = replace(
            there,
            counts=np.full_like(there.counts, MISSING_COUNT),
            aux=np.full_like(there.aux, MISSING_COUNT),
        )
        self.halves += 1
        block = self._deliver([lost, there] if index % 2 else [there, lost])
        return [block, replace(gap, first_index=index // 2, count=1, cause=GapCause.HALF)]

    def _deliver(self, parts: list[Block]) -> Block:
        """Make samples of packets that follow each other, the first of them even."""
        index = parts[0].first_index // 2
        arrival_ns = _joined([part.arrival_ns for part in parts])
        block = Block(
            parts[0].segment,
            index,
            _side_by_side([part.counts for part in parts]),
            _side_by_side([part.aux for part in parts]),
            np.maximum(arrival_ns[::2], arrival_ns[1::2]),
            late=index < self._head,
            is_backlog=any(part.is_backlog for part in parts),
        )
        self._head = max(self._head, index + len(block) - 1)
        self._delivered += len(block)
        self.samples += len(block)
        return block


def _part(packets: Block, start: int, stop: int) -> Block:
    """Return packets start:stop."""
    if start == 0 and stop == len(packets):
        return packets
    part = slice(start, stop)
    return Block(
        packets.segment,
        packets.first_index + start,
        packets.counts[part],
        packets.aux[part],
        packets.arrival_ns[part],
        packets.late,
        packets.is_backlog,
    )


def _joined(parts: list[NDArray[_T]]) -> NDArray[_T]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _side_by_side(parts: list[NDArray[np.int32]]) -> NDArray[np.int32]:
    """Return (n, 2m) from the (2n, m) of packets: of each pair the odd one, then the even one."""
    packets = _joined(parts)
    even_odd = packets.reshape(-1, 2, packets.shape[1])
    return even_odd[:, ::-1].reshape(len(even_odd), -1)
