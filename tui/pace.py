"""Frames at an even pace, and fewer of them when the machine or the line is slow."""

from collections.abc import Callable

# A frame that takes longer than this is paid for with the next one.
SLOW_FRAME_S = 0.05


class Pace:
    """Says whether a frame may begin; is told when it is out."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._begun_s: float | None = None
        self._took_s = 0.0

    def may_begin(self) -> bool:
        """False while a frame is on its way, and once after a slow one."""
        if self._begun_s is not None:
            return False
        slow = self._took_s > SLOW_FRAME_S
        self._took_s = 0.0
        return not slow

    def begin(self) -> None:
        """A frame begins."""
        self._begun_s = self._monotonic()

    def end(self) -> None:
        """The frame has been painted."""
        if self._begun_s is not None:
            self._took_s = self._monotonic() - self._begun_s
        self._begun_s = None
