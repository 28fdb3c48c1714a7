"""Whether the stamps of another program can be believed.

LSL hands on what a sender writes: the seconds of another clock, nanoseconds, nothing at all. A
stamp is kept as it is, for it may be right; what speaks against it is told.
"""

import math
from collections.abc import Iterable
from enum import StrEnum

FAR_NS = 10_000_000_000  # from its arrival: further than any queue or network holds a sample back
BACK_S = 0.001
TOLD_NS = 10_000_000_000  # so long after the last one a doubt is told
LIMIT_NS = 2**63


class Doubt(StrEnum):
    """What is wrong with a stamp."""

    NO_TIME = "no_time"  # not finite, or of another size than times are
    FAR = "far"
    BACKWARDS = "backwards"


class Stamps:
    """The stamps of one stream."""

    def __init__(self) -> None:
        self._doubts: dict[Doubt, tuple[int, float]] = {}
        self.begin(0)

    def begin(self, now_ns: int) -> None:
        """Another sender, or the same anew: what comes was sent from `now_ns` on."""
        self._looked_ns = now_ns
        self._newest_s = -math.inf

    def times_ns(self, stamps_s: Iterable[float], shift_ns: float, now_ns: int) -> list[int]:
        """CLOCK_MONOTONIC of samples that came between the last call and `now_ns`.

        Args:
            stamps_s: on the sender's clock.
            shift_ns: what to add for this host's.
            now_ns: the time of one whose stamp is none, too.
        """
        told = [self._time_ns(float(stamp_s), shift_ns, now_ns) for stamp_s in stamps_s]
        self._looked_ns = now_ns
        return told

    def doubts_s(self, now_ns: int) -> dict[Doubt, float]:
        """What was wrong in the last 10 s, and by how many seconds."""
        return {
            doubt: by_s
            for doubt, (last_ns, by_s) in self._doubts.items()
            if now_ns - last_ns < TOLD_NS
        }

    def _time_ns(self, stamp_s: float, shift_ns: float, now_ns: int) -> int:
        exact_ns = stamp_s * 1e9 + shift_ns
        if not abs(exact_ns) < LIMIT_NS:
            self._doubts[Doubt.NO_TIME] = (now_ns, 0.0)
            return now_ns
        t_ns = round(exact_ns)
        if not self._looked_ns - FAR_NS <= t_ns <= now_ns + FAR_NS:
            self._doubts[Doubt.FAR] = (now_ns, abs(now_ns - t_ns) * 1e-9)
            return t_ns
        if stamp_s < self._newest_s - BACK_S:
            self._doubts[Doubt.BACKWARDS] = (now_ns, self._newest_s - stamp_s)
        self._newest_s = stamp_s
        return t_ns
