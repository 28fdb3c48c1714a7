"""The samples of a board by radio, where another board's packets may come, too. No I/O.

Milliseconds tell boards apart (strangers.py). Without them, two packets for one place that
differ are the only sign, half a turn of the counter later at most. So after each jump of the
counter samples are held back for so long, and dropped if another board shows meanwhile.

What cannot be told apart is a doubt: nothing more is taken, and the board has to be opened again.
"""

from collections import deque
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hardware.board import Block, Gap, GapCause, PacketTally
from hardware.board_fault import BoardFault
from hardware.packets.segments import Batch, Segments
from hardware.packets.strangers import Strangers
from hardware.packets.track import NEAR_MS, Heard
from hardware.packets.twins import Twins

_PART: Final = 100  # packets at a time: a counter comes but once among them
_FAST: Final = 1.1  # times the nominal rate, and ...
_SLACK: Final = 100  # ... so many packets more: a board that is too fast
_NEAR_COUNTERS: Final = 8  # packets of one board that follow each other are no further apart, ...
_FEW: Final = 4  # ... once there are some
_LEAP: Final = 64  # packets; further ahead of the time than that nothing takes one board's
_INTERLEAVED: Final = (2, 3)  # of two or three boards, every second or third is one's


class _Held(NamedTuple):
    """What is not delivered yet.

    Attributes:
        end: of what is before, one past its last index.
        last_ns: of what is before, the last arrival.
        until: index after which no other packet can claim a place among these.
    """

    end: int
    last_ns: int
    until: int
    events: list[Block | Gap]


