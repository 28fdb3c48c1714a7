"""From an LSL stream's samples and stamps to blocks and gaps. No I/O.

LSL carries no counter: what a sender did not send leaves no trace but in its stamps. So samples are
counted as they come, and stamps tell where the count must jump. A stamp is ahead of its place by

    ahead = stamp - index x period          period: nominal, after 20 s the stream's own

and only grows for good when samples are missing. The rule:

    1. A step of more than 1.5 periods, beyond the jitter of the last seconds, is looked at: the
       samples from there on wait until the stamps have settled, that is, run for a while
       without another such step.
    2. By then late samples have caught up; missing ones have not. The least `ahead` since the step,
       minus the least just before it, in periods, is what is missing.
    3. It is not believed when it is within the jitter, nor when the stamps jump and the samples do
       not stay away for as long: then the sender's clock was set, and its past is forgotten.

So a hole is found to the sample when stamps are even, as most senders make them; one that is
shorter than the stamps' jitter is not seen, and its length in jittery stamps is an estimate.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hardware.board import Block, Event, Gap, GapCause
from hardware.packets.segments import Break

EVEN_SETTLE_S = 0.1
JITTERY_SETTLE_S = 0.5  # two chunks or more of a sender that sends five a second
HISTORY_S = 4.0
STALLS = 3  # so many late steps of the history are left out of the jitter: a busy sender's
HOLD_LIMIT_S = 2.0  # of samples that wait for later stamps
BELIEF_S = 0.5  # what a sender and the network may keep back
SILENCE_S = 0.5
MEASURED_AFTER_S = 20.0
RATE_TOLERANCE = 0.02


class Samples(NamedTuple):
    """Samples in the order they came.

    counts (n, channels) int32, aux (n, columns) int32, stamp_s (n,) float64 on the sender's clock,
    arrival_ns (n,) int64 CLOCK_MONOTONIC.
    """

    counts: NDArray[np.int32]
    aux: NDArray[np.int32]
    stamp_s: NDArray[np.float64]
    arrival_ns: NDArray[np.int64]


class SampleIndexer:
    """Gives each sample its index in the segment, and finds what is missing. Fixed memory.

    Attributes:
        segment: the current one; one before the first until a sample has come.
        samples: placed so far, in all segments.
        lost: missing so far, in all segments.
    """

    def __init__(self, rate_hz: float, first_segment: int = 0) -> None:
        self.segment = first_segment - 1
        self.samples = 0
        self.lost = 0
        self._nominal_s = 1.0 / rate_hz
        self._rate_hz = rate_hz
        self._break = Break()
        self._last_arrival_ns = 0
        self._forget_stream()

    def feed(self, samples: Samples) -> list[Event]:
        """Take the next samples; return what they complete, oldest first."""
        if self._held is not None:
            samples = _joined(self._held, samples)
        return self._settle(samples, final=False)

    def flush(self) -> list[Event]:
        """No more samples come for now: return those that wait."""
        return [] if self._held is None else self._settle(self._held, final=True)

    def end_segment(self, cause: GapCause) -> list[Event]:
        """The stream has ended; `cause` is that of the gap before the next segment."""
        events = self.flush()
        if self._head >= 0:
            self._break.begin(cause, self._last_arrival_ns)
        self._forget_stream()
        return events

    def _forget_stream(self) -> None:
        self._head = -1
        self._held: Samples | None = None
        self._forget_past(0.0)

    def _forget_past(self, stamp_s: float) -> None:
        """What the stamps have shown is of no use from `stamp_s` on."""
        self._anchor = (self._head + 1, stamp_s)
        self._stamps = np.empty(0)
        self._indexes = np.empty(0, np.int64)

    def _settle(self, samples: Samples, *, final: bool) -> list[Event]:
        """Place samples up to the first step that cannot be judged yet; those wait."""
        self._held = None
        events: list[Event] = []
        if self._head < 0:
            events += self._begin_segment(samples)
            samples = _part(samples, 1, None)
        while len(samples.stamp_s):
            jump = self._next_jump(samples.stamp_s)
            events += self._place(_part(samples, 0, jump))
            samples = _part(samples, jump, None)
            if len(samples.stamp_s) == 0:
                break
            if not (final or self._has_settled(samples.stamp_s)):
                self._held = samples
                break
            events += self._cross(samples)
            samples = _part(samples, 1, None)
        return events

    def _begin_segment(self, samples: Samples) -> list[Event]:
        self.segment += 1
        self._forget_past(float(samples.stamp_s[0]))
        gap = self._break.end(self.segment, int(samples.arrival_ns[0]))
        return [*gap, *self._place(_part(samples, 0, 1))]

    def _next_jump(self, stamp_s: NDArray[np.float64]) -> int:
        """Where the first step is that may be missing samples."""
        jumps = self._jumps(stamp_s, after_s=self._stamps[-1] if len(self._stamps) else stamp_s[0])
        return int(jumps[0]) if jumps.size else len(stamp_s)

    def _jumps(self, stamp_s: NDArray[np.float64], *, after_s: float) -> NDArray[np.intp]:
        steps = np.diff(stamp_s, prepend=after_s)
        return np.flatnonzero(steps > 1.5 * self._period_s() + self._jitter_s())

    def _settled_at_s(self, stamp_s: NDArray[np.float64]) -> float:
        """The stamp by which the step to the first of these has settled."""
        settle_s = self._settle_s()
        until_s = float(stamp_s[0]) + settle_s
        for jump in self._jumps(stamp_s, after_s=stamp_s[0]):
            if stamp_s[jump - 1] > until_s:
                break
            until_s = float(stamp_s[jump]) + settle_s
        return until_s

    def _has_settled(self, stamp_s: NDArray[np.float64]) -> bool:
        enough = len(stamp_s) >= HOLD_LIMIT_S * self._rate_hz
        return enough or bool(stamp_s.max() >= self._settled_at_s(stamp_s))

    def _cross(self, samples: Samples) -> list[Event]:
        """Judge the step that leads to the first of `samples`, and place that one."""
        missing = self._missing(samples.stamp_s)
        away_s = int(samples.arrival_ns[0] - self._last_arrival_ns) / 1e9
        missing_s = missing * self._period_s()
        if missing_s > away_s + BELIEF_S:
            self._forget_past(float(samples.stamp_s[0]))
        elif missing > 0:
            cause = GapCause.SILENCE if missing_s >= SILENCE_S else GapCause.RADIO
            until_ns = int(samples.arrival_ns[0])
            place = (self.segment, self._head + 1, missing)
            gap = Gap(*place, cause, self._last_arrival_ns, until_ns)
            self._head += missing
            self.lost += missing
            return [gap, *self._place(_part(samples, 0, 1))]
        return self._place(_part(samples, 0, 1))

    def _missing(self, stamp_s: NDArray[np.float64]) -> int:
        """How many samples are missing before the first of these stamps; 0 within the jitter."""
        period_s = self._period_s()
        after = stamp_s - period_s * np.arange(1, len(stamp_s) + 1)
        before = self._stamps - period_s * (self._indexes - self._head)
        near_after = stamp_s <= self._settled_at_s(stamp_s)
        near_before = self._stamps >= self._stamps[-1] - self._settle_s()
        shift_s = float(after[near_after].min() - before[near_before].min())
        least_s = max(0.75 * period_s, self._jitter_s())
        return round(shift_s / period_s) if shift_s > least_s else 0

    def _settle_s(self) -> float:
        even = self._jitter_s() < 0.1 * self._period_s()
        return EVEN_SETTLE_S if even else JITTERY_SETTLE_S

    def _period_s(self) -> float:
        index, stamp_s = self._anchor
        passed = self._head - index
        if passed < MEASURED_AFTER_S * self._rate_hz:
            return self._nominal_s
        measured_s = float(self._stamps[-1] - stamp_s) / passed
        plausible = abs(measured_s / self._nominal_s - 1.0) <= RATE_TOLERANCE
        return measured_s if plausible else self._nominal_s

    def _jitter_s(self) -> float:
        """How late a step usually is, at most."""
        if len(self._stamps) < 2:
            return 0.0
        late_s = np.diff(self._stamps) - np.diff(self._indexes) * self._period_s()
        rank = len(late_s) - 1 - min(STALLS, len(late_s) - 1)
        return max(float(np.partition(late_s, rank)[rank]), 0.0)

    def _place(self, samples: Samples) -> list[Event]:
        """Samples that follow each other: one block."""
        n = len(samples.stamp_s)
        if n == 0:
            return []
        first, self._head = self._head + 1, self._head + n
        self._last_arrival_ns = int(samples.arrival_ns[-1])
        self.samples += n
        kept = -round(HISTORY_S * self._rate_hz)
        self._stamps = np.concatenate((self._stamps, samples.stamp_s))[kept:]
        self._indexes = np.concatenate((self._indexes, np.arange(first, first + n)))[kept:]
        return [Block(self.segment, first, samples.counts, samples.aux, samples.arrival_ns)]


def _part(samples: Samples, start: int, stop: int | None) -> Samples:
    return Samples._make(column[start:stop] for column in samples)


def _joined(one: Samples, other: Samples) -> Samples:
    return Samples._make(np.concatenate((one[k], other[k])) for k in range(len(one)))
