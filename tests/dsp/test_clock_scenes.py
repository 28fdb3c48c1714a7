"""The clock against simulated boards, radios, adapters and hosts whose true times are known."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.clock import BoardClock
from tests.bench.clock_simulator import Scene, simulate, simulate_train
from tests.dsp.clocked import (
    RC_1,
    RC_16,
    TERMINAL,
    XTAL_1,
    XTAL_16,
    feed,
    host_edges,
    ppm_off,
    rebuilt_times,
    run,
)


def errors_ms(scene: Scene, seeds: range) -> NDArray[np.float64]:
    """Error of every sample after the provisional ten seconds, all seeds together."""
    errors = []
    for seed in seeds:
        for segment, knots in run(scene, 300.0, seed):
            error = (rebuilt_times(segment.index, knots) - segment.true_ns) / 1e6
            errors.append(error[segment.true_ns > segment.true_ns[0] + 10_000_000_000])
    return np.concatenate(errors)


# The study that the method comes from reached, without triggers, medians of 0.3 to 1.3 ms and p99
# from 1.1 ms (rc oscillator, 1 ms timer) to 3.7 ms (crystal, 16 ms timer) in its worst runs.
@pytest.mark.parametrize(
    ("scene", "median_ms", "p99_ms", "worst_ms"),
    [
        pytest.param(XTAL_1, 0.5, 1.6, 2.2, id="crystal, 1 ms timer"),
        pytest.param(XTAL_16, 1.6, 4.7, 9.0, id="crystal, 16 ms timer"),
        pytest.param(RC_1, 0.4, 1.2, 3.0, id="rc oscillator, 1 ms timer"),
        pytest.param(RC_16, 1.3, 2.8, 6.5, id="rc oscillator, 16 ms timer"),
    ],
)
def test_stays_near_the_truth_through_loss_dropout_stalls_and_restart(
    scene: Scene, median_ms: float, p99_ms: float, worst_ms: float
) -> None:
    error = np.abs(errors_ms(scene, range(200, 208)))
    median, p99, worst = np.percentile(error, [50, 99, 100])
    assert median < median_ms
    assert p99 < p99_ms
    assert worst < worst_ms


def test_two_boards_of_one_kind_agree_within_a_millisecond_and_a_half() -> None:
    a, b = (run(replace(RC_1, reset_s=None), 240.0, seed)[0] for seed in (7, 8))
    common_ns = np.arange(a[0].true_ns[0] + 10_000_000_000, a[0].true_ns[-1], 25_000_000)
    error_a, error_b = (
        np.interp(common_ns, segment.true_ns, rebuilt_times(segment.index, knots) - segment.true_ns)
        for segment, knots in (a, b)
    )
    assert np.percentile(np.abs(error_a - error_b), 99) < 1.5e6


@pytest.mark.parametrize("scene", [XTAL_1, XTAL_16, RC_1, RC_16, TERMINAL])
def test_time_always_increases(scene: Scene) -> None:
    for segment, knots in run(scene, 300.0, 11):
        every = np.arange(segment.index[0], segment.index[-1] + 1)
        assert np.diff(rebuilt_times(every, knots)).min() > 0


@pytest.mark.parametrize("scene", [XTAL_1, RC_1, RC_16])
def test_sigma_covers_the_error(scene: Scene) -> None:
    for segment, knots in run(scene, 300.0, 12):
        true_ns = np.interp([k.index for k in knots], segment.index, segment.true_ns)
        error = np.array([k.t_ns for k in knots]) - true_ns
        within = np.abs(error) < 3 * np.array([k.sigma_ns for k in knots])
        assert within.mean() > 0.99


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("ppm", [-1300.0, 2000.0])
def test_rate_of_an_emulated_board_is_found(ppm: float, seed: int) -> None:
    [(segment, knots)] = run(replace(TERMINAL, ppm=ppm), 125.0, seed)
    true_hz = 250.0 * (1 + ppm * 1e-6)
    at_30_s = next(k for k in knots if k.index >= 30 * 250)
    assert ppm_off(at_30_s, true_hz) < 50
    assert ppm_off(knots[-1], true_hz) < 5
    assert abs(knots[-1].rate_hz - true_hz) < 3 * knots[-1].rate_sigma_hz
    assert len(segment.index) > 120 * 250


def test_rate_of_an_rc_board_is_followed_while_it_warms_up() -> None:
    (segment, knots), *_ = run(replace(RC_1, reset_s=None), 240.0, 5)
    last = segment.index > segment.index[-1] - 2500
    slope_ns = np.polyfit(segment.index[last] - segment.index[-1], segment.true_ns[last] / 1e6, 1)
    assert ppm_off(knots[-1], 1e3 / slope_ns[0]) < 60


def test_a_board_that_is_known_locks_within_two_seconds() -> None:
    train = simulate_train(60.0, np.random.default_rng(30))
    rng = np.random.default_rng(31)
    scene = replace(RC_1, ppm=3000.0, dropout_s=None, reset_s=None)
    first = BoardClock(250)
    assert first.memory is None
    [before] = simulate(scene, 60.0, rng)
    feed(first, before.reads(), host_edges(before, train))
    known = first.memory
    errors = []
    for _ in range(8):
        [segment] = simulate(scene, 5.0, rng)
        knots = feed(BoardClock(250, known=known), segment.reads())
        error_ms = (rebuilt_times(segment.index, knots) - segment.true_ns) / 1e6
        errors.append(error_ms[segment.true_ns > segment.true_ns[0] + 2_000_000_000])
    assert np.percentile(np.abs(np.concatenate(errors)), 99) < 1.5


# The aims: with a trigger, on-line, after ten seconds.
@pytest.mark.parametrize(
    ("scene", "p99_ms"),
    [pytest.param(RC_1, 0.9, id="1 ms timer"), pytest.param(RC_16, 1.5, id="16 ms timer")],
)
def test_a_trigger_holds_the_clock_to_the_truth(scene: Scene, p99_ms: float) -> None:
    errors = []
    for seed in range(400, 403):
        rng = np.random.default_rng(seed)
        train = simulate_train(600.0, rng)
        [segment] = simulate(replace(scene, reset_s=None), 600.0, rng)
        knots = feed(BoardClock(250), segment.reads(), host_edges(segment, train))
        error = (rebuilt_times(segment.index, knots) - segment.true_ns) / 1e6
        errors.append(error[segment.true_ns > segment.true_ns[0] + 10_000_000_000])
    assert np.percentile(np.abs(np.concatenate(errors)), 99) < p99_ms


def test_a_trigger_finds_out_a_delay_that_was_expected_otherwise() -> None:
    train = simulate_train(120.0, np.random.default_rng(32))
    [segment] = simulate(replace(RC_1, reset_s=None), 120.0, np.random.default_rng(33))
    clock = BoardClock(250, delay_ns=4e6)
    knots = feed(clock, segment.reads(), host_edges(segment, train))
    error = (rebuilt_times(segment.index, knots) - segment.true_ns) / 1e6
    assert abs(error[-1]) < 0.8
    assert knots[-1].sigma_ns < 0.4e6
