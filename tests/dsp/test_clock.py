"""What single reads and edges do to the clock."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.clock import FAST_SLEW, KNOTS_KEPT, SLEW, BoardClock, ClockFit, ClockMemory
from tests.bench.clock_simulator import simulate
from tests.dsp.clocked import (
    PERIOD_NS,
    RC_16,
    START_NS,
    feed,
    ppm_off,
    rebuilt_times,
    regular_reads,
)

CHUNKED = simulate(
    replace(RC_16, dropout_s=(8.0, 3.0), reset_s=None), 20.0, np.random.default_rng(4)
)[0]


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


def test_what_is_known_of_a_board_is_believed_at_once() -> None:
    clock = BoardClock(250, known=ClockMemory(3_992_000.0, 9e6, 0.2e6))
    clock.observe(0, START_NS)
    assert clock.fit is not None
    assert ppm_off(clock.fit, 1 / 0.003992) < 1e-3
    assert clock.fit.rate_sigma_hz < 0.1
    assert clock.time_ns(0) == START_NS - 9_000_000


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


def test_memory_does_not_grow() -> None:
    clock = BoardClock(250)
    tracemalloc.start()
    try:
        for i in range(250 * 2 * KNOTS_KEPT):
            clock.observe(i, START_NS + i * PERIOD_NS)
        before = held_bytes()
        for i in range(250 * 2 * KNOTS_KEPT, 250 * 600):
            clock.observe(i, START_NS + i * PERIOD_NS)
        assert held_bytes() - before < 1000
    finally:
        tracemalloc.stop()


def held_bytes() -> int:
    """What `dsp` holds; other threads of the test runner hold things of their own."""
    ours = tracemalloc.Filter(inclusive=True, filename_pattern="*/dsp/*")
    traces = tracemalloc.take_snapshot().filter_traces([ours])
    return sum(one.size for one in traces.statistics("filename"))
