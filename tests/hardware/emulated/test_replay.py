from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardware.cyton.frames import RAIL_COUNTS, UV_PER_COUNT
from hardware.emulated.replay import ReplaySource
from hardware.recordings.reading import read_recording
from hardware.recordings.recording import Recording
from tests.places import RECORDINGS

needs_data = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="no recordings beside the project")

GUI_V6 = "openbci/gui_v6_blinks-jawClench-alpha.txt"
BURSTS = "openbci/brainhat_blinkWink10.csv"
REORDERED = "openbci/brainhat_NewBlinkTest.csv"
DAISY = "openbci/brainhat_gui_daisy.txt"
DYAD = "dyad/two_wearers.npz"


def columns_as_written(path: Path, channels: int = 8) -> NDArray[np.float64]:
    """Sample counter and channels, by splitting lines and nothing else."""
    lines = path.read_text().splitlines()
    rows = [line.split(",")[: channels + 1] for line in lines if line[:1].isdigit()]
    return np.array([[float(value) for value in row] for row in rows])


def recording(counters: list[int] | None, rows: int, channels: int = 8) -> Recording:
    uv = np.arange(rows * channels, dtype=np.float64).reshape(1, rows, channels) * UV_PER_COUNT
    labels = tuple(f"c{c}" for c in range(channels))
    rate_hz = 250.0 if channels <= 8 else 125.0
    return Recording(labels, rate_hz, None if counters is None else np.array(counters), uv)


@needs_data
@pytest.mark.parametrize(("name", "rows"), [(GUI_V6, 22490), (BURSTS, 14444), (REORDERED, 7387)])
def test_a_cyton_recording_comes_back_count_by_count_in_file_order(name: str, rows: int) -> None:
    written = columns_as_written(RECORDINGS / name)
    read = read_recording(RECORDINGS / name)
    source = ReplaySource(read)
    counters, counts = source.packets(0, rows)
    assert (len(written), source.length, read.rate_hz) == (rows, rows, 250.0)
    np.testing.assert_array_equal(counts, np.rint(written[:, 1:] / UV_PER_COUNT))
    np.testing.assert_array_equal((counters + written[0, 0]) % 256, written[:, 0])
    assert counters[0] == 0
    assert source.labels == tuple(f"EXG{n}" for n in range(1, 9))


@needs_data
def test_a_daisys_recording_is_held_for_the_two_samples_of_which_the_board_sends_the_mean() -> None:
    written = columns_as_written(RECORDINGS / DAISY, 16)
    read = read_recording(RECORDINGS / DAISY)
    source = ReplaySource(read)
    counters, counts = source.packets(0, 2 * 2707)
    expected = np.rint(written[:, 1:] / UV_PER_COUNT)
    assert (len(written), source.length, read.rate_hz) == (2707, 2 * 2707, 125.0)
    assert read.counters is not None
    np.testing.assert_array_equal((2 * read.counters + written[0, 0]) % 256, written[:, 0])
    np.testing.assert_array_equal(counters, np.arange(2 * 2707))
    np.testing.assert_array_equal(counts[0::2, :8], expected[:, :8])
    np.testing.assert_array_equal(counts[1::2, :8], expected[:, :8])
    np.testing.assert_array_equal(source.packets(-1, 2 * 2707)[1][0::2, 8:], expected[:, 8:])
    np.testing.assert_array_equal(counts[0::2, 8:], expected[:, 8:])
    assert source.labels == tuple(f"EXG{n}" for n in range(1, 17))


@needs_data
def test_losses_and_disorder_of_a_recording_are_kept() -> None:
    counters, _ = ReplaySource(read_recording(RECORDINGS / REORDERED)).packets(0, 7387)
    steps = np.diff(counters)
    assert sorted(set(steps.tolist())) == [-5, -3, 1, 2, 3, 4, 5, 9]
    place = int(np.flatnonzero(steps == 5)[0])
    assert (counters[place : place + 7] - counters[place]).tolist() == [0, 5, 2, 3, 12, 7, 8]
    assert len(set(counters.tolist())) == 7387  # none twice


