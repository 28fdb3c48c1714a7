"""Limits of one case: how long it may take and how much memory it may ask for."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

CASE_S = 10.0
MORE_BYTES = 512 << 20


class Hang(BaseException):
    """A case took longer than CASE_S; no `except Exception` may swallow that."""


@contextmanager
def bounded() -> Iterator[None]:
    """In the main thread: end with Hang or MemoryError what takes too long or too much."""

    def give_up(number: int, frame: FrameType | None) -> None:
        raise Hang(f"not over after {CASE_S} s")

    before = signal.signal(signal.SIGALRM, give_up)
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + MORE_BYTES, limits[1]))
    signal.setitimer(signal.ITIMER_REAL, CASE_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, limits)


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()
