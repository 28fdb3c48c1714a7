from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.display import DisplayFilter
from hardware.board import Block
from recorder.settings.board import DEFAULT_CHANNELS
from recorder.wearers.lane import Lane
from recorder.wearers.traces import MAX_STEPS, STEP_SAMPLES, TraceThinner
from tests.recorder.scripted_board import INFO, RATE_HZ, Air, Signal, eeg
from tests.recorder.session_files import START_NS

HALF = DisplayFilter(RATE_HZ).half


class Seen:
    """A lane with its thinner, fed in portions."""

    def __init__(self, signal: Signal) -> None:
        self.lane = Lane(INFO, DEFAULT_CHANNELS, 50.0)
        self.thinner = TraceThinner("patient", self.lane, RATE_HZ)
        self._air = Air(signal)

    def segment(self, order: Sequence[int], begin_ns: int = START_NS) -> list[Block]:
        events = self._air.stretch(begin_ns, order)
        return [event for _, event in events if isinstance(event, Block)]

    def feed(self, blocks: list[Block]) -> None:
        for block in blocks:
            self.lane.take(block)


def level(uv: float) -> Signal:
    return lambda t_s: np.full((len(t_s), 8), uv)


def test_steps_follow_each_other_without_a_gap_or_an_overlap() -> None:
    seen = Seen(eeg(1))
    steps: list[int] = []
    for block in seen.segment(range(1000)):
        seen.feed([block])
        trace = seen.thinner.new_points()
        if trace is not None:
            assert len(trace.uv) == len(trace.labels) == 8
            count = len(trace.uv[0]) // 2
            steps += range(trace.first_step, trace.first_step + count)
    assert steps == list(range((1000 - HALF) // STEP_SAMPLES))


def test_a_step_holds_the_minimum_and_the_maximum_of_what_is_seen_of_its_samples() -> None:
    seen = Seen(eeg(1))
    seen.feed(seen.segment(range(400)))
    trace = seen.thinner.new_points()
    assert trace is not None
    assert trace.step_s == STEP_SAMPLES / RATE_HZ
    n = STEP_SAMPLES * len(trace.uv[0]) // 2
    shown = DisplayFilter(RATE_HZ).apply(seen.lane.ring.view(-HALF, n + 2 * HALF))
    samples = shown.reshape(-1, STEP_SAMPLES, 8)
    drawn = np.array(trace.uv, np.float64).reshape(8, -1, 2)
    np.testing.assert_allclose(drawn[..., 0], samples.min(axis=1).T, atol=0.06)
    np.testing.assert_allclose(drawn[..., 1], samples.max(axis=1).T, atol=0.06)


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
def test_the_hum_of_a_ward_does_not_hide_the_eeg(mains_hz: float) -> None:
    def humming(t_s: NDArray[np.float64]) -> NDArray[np.float64]:
        heard: NDArray[np.float64] = eeg(1)(t_s)
        hum: NDArray[np.float64] = 150 * np.sin(2 * np.pi * mains_hz * t_s)[:, None]
        return heard + hum

    def drawn(signal: Signal) -> NDArray[np.float64]:
        seen = Seen(signal)
        seen.feed(seen.segment(range(1000)))
        trace = seen.thinner.new_points()
        assert trace is not None
        return np.array(trace.uv, np.float64)[:, 40:]

    assert np.abs(drawn(humming) - drawn(eeg(1))).max() < 0.5


def test_missing_samples_are_null() -> None:
    seen = Seen(eeg(1))
    seen.feed(seen.segment([*range(80), *range(120, 500)]))
    trace = seen.thinner.new_points()
    assert trace is not None
    missing = [place // 2 for place, value in enumerate(trace.uv[0]) if value is None]
    assert sorted(set(missing)) == [10, 11, 12, 13, 14]


def test_nothing_new_is_none() -> None:
    seen = Seen(eeg(1))
    assert seen.thinner.new_points() is None
    seen.feed(seen.segment(range(200)))
    assert seen.thinner.new_points() is not None
    assert seen.thinner.new_points() is None


def test_whoever_looks_late_gets_the_newest_only() -> None:
    seen = Seen(eeg(1))
    blocks = seen.segment(range(1800))
    seen.feed(blocks[:40])
    assert seen.thinner.new_points() is not None
    seen.feed(blocks[40:])
    trace = seen.thinner.new_points()
    assert trace is not None
    assert len(trace.uv[0]) == 2 * MAX_STEPS
    assert trace.first_step + MAX_STEPS == (1800 - HALF) // STEP_SAMPLES


def test_a_new_segment_begins_its_steps_anew() -> None:
    seen = Seen(eeg(1))
    seen.feed(seen.segment(range(800)))
    seen.thinner.new_points()
    seen.feed(seen.segment(range(40 + HALF), START_NS + 10**10))
    trace = seen.thinner.new_points()
    assert trace is not None
    assert (trace.segment, trace.first_step, len(trace.uv[0])) == (1, 0, 10)


@pytest.mark.parametrize("offset_uv", [40_000.0, -180_000.0])
def test_the_offset_of_an_electrode_is_taken_off_at_once(offset_uv: float) -> None:
    seen = Seen(level(offset_uv))
    seen.feed(seen.segment(range(200)))
    trace = seen.thinner.new_points()
    assert trace is not None
    assert np.abs(np.array(trace.uv, np.float64)).max() < 1.0


def test_railed_channels_are_null_and_do_not_disturb_the_others() -> None:
    def railed(t_s: NDArray[np.float64]) -> NDArray[np.float64]:
        uv = eeg(1)(t_s)
        uv[:, 0] = 1e9
        return uv

    seen = Seen(railed)
    seen.feed(seen.segment(range(200)))
    trace = seen.thinner.new_points()
    assert trace is not None
    assert set(trace.uv[0]) == {None}
    assert None not in trace.uv[1]