class RadioSegments:
    """`Segments` that hold the samples of one board only."""

    def __init__(self, rate_hz: float, modulus: int, first_segment: int = 0) -> None:
        self._segments = Segments(rate_hz, modulus, first_segment)
        self._strangers = Strangers(rate_hz, modulus)
        self._rate_hz = rate_hz
        self._modulus = modulus
        self._twins = Twins(modulus)
        self._held: deque[_Held] = deque()
        self._leaps = 0  # among what is held
        self._dropped = PacketTally()  # what was placed, and not delivered
        self._began_ns = self._came = 0
        self._stood_still: tuple[int, int] | None = None  # head and last arrival before

    @property
    def is_open(self) -> bool:
        """Whether a packet has come since the last end."""
        return self._segments.is_open

    @property
    def last_sample_ns(self) -> int:
        """Arrival of the last packet that was the board's own."""
        return self._segments.last_sample_ns

    @property
    def doubt(self) -> BoardFault | None:
        """Why nothing more can be taken from this stream."""
        return self._strangers.doubt

    @property
    def nobodys(self) -> int:
        """Packets that continue no board's."""
        return self._strangers.nobodys

    @property
    def tally(self) -> PacketTally:
        """What has been seen so far, in all segments."""
        counts, dropped, strangers = self._segments.counter, self._dropped, self._strangers
        return PacketTally(
            counts.samples - dropped.samples,
            counts.lost - dropped.lost,
            counts.late - dropped.late,
            counts.duplicate,
            strangers=strangers.counted,
            crowded=strangers.crowded,
            taken=counts.is_shared,
        )

    def begin(self, now_ns: int) -> None:
        """The board has been told to start its stream."""
        self._began_ns, self._came = now_ns, 0
        self._strangers.begin(now_ns)

    def feed(self, batch: Batch, *, is_backlog: bool = False) -> list[Block | Gap]:
        """Take the next packets; what is another board's is left out.

        `is_backlog`: they had waited while the host stood still.
        """
        events: list[Block | Gap] = []
        for at in range(0, len(batch.counters), _PART):
            if self.doubt is None:
                part = batch.where(slice(at, at + _PART)) if len(batch.counters) > _PART else batch
                events += self._take(part, is_backlog=is_backlog)
        return events

    def certain(self, batch: Batch, *, is_backlog: bool) -> tuple[int, int]:
        """Return how many of these packets have a sure place, and where the next segment begins.

        Without a time packets may have lost any number of turns while the host stood still. What
        had waited is sure as far as its counters go on, if there are then as many packets as that
        time took; else one of its steps may be a whole turn, and nobody knows which.
        """
        size = len(batch.counters)
        if batch.board_ms is not None or not self.is_open or not size:
            return size, size
        counter = self._segments.counter
        if is_backlog:
            self._stood_still = self._stood_still or (counter.head, self.last_sample_ns)
            follow = counter.following(batch.counters)
        elif self._stood_still:
            follow = size
        else:
            return size, size
        head, last_ns = self._stood_still
        self._stood_still = self._stood_still if is_backlog else None
        awaited = (int(batch.arrival_ns[-1]) - last_ns) / 1e9 * self._rate_hz
        is_whole = awaited - (counter.head + follow - head) < self._modulus / 2
        if follow < size or is_whole:
            return follow, follow
        return 0, size if is_backlog else 0

    def drop_aliens(self, n: int, arrival_ns: int) -> None:
        """Leave out n packets of a kind that this board does not send."""
        self._strangers.count_aliens(n, arrival_ns)

    def end(self, cause: GapCause) -> list[Block | Gap]:
        """The stream has ended; return what is certain now.

        `cause` is that of the gap between this segment and the next.
        """
        held, self._held = self._held, deque()
        self._twins.forget()
        self._stood_still = None
        if self.doubt is not None and held:
            return self._drop(held, cause)
        return [*(event for it in held for event in it.events), *self._segments.end(cause)]

    def _take(self, part: Batch, *, is_backlog: bool) -> list[Block | Gap]:
        own, is_next = self._own(part, is_backlog=is_backlog)
        if len(own.counters) == 0:
            return []
        counter = self._segments.counter
        end, last_ns = (counter.head + 1 if self.is_open else 0), self.last_sample_ns
        events = self._segments.feed(own, is_backlog=is_backlog, is_next=is_next)
        self._leaps = (self._leaps if self._held else 0) + (
            not is_backlog and self._leapt(own, counter.head + 1 - end, last_ns)
        )
        if self._twins.differ(own, counter.refused) or self._leaps > 1:
            self._strangers.doubt_crowd()
        if self.doubt is None and self._stamped_in_time and not self._held:
            return events
        self._held.append(_Held(end, last_ns, counter.head + self._modulus // 2, events))
        return self._release()

    def _leapt(self, own: Batch, grown: int, last_ns: int) -> bool:
        """Whether these untimed packets are too far ahead to be one board's.

        Once that may be a damaged counter. Another board half a turn ahead or behind shows by
        nothing else: as both drift, neither comes to claim the other's places.
        """
        elapsed_s = (int(own.arrival_ns[-1]) - last_ns) / 1e9
        awaited = max(elapsed_s * self._rate_hz, len(own.counters))
        return own.board_ms is None and grown - awaited > _LEAP

    @property
    def _stamped_in_time(self) -> bool:
        """Whether milliseconds alone tell this board's packets from another's."""
        track = self._segments.counter.track
        return track is not None and track.near_ms <= NEAR_MS

    def _release(self) -> list[Block | Gap]:
        """Return of what is held what nothing can come any more to show as another board's."""
        counter, released = self._segments.counter, list[Block | Gap]()
        jumped_until = counter.jumped_to + self._modulus // 2
        while self.doubt is None and self._held:
            if counter.head < min(self._held[0].until, jumped_until):
                break
            released += self._held.popleft().events
        return released

    def _own(self, part: Batch, *, is_backlog: bool) -> tuple[Batch, bool]:
        """Return what of these packets is the board's own, and whether it just goes on."""
        if part.board_ms is None:
            self._watch_untimed(part)
            return part if self.doubt is None else part.where(slice(0)), False
        track = self._segments.counter.track if self.is_open else None
        heard = Heard(part.counters, part.board_ms, part.arrival_ns)
        mine = self._strangers.sift(heard, track, is_backlog=is_backlog)
        return (part, True) if mine is None else (part.where(mine), False)

    def _watch_untimed(self, part: Batch) -> None:
        """Doubt packets that are too many, or do not follow each other, where none has a time."""
        self._came += len(part.counters)
        strangers, counters = self._strangers, part.counters.astype(np.int64)
        strangers.newest_ns = int(part.arrival_ns[-1])
        elapsed_s = (strangers.newest_ns - self._began_ns) / 1e9
        if self._came > _FAST * elapsed_s * self._rate_hz + _SLACK:
            strangers.doubt_rate(self._came / max(elapsed_s, 1e-3))
        elif not self.is_open and len(counters) > _FEW and not self._go_on(counters, 1):
            if any(self._go_on(counters, behind) for behind in _INTERLEAVED):
                strangers.doubt_crowd()
            else:
                strangers.doubt_all()

    def _go_on(self, counters: NDArray[np.int64], behind: int) -> bool:
        """Return whether most packets follow the one so many places before."""
        ahead = np.mod(counters[behind:] - counters[:-behind], self._modulus)
        return bool(2 * (ahead <= _NEAR_COUNTERS).sum() > len(ahead))

    def _drop(self, held: deque[_Held], cause: GapCause) -> list[Block | Gap]:
        """Let what was held be gaps, or nothing; return what is known of the samples before."""
        before = held[0]
        self._segments.last_sample_ns = before.last_ns
        gaps = self._segments.end(cause) if before.end else self._segments.withdraw()
        blocks = [event for it in held for event in it.events if isinstance(event, Block)]
        gaps += [event for it in held for event in it.events if isinstance(event, Gap)]
        kept = [gap for gap in gaps if gap.first_index < before.end]
        unfilled = [_unfilled(block) for block in blocks if block.first_index < before.end]
        dropped, lost = self._dropped, _count(gaps) - _count(kept) - _count(unfilled)
        self._dropped = dropped._replace(
            samples=dropped.samples + sum(map(len, blocks)),
            late=dropped.late + sum(len(block) for block in blocks if block.late),
            lost=dropped.lost + lost,
        )
        return [*kept, *unfilled]


def _count(gaps: list[Gap]) -> int:
    return sum(gap.count for gap in gaps)


def _unfilled(block: Block) -> Gap:
    """Return the gap that late samples were to fill."""
    begin_ns, end_ns = int(block.arrival_ns[0]), int(block.arrival_ns[-1])
    return Gap(block.segment, block.first_index, len(block), GapCause.CROWDED, begin_ns, end_ns)
