"""An emulated Cyton + Daisy sends what a real one does, and the host makes of it what was there."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardware.board import Block, Gap, GapCause
from hardware.cyton.assembler import BlockAssembler
from hardware.cyton.daisy import CHANNEL_DELAY_S
from hardware.cyton.frames import UV_PER_COUNT, FrameDecoder, Packets, read_banner
from hardware.emulated.converter import EmulatedAds
from hardware.emulated.firmware import Firmware
from hardware.emulated.replay import ReplaySource
from hardware.emulated.source import PacketRun, Source
from hardware.emulated.stream import SampleStream, TrueTime, interleave
from hardware.emulated.synthetic import SyntheticDyad, SyntheticSource
from hardware.recordings.reading import read_recording
from hardware.recordings.recording import Recording
from tests.places import RECORDINGS

S = 1_000_000_000
IMPEDANCES_OHM = tuple(5e3 + 1e3 * n for n in range(16))


@dataclass(frozen=True)
class Shape:
    """Sample p is `of(p)` on all channels."""

    of: Callable[[NDArray[np.int64]], NDArray[np.int64]]
    labels: tuple[str, ...] = ()
    length: int | None = None

    def packets(self, first: int, n: int) -> PacketRun:
        rows = np.arange(first, first + n)
        return rows, np.repeat(self.of(rows)[:, None], 16, axis=1).astype(np.int32)

    def first_at(self, counter: int) -> int:
        return counter


RAMP = Shape(lambda p: 1000 * p)
NOTHING = Shape(lambda p: 0 * p)


class Desk:
    """A board without radio: talk to it, and take what it streams."""

    def __init__(self, source: Source, rate_hz: float = 250.0) -> None:
        self.now_ns = 5 * S
        self.ads = EmulatedAds(IMPEDANCES_OHM)
        self.stream = SampleStream(source, rate_hz, self.ads, true_time=TrueTime(), d11_edges_s=())
        self.firmware = Firmware(self.stream)

    def say(self, commands: bytes) -> bytes:
        return b"".join(self.firmware.take(octet, self.now_ns) for octet in commands)

    def octets(self, seconds: float) -> bytes:
        self.now_ns += round(seconds * S)
        return b"".join(frame for _, frame in self.stream.take(self.now_ns - 1))

    def packets(self, seconds: float) -> Packets:
        return FrameDecoder().feed(self.octets(seconds))

    def samples(self, seconds: float) -> tuple[NDArray[np.int64], NDArray[np.int32], list[Gap]]:
        """Index and counts of the samples that a host makes of a stream, and its gaps."""
        host = BlockAssembler(250.0)
        self.say(b"b")
        host.begin_stream(0, has_daisy=True)
        octets = self.octets(seconds)
        events = host.feed([(octets, self.now_ns)])
        events += host.end_stream(GapCause.RESTART)
        blocks = [event for event in events if isinstance(event, Block)]
        index = np.concatenate([block.first_index + np.arange(len(block)) for block in blocks])
        counts = np.concatenate([block.counts for block in blocks])
        return index, counts, [event for event in events if isinstance(event, Gap)]


# --- what goes into a packet --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "mean"),
    [(3, 4, 3), (-3, -4, -3), (-1, 0, 0), (2**23 - 1, 2**23 - 1, 2**23 - 1)],
)
def test_the_mean_is_that_of_whole_numbers_towards_zero(before: int, now: int, mean: int) -> None:
    counts = np.array([[before] * 16, [now] * 16], np.int32)
    assert interleave(counts, np.array([6, 7])).tolist() == [[mean] * 8]


@given(st.lists(st.integers(-(2**23), 2**23 - 1), min_size=2, max_size=30), st.integers(0, 500))
@settings(max_examples=40, deadline=None)
def test_odd_packets_carry_the_cyton_and_even_ones_the_daisy(values: list[int], begin: int) -> None:
    cyton = np.repeat(np.array(values)[:, None], 8, axis=1)
    counts = np.hstack([cyton, -cyton]).astype(np.int32)
    counters = begin + np.arange(len(values)) - 1
    halves = interleave(counts, counters)
    means = np.trunc((cyton[1:, 0] + cyton[:-1, 0]) / 2)
    expected = np.where(counters[1:] % 2 == 1, means, -means) * (counters[1:] != 0)
    np.testing.assert_array_equal(halves, np.repeat(expected[:, None], 8, axis=1))


def test_a_channel_is_older_than_its_index_by_the_stated_delay() -> None:
    index, counts, _ = Desk(RAMP).samples(1)
    taken_at = (2 * index + 1)[:, None] - 250 * np.array(CHANNEL_DELAY_S)
    np.testing.assert_array_equal(counts, 1000 * taken_at)


def test_the_first_packet_holds_no_mean_and_the_host_leaves_its_sample_out() -> None:
    desk = Desk(Shape(lambda p: p + 10**6))
    desk.say(b"b")
    assert not desk.packets(0.08).counts[0].any()
    desk.say(b"s")
    index, counts, gaps = desk.samples(1)
    assert index.tolist() == list(range(1, 125))
    assert counts.min() >= 10**6
    assert gaps == []


@pytest.mark.parametrize("wait_s", [0.1, 0.104, 0.35])
def test_a_stream_begins_with_an_even_sample_of_the_time_axis(wait_s: float) -> None:
    desk = Desk(RAMP)
    desk.say(b"b")
    desk.octets(wait_s)
    desk.say(b"-")  # a change of inputs: the stream begins anew
    desk.say(b"d")
    packets = desk.packets(0.1)
    assert packets.counter[0] == 0
    assert (packets.counts[1, 0] + 500) % 2000 == 1000


# --- commands -----------------------------------------------------------------------------------


def test_the_banner_names_the_daisy_until_it_is_removed_and_again_after_a_reset() -> None:
    desk = Desk(NOTHING)
    assert read_banner(desk.say(b"v")).has_daisy
    assert desk.say(b"C") == b"16$$$"
    assert desk.say(b"c") == b"daisy removed$$$"
    assert desk.say(b"c") == b""
    assert desk.say(b"C") == b"daisy attached16$$$"
    assert desk.say(b"c") == b"daisy removed$$$"
    assert desk.say(b"~6C").endswith(b"250Hz$$$16$$$")
    assert desk.say(b"c") == b"daisy removed$$$"
    banner = desk.say(b"v")
    assert (
        b"On Board ADS1299 Device ID: 0x3E\r\nOn Daisy ADS1299 Device ID: 0x3E\r\nLIS3DH" in banner
    )


def test_without_its_daisy_it_streams_eight_channels() -> None:
    desk = Desk(RAMP)
    desk.say(b"cb")
    packets = desk.packets(0.2)
    assert packets.counts[:, 7].tolist() == [1000 * p for p in range(50)]


def test_an_attached_daisys_inputs_are_off_until_they_are_set() -> None:
    desk = Desk(RAMP)
    desk.say(b"cCb")
    packets = desk.packets(0.2)
    assert not packets.counts[::2].any()
    assert packets.counts[1::2, 0].tolist() == [1000 * p - 500 for p in range(1, 50, 2)]
    desk.say(b"sd")
    _, counts, _ = desk.samples(0.2)
    assert set(np.diff(counts, axis=0).ravel().tolist()) == {2000}
    assert set((counts[:, 0] - counts[:, 8]).tolist()) == {1000}


@pytest.mark.parametrize(("command", "channel"), [(b"3", 2), (b"q", 8), (b"xI160110X", 15)])
def test_an_input_of_either_half_can_be_switched_off(command: bytes, channel: int) -> None:
    desk = Desk(Shape(lambda p: 0 * p + 77))
    desk.say(command)
    _, counts, _ = desk.samples(0.2)
    assert not counts[:, channel].any()
    assert (np.delete(counts, channel, axis=1) == 77).all()


def test_lead_off_is_softened_by_the_mean_of_two_samples() -> None:
    for letter, channel in ((b"1", 0), (b"I", 15)):
        desk = Desk(NOTHING)
        desk.say(b"z" + letter + b"01Z")
        _, counts, _ = desk.samples(4.008)
        volt = np.sqrt(2) * counts[:, channel].std() * UV_PER_COUNT * 1e-6
        assert volt / np.cos(np.pi / 8) / 6e-9 - 2200 == pytest.approx(
            IMPEDANCES_OHM[channel], rel=0.01
        )
        assert not np.delete(counts, channel, axis=1).any()


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="no recordings beside the project")
def test_registers_are_listed_as_a_real_cyton_with_a_daisy_lists_them() -> None:
    real = (RECORDINGS / "openbci/brainhat_AdsRegisters.txt").read_text()
    reply = Desk(NOTHING).say(b"?").decode().replace("\r\n", "\n")
    assert reply.split("LIS3DH")[0] == real.split("LIS3DH")[0]


# --- replay -------------------------------------------------------------------------------------


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="no recordings beside the project")
def test_a_whole_recording_comes_back_count_by_count() -> None:
    recording = read_recording(RECORDINGS / "openbci/brainhat_gui_daisy.txt")
    index, counts, gaps = Desk(ReplaySource(recording), 250.6).samples(2707 / 125.3)
    assert index.tolist() == list(range(1, 2707))
    np.testing.assert_array_equal(counts, np.rint(recording.uv[0, 1:] / UV_PER_COUNT))
    assert gaps == []


def disorderly(counters: list[int]) -> ReplaySource:
    counts = 100 * np.arange(len(counters), dtype=np.float64)[:, None] + np.arange(16)
    uv = counts[None] * UV_PER_COUNT
    return ReplaySource(Recording(("x",) * 16, 125.0, np.array(counters), uv))


def test_what_a_recording_lost_or_had_late_is_so_again() -> None:
    counters = [0, 1, 2, 6, 4, 7, 8, 9]
    desk = Desk(disorderly(counters))
    index, counts, gaps = desk.samples(0.08)
    assert index.tolist() == [1, 2, 6, 4, 7, 8, 9]
    assert [(gap.first_index, gap.count) for gap in gaps] == [(3, 1), (5, 1)]
    rows = np.arange(1, 8)[:, None]
    np.testing.assert_array_equal(counts, 100 * rows + np.arange(16))


def test_a_recording_goes_on_behind_its_end() -> None:
    index, counts, gaps = Desk(disorderly([0, 1, 2])).samples(0.08)
    assert index.tolist() == list(range(1, 10))
    assert (counts[:, 0] // 100).tolist() == [1, 2, 0, 1, 2, 0, 1, 2, 0]
    np.testing.assert_array_equal(counts - counts[:, :1], np.tile(np.arange(16), (9, 1)))
    assert gaps == []


def test_on_a_board_without_a_daisy_the_first_eight_channels_of_a_recording_are_sent() -> None:
    ads = EmulatedAds(IMPEDANCES_OHM[:8])
    stream = SampleStream(disorderly([0, 1, 2]), 250.0, ads, true_time=TrueTime(), d11_edges_s=())
    stream.start(S)
    packets = FrameDecoder().feed(b"".join(frame for _, frame in stream.take(S + 20_000_000)))
    assert (packets.counts[:, 7]).tolist() == [7, 7, 107, 107, 207, 207]


def test_two_synthetic_people_reach_the_host_with_all_their_electrodes() -> None:
    source = SyntheticSource(SyntheticDyad(3, daisy=True), 1, 250.0)
    index, counts, _ = Desk(source).samples(2)
    _, rows = source.packets(0, 500)
    odd, even = 2 * index + 1, 2 * index
    np.testing.assert_allclose(counts[:, :8], (rows[odd, :8] + rows[odd - 1, :8]) / 2, atol=0.5)
    np.testing.assert_allclose(counts[:, 8:], (rows[even, 8:] + rows[even - 1, 8:]) / 2, atol=0.5)
