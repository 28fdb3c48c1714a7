"""Boards whose true times are known, shown to a clock; the knots that it made of them."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dsp.clock import BoardClock, ClockFit, times_from_knots
from tests.bench.clock_simulator import PinEdge, Scene, Segment, Train, pin_edges, simulate

PERIOD_NS = 4_000_000
START_NS = 10**15

XTAL_1 = Scene(dropout_s=(105.0, 3.0), reset_s=180.0)
XTAL_16 = replace(XTAL_1, timer_ms=16)
RC_1 = replace(XTAL_1, oscillator="rc")
RC_16 = replace(RC_1, timer_ms=16)
TERMINAL = Scene(timer_ms=0, loss=0.0, ppm=2000.0)

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


def ppm_off(fit: ClockFit, true_hz: float) -> float:
    return abs(fit.rate_hz / true_hz - 1) * 1e6
