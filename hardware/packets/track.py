"""One board's counter and milliseconds, from packet to packet.

Both go on together: a packet n samples ahead has a counter n further, modulo 256, and a time n
periods later. Together they tell this board's packets from another's, and how many
samples lie between two of its own, however often the counter turned meanwhile.
"""

from collections import deque
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

NEAR_MS: Final = 6.0  # whole milliseconds, a converter that was read late, one sample it missed
_WHOLE_MS: Final = 0.5
_LOOSE_MS: Final = 100.0  # a board that stamps its packets when it sends them, some at a time
PERIOD_LIMIT: Final = 0.025  # the ADS1299 runs on its own RC oscillator: 2.5 % over its range
# No packet comes earlier than the earliest have, by their own time; once that is known, ...
_EARLY_MS: Final = 25.0
_UNKNOWN_EARLY_MS: Final = 500.0
_LOWERED_MS: Final = -5.0  # ... which it is when for a second none came so much earlier
_KNOWN_AFTER_NS: Final = 1_000_000_000
_FLOOR_DRIFT: Final = 1e-4  # of the board's quartz against the host's
_PERIOD_DRIFT: Final = 1e-4  # what a period that was measured may have changed by
_MEASURED_AFTER_MS: Final = 1000
_STEP_MS: Final = 2.0  # both ends of a measured span are whole milliseconds
_RAMP = np.arange(1, 257)
_BASE_MS: Final = 60_000  # the period is that of the last one to two minutes


class Heard(NamedTuple):
    """n packets in the order of arrival.

    Attributes:
        counters: (n,) modulo the board's modulus.
        ms: (n,) the board's milliseconds modulo 2**32.
        arrival_ns: (n,) CLOCK_MONOTONIC, not decreasing.
    """

    counters: NDArray[np.integer]
    ms: NDArray[np.int32]
    arrival_ns: NDArray[np.int64]

    def where(self, rows: NDArray[np.int64]) -> "Heard":
        """Return some of them."""
        return Heard(self.counters[rows], self.ms[rows], self.arrival_ns[rows])


class Steps(NamedTuple):
    """How n packets lie to the newest one of a board.

    Attributes:
        ahead: (n,) samples ahead of it, by counter and milliseconds; 0 or less for late ones.
        ahead_ms: (n,) the same by the board's own clock.
        fits: (n,) whether counter and milliseconds agree, and neither is ahead of the host's time.
        early: (n,) whether it came earlier than all before, by the board's own clock.
    """

    ahead: NDArray[np.int64]
    ahead_ms: NDArray[np.int64]
    fits: NDArray[np.bool_]
    early: NDArray[np.bool_]


