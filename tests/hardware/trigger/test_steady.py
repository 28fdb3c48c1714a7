"""Sources made of others: without bounces, and open again after a loss."""

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.trigger.edges import Edge, LostEdges, ScriptedEdges, TriggerEvent, TriggerFault
from hardware.trigger.steady import REOPEN_S, Debounce, Debounced, KeptOpen

S, MS = 1_000_000_000, 1_000_000


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


def edges(*changes: tuple[float, int]) -> list[Edge]:
    return [
        Edge("gpio", seq, round(at_ms * MS), level)
        for seq, (at_ms, level) in enumerate(changes, start=1)
    ]


def settled(debounce_s: float, changes: list[Edge]) -> list[tuple[float, int]]:
    debounce = Debounce(debounce_s)
    out = [edge for change in changes for edge in debounce.feed(change)]
    out += debounce.settle(changes[-1].t_ns + round(debounce_s * 1e9))
    return [(edge.t_ns / MS, edge.level) for edge in out]


def test_a_clean_pulse_passes_with_its_times() -> None:
    assert settled(0.005, edges((100, 1), (130, 0))) == [(100, 1), (130, 0)]


def test_a_bouncing_contact_is_one_edge_at_its_first_touch() -> None:
    bouncing = edges((100, 1), (100.3, 0), (101, 1), (130, 0), (130.2, 1), (130.4, 0))
    assert settled(0.005, bouncing) == [(100, 1), (130, 0)]


def test_a_glitch_is_no_pulse() -> None:
    assert settled(0.005, edges((50, 1), (50.1, 0), (100, 1), (130, 0))) == [(100, 1), (130, 0)]


def test_nothing_is_certain_before_the_line_has_been_quiet() -> None:
    debounce = Debounce(0.005)
    (rise,) = edges((100, 1))
    assert debounce.feed(rise) == []
    assert debounce.settle(105 * MS - 1) == []
    assert debounce.settle(105 * MS) == [rise]
    assert debounce.settle(200 * MS) == []


@pytest.mark.parametrize("debounce_s", [0.0, -1.0, float("nan")])
def test_a_debounce_time_is_positive(debounce_s: float) -> None:
    with pytest.raises(ValueError, match="not positive"):
        Debounce(debounce_s)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(6, 200), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_bounces_shorter_than_the_limit_never_show(lengths_ms: list[int], random: Random) -> None:
    clean, noisy, at_ms = [], [], 0.0
    for turn, length_ms in enumerate(lengths_ms):
        level = (turn + 1) % 2
        at_ms += length_ms
        clean.append((at_ms, level))
        noisy.append((at_ms, level))
        for bounce in range(random.randint(0, 3)):
            noisy += [(at_ms + bounce + 0.2, 1 - level), (at_ms + bounce + 0.7, level)]
    # 3 bounces end 2.7 ms after the edge; the next edge is 6 ms after it
    assert settled(0.003, edges(*noisy)) == clean


@pytest.mark.parametrize(
    ("rate_hz", "width_ms", "debounce_s"), [(60, 0.5, 0.0002), (25, 5, 0.002), (1, 20, 0.005)]
)
def test_strobes_and_trains_pass_with_a_limit_below_their_width(
    rate_hz: int, width_ms: float, debounce_s: float
) -> None:
    period_ms = 1000 / rate_hz
    changes = [
        change
        for k in range(100)
        for change in ((100 + k * period_ms, 1), (100 + k * period_ms + width_ms, 0))
    ]
    passed = settled(debounce_s, edges(*changes))
    assert passed == [(round(at_ms * MS) / MS, level) for at_ms, level in changes]


def test_a_debounced_source_gives_what_has_settled() -> None:
    clock = Clock()
    script = [(0.1, 1), (0.1002, 0), (0.1004, 1), (0.13, 0)]
    source = Debounced(ScriptedEdges("fake", script, clock), 0.005, clock)
    assert source.name == "fake"
    source.open()
    clock.now_ns = 101 * MS
    assert source.poll() == []
    clock.now_ns = 106 * MS
    assert source.poll() == [Edge("fake", 1, 100 * MS, 1)]
    clock.now_ns = 140 * MS
    assert source.poll() == [Edge("fake", 4, 130 * MS, 0)]
    source.close()


class Fragile:
    """A source that does what a list says: events, or a fault on opening."""

    name = "gpio"

    def __init__(self, *acts: TriggerFault | Sequence[TriggerEvent]) -> None:
        self.acts = list(acts)
        self.is_open = False
        self.attempts = 0

    def open(self) -> None:
        self.attempts += 1
        act = self.acts[0] if self.acts else None
        if isinstance(act, TriggerFault):
            del self.acts[0]
            raise act
        self.is_open = True

    def poll(self) -> list[TriggerEvent]:
        assert self.is_open, "polled while closed"
        act = self.acts.pop(0) if self.acts else []
        assert not isinstance(act, TriggerFault)
        return list(act)

    def close(self) -> None:
        self.is_open = False


def absent() -> TriggerFault:
    return TriggerFault("gpio", "no such chip")


def gone() -> TriggerFault:
    return TriggerFault("gpio", "pulled out")


def test_losses_and_faults_pass_a_debounced_source() -> None:
    lost, fault = LostEdges("gpio", 3, 0), gone()
    source = Debounced(Fragile([lost, fault]), 0.005, Clock())
    source.open()
    assert source.poll() == [lost, fault]


def test_a_source_that_is_not_there_is_reported_once_and_tried_again() -> None:
    clock, fault = Clock(), absent()
    (rise,) = edges((1, 1))
    fragile = Fragile(fault, absent(), [rise])
    source = KeptOpen(fragile, clock)
    source.open()
    assert source.poll() == [fault]
    clock.now_ns += round(REOPEN_S * 1e9) - 1
    assert source.poll() == []
    assert fragile.attempts == 1
    clock.now_ns += 1
    assert source.poll() == []
    assert fragile.attempts == 2
    clock.now_ns += round(REOPEN_S * 1e9)
    assert source.poll() == [rise]
    assert fragile.attempts == 3


def test_a_source_that_is_lost_comes_back() -> None:
    clock, fault, again = Clock(), gone(), gone()
    first, second = edges((1, 1), (2, 0))
    fragile = Fragile([first, fault], [second], [again])
    source = KeptOpen(fragile, clock)
    source.open()
    assert source.poll() == [first, fault]
    assert not fragile.is_open
    assert source.poll() == []
    clock.now_ns += round(REOPEN_S * 1e9)
    assert source.poll() == [second]
    assert source.poll() == [again]  # it had recovered in between: this is news


def test_a_source_that_opens_and_fails_at_once_is_reported_once() -> None:
    clock = Clock()
    source = KeptOpen(Fragile(*[[gone()] for _ in range(5)]), clock)
    source.open()
    reports = []
    for _ in range(5):
        reports += source.poll()
        clock.now_ns += round(REOPEN_S * 1e9)
    assert len(reports) == 1


def test_a_source_kept_open_stays_closed_when_closed() -> None:
    clock = Clock()
    fragile = Fragile(absent())
    source = KeptOpen(fragile, clock)
    source.open()
    source.poll()
    source.close()
    source.close()
    clock.now_ns += 100 * S
    assert source.poll() == []
    assert fragile.attempts == 1
    source.open()
    assert source.poll() == []
    assert fragile.is_open
