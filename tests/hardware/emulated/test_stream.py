import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.board import Gap
from hardware.cyton.frames import UV_PER_COUNT, FrameDecoder, Packets
from hardware.emulated.aux_bytes import BoardMode
from hardware.emulated.converter import EmulatedAds
from hardware.emulated.replay import ReplaySource
from hardware.emulated.source import Source
from hardware.emulated.stream import Frame, SampleStream, TrueTime
from hardware.emulated.synthetic import SyntheticDyad, SyntheticSource
from hardware.packets.counter import CounterUnwrapper, Run
from hardware.recordings.reading import read_recording
from hardware.recordings.recording import Recording
from tests.places import RECORDINGS

S = 1_000_000_000
DYAD = SyntheticDyad(5)


def stream_of(
    source: Source, rate_hz: float = 250.0, true_time: TrueTime | None = None
) -> SampleStream:
    true_time = TrueTime() if true_time is None else true_time
    ads = EmulatedAds((5e3,) * 8)
    return SampleStream(source, rate_hz, ads, true_time=true_time, d11_edges_s=(1.0, 1.1))


def synthetic(rate_hz: float, true_time: TrueTime | None = None) -> SampleStream:
    return stream_of(SyntheticSource(DYAD, 0, rate_hz), rate_hz, true_time)


def replay(counters: list[int], true_time: TrueTime | None = None) -> SampleStream:
    uv = np.arange(len(counters))[None, :, None] * np.full(8, UV_PER_COUNT)
    return stream_of(
        ReplaySource(Recording(("x",) * 8, 250.0, np.array(counters), uv)), true_time=true_time
    )


def decode(frames: list[Frame]) -> Packets:
    return FrameDecoder().feed(b"".join(frame for _, frame in frames))


@pytest.mark.parametrize("rate_hz", [250.0, 250.33, 250.51, 125.3])
def test_samples_are_taken_at_exactly_the_stated_rate(rate_hz: float) -> None:
    stream = synthetic(rate_hz)
    stream.start(7 * S + 123_456_789)
    assert stream.begin_ns == 7 * S + 123_456_789
    due_ns = np.array([due for due, _ in stream.take(stream.begin_ns + 60 * S)])
    expected = stream.begin_ns + np.arange(len(due_ns)) / rate_hz * 1e9
    assert len(due_ns) == int(60 * rate_hz) + 1
    assert np.abs(due_ns - expected).max() <= 1


def test_after_a_day_an_instant_is_still_exact() -> None:
    stream = synthetic(250.33, TrueTime(origin_ns=1_000))
    stream.start(1_000 + 86_400 * S)
    first = 86_400 * 250.33  # 21628512
    assert stream.next_ns == 1_000 + round(np.ceil(first) / 250.33 * 1e9)


@given(st.lists(st.integers(0, 300_000_000), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_late_calls_find_the_same_frames(waits_ns: list[int]) -> None:
    punctual, tardy = synthetic(250.33), synthetic(250.33)
    for stream in (punctual, tardy):
        stream.start(S)
    end_ns, pieces = S, []
    for wait_ns in waits_ns:
        end_ns += wait_ns
        pieces += tardy.take(end_ns)
    assert pieces == punctual.take(end_ns)


def test_nothing_is_due_before_its_instant() -> None:
    stream = synthetic(250.0)
    assert stream.take(S) == []
    stream.start(S)
    assert stream.take(S - 1) == []
    assert len(stream.take(S)) == 1
    assert stream.next_ns == S + 4_000_000
    assert stream.take(S + 3_999_999) == []


def test_without_a_stream_nothing_is_due() -> None:
    assert synthetic(250.0).next_ns is None


def test_two_boards_sample_the_same_instants_of_the_same_people() -> None:
    true_time = TrueTime()
    first, second = (synthetic(rate_hz, true_time) for rate_hz in (250.0, 500.0))
    first.start(10 * S)
    second.start(11 * S)
    ours, theirs = decode(first.take(13 * S - 1)), decode(second.take(13 * S - 1))
    assert second.begin_ns == 11 * S
    assert (ours.counter[0], theirs.counter[0]) == (0, 0)
    np.testing.assert_array_equal(ours.counts[250:], theirs.counts[::2])


def test_the_pin_rises_at_the_same_instant_on_both_boards() -> None:
    true_time = TrueTime()
    rises_ns = []
    for rate_hz, start_ns in ((250.33, 10 * S), (250.51, 10 * S + 200_000_000)):
        stream = synthetic(rate_hz, true_time)
        stream.aux.set_mode(BoardMode.DIGITAL)
        stream.start(start_ns)
        frames = stream.take(12 * S)
        high = np.flatnonzero(decode(frames).aux[:, 0])
        rises_ns.append(frames[int(high[0])][0])
        assert len(high) == 25
    assert all(0 <= rise - 11 * S < 4_000_000 for rise in rises_ns)


def test_what_the_source_lacks_is_lost_and_what_it_has_late_comes_late() -> None:
    stream = replay([0, 1, 6, 3, 4, 7, 8])
    stream.start(S)
    frames = stream.take(S + 8 * 4_000_000)
    packets = decode(frames)
    assert packets.counter.tolist() == [0, 1, 6, 3, 4, 7, 8]
    assert [(due - S) // 4_000_000 for due, _ in frames] == [0, 1, 6, 6, 6, 7, 8]
    assert packets.counts[:, 0].tolist() == list(range(7))
    assert (stream.lost, stream.late) == (2, 2)


def test_a_restarted_replay_goes_on_where_time_is() -> None:
    stream = replay(list(range(500)))
    stream.start(S)
    stream.take(S + 99 * 4_000_000)
    stream.stop()
    stream.start(S + 200 * 4_000_000)
    packets = decode(stream.take(S + 204 * 4_000_000))
    assert packets.counter.tolist() == [0, 1, 2, 3, 4]
    assert packets.counts[:, 0].tolist() == [200, 201, 202, 203, 204]
    assert stream.lost == 0


def test_late_packets_from_before_a_start_are_not_of_the_new_stream() -> None:
    stream = replay([0, 1, 2, 10, 3, 9, 11, 12], TrueTime(origin_ns=S))
    stream.start(S + 9 * 4_000_000)
    packets = decode(stream.take(S + 12 * 4_000_000))
    assert packets.counter.tolist() == [1, 0, 2, 3]
    assert (stream.lost, stream.late) == (0, 1)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="no recordings beside the project")
def test_a_host_that_counts_agrees_about_a_disorderly_recording() -> None:
    source = ReplaySource(read_recording(RECORDINGS / "openbci/brainhat_NewBlinkTest.csv"))
    stream = stream_of(source)
    stream.start(S)
    frames = stream.take(S + 7406 * 4_000_000)
    host = CounterUnwrapper(250.0)
    host.begin_segment()
    arrivals = np.array([due for due, _ in frames])
    packets = decode(frames)
    placed = np.full(len(packets), -1)
    for run in host.feed(packets.counter, arrivals):
        if isinstance(run, Run):
            placed[run.start : run.stop] = run.first_index + np.arange(run.stop - run.start)
        else:
            assert isinstance(run, Gap)
    counters, counts = source.packets(0, 7387)
    np.testing.assert_array_equal(placed, counters)
    np.testing.assert_array_equal(packets.counts, counts)
    assert (host.samples, host.lost, host.late) == (7387, stream.lost, stream.late)
    assert stream.lost == counters.max() + 1 - len(counters) == 20
    assert stream.late == np.sum(counters < np.maximum.accumulate(counters)) == 5
