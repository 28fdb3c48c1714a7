"""From a board's modulo counter to an index that never wraps.

A packet's step is its counter minus that of the newest packet so far, modulo 256:

    1          the next sample
    2..128     step - 1 samples were lost, or are late
    129..255   a late packet: it belongs 256 - step samples back
    0          a duplicate

Where packets carry the board's milliseconds, these say how often the counter turned in between
(track.py). Where they do not, it may have turned unseen after half a second of silence;
then the host's clock says how often.

Real streams do come out of order (226 231 228 229 238 233 234 in a public recording), so a hole
stays open until no late packet can reach it any more; only then is it a Gap. By then its
surroundings are known, too: radio loses a few packets, or all for a while; where every few are
missing, again and again, another program may be reading the port.
"""

from collections import deque
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from hardware.board import Gap, GapCause
from hardware.packets.track import Heard, Track

SILENCE_NS = 500_000_000
_MANY_HOLES, _MANY_LOST = 5, 0.2  # within one turn of the counter: this is not radio any more
_TOLD_NS = 10_000_000_000  # so long after the last such hole it is told of
_MEASURED_AFTER_NS = 20_000_000_000  # from then on the segment's own rate beats the nominal one


@dataclass(frozen=True, slots=True)
class Run:
    """Packets start:stop of the batch have the indexes first_index, first_index + 1 and so on.

    `late`: they came after later ones and fill a hole.
    """

    start: int
    stop: int
    first_index: int
    late: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """Packets; `ahead` is how far each lies ahead of the head, where the board's clock says so."""

    counters: NDArray[np.integer]
    arrival_ns: NDArray[np.int64]
    ahead: NDArray[np.int64] | None
    is_backlog: bool


