"""The ring against a plain dictionary of everything ever written."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsp.ring import Ring

CAPACITY = 16
CHANNELS = 2


def samples(first_index: int, n: int) -> NDArray[np.float32]:
    """Every value tells its index and channel."""
    index = np.arange(first_index, first_index + n, dtype=np.float32)
    return np.stack([index, -index], axis=1)


def written(*blocks: tuple[int, int]) -> Ring:
    ring = Ring(CAPACITY, CHANNELS)
    for first_index, n in blocks:
        ring.write(first_index, samples(first_index, n))
    return ring


# Where the next block begins relative to the end of the newest, and how long it is.
moves = st.lists(st.tuples(st.integers(-25, 25), st.integers(1, 40)), min_size=1, max_size=12)


@given(st.integers(0, 50), moves, st.integers(-30, 30), st.integers(1, CAPACITY))
@settings(max_examples=200, deadline=None)
def test_any_window_shows_what_was_written_or_nan(
    begin: int, steps: list[tuple[int, int]], where: int, n: int
) -> None:
    ring = Ring(CAPACITY, CHANNELS)
    known: dict[int, NDArray[np.float32]] = {}
    end = begin
    for skip, length in steps:
        first_index = max(end + skip, 0)
        block = samples(first_index, length)
        ring.write(first_index, block)
        end = max(end, first_index + length) if known else first_index + length
        known |= {first_index + k: row for k, row in enumerate(block)}
    missing = np.full(CHANNELS, np.nan, np.float32)
    held = range(end - CAPACITY, end)
    first = end + where
    expected = [known.get(i, missing) if i in held else missing for i in range(first, first + n)]
    assert ring.newest == end - 1
    np.testing.assert_array_equal(ring.view(first, n), expected)
    np.testing.assert_array_equal(ring.gather(np.array([first]), n), [expected])


def test_a_window_inside_the_history_is_a_view_that_cannot_be_written() -> None:
    ring = written((0, 40))
    window = ring.view(27, 10)
    assert not window.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        window[0] = 0


def test_a_view_across_the_seam_is_contiguous() -> None:
    window = written((0, CAPACITY + 5)).view(CAPACITY - 5, 10)
    assert window.flags.c_contiguous
    assert window[:, 0].tolist() == list(range(CAPACITY - 5, CAPACITY + 5))


def test_skipped_samples_are_missing_until_they_come_late() -> None:
    ring = written((0, 10), (13, 3))
    assert np.isnan(ring.view(10, 3)).all()
    ring.write(11, samples(11, 1))
    assert ring.view(10, 3)[:, 0].tolist()[1] == 11
    assert np.isnan(ring.view(10, 3)[[0, 2]]).all()
    assert ring.newest == 15


def test_a_sample_too_late_for_the_history_is_dropped() -> None:
    ring = written((0, 10), (40, 4))
    ring.write(5, samples(5, 3))
    assert ring.newest == 43
    assert np.isnan(ring.view(28, 12)).all()
    assert ring.view(40, 4)[:, 0].tolist() == [40, 41, 42, 43]


def test_after_a_long_silence_nothing_old_remains() -> None:
    ring = written((0, CAPACITY), (10_000_000, 1))
    assert np.isnan(ring.view(10_000_001 - CAPACITY, CAPACITY - 1)).all()
    assert ring.oldest == 10_000_001 - CAPACITY


def test_of_a_block_longer_than_the_ring_the_end_is_kept() -> None:
    ring = written((3, 50))
    assert ring.oldest == 53 - CAPACITY
    assert ring.view(ring.oldest, CAPACITY)[:, 0].tolist() == list(range(53 - CAPACITY, 53))


def test_oldest_and_newest_before_and_after_the_first_block() -> None:
    ring = Ring(CAPACITY, CHANNELS)
    assert (ring.oldest, ring.newest) == (0, -1)
    ring.write(7, samples(7, 4))
    assert (ring.oldest, ring.newest) == (7, 10)


def test_clear_forgets_everything() -> None:
    ring = written((100, 30))
    ring.clear()
    assert (ring.oldest, ring.newest) == (0, -1)
    ring.write(0, samples(0, 2))
    assert np.isnan(ring.view(2, 10)).all()
    assert np.isnan(ring.gather(np.array([110, -5]), 4)).all()


def test_many_windows_at_once_are_the_single_ones() -> None:
    ring = written((0, 30), (33, 5))
    first = np.array([22, 26, 30, 36, 10])
    gathered = ring.gather(first, 6)
    assert gathered.shape == (5, 6, CHANNELS)
    for k, start in enumerate(first.tolist()):
        np.testing.assert_array_equal(gathered[k], ring.view(start, 6))
    gathered[:] = 0
    assert ring.view(33, 1)[0, 0] == 33


def test_nothing_is_gathered_for_no_window() -> None:
    assert written((0, 5)).gather(np.array([], np.int64), 3).shape == (0, 3, CHANNELS)


@pytest.mark.parametrize("n", [0, -1, CAPACITY + 1])
def test_a_window_that_cannot_be_is_refused(n: int) -> None:
    ring = written((0, 40))
    with pytest.raises(ValueError, match="asked of a ring of 16"):
        ring.view(20, n)
    with pytest.raises(ValueError, match="asked of a ring of 16"):
        ring.gather(np.array([20]), n)


@pytest.mark.parametrize(("capacity", "channels"), [(0, 1), (1, 0), (-3, 2)])
def test_a_ring_without_room_is_refused(capacity: int, channels: int) -> None:
    with pytest.raises(ValueError, match="needs room"):
        Ring(capacity, channels)


def test_memory_does_not_grow() -> None:
    ring = Ring(500, 8)
    block = np.ones((5, 8), np.float32)
    tracemalloc.start()
    try:
        ring.write(0, block)
        before = tracemalloc.get_traced_memory()[0]
        for first_index in range(5, 50_000, 5):
            ring.write(first_index, block)
        assert tracemalloc.get_traced_memory()[0] - before < 1000
    finally:
        tracemalloc.stop()
