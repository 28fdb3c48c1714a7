"""Edges become rows: the host's with its own times, a board's pin's with fitted ones."""

from dataclasses import replace

import numpy as np
import pytest

from hardware.board import Block
from hardware.trigger.edges import Edge, LostEdges, TriggerEvent, TriggerFault
from recorder.companions.trigger_paths import host_trigger
from recorder.companions.triggers import KEPT, TriggerRates, TriggerWatch
from recorder.settings.file import Config
from recorder.settings.trigger import TriggerSettings
from recorder.store.rows import EdgeRow, EventRow, Row
from recorder.wearers.lane import Lane
from tests.recorder.scripted_board import INFO, RATE_HZ, Clock
from tests.recorder.session_files import START_NS

LABELS = ("D11", "D12", "board_ms")
CYTON = replace(INFO, aux_labels=LABELS)
CHANNELS = ("F3", "F4")
RISE, FALL = 2503, 2513
S = 1_000_000_000


class SaidEdges:
    """A source that says what it was given, once."""

    name = "trigger"

    def __init__(self, events: list[TriggerEvent]) -> None:
        self.events = events
        self.is_open = False

    def open(self) -> None:
        self.is_open = True

    def poll(self) -> list[TriggerEvent]:
        events, self.events = self.events, []
        return events

    def close(self) -> None:
        self.is_open = False


def pulse(first: int, count: int) -> Block:
    """Samples with D11 on from RISE to FALL, each read by itself, 8 ms late."""
    index = np.arange(first, first + count)
    aux = np.zeros((count, 3), np.int32)
    aux[:, 0] = (index >= RISE) & (index < FALL)
    arrival_ns = START_NS + np.rint((index / RATE_HZ + 0.008) * 1e9).astype(np.int64)
    return Block(0, first, np.zeros((count, 8), np.int32), aux, arrival_ns)


def told(watch: TriggerWatch, lane: Lane, *blocks: Block) -> list[EdgeRow]:
    rows = []
    for block in blocks:
        lane.take(block)
        rows += watch.hear(0, "patient", lane, block)
    assert all(isinstance(row, EdgeRow) for row in rows)
    return [row for row in rows if isinstance(row, EdgeRow)]


def test_the_host_sees_edges_losses_and_faults() -> None:
    fault = TriggerFault("trigger", "the chip is gone")
    source = SaidEdges([Edge("trigger", 1, 5, 1), LostEdges("trigger", 3, 6), fault])
    watch = TriggerWatch(source, "D11", monotonic_ns=lambda: 7)
    watch.open()
    assert source.is_open
    assert watch.poll() == [
        EdgeRow("trigger", 1, 5, 1),
        EventRow(6, "trigger", "trigger: 3 edges were lost"),
        EventRow(7, "trigger", "trigger: the chip is gone"),
    ]
    assert watch.fault == "trigger: the chip is gone"
    source.events = [Edge("trigger", 5, 9, 1)]
    watch.poll()
    assert watch.fault == ""
    watch.close()
    assert not source.is_open


def test_a_script_is_seen_edge_by_edge() -> None:
    clock = Clock()
    config = Config(trigger=TriggerSettings(kind="script", script=((0.5, 1), (0.53, 0), (9.0, 1))))
    watch = TriggerWatch(host_trigger(config, clock), "", clock)
    watch.open()
    assert watch.poll() == []
    clock.advance(1.0)
    assert watch.poll() == [
        EdgeRow("trigger", 1, START_NS + 500_000_000, 1),
        EdgeRow("trigger", 2, START_NS + 530_000_000, 0),
    ]


def test_without_a_host_input_there_is_nothing_to_see() -> None:
    watch = TriggerWatch(None, "D11")
    watch.open()
    assert watch.poll() == []
    watch.close()


def test_a_pulse_on_the_pin_is_between_its_two_samples() -> None:
    watch, lane = TriggerWatch(None, "D11"), Lane(CYTON, CHANNELS, 50.0)
    rise, fall = told(watch, lane, *(pulse(first, 250) for first in range(0, 5000, 250)))
    assert (rise.source, rise.seq, rise.level) == ("patient D11", 1, 1)
    assert (fall.seq, fall.level) == (2, 0)
    for row, index in ((rise, RISE), (fall, FALL)):
        expected_ns = lane.clock.time_ns(index - 0.5)
        assert row.t_ns == pytest.approx(expected_ns, abs=2_000_000)
    assert fall.t_ns - rise.t_ns == pytest.approx((FALL - RISE) / RATE_HZ * 1e9, rel=1e-3)


def test_an_edge_that_fell_between_lost_samples_has_no_row_but_a_number() -> None:
    watch, lane = TriggerWatch(None, "D11"), Lane(CYTON, CHANNELS, 50.0)
    blocks = [pulse(first, 250) for first in range(0, 2500, 250)]
    rows = told(watch, lane, *blocks, pulse(RISE + 4, 100))
    assert [(row.seq, row.level) for row in rows] == [(2, 0)]


def test_a_board_without_the_pin_has_no_edges() -> None:
    watch, lane = TriggerWatch(None, "D12"), Lane(INFO, CHANNELS, 50.0)
    block = pulse(0, 250)
    lane.take(block)
    assert watch.hear(0, "patient", lane, block) == []


def pulses(source: str, *at_s: float) -> list[Row]:
    return [
        EdgeRow(source, 2 * n + level, round(t * S) + level, level)
        for n, t in enumerate(at_s)
        for level in (1, 0)
    ]


def test_each_path_has_its_own_rate_over_ten_seconds() -> None:
    rates = TriggerRates()
    rates.see(pulses("trigger", *range(20)))
    rates.see(pulses("patient D11", 18.5, 19.0))
    assert rates.rates_hz(round(19.5 * S)) == {"trigger": 1.0, "patient D11": 0.2}


def test_a_steady_trigger_that_stops_is_told_with_the_time() -> None:
    rates = TriggerRates()
    rates.see(pulses("trigger", *range(10)))
    assert rates.stopped(13 * S) == {}
    assert rates.stopped(16 * S) == {"trigger": pytest.approx(7.0)}


def test_two_pulses_are_no_steady_trigger_and_events_are_no_pulses() -> None:
    rates = TriggerRates()
    rates.see([*pulses("trigger", 1.0, 2.0), EventRow(3 * S, "trigger", "gone")])
    assert rates.stopped(60 * S) == {}


def test_memory_is_bounded() -> None:
    rates = TriggerRates()
    rates.see(pulses("strobe", *(n / 60 for n in range(3 * KEPT))))
    assert rates.rates_hz(round(3 * KEPT / 60 * S)) == {"strobe": pytest.approx(60.0, abs=0.2)}
    assert len(rates._rises["strobe"]) == KEPT


def test_paths_that_see_opposite_levels_are_told_by_their_names() -> None:
    watch = TriggerWatch(SaidEdges([]), "D11", monotonic_ns=lambda: 7)
    assert watch.opposed() == []
    watch.meet((Lane(CYTON, CHANNELS, 50.0), Lane(CYTON, CHANNELS, 50.0)))
    assert watch.anchoring is not None
    watch.anchoring.opposed = [(None, 1), (0, 1)]
    assert watch.opposed() == ["trigger and therapist D11", "patient D11 and therapist D11"]