@needs_data
@pytest.mark.parametrize("person", [0, 1])
def test_both_people_of_an_npz_file_come_back(person: int) -> None:
    x_uv = np.load(RECORDINGS / DYAD)["x_uV"].astype(np.float64)
    source = ReplaySource(read_recording(RECORDINGS / DYAD), person)
    counters, counts = source.packets(0, x_uv.shape[2])
    np.testing.assert_array_equal(counts[:, :4], np.rint(x_uv[person].T / UV_PER_COUNT))
    assert not counts[:, 4:].any()
    assert source.labels == ("TP9", "AF7", "AF8", "TP10")
    np.testing.assert_array_equal(counters, np.arange(9195))


def test_channels_that_a_daisys_recording_lacks_are_zero() -> None:
    source = ReplaySource(recording(None, 3, channels=10))
    counters, counts = source.packets(0, 6)
    assert counters.tolist() == [0, 1, 2, 3, 4, 5]
    assert counts.shape == (6, 16)
    assert not counts[:, 10:].any()
    assert counts[::2, 9].tolist() == [9, 19, 29]
    assert len(source.labels) == 10


def test_values_beyond_the_rails_are_clipped() -> None:
    uv = np.array([[[1e6] * 8, [-1e6] * 8]])
    _, counts = ReplaySource(Recording(("x",) * 8, 250.0, None, uv)).packets(0, 2)
    assert counts[:, 0].tolist() == [RAIL_COUNTS, -RAIL_COUNTS - 1]


def test_behind_the_end_it_begins_again_and_the_counters_go_on() -> None:
    source = ReplaySource(recording([0, 1, 4, 3, 5], 5))
    counters, counts = source.packets(3, 9)
    assert counters.tolist() == [3, 5, 6, 7, 10, 9, 11, 12, 13]
    assert (counts[:, 0] // 8).tolist() == [3, 4, 0, 1, 2, 3, 4, 0, 1]


@pytest.mark.parametrize(
    ("counter", "row"), [(0, 0), (1, 1), (2, 2), (4, 2), (5, 4), (6, 5), (7, 6), (8, 7), (600, 500)]
)
def test_the_row_of_an_instant_is_the_first_not_yet_sent(counter: int, row: int) -> None:
    assert ReplaySource(recording([0, 1, 4, 3, 5], 5)).first_at(counter) == row


@given(st.lists(st.integers(0, 60), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_packets_do_not_depend_on_how_they_are_asked_for(sizes: list[int]) -> None:
    source = ReplaySource(recording([0, 1, 4, 3, 5, 6, 9], 7))
    edges = np.concatenate([[0], np.cumsum(sizes)]).tolist()
    pieces = [source.packets(a, n) for a, n in zip(edges, sizes, strict=False)]
    counters, counts = source.packets(0, edges[-1])
    np.testing.assert_array_equal(np.concatenate([c for c, _ in pieces]), counters)
    np.testing.assert_array_equal(np.concatenate([x for _, x in pieces]), counts)


def test_a_person_who_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no person 1 in a recording of 1"):
        ReplaySource(recording(None, 4), 1)


@pytest.mark.parametrize(("rate_hz", "channels"), [(1000.0, 8), (125.0, 8), (250.0, 16)])
def test_a_recording_of_another_rate_would_be_another_rhythm_and_is_refused(
    rate_hz: float, channels: int
) -> None:
    other = replace(recording(None, 4, channels), rate_hz=rate_hz)
    board_hz = 250 if channels == 8 else 125
    with pytest.raises(ValueError, match=f"of {rate_hz:g} Hz, and the board has {board_hz} Hz"):
        ReplaySource(other)


def test_a_row_that_lacks_a_channel_is_a_packet_that_was_lost() -> None:
    read = recording([0, 1, 2, 4], 4)
    uv = read.uv.copy()
    uv[0, 2, 5] = np.nan
    counters, counts = ReplaySource(replace(read, uv=uv)).packets(0, 3)
    assert counters.tolist() == [0, 1, 4]
    assert (counts[:, 0] // 8).tolist() == [0, 1, 3]
