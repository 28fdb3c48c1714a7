"""Two clocks tied by edges that both boards saw and the host did not."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dsp.clock import BoardClock
from dsp.clock_tie import ClockTie
from tests.bench.clock_simulator import Scene, Segment, pin_edges, simulate, simulate_train

SCENE = Scene(oscillator="rc")
LENGTH_S = 180.0


def two_boards(
    seed: int,
) -> tuple[Segment, Segment, list[tuple[int, tuple[int, int], tuple[int, int]]]]:
    """Two boards, and for each edge that both saw: when it was known, and where each saw it."""
    rng = np.random.default_rng(seed)
    train = simulate_train(LENGTH_S, rng)
    a, b = (simulate(replace(SCENE, ppm=ppm), LENGTH_S, rng)[0] for ppm in (1500.0, -900.0))
    seen_a, seen_b = ({pin.edge: pin for pin in pin_edges(s, train)} for s in (a, b))
    shared = []
    for edge in sorted(seen_a.keys() & seen_b.keys()):
        pin_a, pin_b = seen_a[edge], seen_b[edge]
        known_ns = int(max(a.arrival_ns[pin_a.at], b.arrival_ns[pin_b.at]))
        shared.append((known_ns, (pin_a.index, pin_a.width), (pin_b.index, pin_b.width)))
    return a, b, shared


def disagreement_ms(seed: int, *, tied: bool, delay_b_ns: float) -> NDArray[np.float64]:
    """Error of a less error of b at each shared edge of the second half."""
    a, b, shared = two_boards(seed)
    clocks = BoardClock(250), BoardClock(250, delay_ns=delay_b_ns)
    tie = ClockTie(*clocks)
    reads = [iter(board.reads()) for board in (a, b)]
    errors = []
    for known_ns, at_a, at_b in shared:
        for clock, mine in zip(clocks, reads, strict=True):
            for index, arrival_ns in mine:
                clock.observe(index, arrival_ns)
                if arrival_ns >= known_ns:
                    break
        if tied:
            tie.tie(at_a, at_b)
        each = [
            clock.time_ns(at[0]) - int(board.true_ns[np.searchsorted(board.index, at[0])])
            for clock, board, at in zip(clocks, (a, b), (at_a, at_b), strict=True)
        ]
        errors.append((each[0] - each[1]) / 1e6)
    return np.array(errors[len(errors) // 2 :])


def test_shared_edges_bring_two_boards_together() -> None:
    """One board's delay is expected wrongly by 3 ms."""
    apart = np.abs(disagreement_ms(50, tied=False, delay_b_ns=10.2e6))
    tied = np.abs(disagreement_ms(50, tied=True, delay_b_ns=10.2e6))
    assert np.median(apart) > 2
    assert np.percentile(tied, 99) < 1


def test_a_tie_says_how_far_the_clocks_may_be_apart() -> None:
    _, _, shared = two_boards(51)
    clocks = BoardClock(250), BoardClock(250)
    tie = ClockTie(*clocks)
    assert not tie.tie(*shared[0][1:])
    for clock in clocks:
        for index in range(2500):
            clock.observe(index, 10**15 + index * 4_000_000)
    assert tie.tie((2400, 1), (2400, 1))
    once = tie.sigma_ns
    for index in range(2400, 2450):
        assert tie.tie((index, 1), (index, 1))
    assert tie.sigma_ns < once / 3


def test_an_edge_of_another_train_is_refused() -> None:
    clocks = BoardClock(250), BoardClock(250)
    for clock in clocks:
        for index in range(2500):
            clock.observe(index, 10**15 + index * 4_000_000)
    before = clocks[0].line, clocks[1].line
    assert before[0] is not None
    offset = before[0].offset
    assert not ClockTie(*clocks).tie((2400, 1), (2200, 1))
    assert before[0].offset == offset
