"""The off-line clock against simulated boards whose true times are known."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.clock import times_from_knots
from dsp.refit import NO_EDGES, Edges, Refit, SegmentReads, SharedEdges, refit, refit_tied
from tests.bench.clock_simulator import (
    Scene,
    Segment,
    Train,
    pin_edges,
    simulate,
    simulate_train,
)
from tests.places import ROOT

RC_1 = Scene(oscillator="rc", dropout_s=(100.0, 3.0))
RC_16 = replace(RC_1, timer_ms=16)
LENGTH_S = 300.0


def reads_of(segment: Segment, edges: Edges = NO_EDGES) -> SegmentReads:
    reads = np.array(segment.reads())
    return SegmentReads(250.0, reads[:, 0], reads[:, 1], edges)


def edges_of(segment: Segment, train: Train) -> Edges:
    pins = [pin for pin in pin_edges(segment, train) if train.host_ns[pin.edge]]
    rows = [(pin.index, pin.width, train.host_ns[pin.edge]) for pin in pins]
    return Edges(*np.array(rows, np.int64).T)


def errors_ms(segment: Segment, fitted: Refit) -> NDArray[np.float64]:
    times = times_from_knots(segment.index, fitted.index, fitted.t_ns, fitted.period_ns)
    return (times - segment.true_ns) / 1e6


@pytest.mark.parametrize("scene", [RC_1, RC_16, replace(RC_1, oscillator="xtal")])
def test_with_a_trigger_every_sample_is_right_within_half_a_millisecond(scene: Scene) -> None:
    errors = []
    for seed in range(500, 503):
        rng = np.random.default_rng(seed)
        train = simulate_train(LENGTH_S, rng)
        [segment] = simulate(scene, LENGTH_S, rng)
        fitted = refit(reads_of(segment, edges_of(segment, train)))
        assert fitted.edges_used > 280
        assert fitted.edges_refused == 0
        errors.append(np.abs(errors_ms(segment, fitted)))
    assert np.percentile(np.concatenate(errors), 99) < 0.5


def test_without_a_trigger_the_delay_is_the_one_expected() -> None:
    [segment] = simulate(RC_1, LENGTH_S, np.random.default_rng(504))
    fitted = refit(reads_of(segment))
    assert np.abs(fitted.delay_ns - 7.2e6).max() < 0.5e6
    assert np.percentile(np.abs(errors_ms(segment, fitted)), 99) < 1.2


def test_sigma_covers_the_error() -> None:
    within = []
    for seed in range(505, 509):
        rng = np.random.default_rng(seed)
        train = simulate_train(LENGTH_S, rng)
        [segment] = simulate(RC_1, LENGTH_S, rng)
        fitted = refit(reads_of(segment, edges_of(segment, train)))
        sigma_ms = np.interp(segment.index, fitted.index, fitted.sigma_ns) / 1e6
        within.append(np.abs(errors_ms(segment, fitted)) < 3 * sigma_ms)
    assert np.concatenate(within).mean() > 0.97


def test_edges_that_belong_elsewhere_are_refused() -> None:
    rng = np.random.default_rng(509)
    train = simulate_train(LENGTH_S, rng)
    [segment] = simulate(RC_1, LENGTH_S, rng)
    edges = edges_of(segment, train)
    t_ns = edges.t_ns.copy()
    t_ns[::10] += 120_000_000
    fitted = refit(reads_of(segment, replace(edges, t_ns=t_ns)))
    assert fitted.edges_refused == len(t_ns[::10])
    assert np.percentile(np.abs(errors_ms(segment, fitted)), 99) < 0.5


def test_shared_edges_tie_two_boards() -> None:
    rng = np.random.default_rng(510)
    train = simulate_train(LENGTH_S, rng)
    a, b = (simulate(replace(RC_1, ppm=ppm), LENGTH_S, rng)[0] for ppm in (2000.0, -1300.0))
    late_b = replace(b, arrival_ns=b.arrival_ns + 3_000_000)  # its adapter takes longer
    seen_a, seen_b = ({pin.edge: pin for pin in pin_edges(s, train)} for s in (a, b))
    both = sorted(seen_a.keys() & seen_b.keys())
    rows = [(seen_a[e].index, seen_a[e].width, seen_b[e].index, seen_b[e].width) for e in both]
    shared = SharedEdges(*np.array(rows, np.int64).T)
    tied = refit_tied(reads_of(a), reads_of(late_b), shared)
    alone = refit(reads_of(a)), refit(reads_of(late_b))
    common = np.arange(a.true_ns[0] + 10**9, a.true_ns[-1] - 10**10, 25_000_000)

    def apart(fitted: tuple[Refit, Refit]) -> float:
        each = [
            np.interp(common, board.true_ns, errors_ms(board, fit))
            for board, fit in zip((a, b), fitted, strict=True)
        ]
        return float(np.percentile(np.abs(each[0] - each[1]), 99))

    assert apart(alone) > 2
    assert apart(tied) < 0.6


def test_time_always_increases() -> None:
    [segment] = simulate(RC_16, LENGTH_S, np.random.default_rng(511))
    fitted = refit(reads_of(segment))
    every = np.arange(segment.index[0], segment.index[-1] + 1)
    times = times_from_knots(every, fitted.index, fitted.t_ns, fitted.period_ns)
    assert np.diff(times).min() > 3_900_000
    assert fitted.index[-1] >= segment.index[-1]


def test_a_segment_of_a_second_is_refused() -> None:
    [segment] = simulate(RC_1, 2.0, np.random.default_rng(512))
    with pytest.raises(ValueError, match="too short"):
        refit(reads_of(segment))


def test_the_live_clock_does_not_load_scipy() -> None:
    code = "import sys, dsp.clock, dsp.clock_tie; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
