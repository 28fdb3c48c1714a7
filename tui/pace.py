"""Frames at an even pace, and fewer of them when the machine or the line is slow."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

# A frame that takes longer than this is paid for with the next one.
SLOW_FRAME_S = 0.05


class Pace:
    """Says when the next of `per_s` frames a second may begin."""

    def __init__(self, per_s: float, monotonic: Callable[[], float]) -> None:
        self._period_s = 1 / per_s
        self._monotonic = monotonic
        self._next_s = monotonic()

    def wait_s(self) -> float:
        """How long the next frame has to wait yet."""
        return max(0.0, self._next_s - self._monotonic())

    @contextmanager
    def frame(self) -> Iterator[None]:
        """Draw a frame in this context."""
        begin_s = self._monotonic()
        yield
        slow = self._monotonic() - begin_s > SLOW_FRAME_S
        self._next_s = begin_s + self._period_s * (2 if slow else 1)
