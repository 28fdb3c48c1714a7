"""Pairs of CLOCK_MONOTONIC and time of day, so that a session's times can be told on a calendar.

The time of day of a box without a battery steps, sometimes by years, when a server is heard. A pair
is stored every 10 s, and at each step the last before it and the first after it.
"""

from collections.abc import Callable

from recorder import wall_clock
from recorder.periods import Period
from recorder.store.calendar import STEP_NS
from recorder.store.rows import ClockUtcRow

EVERY_S = 10.0
LOOK_S = 1.0
ATTEMPTS = 5
TOGETHER_NS = 100_000  # what lies between two readings of one pair, unless the machine is busy


def read_pair(
    monotonic_ns: Callable[[], int],
    utc_ns: Callable[[], int] = wall_clock.utc_ns,
    synchronised: Callable[[], bool] = wall_clock.synchronised,
) -> ClockUtcRow:
    """Both clocks at one moment; read again when something came in between, the best of five."""
    best_ns, pair = None, (0, 0)
    for _ in range(ATTEMPTS):
        before_ns, day_ns, after_ns = monotonic_ns(), utc_ns(), monotonic_ns()
        if best_ns is None or after_ns - before_ns < best_ns:
            best_ns, pair = after_ns - before_ns, ((before_ns + after_ns) // 2, day_ns)
        if best_ns <= TOGETHER_NS:
            break
    return ClockUtcRow(*pair, synchronised=synchronised())


class UtcPairs:
    """Which pairs are to be stored; one for each session."""

    def __init__(self, read: Callable[[], ClockUtcRow]) -> None:
        self._read = read
        self._look = Period(LOOK_S)
        self._every = Period(EVERY_S)
        self._last: ClockUtcRow | None = None
        self._last_is_stored = False

    def rows(self, now_ns: int) -> list[ClockUtcRow]:
        """The pairs that are due at `now_ns`."""
        if not self._look.due(now_ns):
            return []
        last, self._last = self._last, self._read()
        has_stepped = last is not None and _is_step(last, self._last)
        kept = [last] if last is not None and has_stepped and not self._last_is_stored else []
        self._last_is_stored = self._every.due(now_ns) or has_stepped
        return [*kept, self._last] if self._last_is_stored else []


def _is_step(before: ClockUtcRow, after: ClockUtcRow) -> bool:
    """Whether the time of day moved otherwise than the monotonic clock, or changed its master."""
    moved_ns = (after.utc_ns - after.t_ns) - (before.utc_ns - before.t_ns)
    return abs(moved_ns) > STEP_NS or after.synchronised != before.synchronised
