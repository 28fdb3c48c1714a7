"""How often each path sees the trigger, and whether it has stopped."""

from collections import deque

from recorder.store.rows import EdgeRow, Row

SPAN_NS = 10_000_000_000
STOPPED_NS = 5_000_000_000  # the longest interval of our own train is 1.5 s
STEADY = 3  # so many pulses in the span before, and it is a trigger that can stop
KEPT = 700  # 10 s of a 60 Hz strobe


class TriggerRates:
    """Counts the pulses of each path. Fixed memory."""

    def __init__(self) -> None:
        self._rises: dict[str, deque[int]] = {}

    def see(self, rows: list[Row]) -> None:
        """Take note of new edges."""
        for row in rows:
            if isinstance(row, EdgeRow) and row.level:
                self._rises.setdefault(row.source, deque(maxlen=KEPT)).append(row.t_ns)

    def rates_hz(self, now_ns: int) -> dict[str, float]:
        """Pulses a second of each path that ever saw one, over the last 10 s."""
        return {
            source: sum(rise > now_ns - SPAN_NS for rise in rises) * 1e9 / SPAN_NS
            for source, rises in self._rises.items()
        }

    def stopped(self, now_ns: int) -> dict[str, float]:
        """Paths on which a steady trigger has stopped, and for how many seconds."""
        return {
            source: (now_ns - rises[-1]) * 1e-9
            for source, rises in self._rises.items()
            if now_ns - rises[-1] > STOPPED_NS and _was_steady(rises)
        }


def _was_steady(rises: deque[int]) -> bool:
    return sum(rise > rises[-1] - SPAN_NS for rise in rises) >= STEADY
