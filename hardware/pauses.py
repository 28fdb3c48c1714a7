"""When a reader itself stood still: its process stopped or swapped out, its machine paused.

A reader looks for data several times a second, whether there is any or not. After half a second
without a look, what is read has waited, for nobody knows how long, and more may have been lost
where there was no room.
"""

from typing import Final

PAUSE_NS: Final = 500_000_000
_DRAIN_NS: Final = 250_000_000  # until what had waited anywhere on the way has been read


class Pauses:
    """Is told of each look.

    Attributes:
        backlog_until_ns: what was read until then had waited.
        end_ns: when the last pause ended; 0 before the first.
        lasted_s: how long it was.
    """

    def __init__(self) -> None:
        self.backlog_until_ns = self.end_ns = 0
        self.lasted_s = 0.0
        self._last_ns = 0

    def begin(self, now_ns: int) -> None:
        """From now on somebody looks."""
        self._last_ns = now_ns

    def look(self, now_ns: int) -> None:
        """Somebody looked, and found something or nothing."""
        if now_ns - self._last_ns >= PAUSE_NS:
            self.lasted_s, self.end_ns = (now_ns - self._last_ns) / 1e9, now_ns
            self.backlog_until_ns = now_ns + _DRAIN_NS
        self._last_ns = now_ns
