"""BrainFlow's numbers become the integers that the board sent, under the right index."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardware.board import MISSING_COUNT, Block, Event, Gap, GapCause
from hardware.brainflow.rows import UV_STEP, RowReader, Rows
from hardware.cyton.frames import AUX_LABELS, RAIL_COUNTS, UV_PER_COUNT, FrameDecoder, encode_frames
from hardware.cyton.frames import decode_aux as decode_cyton_aux
from hardware.packets.segments import Segments

CYTON = {
    "package_num_channel": 0,
    "eeg_channels": list(range(1, 9)),
    "other_channels": list(range(12, 19)),
    "num_rows": 24,
}
DAISY = {
    "package_num_channel": 0,
    "eeg_channels": list(range(1, 17)),
    "other_channels": list(range(20, 27)),
    "num_rows": 32,
}
GANGLION = {"package_num_channel": 0, "eeg_channels": [1, 2, 3, 4], "num_rows": 15}
MUSE = {
    "package_num_channel": 0,
    "eeg_channels": [1, 2, 3, 4],
    "other_channels": [5],
    "num_rows": 8,
}
SECOND_NS = 1_000_000_000
COUNT = st.integers(-(2**23), 2**23 - 1)


def table(n: int, rows: int) -> Rows:
    return np.zeros((rows, n))


def at(n: int, arrival_ns: int = 0) -> NDArray[np.int64]:
    return np.full(n, arrival_ns, np.int64)


class Feed:
    """A board whose rows are read poll by poll."""

    def __init__(self, board: str, description: dict[str, object], rate_hz: float) -> None:
        self.reader = RowReader(board, description)
        self.segments = Segments(rate_hz, self.reader.modulus)
        self.rows = int(str(description["num_rows"]))
        self.events: list[Event] = []

    def poll(self, packets: list[int], now_ns: int = 0) -> None:
        """Let these package numbers arrive, each with itself on the first channel."""
        if packets:
            rows = table(len(packets), self.rows)
            rows[0] = packets
            self.events += self.segments.feed(self.reader.read(rows, at(len(packets), now_ns)))

    def indexes(self) -> list[int]:
        blocks = [event for event in self.events if isinstance(event, Block)]
        return [i for b in blocks for i in range(b.first_index, b.first_index + len(b))]

    def end(self) -> list[Gap]:
        return [*self._gaps(), *self.segments.end(GapCause.RESTART)]

    def _gaps(self) -> list[Gap]:
        return [event for event in self.events if isinstance(event, Gap)]


# --- Cyton --------------------------------------------------------------------------------------


@given(st.lists(st.lists(COUNT, min_size=8, max_size=8), min_size=1, max_size=5))
@settings(max_examples=50, deadline=None)
def test_microvolts_of_a_cyton_are_divided_back_to_its_counts(counts: list[list[int]]) -> None:
    rows = table(len(counts), 24)
    rows[1:9] = np.array(counts).T * UV_PER_COUNT
    batch = RowReader("CYTON_BOARD", CYTON).read(rows, at(len(counts)))
    assert batch.counts.dtype == np.dtype(np.int32)
    assert batch.counts.tolist() == counts


@pytest.mark.parametrize("stop", [0xC0, 0xC1, 0xC2, 0xC5, 0xC6])
def test_aux_of_a_cyton_reads_as_from_its_own_bytes(stop: int) -> None:
    octets = np.array([[1, 0, 255, 254, 253, 252], [0, 1, 0, 1, 2, 3]], np.uint8)
    packets = FrameDecoder().feed(encode_frames(np.arange(2), np.zeros((2, 8), int), octets, stop))
    rows = table(2, 24)
    rows[12] = stop
    rows[13:19] = octets.T
    batch = RowReader("CYTON_BOARD", CYTON).read(rows, at(2))
    np.testing.assert_array_equal(batch.aux, decode_cyton_aux(packets))
    assert (batch.board_ms is not None) == (stop in (0xC5, 0xC6))


def test_a_cyton_is_described_by_its_own_scale() -> None:
    info = RowReader("CYTON_BOARD", CYTON).describe("kind", "", "v3.1.2", 250.0)
    assert (info.channels, info.uv_per_count, info.rail_counts) == (8, UV_PER_COUNT, RAIL_COUNTS)
    assert (info.aux_labels, info.firmware, info.rate_hz) == (AUX_LABELS, "v3.1.2", 250.0)


# --- Cyton + Daisy ------------------------------------------------------------------------------


def test_pins_and_time_of_a_daisy_pair_come_out_of_their_means() -> None:
    ms = [0x0102_03FF, 0x0102_0403]  # of the even packet and of the odd one
    octets = [[1, 0, *value.to_bytes(4, "big")] for value in ms]
    octets[1][0] = 0  # the pulse was one packet long
    rows = table(1, 32)
    rows[20] = 0xC6
    rows[21:27, 0] = np.mean(octets, axis=0)
    reader = RowReader("CYTON_DAISY_BOARD", DAISY)
    assert len(reader.read(rows, at(1)).counters) == 0  # the first pair of a stream is spoilt
    batch = reader.read(rows, at(1))
    assert batch.aux.tolist() == [[1, 0, sum(ms) // 2]]


def test_a_daisy_sample_with_a_lost_half_is_a_gap() -> None:
    feed = Feed("CYTON_DAISY_BOARD", DAISY, 125.0)
    # The first pair is left out. 4's even packet was lost, so its row bears the number of the row
    # before; 8's odd packet was lost, so it has no row.
    feed.poll([0, 2, 2, 6, 10, *range(12, 256, 2), 0, 2])
    (first, second) = feed.end()
    assert (first.first_index, first.count) == (1, 1)
    assert (second.first_index, second.count) == (3, 1)
    assert feed.indexes()[-1] == 128
    assert feed.segments.tally.duplicate == 1


# --- Ganglion -----------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 500), max_size=8), st.sampled_from([0, 100]))
@settings(max_examples=50, deadline=None)
def test_both_samples_of_a_ganglion_packet_count_wherever_polls_cut(
    cuts: list[int], mode: int
) -> None:
    packets = [mode + packet % 100 for packet in range(250) for _ in range(2)]
    feed = Feed("GANGLION_NATIVE_BOARD", GANGLION, 200.0)
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), 500], strict=True):
        feed.poll(packets[begin:end])
    assert feed.indexes() == list(range(500))
    assert feed.end() == []


def test_a_lost_ganglion_packet_costs_two_samples() -> None:
    packets = [packet % 100 for packet in range(150) if packet != 120 for _ in range(2)]
    feed = Feed("GANGLION_NATIVE_BOARD", GANGLION, 200.0)
    feed.poll(packets)
    (gap,) = feed.end()
    assert (gap.first_index, gap.count) == (240, 2)


def of_firmware_2(turns: int, high: int = 0) -> list[int]:
    """The package numbers of samples: one of packet 0, two of each of the hundred behind it."""
    turn = [0] + [high + packet for packet in range(1, 101) for _ in range(2)]
    return turn * turns


@given(st.lists(st.integers(0, 1005), max_size=8), st.sampled_from([0, 100]), st.integers(0, 100))
@settings(max_examples=50, deadline=None)
def test_a_ganglion_with_firmware_2_counts_to_200(cuts: list[int], high: int, first: int) -> None:
    """Wherever polls cut, and wherever its stream is met."""
    packets = of_firmware_2(5, high)[2 * first :]
    if first:
        packets = packets[1:]  # whole packets
    feed = Feed("GANGLION_NATIVE_BOARD", GANGLION, 200.0)
    ends = [min(cut, len(packets)) for cut in sorted(cuts)]
    for begin, end in zip([0, *ends], [*ends, len(packets)], strict=True):
        feed.poll(packets[begin:end])
    assert feed.indexes() == list(range(len(packets)))
    assert feed.end() == []


@pytest.mark.parametrize(("first_index", "count"), [(240, 2), (402, 1), (501, 90)])
def test_packets_of_firmware_2_that_are_lost_cost_their_samples(
    first_index: int, count: int
) -> None:
    packets = of_firmware_2(4)
    kept = packets[:first_index] + packets[first_index + count :]
    feed = Feed("GANGLION_NATIVE_BOARD", GANGLION, 200.0)
    feed.poll(kept)
    (gap,) = feed.end()
    assert (gap.first_index, gap.count) == (first_index, count)


@given(st.lists(st.integers(-(2**17), 2**17 - 1), min_size=4, max_size=4))
@settings(max_examples=50, deadline=None)
def test_ganglion_values_of_18_bits_are_whole_counts(values: list[int]) -> None:
    uv_per_bit = 1.2e6 / (8388607.0 * 1.5 * 51.0)  # of 24, as BrainFlow has it
    rows = table(1, 15)
    rows[1:5, 0] = np.array(values) * 64 * uv_per_bit
    batch = RowReader("GANGLION_NATIVE_BOARD", GANGLION).read(rows, at(1))
    assert batch.counts[0].tolist() == [2 * value for value in values]


# --- boards of which BrainFlow tells little -----------------------------------------------------


def test_a_board_without_a_known_counter_has_its_samples_counted() -> None:
    feed = Feed("MUSE_2_BOARD", MUSE, 256.0)
    for number in range(20):
        feed.poll([7] * (1 + number % 3), number * 20_000_000)
    assert feed.indexes() == list(range(39))


def test_a_long_silence_of_such_a_board_is_reckoned_by_time() -> None:
    feed = Feed("MUSE_2_BOARD", MUSE, 256.0)
    feed.poll([0] * 5, 0)
    feed.poll([0] * 5, 2 * SECOND_NS)
    (gap,) = feed.end()
    assert (gap.first_index, gap.cause) == (5, GapCause.SILENCE)
    assert gap.count == pytest.approx(2 * 256 - 5, abs=1)


def test_what_was_only_late_is_not_taken_for_lost() -> None:
    feed = Feed("MUSE_2_BOARD", MUSE, 256.0)
    feed.poll([0] * 5, 0)
    feed.poll([0] * 512, 2 * SECOND_NS)
    assert feed.end() == []


def test_rounding_stays_below_half_a_step() -> None:
    rows = table(1000, 8)
    rows[1:5] = np.random.default_rng(3).normal(0, 50, (4, 1000))
    reader = RowReader("MUSE_2_BOARD", MUSE)
    assert reader.describe("", "", "", 256.0).uv_per_count == UV_STEP
    batch = reader.read(rows, at(1000))
    assert np.abs(batch.counts * UV_STEP - rows[1:5].T).max() <= UV_STEP / 2 * 1.0001


def test_what_is_no_number_is_missing_and_what_is_too_large_is_railed() -> None:
    rows = table(4, 8)
    rows[1] = [np.nan, np.inf, -np.inf, 1e12]
    reader = RowReader("MUSE_2_BOARD", MUSE)
    rail = reader.describe("", "", "", 256.0).rail_counts
    assert reader.read(rows, at(4)).counts[:, 0].tolist() == [MISSING_COUNT, rail, -rail, rail]


def test_other_rows_become_aux() -> None:
    rows = table(2, 8)
    rows[5] = [3.0, -2.0]
    reader = RowReader("MUSE_2_BOARD", MUSE)
    assert reader.describe("", "", "", 256.0).aux_labels == ("other1",)
    assert reader.read(rows, at(2)).aux.tolist() == [[3], [-2]]
