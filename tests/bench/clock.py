"""The clock bench: how far from the truth each method's times are, in a simulated life of boards.

Each run is two boards for half an hour with one trigger: 1 % of the packets lost in bursts, some
repeated by the radio, a silence of 3 s, the host's stalls, and a restart of each board. What the
first ten seconds of a segment hold is left out: those times are marked as provisional.
"""

import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from dsp.clock import BoardClock
from tests.bench import clock_lsl
from tests.bench.clock_methods import METHODS, RATE_HZ, Received, receive
from tests.bench.clock_simulator import Scene, simulate, simulate_train

PUBLISHED_SEEDS = (1000, 1001, 1002)
CLOCKS = ("rc", "xtal")
TIMERS_MS = (1, 16)
BOARDS = 2
PROVISIONAL_NS = 10_000_000_000
COMMON_NS = 25_000_000  # the two boards are compared every 25 ms
MEMORY_H = 24
MEMORY_SETTLED_H = 1  # by then every buffer has been filled

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Row:
    """Errors of one method under one kind of clock and timer, all seeds together.

    Attributes:
        method, clock, timer_ms: what was measured.
        median_ms, p99_ms, max_ms: of the absolute error of every sample.
        ab_p99_ms: of the difference of the two boards' errors at the same instants.
        us_per_sample: CPU time of the method.
        unavailable: why there are no figures; "" if there are.
    """

    method: str
    clock: str
    timer_ms: int
    median_ms: float | None = None
    p99_ms: float | None = None
    max_ms: float | None = None
    ab_p99_ms: float | None = None
    us_per_sample: float | None = None
    unavailable: str = ""


@dataclass(frozen=True, slots=True)
class ClockRun:
    """What one process is to do: both boards of one seed, all methods."""

    clock: str
    timer_ms: int
    seed: int
    run_s: float
    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """What came of a run, per method: every sample's error, and the difference of the boards'."""

    run: ClockRun
    absolute_ms: dict[str, Floats]
    between_ms: dict[str, Floats]
    us_per_sample: dict[str, float]
    wrong: int


@dataclass(frozen=True, slots=True)
class Measured:
    """The rows of a set of seeds, and how many samples were given a wrong index."""

    rows: list[Row]
    wrong_indexes: int


def runs_in(seeds: Sequence[int]) -> int:
    """How many runs of two boards `measure` makes of so many seeds."""
    return len(seeds) * len(CLOCKS) * len(TIMERS_MS)


def processes(count: int) -> ProcessPoolExecutor:
    """Processes for runs; each has a liblsl of its own."""
    return ProcessPoolExecutor(count, get_context("spawn"))


def missing() -> dict[str, str]:
    """Methods that cannot be tried here, each with the reason."""
    reasons = {"lsl": clock_lsl.unavailable()}
    if find_spec("pyxdf") is None:
        reasons["pyxdf"] = "pyxdf is not installed: pip install 'antiphon[bench]'"
    return {method: reason for method, reason in reasons.items() if reason}


def measure(
    seeds: Sequence[int], run_s: float, pool: Executor, progress: Callable[[int], None]
) -> Measured:
    """All methods under all clocks and timers.

    Args:
        seeds: a run of two boards for each, under each clock and timer.
        run_s: length of a run.
        pool: in which the runs go on.
        progress: told how many runs are done.
    """
    absent = missing()
    methods = tuple(method for method in METHODS if method not in absent)
    rows: list[Row] = []
    wrong = done = 0
    for clock, timer_ms in product(CLOCKS, TIMERS_MS):
        runs = [ClockRun(clock, timer_ms, seed, run_s, methods) for seed in seeds]
        results = []
        for errors in pool.map(run, runs):
            results.append(errors)
            done += 1
            progress(done)
        wrong += sum(errors.wrong for errors in results)
        rows += rows_of(results, absent)
    return Measured(rows, wrong)