class CounterUnwrapper:
    """Gives each packet of a stream its index within the segment, and finds what is missing.

    Attributes:
        segment: number of the current segment; -1 (or one before the first) until one is begun.
        samples: packets placed so far, late ones included.
        late: packets that came after later ones.
        duplicate: packets dropped because their place was taken.
        refused: which ones of the last batch.
        jumped_to: the highest index after the last packets jumped over some.
        track: the newest packet; None while packets have no milliseconds of the board.
    """

    def __init__(self, rate_hz: float, modulus: int = 256, first_segment: int = 0) -> None:
        self.segment = first_segment - 1
        self.samples = 0
        self.late = 0
        self.duplicate = 0
        self.refused: list[int] = []
        self.jumped_to = -modulus
        self.track: Track | None = None
        self._nominal_hz = rate_hz
        self._modulus = modulus
        self._closed_lost = 0
        self._holes: list[Gap] = []
        self._closed: deque[Gap] = deque()  # as far as they are near one that is open
        self._taken_ns: int | None = None  # arrival after the last hole that was not of radio
        self._first_arrival_ns: int | None = None
        self._forget_stream()

    @property
    def lost(self) -> int:
        """Samples known missing; those of a hole still open may yet come late."""
        return self._closed_lost + sum(hole.count for hole in self._holes)

    @property
    def is_shared(self) -> bool:
        """Whether so many packets were missing lately that another program may read them."""
        taken_ns = self._taken_ns
        return taken_ns is not None and self._last_arrival_ns < taken_ns + _TOLD_NS

    @property
    def head(self) -> int:
        """The highest index so far; -1 before the first packet of a segment."""
        return self._head

    def begin_segment(self) -> int:
        """Start again from index 0, after `end_segment`; return the new segment's number."""
        self._forget_stream()
        self.segment += 1
        return self.segment

    def withdraw_segment(self) -> list[Gap]:
        """The segment that was begun is none: the next one has its number. Return its gaps."""
        self.segment -= 1
        return self.end_segment()

    def end_segment(self) -> list[Gap]:
        """Return the gaps of the holes that will not be filled any more."""
        return self._close_holes(self._head + self._modulus)

    def feed(
        self,
        counters: NDArray[np.integer],
        arrival_ns: NDArray[np.int64],
        board_ms: NDArray[np.int32] | None = None,
        *,
        is_backlog: bool = False,
        is_next: bool = False,
    ) -> list[Run | Gap]:
        """Place a batch of packets.

        Args:
            counters: (n,) as sent.
            arrival_ns: (n,) CLOCK_MONOTONIC, not decreasing.
            board_ms: (n,) the board's milliseconds modulo 2**32, if all packets carry them.
            is_backlog: they had waited while the host stood still, so arrivals say nothing.
            is_next: each packet is known to follow the one before, and the first the head.

        Returns:
            Runs in the order of arrival, then the gaps that became certain.
        """
        self.refused = []
        if len(counters) == 0:
            return []
        if self._first_arrival_ns is None:
            self._head_counter = (int(counters[0]) - 1) % self._modulus
            self._first_arrival_ns = self._last_arrival_ns = int(arrival_ns[0])
        heard = None if board_ms is None else Heard(counters, board_ms, arrival_ns)
        if is_next and not self._holes:
            return self._go_on(counters, arrival_ns, heard)
        ahead = None if is_next else self._ahead(heard)
        batch = _Batch(counters, arrival_ns, ahead, is_backlog)
        head = self._head
        placed: list[Run | Gap] = []
        for start, stop in pairwise([0, len(counters)] if is_next else self._edges(batch)):
            placed += self._place(batch, start, stop, head)
        newest = [run.stop - 1 for run in placed if isinstance(run, Run) and not run.late]
        if newest:
            self._follow(heard, newest[-1], self._head)
        return placed + self._close_holes(self._head)

    def _go_on(
        self, counters: NDArray[np.integer], arrival_ns: NDArray[np.int64], heard: Heard | None
    ) -> list[Run | Gap]:
        """Place packets that just follow the head: the usual case, done quickly."""
        size, first = len(counters), self._head + 1
        self._head += size
        self._head_counter = int(counters[-1])
        self._last_arrival_ns = int(arrival_ns[-1])
        self.samples += size
        self._follow(heard, size - 1, self._head)
        return [Run(0, size, first)]

    def following(self, counters: NDArray[np.integer]) -> int:
        """Return how many of these packets follow the head, each the one before."""
        ramp = np.arange(self._head_counter + 1, self._head_counter + 1 + len(counters))
        broken = counters != ramp % self._modulus
        return int(broken.argmax()) if broken.any() else len(counters)

    def _forget_stream(self) -> None:
        self._head = -1  # the highest index so far
        self._head_counter = 0
        self._closed.clear()
        self._first_arrival_ns = None
        self._last_arrival_ns = 0
        self.jumped_to = -self._modulus
        self.track = None
        self._track_at = 0  # index of its newest packet

    def _ahead(self, heard: Heard | None) -> NDArray[np.int64] | None:
        """Return how far packets lie ahead of the head, or None where only counters can say."""
        if heard is not None and self._head < 0:
            self._follow(heard, 0, 0)
        if heard is None or self.track is None:
            return None
        steps = self.track.look(heard)
        return steps.ahead + self._track_at - self._head if steps.fits.all() else None

    def _follow(self, heard: Heard | None, at: int, index: int) -> None:
        """Packet `at` is the newest one, and has this index."""
        if heard is None:
            self.track = None
        elif self.track is None:
            self.track = Track(heard, at, self._nominal_hz, self._modulus)
        elif index > self._track_at:
            self.track.move(heard, at, index - self._track_at)
        self._track_at = index

    def _edges(self, batch: _Batch) -> list[int]:
        """Return where pieces of the batch begin in which each packet follows the one before."""
        size = len(batch.counters)
        if batch.ahead is not None:
            broken = batch.ahead[1:] - batch.ahead[:-1] != 1
        else:
            ramp = np.arange(self._head_counter + 1, self._head_counter + 1 + size) % self._modulus
            waited_ns = int(batch.arrival_ns[-1]) - self._last_arrival_ns
            if waited_ns < SILENCE_NS and (batch.counters == ramp).all():
                return [0, size]
            steps = np.mod(np.diff(batch.counters.astype(np.int64)), self._modulus)
            broken = (steps != 1) | (np.diff(batch.arrival_ns) >= SILENCE_NS)
        return [0, *(np.flatnonzero(broken) + 1).tolist(), size]

    def _place(self, batch: _Batch, start: int, stop: int, head: int) -> list[Run]:
        """Place packets start:stop, which follow each other; the batch began at this head."""
        if batch.ahead is not None:
            step = head + int(batch.ahead[start]) - self._head
        else:
            step = self._step(batch, start)
        behind = min(max(1 - step, 0), stop - start)  # these do not lie beyond the head
        runs: list[Run] = []
        if behind:
            runs += self._place_late(start, start + behind, self._head + step)
            self._last_arrival_ns = int(batch.arrival_ns[start + behind - 1])
        if start + behind < stop:
            runs += self._advance(batch, start + behind, stop, max(step, 1))
        return runs

    def _step(self, batch: _Batch, at: int) -> int:
        """Return how far the packet lies ahead of the head; 0 or less for a late one."""
        step = (int(batch.counters[at]) - self._head_counter) % self._modulus
        half = self._modulus // 2
        silent_ns = int(batch.arrival_ns[at]) - self._last_arrival_ns
        if silent_ns >= SILENCE_NS and not batch.is_backlog:
            return step + self._modulus * round((self._expected(batch, at) - step) / self._modulus)
        return step if step <= half else step - self._modulus

    def _expected(self, batch: _Batch, at: int) -> float:
        """Return how many samples the board should have taken during a silence.

        The batch as a whole is dated: when it was the host that slept, all that piled up arrives
        at once and the first packet says nothing.
        """
        elapsed_ns = int(batch.arrival_ns[-1]) - self._last_arrival_ns
        return elapsed_ns * self._rate_hz() / 1e9 - (len(batch.counters) - 1 - at)

    def _rate_hz(self) -> float:
        span_ns = self._last_arrival_ns - (self._first_arrival_ns or 0)
        return self._head * 1e9 / span_ns if span_ns >= _MEASURED_AFTER_NS else self._nominal_hz

    def _advance(self, batch: _Batch, start: int, stop: int, step: int) -> list[Run]:
        """Move the head over packets start:stop; open a hole if their first is beyond it."""
        first_index = self._head + step
        if step > 1:
            end_ns = int(batch.arrival_ns[start])
            self._open_hole(first_index, end_ns, is_backlog=batch.is_backlog)
        self._head = first_index + stop - start - 1
        self._head_counter = int(batch.counters[stop - 1])
        self._last_arrival_ns = int(batch.arrival_ns[stop - 1])
        self.samples += stop - start
        return [Run(start, stop, first_index)]

    def _open_hole(self, end_index: int, end_ns: int, *, is_backlog: bool) -> None:
        silent = end_ns - self._last_arrival_ns >= SILENCE_NS
        cause = GapCause.SILENCE if silent else GapCause.RADIO
        cause = GapCause.OVERRUN if is_backlog else cause
        self.jumped_to = -self._modulus if cause is GapCause.SILENCE else end_index
        first, count = self._head + 1, end_index - self._head - 1
        self._holes.append(Gap(self.segment, first, count, cause, self._last_arrival_ns, end_ns))

    def _place_late(self, start: int, stop: int, first_index: int) -> list[Run]:
        """Put packets start:stop into open holes; where there is none, they are duplicates."""
        fits = [self._fill(first_index + i) for i in range(stop - start)]
        self.samples += sum(fits)
        self.late += sum(fits)
        self.duplicate += len(fits) - sum(fits)
        self.refused += [start + i for i, fit in enumerate(fits) if not fit]
        runs = []
        for fit, group in groupby(range(len(fits)), fits.__getitem__):
            if fit:
                places = list(group)
                begin, end = start + places[0], start + places[-1] + 1
                runs.append(Run(begin, end, first_index + places[0], late=True))
        return runs

    def _fill(self, index: int) -> bool:
        """Take one index out of the open holes; return whether it was in one."""
        for i, hole in enumerate(self._holes):
            before = index - hole.first_index
            if 0 <= before < hole.count:
                after = hole.count - before - 1
                parts = (
                    replace(hole, count=before),
                    replace(hole, first_index=index + 1, count=after),
                )
                self._holes[i : i + 1] = [part for part in parts if part.count]
                return True
        return False

    def _close_holes(self, head: int) -> list[Gap]:
        """Return, and forget, the holes that lie too far back for a late packet."""
        if not self._holes:
            return []
        reach = head - self._modulus // 2
        closed = [hole for hole in self._holes if hole.first_index + hole.count - 1 <= reach]
        self._holes = [hole for hole in self._holes if hole not in closed]
        self._closed_lost += sum(hole.count for hole in closed)
        self._closed += closed
        return [self._explained(hole) for hole in closed]

    def _explained(self, hole: Gap) -> Gap:
        """Return a hole with its cause: what was missing half a turn around it tells."""
        reach = self._modulus // 2
        while self._closed[0].first_index < hole.first_index - reach:
            self._closed.popleft()
        end = hole.first_index + reach
        near = [it for it in (*self._closed, *self._holes) if it.first_index < end]
        lost = sum(it.count for it in near)
        is_taken = len(near) >= _MANY_HOLES and lost >= _MANY_LOST * self._modulus
        if hole.cause is not GapCause.RADIO or not is_taken:
            return hole
        self._taken_ns = hole.end_ns
        return replace(hole, cause=GapCause.TAKEN)
