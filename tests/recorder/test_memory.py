"""What is done again and again leaves nothing behind, not even a name.

Where numpy's C code asks an object for a method by a name that it has just made (a scalar's `rint`,
`cumsum`, `flags.writeable = ...`), and where ctypes finds a function anew, the interpreter's cache
of methods keeps that name until another takes its place: some 60 bytes a time, 230 KiB in the end.
A box that records for months must not look as if it leaked.
"""

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from dsp.clock import BoardClock
from dsp.ring import Ring
from recorder import wall_clock
from recorder.store import rice

TIMES = 1000
NUMBERS = np.arange(100, dtype=np.int64).reshape(2, 50)


def times_of_samples() -> Callable[[], object]:
    clock = BoardClock(250)
    clock.observe(0, 10**15)
    return lambda: (clock.time_ns(5), clock.index_at(10**15), clock.time_ns(NUMBERS[0]))


def views() -> Callable[[], object]:
    ring = Ring(100, 8)
    ring.write(0, np.zeros((100, 8), np.float32))
    return lambda: ring.view(10, 50)


@pytest.mark.no_cover  # counting lines leaves something behind
@pytest.mark.parametrize(
    "again",
    [times_of_samples(), views(), lambda: rice.encode(NUMBERS), wall_clock.synchronised],
    ids=["times", "views", "packing", "the clock's state"],
)
def test_nothing_is_left_behind(again: Callable[[], object]) -> None:
    for _ in range(3):
        again()
    tracemalloc.start()
    try:
        for _ in range(TIMES):
            again()
        left = sum(trace.size for trace in tracemalloc.take_snapshot().traces)
    finally:
        tracemalloc.stop()
    assert left < 3 * TIMES
