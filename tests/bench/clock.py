"""The clock bench: how far from the truth each method's times are, in a simulated life of boards.

Each run is two boards for half an hour with one trigger: 1 % of the packets lost in bursts, some
repeated by the radio, a silence of 3 s, the host's stalls, and a restart of each board. What the
first ten seconds of a segment hold is left out: those times are marked as provisional.

`make bench-clock`: the seeds that the published figures come from are followed by fresh ones.
"""

import os
import secrets
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from itertools import product
from multiprocessing import get_context
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from dsp.clock import BoardClock
from tests import results
from tests.bench import clock_lsl
from tests.bench.clock_methods import METHODS, RATE_HZ, Received, receive
from tests.bench.clock_simulator import Scene, simulate_train

PUBLISHED_SEEDS = (1000, 1001, 1002)
FRESH_SEEDS = 3
FIGURES = ("median_ms", "p99_ms", "max_ms", "ab_p99_ms", "us_per_sample")
P99 = {"p99_ms": "error of a sample's time", "ab_p99_ms": "two boards' times of one instant"}
AIMS = {
    ("online_trigger", "p99_ms"): "0.6 ms",
    ("online_trigger", "ab_p99_ms"): "0.85 ms",
    ("refit_trigger", "p99_ms"): "0.3 ms",
}
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


def missing() -> dict[str, str]:
    """Methods that cannot be tried here, each with the reason."""
    reasons = {"lsl": clock_lsl.unavailable()}
    if find_spec("pyxdf") is None:
        reasons["pyxdf"] = "pyxdf is not installed: make setup"
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
        yield receive(scene, what.run_s, train, rng)


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


@click.command()
@click.option(
    "--seed", type=click.IntRange(0), help="First of the fresh seeds; random if not given."
)
@click.option("--run-s", type=click.FloatRange(60), default=1800.0, help="Seconds simulated a run.")
@click.option("--processes", type=click.IntRange(1, 64), help="Runs at the same time: one a core.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def main(seed: int | None, run_s: float, processes: int | None, *, as_json: bool) -> None:
    """How right the samples' times are, in simulations whose truth is known. Takes some minutes."""
    first = secrets.randbelow(2**32) if seed is None else seed
    figures = _figures(tuple(range(first, first + FRESH_SEEDS)), run_s, processes)
    results.tell(
        "bench-clock",
        result_rows(figures),
        "antiphon.bench.clock/1",
        as_json=as_json,
        text=_text(figures),
        **figures,
    )


def _figures(fresh: tuple[int, ...], run_s: float, processes: int | None) -> dict[str, Any]:
    done, in_all = runs_in(PUBLISHED_SEEDS), runs_in((*PUBLISHED_SEEDS, *fresh))
    with (
        click.progressbar(length=in_all, label="clock", file=sys.stderr) as bar,
        ProcessPoolExecutor(processes or os.cpu_count(), get_context("spawn")) as pool,
    ):
        growth = pool.submit(memory_growth)
        published = measure(PUBLISHED_SEEDS, run_s, pool, lambda runs: bar.update(runs - bar.pos))
        other = measure(fresh, run_s, pool, lambda runs: bar.update(done + runs - bar.pos))
    return {
        "run_s": run_s,
        "seeds": list(PUBLISHED_SEEDS),
        "rows": plain(published.rows),
        "fresh_seeds": list(fresh),
        "fresh_rows": plain(other.rows),
        "wrong_indexes": published.wrong_indexes + other.wrong_indexes,
        "memory_h": MEMORY_H,
        "memory_growth_bytes": growth.result(),
    }


def plain(rows: list[Row]) -> list[dict[str, Any]]:
    """Rows as they go into JSON; `unavailable` only where it says something."""
    return [
        {name: value for name, value in asdict(row).items() if value or name != "unavailable"}
        for row in rows
    ]


def _text(figures: dict[str, Any]) -> str:
    lines = []
    for title, rows in (("seeds", "rows"), ("fresh_seeds", "fresh_rows")):
        lines.append(f"seeds {', '.join(map(str, figures[title]))}; ms, after the first 10 s")
        lines.append(table(figures[rows]))
    lines.append(f"{figures['wrong_indexes']} samples with a wrong index")
    lines.append(f"{figures['memory_growth_bytes']} bytes gained in {figures['memory_h']} hours")
    return "\n".join(lines)


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as people read them."""
    lines = [f"{'method':<16}{'clock':<6}{'timer':>5}" + "".join(f"{f:>15}" for f in FIGURES)]
    for row in rows:
        lead = f"{row['method']:<16}{row['clock']:<6}{row['timer_ms']:>5}"
        if "unavailable" in row:
            lines.append(f"{lead}  {row['unavailable']}")
        else:
            lines.append(lead + "".join(f"{row[figure]:>15.2f}" for figure in FIGURES))
    return "\n".join(lines)


def result_rows(figures: dict[str, Any]) -> list[results.Row]:
    """Of each method the worst clock and timer, published seeds and fresh ones."""
    every = [row for row in figures["rows"] + figures["fresh_rows"] if "unavailable" not in row]
    found = [
        results.Row(
            f"`{method}`: {what}, p99",
            f"{max(row[figure] for row in every if row['method'] == method):.2f} ms",
            AIMS.get((method, figure), ""),
        )
        for method in dict.fromkeys(row["method"] for row in every)
        for figure, what in P99.items()
    ]
    return [
        *found,
        results.Row("samples with a wrong index", f"{figures['wrong_indexes']}", "0"),
        results.Row(
            f"memory of a clock gained in {figures['memory_h']} h",
            f"{figures['memory_growth_bytes']} bytes",
            "0",
        ),
    ]


if __name__ == "__main__":
    main()
