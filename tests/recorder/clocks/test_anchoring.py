"""Edges that several paths saw tie the clocks; edges of others do not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hardware.board import Block
from hardware.trigger.edges import Edge
from hardware.trigger.pin import PinEdge
from recorder.clocks.anchoring import Anchoring, Pair
from recorder.wearers.lane import Lane
from tests.recorder.scripted_board import INFO
from tests.recorder.session_files import START_NS

S = 1_000_000_000
RATES_HZ = (250.4, 249.3)
DELAYS_S = (0.0105, 0.0050)  # neither is what is expected of a Cyton
BATCH = 25
RNG_SEED = 7


class Ward:
    """Two boards whose samples really are where they are, and a train that all see or do not."""

    def __init__(self, *, host: bool, inverted: tuple[int | None, ...] = ()) -> None:
        self.lanes = (Lane(INFO, ("F3",), 50.0), Lane(INFO, ("F3",), 50.0))
        self.anchoring = Anchoring(self.lanes)
        self.rng = np.random.default_rng(RNG_SEED)
        self.host = host
        self.inverted = inverted  # None is the host's path
        self._sent = [0, 0]
        self._step, self._rise_s = 0, 0.5
        self._jitter = np.random.default_rng(RNG_SEED + 1)

    def run(self, seconds: float) -> None:
        """From where it is until `seconds`."""
        while self._step + 1 < round(seconds * 10):
            self._step += 1
            now_s = self._step / 10
            while self._rise_s + 0.03 < now_s:
                self._pulse(self._rise_s)
                self._rise_s += self.rng.uniform(0.5, 1.5)
            for board in (0, 1):
                self._send_until(board, now_s)
            self.anchoring.settle(START_NS + round((now_s + DELAYS_S[0]) * S))

    def error_ns(self, board: int) -> float:
        """By how much the newest sample's time is late."""
        index = self._sent[board] - 1
        true_ns = START_NS + index / RATES_HZ[board] * S
        return float(self.lanes[board].clock.time_ns(index) - true_ns)

    def _pulse(self, rise_s: float) -> None:
        self._edge(rise_s, 1)
        if self.inverted:
            self._edge(rise_s + 0.02, 0)

    def _edge(self, at_s: float, level: int) -> None:
        if self.host:
            seen = level ^ (None in self.inverted)
            self.anchoring.host(Edge("trigger", 1, START_NS + round(at_s * S), seen))
        for board in (0, 1):
            index = int(np.ceil(at_s * RATES_HZ[board]))
            arrival_ns = START_NS + round((index / RATES_HZ[board] + DELAYS_S[board]) * S)
            seen = level ^ (board in self.inverted)
            self.anchoring.pin(board, PinEdge("x", 0, index - 1, index, seen, arrival_ns))

    def _send_until(self, board: int, now_s: float) -> None:
        until = int(now_s * RATES_HZ[board])
        index = np.arange(self._sent[board], until)
        if not index.size:
            return
        self._sent[board] = until
        late_s = DELAYS_S[board] + self._jitter.exponential(0.001, len(index))
        arrival_ns = START_NS + np.rint((index / RATES_HZ[board] + late_s) * S).astype(np.int64)
        arrival_ns = np.maximum.accumulate(arrival_ns)
        shape = (len(index), len(INFO.aux_labels))
        counts, aux = np.zeros((len(index), 8), np.int32), np.zeros(shape, np.int32)
        self.lanes[board].take(Block(0, int(index[0]), counts, aux, arrival_ns))


def test_edges_that_the_host_saw_tell_each_boards_delay() -> None:
    ward = Ward(host=True)
    ward.run(60)
    assert ward.anchoring.anchored > 80
    assert ward.anchoring.tied == 0
    for board in (0, 1):
        assert abs(ward.error_ns(board)) < 1_000_000


