"""Missing samples are found by their stamps, and by nothing else."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardware.board import Block, Event, Gap, GapCause
from hardware.lsl.samples import SampleIndexer, Samples

RATE_HZ = 250.0
PERIOD_S = 1 / RATE_HZ
BATCH_S = 0.04
START_S = 5000.0
LONG = round(26 * RATE_HZ)

Floats = NDArray[np.float64]


@dataclass
class Heard:
    """What an indexer made of a stream; samples carry their true number as their count."""

    events: list[Event]
    indexer: SampleIndexer

    @property
    def gaps(self) -> list[Gap]:
        return [event for event in self.events if isinstance(event, Gap)]

    @property
    def blocks(self) -> list[Block]:
        return [event for event in self.events if isinstance(event, Block)]

    @property
    def indexes(self) -> list[int]:
        return [i for b in self.blocks for i in range(b.first_index, b.first_index + len(b))]

    @property
    def numbers(self) -> list[int]:
        return [int(n) for block in self.blocks for n in block.counts[:, 0]]

    @property
    def missing(self) -> list[int]:
        return [i for g in self.gaps for i in range(g.first_index, g.first_index + g.count)]

    def slips(self) -> int:
        """By how many samples the indexes are off at the end."""
        return self.indexes[-1] - self.numbers[-1]


def samples(numbers: NDArray[np.int64], stamp_s: Floats, arrival_s: Floats) -> Samples:
    counts = numbers.astype(np.int32)[:, None]
    return Samples(counts, counts, stamp_s, np.rint(arrival_s * 1e9).astype(np.int64))


def hear(numbers: NDArray[np.int64], stamp_s: Floats, arrival_s: Floats | None = None) -> Heard:
    """Feed a stream as it comes, every 40 ms, and end it."""
    indexer = SampleIndexer(RATE_HZ)
    arrival_s = stamp_s if arrival_s is None else arrival_s
    events: list[Event] = []
    start = 0
    while start < len(numbers):
        stop = int(np.searchsorted(arrival_s, arrival_s[start] + BATCH_S, side="right"))
        part = slice(start, stop)
        events += indexer.feed(samples(numbers[part], stamp_s[part], arrival_s[part]))
        start = stop
    events += indexer.end_segment(GapCause.RESTART)
    return Heard(events, indexer)


def true_times(n: int, rate_hz: float = RATE_HZ) -> Floats:
    return START_S + np.arange(n) / rate_hz


def without(n: int, *holes: range) -> NDArray[np.int64]:
    kept = np.ones(n, bool)
    for hole in holes:
        kept[list(hole)] = False
    return np.flatnonzero(kept)


# --- even stamps --------------------------------------------------------------------------------


@pytest.mark.parametrize("rate_hz", [249.5, 250.5])
@pytest.mark.parametrize("count", [1, 2, 124, 126, 700])
def test_a_hole_is_found_to_the_sample(rate_hz: float, count: int) -> None:
    numbers = without(LONG, range(5500, 5500 + count))
    heard = hear(numbers, true_times(LONG, rate_hz)[numbers])
    assert heard.indexes == heard.numbers == numbers.tolist()
    (gap,) = heard.gaps
    cause = GapCause.RADIO if count < 125 else GapCause.SILENCE
    assert (gap.segment, gap.first_index, gap.count, gap.cause) == (0, 5500, count, cause)
    assert gap.end_ns - gap.begin_ns == pytest.approx((count + 1) / rate_hz * 1e9, abs=2)
    assert heard.indexer.lost == count


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(30, 400), st.integers(1, 90)), max_size=8),
    st.lists(st.integers(1, 60), min_size=1, max_size=5),
)
def test_every_index_is_in_one_block_or_one_gap_however_it_comes(
    spacing: list[tuple[int, int]], pieces: list[int]
) -> None:
    kept = [n for run, hole in spacing for n in [True] * run + [False] * hole] + [True] * 50
    numbers = np.flatnonzero(kept)
    stamp_s = true_times(len(kept))[numbers]
    indexer, events, start = SampleIndexer(RATE_HZ), list[Event](), 0
    for turn in range(len(numbers)):
        part = slice(start, start + pieces[turn % len(pieces)])
        if start >= len(numbers):
            break
        events += indexer.feed(samples(numbers[part], stamp_s[part], stamp_s[part]))
        start = part.stop
    heard = Heard([*events, *indexer.flush()], indexer)
    assert heard.indexes == heard.numbers == numbers.tolist()
    assert sorted(heard.indexes + heard.missing) == list(range(len(kept)))
    assert (indexer.samples, indexer.lost) == (len(numbers), len(kept) - len(numbers))


def test_chunks_that_arrive_at_once_are_even_all_the_same() -> None:
    numbers = without(LONG, range(1000, 1001), range(1010, 1013), range(2500, 2600))
    times = true_times(LONG)
    chunk_end = (numbers // 25 * 25 + 24).clip(max=LONG - 1)
    heard = hear(numbers, times[numbers], times[chunk_end])
    assert heard.indexes == numbers.tolist()


# --- uneven stamps ------------------------------------------------------------------------------


def jittery(n: int, rate_hz: float, seed: int) -> Floats:
    """Stamped when pushed, by a program that is a little busy."""
    late_s = np.random.default_rng(seed).exponential(0.001, n)
    return np.maximum.accumulate(true_times(n, rate_hz) + late_s)


def bursts(n: int, rate_hz: float, seed: int) -> Floats:
    """Stamped when read from an adapter with a 16 ms timer."""
    late_s = np.random.default_rng(seed).exponential(0.0001, n)
    read_s = np.ceil(true_times(n, rate_hz) / 0.016) * 0.016
    return np.maximum.accumulate(read_s + late_s)


def stalls(n: int, rate_hz: float, seed: int) -> Floats:
    """Stamped when pushed, by a program that stops every few seconds for up to 0.6 s."""
    rng = np.random.default_rng(seed)
    stamp_s = true_times(n, rate_hz)
    for begin_s in rng.choice(stamp_s, n // 1250):
        end_s = begin_s + rng.uniform(0.02, 0.6)
        stamp_s = np.where((stamp_s >= begin_s) & (stamp_s < end_s), end_s, stamp_s)
    return np.maximum.accumulate(stamp_s)


def chunked(n: int, rate_hz: float, seed: int) -> Floats:
    """Ten at a time, stamped at the nominal rate backwards from when they were pushed."""
    numbers = np.arange(n)
    last = (numbers // 10 * 10 + 9).clip(max=n - 1)
    late_s = np.random.default_rng(seed).exponential(0.001, n)[last]
    return np.asarray(true_times(n, rate_hz)[last] + late_s - (last - numbers) * PERIOD_S)


@pytest.mark.parametrize("sender", [jittery, bursts, stalls, chunked])
@pytest.mark.parametrize("rate_hz", [249.5, 250.5])
def test_late_stamps_are_not_missing_samples(sender: object, rate_hz: float) -> None:
    assert callable(sender)
    n = 2 * LONG
    stamp_s = sender(n, rate_hz, seed=3)
    heard = hear(np.arange(n), stamp_s, np.maximum.accumulate(stamp_s))
    assert heard.numbers == list(range(n))
    assert heard.indexer.lost <= 2


@pytest.mark.parametrize(
    ("sender", "unseen"), [(jittery, 1), (bursts, 4), (stalls, 1), (chunked, 2)]
)
def test_what_is_missing_between_late_stamps_is_found_nearly(sender: object, unseen: int) -> None:
    assert callable(sender)
    stamp_s = sender(2 * LONG, 250.5, seed=4)
    numbers = without(2 * LONG, range(10_005, 10_065))
    heard = hear(numbers, stamp_s[numbers], np.maximum.accumulate(stamp_s[numbers]))
    assert abs(heard.slips()) <= unseen


def test_a_clock_that_was_set_forward_is_no_gap() -> None:
    times = true_times(LONG)
    stamp_s = times + np.where(np.arange(LONG) >= 5000, 15.0, 0.0)
    heard = hear(np.arange(LONG), stamp_s, times)
    assert heard.gaps == []
    assert heard.indexes == list(range(LONG))


def test_after_a_clock_was_set_holes_are_found_again() -> None:
    times = true_times(LONG)
    stamp_s = times + np.where(np.arange(LONG) >= 5000, 15.0, 0.0)
    numbers = without(LONG, range(6300, 6303))
    heard = hear(numbers, stamp_s[numbers], times[numbers])
    assert heard.missing == [6300, 6301, 6302]


@pytest.mark.parametrize("stamp", [0.0, -1e9, 4e9])
def test_stamps_that_mean_nothing_lose_nothing(stamp: float) -> None:
    times = true_times(2000)
    for stamp_s in (np.full(2000, stamp), np.where(np.arange(2000) % 7 == 0, stamp, times)):
        heard = hear(np.arange(2000), stamp_s, times)
        assert heard.numbers == list(range(2000))


# --- segments -----------------------------------------------------------------------------------


def test_between_segments_there_is_a_gap_with_the_cause_of_the_end() -> None:
    indexer = SampleIndexer(RATE_HZ, first_segment=3)
    times = true_times(200)
    early, late = slice(0, 100), slice(150, 200)
    events = indexer.feed(samples(np.arange(100), times[early], times[early]))
    events += indexer.end_segment(GapCause.UNPLUGGED)
    events += indexer.feed(samples(np.arange(50), times[late], times[late]))
    heard = Heard(events, indexer)
    assert [block.segment for block in heard.blocks] == [3, 3, 4, 4]
    (gap,) = heard.gaps
    assert (gap.segment, gap.first_index, gap.count) == (4, 0, 0)
    assert gap.cause is GapCause.UNPLUGGED
    assert (gap.begin_ns, gap.end_ns) == (round(times[99] * 1e9), round(times[150] * 1e9))
    assert heard.indexes == [*range(100), *range(50)]


def test_a_connection_without_samples_is_no_segment() -> None:
    indexer = SampleIndexer(RATE_HZ)
    assert indexer.end_segment(GapCause.NO_ANSWER) == []
    times = true_times(10)
    (first, rest) = indexer.feed(samples(np.arange(10), times, times))
    assert isinstance(first, Block)
    assert isinstance(rest, Block)
    assert (first.segment, first.first_index) == (0, 0)


def test_samples_that_wait_are_delivered_when_nothing_follows() -> None:
    indexer = SampleIndexer(RATE_HZ)
    times = true_times(300)
    whole = indexer.feed(samples(np.arange(200), times[:200], times[:200]))
    assert Heard(whole, indexer).numbers == list(range(200))
    waiting = slice(210, 215)
    assert indexer.feed(samples(np.arange(210, 215), times[waiting], times[waiting])) == []
    heard = Heard(indexer.flush(), indexer)
    assert heard.numbers == heard.indexes == list(range(210, 215))
    assert heard.missing == list(range(200, 210))


def test_memory_does_not_grow() -> None:
    indexer = SampleIndexer(RATE_HZ)
    stamp_s = bursts(LONG, 250.5, seed=5)
    longest = 0
    for start in range(0, LONG, 10):
        part = slice(start, start + 10)
        indexer.feed(samples(np.arange(start, start + 10), stamp_s[part], stamp_s[part]))
        held = 0 if indexer._held is None else len(indexer._held.stamp_s)
        longest = max(longest, held + len(indexer._stamps) + len(indexer._indexes))
    assert longest <= 2 * 4 * RATE_HZ + 2 * RATE_HZ
