"""The clock against simulated boards, radios, adapters and hosts whose true times are known."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsp.clock import (
    FAST_SLEW,
    KNOTS_KEPT,
    SLEW,
    BoardClock,
    ClockFit,
    ClockMemory,
    times_from_knots,
)
from recorder.bench.clock_simulator import (
    PinEdge,
    Scene,
    Segment,
    Train,
    pin_edges,
    simulate,
    simulate_train,
)

PERIOD_NS = 4_000_000
START_NS = 10**15

XTAL_1 = Scene(dropout_s=(105.0, 3.0), reset_s=180.0)
XTAL_16 = replace(XTAL_1, timer_ms=16)
RC_1 = replace(XTAL_1, oscillator="rc")
RC_16 = replace(RC_1, timer_ms=16)
TERMINAL = Scene(timer_ms=0, loss=0.0, ppm=2000.0)

CHUNKED = simulate(
    replace(RC_16, dropout_s=(8.0, 3.0), reset_s=None), 20.0, np.random.default_rng(4)
)[0]

# What is known of the chain in advance; a timer of 16 ms adds about a millisecond to the earliest.
DELAY_S = {0: 0.0, 1: 7.2e-3, 16: 8.2e-3}

Reads = list[tuple[int, int]]
HostEdges = list[tuple[int, PinEdge, int]]  # when the board's sample arrived, its edge, the host's


def regular_reads(begin: int, end: int, *, late_ns: int = 0, period_ns: int = PERIOD_NS) -> Reads:
    """A read for each sample, exactly one pipeline delay after it."""
    return [(i, START_NS + i * period_ns + late_ns) for i in range(begin, end)]


def feed(clock: BoardClock, reads: Reads, edges: HostEdges | None = None) -> list[ClockFit]:
    """Show reads and edges, in the order of arrival, and return every knot the clock made."""
    knots: list[ClockFit] = []
    waiting = sorted(edges or [], key=lambda edge: -edge[0])
    for index, arrival_ns in reads:
        while waiting and waiting[-1][0] < arrival_ns:
            _, pin, t_ns = waiting.pop()
            clock.anchor(pin.index, t_ns, width=pin.width)
        clock.observe(index, arrival_ns)
        if not knots or clock.fit is not knots[-1]:
            assert clock.fit is not None
            knots.append(clock.fit)
    return knots


def host_edges(segment: Segment, train: Train) -> HostEdges:
    """The edges that both host and board saw."""
    pins = pin_edges(segment, train)
    return [
        (int(segment.arrival_ns[pin.at]), pin, int(train.host_ns[pin.edge]))
        for pin in pins
        if train.host_ns[pin.edge]
    ]


def rebuilt_times(index: NDArray[np.int64], knots: list[ClockFit]) -> NDArray[np.int64]:
    """As a reader of the stored knots would compute them."""
    return times_from_knots(
        index,
        np.array([knot.index for knot in knots]),
        np.array([knot.t_ns for knot in knots]),
        np.array([knot.period_ns for knot in knots]),
    )


def run(scene: Scene, length_s: float, seed: int) -> list[tuple[Segment, list[ClockFit]]]:
    """One clock through all segments of one simulated board."""
    clock = BoardClock(scene.rate_hz, delay_ns=DELAY_S[scene.timer_ms] * 1e9)
    runs = []
    for segment in simulate(scene, length_s, np.random.default_rng(seed)):
        clock.begin_segment()
        runs.append((segment, feed(clock, segment.reads())))
    return runs


def errors_ms(scene: Scene, seeds: range) -> NDArray[np.float64]:
    """Error of every sample after the provisional ten seconds, all seeds together."""
    errors = []
    for seed in seeds:
        for segment, knots in run(scene, 300.0, seed):
            error = (rebuilt_times(segment.index, knots) - segment.true_ns) / 1e6
            errors.append(error[segment.true_ns > segment.true_ns[0] + 10_000_000_000])
    return np.concatenate(errors)


def ppm_off(fit: ClockFit, true_hz: float) -> float:
    return abs(fit.rate_hz / true_hz - 1) * 1e6


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


@pytest.mark.parametrize("scene", [XTAL_1, RC_16])
def test_every_time_given_live_is_rebuilt_from_the_knots(scene: Scene) -> None:
    segment = simulate(scene, 60.0, np.random.default_rng(3))[0]
    clock = BoardClock(250)
    knots: dict[int, ClockFit] = {}
    given: dict[int, int] = {}
    for index, arrival_ns in segment.reads():
        clock.observe(index, arrival_ns)
        assert clock.fit is not None
        knots[clock.fit.index] = clock.fit
        given[index] = clock.time_ns(index)
    rebuilt = rebuilt_times(np.array(list(given)), list(knots.values()))
    assert rebuilt.tolist() == list(given.values())


def test_times_of_the_last_seconds_do_not_change_any_more() -> None:
    clock = BoardClock(250)
    feed(clock, regular_reads(0, 5000))
    positions = np.linspace(4200, 4990, 400)
    before = clock.time_ns(positions)
    feed(clock, regular_reads(5000, 5700, late_ns=300_000))
    np.testing.assert_array_equal(clock.time_ns(positions), before)


def test_a_late_sample_is_ignored() -> None:
    calm, disturbed = BoardClock(250), BoardClock(250)
    reads = regular_reads(0, 4000)
    stale = [(index - 40, arrival_ns) for index, arrival_ns in reads[200::50]]
    feed(calm, reads)
    feed(disturbed, sorted(reads + stale, key=lambda read: (read[1], -read[0])))
    assert disturbed.fit == calm.fit


def test_arrivals_without_jitter_give_the_exact_line() -> None:
    clock = BoardClock(250, delay_ns=5e6)
    feed(clock, regular_reads(0, 30 * 250))
    assert clock.time_ns(7000) == START_NS + 7000 * PERIOD_NS - 5_000_000
    assert clock.fit is not None
    assert clock.fit.rate_hz == pytest.approx(250, abs=1e-6)
    assert clock.fit.delay_ns == 5_000_000
    assert clock.fit.relocks == 0


def test_the_first_ten_seconds_of_a_segment_are_provisional() -> None:
    knots = feed(BoardClock(250), regular_reads(0, 15 * 250))
    assert {k.provisional for k in knots if k.index < 10 * 250} == {True}
    assert {k.provisional for k in knots if k.index >= 10 * 250} == {False}


def test_a_first_read_that_was_held_up_is_made_good_within_seconds() -> None:
    clock = BoardClock(250, delay_ns=0.0)
    reads = regular_reads(0, 1000)
    feed(clock, [(0, START_NS + 300_000_000), *reads[75:]])
    assert abs(clock.time_ns(999) - (START_NS + 999 * PERIOD_NS)) < 100_000


def test_a_settled_line_bends_by_four_milliseconds_a_second_at_most() -> None:
    clock = BoardClock(250)
    knots = feed(clock, regular_reads(0, 5000))
    knots += feed(clock, regular_reads(5000, 20000, late_ns=25_000_000))
    bends = [k.period_ns * k.rate_hz / 1e9 - 1 for k in knots]
    settled = [bend for bend, k in zip(bends, knots, strict=True) if not k.provisional]
    assert max(np.abs(settled)) == pytest.approx(SLEW, rel=0.01)
    assert clock.fit is not None
    assert clock.fit.relocks == 1
    assert clock.time_ns(19990) - START_NS == pytest.approx(
        19990 * PERIOD_NS + 25_000_000 - 7_200_000, abs=200_000
    )


@pytest.mark.parametrize("step_ns", [200_000_000, -200_000_000])
def test_a_line_that_is_wrong_by_a_fifth_of_a_second_is_left_soon(step_ns: int) -> None:
    clock = BoardClock(250, delay_ns=0.0)
    knots = feed(clock, regular_reads(0, 5000))
    later = [read for read in regular_reads(5000, 7500, late_ns=step_ns) if read[1] > START_NS]
    knots += feed(clock, later)
    every = np.arange(7500)
    assert np.diff(rebuilt_times(every, knots)).min() > PERIOD_NS * (1 - FAST_SLEW) - 2
    assert abs(clock.time_ns(7499) - START_NS - 7499 * PERIOD_NS - step_ns) < 1_000_000
    assert clock.fit is not None
    assert clock.fit.relocks >= 1


def test_three_seconds_of_late_reads_do_not_move_the_line() -> None:
    clock = BoardClock(250, delay_ns=0.0)
    feed(clock, regular_reads(0, 5000))
    feed(clock, regular_reads(5000, 5750, late_ns=30_000_000))
    feed(clock, regular_reads(5760, 7000))
    assert abs(clock.time_ns(6999) - START_NS - 6999 * PERIOD_NS) < 100_000
    assert clock.fit is not None
    assert clock.fit.relocks == 0


def test_no_board_is_believed_to_be_more_than_one_per_cent_and_a_fifth_off() -> None:
    knots = feed(BoardClock(250), regular_reads(0, 10000, period_ns=4_200_000))
    assert min(k.rate_hz for k in knots) >= 250 / 1.012 - 1e-6


def test_a_restart_keeps_the_rate_and_forgets_the_offset() -> None:
    clock = BoardClock(250)
    reads = regular_reads(0, 60 * 250, period_ns=3_992_000)
    feed(clock, reads)
    clock.begin_segment()
    with pytest.raises(RuntimeError, match="not seen a sample"):
        clock.time_ns(3)
    [knot] = feed(clock, [(3, reads[-1][1] + 2_000_000_000)])
    assert knot.provisional
    assert ppm_off(knot, 1e9 / 3_992_000) < 5
    assert clock.time_ns(3) == pytest.approx(reads[-1][1] + 2_000_000_000 - 7_200_000, abs=1000)


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


def test_what_is_known_of_a_board_is_believed_at_once() -> None:
    clock = BoardClock(250, known=ClockMemory(3_992_000.0, 9e6, 0.2e6))
    clock.observe(0, START_NS)
    assert clock.fit is not None
    assert ppm_off(clock.fit, 1 / 0.003992) < 1e-3
    assert clock.fit.rate_sigma_hz < 0.1
    assert clock.time_ns(0) == START_NS - 9_000_000


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


def test_an_edge_that_belongs_elsewhere_is_refused() -> None:
    clock = BoardClock(250)
    feed(clock, regular_reads(0, 5000))
    fit = clock.fit
    assert not clock.anchor(4990, START_NS)
    assert clock.fit is fit


def test_edges_that_are_always_off_do_not_drag_the_clock_along() -> None:
    clock = BoardClock(250)
    for second in range(120):
        feed(clock, regular_reads(second * 250, second * 250 + 250))
        clock.anchor(second * 250 + 200, START_NS + (second * 250 + 200) * PERIOD_NS + 90_000_000)
    assert abs(clock.time_ns(29_900) - START_NS - 29_900 * PERIOD_NS + 7_200_000) < 1_000_000


def test_an_edge_before_the_first_sample_is_of_no_use() -> None:
    assert not BoardClock(250).anchor(0, START_NS)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60), st.booleans())
@settings(max_examples=15, deadline=None)
def test_how_reads_are_handed_over_does_not_matter(sizes: list[int], every: bool) -> None:
    """Whole, in pieces, or with each sample of a read: the knots are the same."""
    begin = int(np.count_nonzero(CHUNKED.arrival_ns == CHUNKED.arrival_ns[0])) - 1
    samples = list(zip(CHUNKED.index.tolist(), CHUNKED.arrival_ns.tolist(), strict=True))[begin:]
    shown = samples if every else CHUNKED.reads()
    clock, at = BoardClock(250), 0
    knots: list[ClockFit] = []
    while at < len(shown):
        size = sizes[len(knots) % len(sizes)]
        knots += [knot for knot in feed(clock, shown[at : at + size]) if knot not in knots]
        at += size
    assert knots == feed(BoardClock(250), CHUNKED.reads())


def test_time_is_refused_before_the_first_sample() -> None:
    clock = BoardClock(250)
    clock.begin_segment()
    assert clock.fit is None
    with pytest.raises(RuntimeError, match="not seen a sample"):
        clock.time_ns(0)
    with pytest.raises(RuntimeError, match="not seen a sample"):
        clock.index_at(START_NS)


@pytest.fixture(scope="module")
def running_clock() -> BoardClock:
    clock = BoardClock(250)
    segment = simulate(RC_16, 60.0, np.random.default_rng(9))[0]
    feed(clock, segment.reads())
    return clock


@given(st.floats(12_000, 15_200))
@settings(max_examples=100, deadline=None)
def test_index_at_is_the_inverse_of_time(running_clock: BoardClock, index: float) -> None:
    # One nanosecond of rounding is 2.5e-7 samples.
    assert running_clock.index_at(running_clock.time_ns(index)) == pytest.approx(index, abs=3e-7)


def test_arrays_are_treated_as_their_elements(running_clock: BoardClock) -> None:
    index = np.array([12_000.25, 14_000.0, 14_999.5])
    times = running_clock.time_ns(index)
    assert times.dtype == np.int64
    assert times.tolist() == [running_clock.time_ns(i) for i in index.tolist()]
    np.testing.assert_allclose(running_clock.index_at(times), index, rtol=0, atol=3e-7)
    assert running_clock.index_at(times).tolist() == [
        running_clock.index_at(t) for t in times.tolist()
    ]


def test_before_the_first_knot_its_line_is_drawn_backwards() -> None:
    times = times_from_knots(
        np.array([90, 100, 110, 120.5]),
        np.array([100, 110]),
        np.array([1_000, 1_100]),
        np.array([10.0, 20.0]),
    )
    assert times.tolist() == [900, 1_000, 1_100, 1_310]


def test_nanoseconds_survive_a_hundred_days_of_uptime() -> None:
    clock = BoardClock(250, delay_ns=0.0)
    boot_ns = 100 * 86_400 * 10**9 + 123
    for i in range(3000):
        clock.observe(i, boot_ns + i * PERIOD_NS)
    assert clock.time_ns(2999) == boot_ns + 2999 * PERIOD_NS


def test_memory_does_not_grow() -> None:
    clock = BoardClock(250)
    tracemalloc.start()
    try:
        for i in range(250 * 2 * KNOTS_KEPT):
            clock.observe(i, START_NS + i * PERIOD_NS)
        before = tracemalloc.get_traced_memory()[0]
        for i in range(250 * 2 * KNOTS_KEPT, 250 * 600):
            clock.observe(i, START_NS + i * PERIOD_NS)
        assert tracemalloc.get_traced_memory()[0] - before < 1000
    finally:
        tracemalloc.stop()