def test_edges_that_only_the_boards_saw_tie_them_to_each_other() -> None:
    ward = Ward(host=False)
    ward.run(60)
    assert ward.anchoring.anchored == 0
    assert ward.anchoring.tied > 40
    assert abs(ward.error_ns(0) - ward.error_ns(1)) < 1_000_000
    assert ward.anchoring.disagreement_ns is not None
    assert abs(ward.anchoring.disagreement_ns) < 1_000_000


def test_without_edges_the_boards_differ_by_what_their_delays_do() -> None:
    ward = Ward(host=False)
    ward._pulse = lambda rise_s: None  # type: ignore[method-assign]
    ward.run(60)
    apart_ns = ward.error_ns(0) - ward.error_ns(1)
    assert apart_ns == pytest.approx((DELAYS_S[0] - DELAYS_S[1]) * S, abs=1_000_000)
    assert ward.anchoring.disagreement_ns is None


@pytest.mark.parametrize(
    "change",
    [{"segment": 3}, {"level": 0}, {"index": 9000, "before": 8999}],
    ids=["another segment", "another level", "another time"],
)
def test_what_is_no_part_of_the_pulse_anchors_nothing(change: dict[str, Any]) -> None:
    ward = Ward(host=True)
    ward._pulse = lambda rise_s: None  # type: ignore[method-assign]
    ward.run(20)
    index = int(10 * RATES_HZ[0])
    edge = PinEdge("x", 0, index - 1, index, 1, START_NS + 10 * S)
    ward.anchoring.host(Edge("trigger", 1, START_NS + 10 * S, 1))
    ward.anchoring.pin(0, replace(edge, **change))
    ward.anchoring.settle(START_NS + 30 * S)
    assert ward.anchoring.anchored == 0


def test_two_edges_too_near_to_be_told_apart_anchor_nothing() -> None:
    ward = Ward(host=True)
    ward._pulse = lambda rise_s: None  # type: ignore[method-assign]
    ward.run(20)
    for at_ns in (0, 16_000_000):  # a strobe of 60 Hz
        ward.anchoring.host(Edge("trigger", 1, START_NS + 10 * S + at_ns, 1))
    index = int(10 * RATES_HZ[0])
    ward.anchoring.pin(0, PinEdge("x", 0, index - 1, index, 1, START_NS + 10 * S))
    ward.anchoring.settle(START_NS + 30 * S)
    assert ward.anchoring.anchored == 0


OPPOSED: dict[tuple[int | None, ...], list[Pair]] = {
    (0,): [(None, 0), (0, 1)],
    (1,): [(None, 1), (0, 1)],
    (None,): [(None, 0), (None, 1)],
    (0, 1): [(None, 0), (None, 1)],
    (None, 0, 1): [],
}


@pytest.mark.parametrize("inverted", OPPOSED)
def test_of_three_paths_those_that_see_opposite_levels_tie_nothing(
    inverted: tuple[int | None, ...],
) -> None:
    ward = Ward(host=True, inverted=inverted)
    ward.run(40)
    assert ward.anchoring.opposed == OPPOSED[inverted]
    host_is_alone = len([pair for pair in OPPOSED[inverted] if pair[0] is None]) == 2
    assert (ward.anchoring.anchored > 0) is not host_is_alone
    assert (ward.anchoring.tied > 0) is host_is_alone
    apart_ns = ward.anchoring.disagreement_ns
    assert (apart_ns is None) is ((0, 1) in OPPOSED[inverted])


def test_without_a_host_boards_that_see_opposite_levels_are_not_tied() -> None:
    ward = Ward(host=False, inverted=(1,))
    ward.run(40)
    assert (ward.anchoring.opposed, ward.anchoring.tied) == ([(0, 1)], 0)
    assert ward.anchoring.anchored == 0


def test_a_wire_that_is_put_right_ties_again() -> None:
    ward = Ward(host=False, inverted=(1,))
    ward.run(20)
    ward.inverted = (0, 1)
    ward.run(70)
    assert ward.anchoring.opposed == []
    assert ward.anchoring.tied > 10
