"""The clock bench: real methods on simulated boards, and what is printed of them."""

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.bench import clock, clock_lsl, clock_methods
from tests.bench.clock_simulator import Scene, pin_edges, simulate, simulate_train

RUN_S = 60.0


@pytest.fixture(scope="module")
def received() -> clock_methods.Received:
    rng = np.random.default_rng(70)
    train = simulate_train(RUN_S, rng)
    scene = Scene(oscillator="rc", dropout_s=(20.0, 3.0), reset_s=36.0)
    return clock_methods.receive(scene, RUN_S, train, rng)


def errors_ms(received: clock_methods.Received, method: str) -> NDArray[np.float64]:
    true_ns = np.concatenate([segment.true_ns for segment in received.segments])
    late_ns = clock_methods.METHODS[method](received).t_ns - true_ns
    errors: NDArray[np.float64] = np.abs(late_ns) / 1e6
    return errors


def test_indexes_survive_loss_a_dropout_and_a_restart(received: clock_methods.Received) -> None:
    assert len(received.segments) == 2
    assert received.wrong == 0


def test_a_wrong_index_is_counted() -> None:
    rng = np.random.default_rng(71)
    [segment] = simulate(Scene(), 10.0, rng)
    segment.index[1000:] += 256  # more than the counter can tell in so short a time
    assert clock_methods.wrong_indexes([segment]) > 1000


def test_ours_are_nearer_to_the_truth_than_raw_stamps(received: clock_methods.Received) -> None:
    raw = np.percentile(errors_ms(received, "raw"), 99)
    for method in ("online", "online_trigger", "refit_trigger"):
        assert np.percentile(errors_ms(received, method), 90) < raw / 10


def test_pyxdf_takes_its_own_function(received: clock_methods.Received) -> None:
    pytest.importorskip("pyxdf", reason="pyxdf is not installed: pip install pyxdf")
    times = clock_methods.METHODS["pyxdf"](received).t_ns
    first = times[: np.argmax(np.diff(times) > 10**9)]
    assert np.ptp(np.diff(first)) <= 1  # one straight line per stretch


def test_stamps_pass_the_real_liblsl() -> None:
    rng = np.random.default_rng(72)
    even = 10**15 + np.arange(12_000) * 4_000_000
    noisy = even + np.rint(rng.normal(0, 1e6, len(even))).astype(np.int64)
    # liblsl is configured once in the life of a process, and here others may have done so
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
        if why_not := apart.submit(clock_lsl.unavailable).result():
            pytest.skip(why_not)
        out = apart.submit(clock_lsl.dejittered, noisy, 250.0).result()
    assert len(out) == len(noisy)
    assert np.std((out - even)[6000:]) < 0.2 * np.std((noisy - even)[6000:])


@pytest.mark.parametrize("timer_ms", [1, 16])
def test_a_reader_that_rests_reads_the_same_later_and_one_packet_in_time(timer_ms: int) -> None:
    scene = Scene(timer_ms=timer_ms, dropout_s=(20.0, 3.0))
    [whole] = simulate(scene, RUN_S, np.random.default_rng(75))
    [rested] = simulate(replace(scene, rests=True), RUN_S, np.random.default_rng(75))
    assert (rested.index == whole.index).all()
    assert (rested.true_ns == whole.true_ns).all()
    late_ms = (rested.arrival_ns - whole.arrival_ns) / 1e6
    assert late_ms.min() > -3.0  # both wake up late, each in its own way
    calm = late_ms[late_ms < 110]
    assert len(calm) > 0.98 * len(late_ms)
    assert len(rested.reads()) == pytest.approx(20 * (RUN_S - 3), rel=0.05)
    last = np.append(np.diff(rested.arrival_ns) > 0, True)
    in_time = np.abs(late_ms[last]) < 1.5
    assert in_time.mean() > 0.4


def test_an_edge_lies_between_the_samples_that_the_pin_says() -> None:
    rng = np.random.default_rng(73)
    train = simulate_train(RUN_S, rng)
    [segment] = simulate(Scene(oscillator="rc", loss=0.05), RUN_S, rng)
    edges = pin_edges(segment, train)
    assert {edge.width for edge in edges} > {1}
    for edge in edges:
        before = segment.true_ns[edge.at - 1]
        assert before < train.true_ns[edge.edge] <= segment.true_ns[edge.at]
        assert segment.index[edge.at] - segment.index[edge.at - 1] == edge.width


def test_a_run_gives_a_row_for_each_method_and_says_what_is_missing() -> None:
    what = clock.ClockRun("rc", 1, 74, RUN_S, ("raw", "online_trigger"))
    errors = clock.run(what)
    absent = dict.fromkeys(("lsl", "pyxdf", "online", "refit_trigger"), "not here")
    rows = clock.rows_of([errors], absent)
    assert [row.method for row in rows] == list(clock_methods.METHODS)
    by_method = {row.method: row for row in rows}
    assert by_method["lsl"].unavailable == "not here"
    assert by_method["lsl"].p99_ms is None
    trigger, raw = by_method["online_trigger"].p99_ms, by_method["raw"].p99_ms
    assert trigger is not None
    assert raw is not None
    assert trigger < raw / 10


def test_memory_does_not_grow() -> None:
    assert clock.memory_growth(2) < 1000


def test_a_row_without_figures_says_why() -> None:
    rows = [
        clock.Row("raw", "rc", 1, 8.0, 80.0, 300.0, 79.0, 0.0),
        clock.Row("lsl", "rc", 1, unavailable="no liblsl"),
    ]
    plain = clock.plain(rows)
    assert "unavailable" not in plain[0]
    assert json.loads(json.dumps(plain))[1]["p99_ms"] is None
    assert "no liblsl" in clock.table(plain)
    assert "80.00" in clock.table(plain)


def test_a_result_is_of_the_worst_clock_of_old_and_fresh_seeds_and_of_what_is_here() -> None:
    rows = [
        clock.Row("online_trigger", "rc", 1, 0.1, 0.7, 2.0, 0.4, 1.0),
        clock.Row("online_trigger", "xtal", 1, 0.1, 0.5, 2.0, 0.5, 1.0),
        clock.Row("lsl", "rc", 1, unavailable="no liblsl"),
    ]
    fresh = [clock.Row("online_trigger", "rc", 16, 0.1, 0.6, 2.0, 0.6, 1.0)]
    figures = {"wrong_indexes": 3, "memory_h": 24, "memory_growth_bytes": 16}
    both = {"rows": clock.plain(rows), "fresh_rows": clock.plain(fresh)}
    error, apart, wrong, grown = clock.result_rows(figures | both)
    assert error == ("`online_trigger`: error of a sample's time, p99", "0.70 ms", "0.6 ms")
    assert apart[1:] == ("0.60 ms", "0.85 ms")
    assert wrong == ("samples with a wrong index", "3", "0")
    assert grown[1] == "16 bytes"