def run(what: ClockRun) -> Errors:
    """One seed: two boards, all methods."""
    boards = list(_boards(what))
    kept = [_settled(received) for received in boards]
    absolute, between, spent_us = {}, {}, {}
    for method in what.methods:
        timed = [METHODS[method](received) for received in boards]
        errors = [
            (times.t_ns - _true_ns(received)) / 1e6
            for times, received in zip(timed, boards, strict=True)
        ]
        settled = [error[keep] for error, keep in zip(errors, kept, strict=True)]
        absolute[method] = np.abs(np.concatenate(settled)).astype(np.float32)
        between[method] = _between(boards, errors, kept)
        spent_us[method] = sum(t.cpu_s for t in timed) / sum(map(len, errors)) * 1e6
    return Errors(what, absolute, between, spent_us, sum(board.wrong for board in boards))


def memory_growth(hours: int = MEMORY_H) -> int:
    """Bytes that a clock has gained from its first hour to the last, with a trigger each second."""
    clock = BoardClock(RATE_HZ)
    tracemalloc.start()
    try:
        _live_for(clock, 0, MEMORY_SETTLED_H)
        before = tracemalloc.get_traced_memory()[0]
        _live_for(clock, MEMORY_SETTLED_H, hours)
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def _live_for(clock: BoardClock, begin_h: int, end_h: int) -> None:
    """Hours of reads of four samples, as an adapter with a 16 ms timer hands them on."""
    period_ns, delay_ns = round(1e9 / RATE_HZ), 8_000_000
    for second in range(begin_h * 3600, end_h * 3600):
        first = second * round(RATE_HZ)
        for index in range(first, first + round(RATE_HZ), 4):
            clock.observe(index, index * period_ns + delay_ns)
        clock.anchor(first, first * period_ns - period_ns // 2)


def _boards(what: ClockRun) -> Iterator[Received]:
    rng = np.random.default_rng(what.seed)
    train = simulate_train(what.run_s, rng)
    scene = Scene(
        rate_hz=RATE_HZ,
        oscillator=what.clock,
        timer_ms=what.timer_ms,
        dropout_s=(0.35 * what.run_s, 3.0),
        reset_s=0.6 * what.run_s,
    )
    for _ in range(BOARDS):
        yield receive(simulate(scene, what.run_s, rng), train)


def _true_ns(received: Received) -> NDArray[np.int64]:
    return np.concatenate([segment.true_ns for segment in received.segments])


def _settled(received: Received) -> NDArray[np.bool_]:
    """Which samples lie beyond the provisional seconds of their segment."""
    return np.concatenate(
        [segment.true_ns > segment.true_ns[0] + PROVISIONAL_NS for segment in received.segments]
    )


def _between(
    boards: list[Received], errors: list[NDArray[np.float64]], kept: list[NDArray[np.bool_]]
) -> Floats:
    """|error of a - error of b| at common instants at which both have settled samples."""
    times = [_true_ns(board) for board in boards]
    begin = max(int(t[keep][0]) for t, keep in zip(times, kept, strict=True))
    common = np.arange(begin, min(int(t[-1]) for t in times), COMMON_NS)
    at = [np.interp(common, t, error) for t, error in zip(times, errors, strict=True)]
    both = np.all(
        [np.interp(common, t, keep) == 1.0 for t, keep in zip(times, kept, strict=True)], axis=0
    )
    difference: Floats = np.abs(at[0] - at[1])[both].astype(np.float32)
    return difference


def rows_of(results: list[Errors], absent: dict[str, str]) -> list[Row]:
    """One row for each method of the runs of one clock and timer."""
    what = results[0].run
    rows = []
    for method in METHODS:
        if method in absent:
            rows.append(Row(method, what.clock, what.timer_ms, unavailable=absent[method]))
            continue
        absolute = np.concatenate([errors.absolute_ms[method] for errors in results])
        between = np.concatenate([errors.between_ms[method] for errors in results])
        median, p99, worst = np.percentile(absolute, [50, 99, 100]).tolist()
        rows.append(
            Row(
                method,
                what.clock,
                what.timer_ms,
                median_ms=round(median, 3),
                p99_ms=round(p99, 3),
                max_ms=round(worst, 3),
                ab_p99_ms=round(float(np.percentile(between, 99)), 3),
                us_per_sample=round(
                    float(np.median([e.us_per_sample[method] for e in results])), 2
                ),
            )
        )
    return rows