class Track:
    """The newest packet of one board, and how fast it counts by its own clock.

    Attributes:
        counter: of the newest packet.
        ms: its milliseconds.
        arrival_ns: when it came.
        period_ms: of a sample.
        late_ms: by how much later than the earliest the newest packet came.
    """

    def __init__(self, heard: Heard, at: int, rate_hz: float, modulus: int) -> None:
        """Begin with packet `at` of these."""
        self.counter = int(heard.counters[at])
        self.ms = int(heard.ms[at])
        self.arrival_ns = int(heard.arrival_ns[at])
        self.period_ms = self._nominal_ms = 1e3 / rate_hz
        self.near_ms = NEAR_MS
        self._modulus = modulus
        turns = np.arange(modulus + len(_RAMP) + 1) % modulus
        self._turns = turns.astype(np.min_scalar_type(modulus - 1))  # compared as counters come
        self._doubt = PERIOD_LIMIT  # of the period, relative
        self._age_ms = self._age = 0  # since the first packet, in samples and by the board's clock
        self._bases = deque([(0, 0)], maxlen=2)  # earlier ages, to measure the period from
        self.late_ms = 0.0
        self._lowered_ns = self.arrival_ns  # when one came earlier than all before

    def goes_on(self, heard: Heard) -> bool:
        """Return whether each packet is the next one: the usual case, told quickly."""
        size = len(heard.counters)
        if size > len(_RAMP):
            return False
        next_ones = self._turns[self.counter + 1 : self.counter + 1 + size]
        if np.count_nonzero(heard.counters != next_ones):
            return False
        off_ms = heard.ms - (self.ms + self.period_ms * _RAMP[:size])
        return not np.count_nonzero(np.abs(off_ms) > self.near_ms)

    def learn_stamping(self, heard: Heard) -> None:
        """See whether the board stamps packets when it sends them, some at a time.

        Then counters go forward, stamps never run back, and a late packet is one of some whose
        stamps lie closer than samples do. A packet of another board among the own ones has a stamp
        for itself, and a whole stream of another board has stamps a period apart.
        """
        ahead = np.mod(heard.counters.astype(np.int64) - self.counter, self._modulus)
        off_ms = heard.ms - (self.ms + self.period_ms * ahead)
        late = off_ms - off_ms.min() > NEAR_MS
        steps_ms = np.diff(heard.ms.astype(np.float64))
        closer = steps_ms < self.period_ms - _WHOLE_MS
        is_one_of_some = np.append(closer, False) | np.append(False, closer)
        goes_forward = (ahead[1:] > ahead[:-1]).all() and (steps_ms >= 0).all()
        if goes_forward and late.any() and is_one_of_some[late].all():
            farthest_ms = float(np.abs(off_ms).max())
            self.near_ms = max(self.near_ms, farthest_ms if farthest_ms <= _LOOSE_MS else 0.0)

    def look(self, heard: Heard) -> Steps:
        """Return how these packets lie to the newest one."""
        ahead_ms = (heard.ms.astype(np.int64) - self.ms + 2**31) % 2**32 - 2**31
        expected = ahead_ms / self.period_ms
        turned = np.mod(heard.counters.astype(np.int64) - self.counter, self._modulus)
        turns = np.rint((expected - turned) / self._modulus).astype(np.int64)
        ahead = turned + self._modulus * turns
        tolerance_ms = self.near_ms + self._doubt * np.abs(ahead_ms)
        off_ms = np.abs(ahead - expected) * self.period_ms
        decidable = tolerance_ms < self.period_ms * self._modulus / 4
        is_known = self.arrival_ns - self._lowered_ns >= _KNOWN_AFTER_NS
        early_ms = _EARLY_MS if is_known else _UNKNOWN_EARLY_MS
        late_ms = self.late_ms + (heard.arrival_ns - self.arrival_ns) / 1e6 - ahead_ms
        fits = (off_ms <= tolerance_ms) & decidable & (late_ms >= -early_ms)
        return Steps(ahead, ahead_ms, fits, late_ms < _LOWERED_MS)

    def move(self, heard: Heard, at: int, ahead: int) -> None:
        """Packet `at`, so many samples ahead, is the newest one now."""
        ahead_ms = (int(heard.ms[at]) - self.ms + 2**31) % 2**32 - 2**31
        self._age += ahead
        self._age_ms += ahead_ms
        self._lower(int(heard.arrival_ns[at]), ahead_ms)
        self.counter, self.ms = int(heard.counters[at]), int(heard.ms[at])
        self.arrival_ns = int(heard.arrival_ns[at])
        self._measure()

    def _lower(self, arrival_ns: int, ahead_ms: int) -> None:
        """Keep how late the newest packet is."""
        elapsed_ms = (arrival_ns - self.arrival_ns) / 1e6
        late_ms = self.late_ms + elapsed_ms * (1 - _FLOOR_DRIFT) - ahead_ms
        if late_ms < _LOWERED_MS:
            self._lowered_ns = arrival_ns
        self.late_ms = max(late_ms, 0.0)

    def _measure(self) -> None:
        base_ms, base = self._bases[0]
        span_ms = self._age_ms - base_ms
        if span_ms >= _MEASURED_AFTER_MS:
            limit = PERIOD_LIMIT * self._nominal_ms
            off_ms = span_ms / (self._age - base) - self._nominal_ms
            self.period_ms = self._nominal_ms + min(max(off_ms, -limit), limit)
            self._doubt = _STEP_MS / span_ms + _PERIOD_DRIFT
        if self._age_ms - self._bases[-1][0] >= _BASE_MS:
            self._bases.append((self._age_ms, self._age))
