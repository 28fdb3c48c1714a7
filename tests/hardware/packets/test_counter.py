"""The counter becomes an index, and what is missing is known exactly."""

from collections.abc import Iterable
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.board import Gap, GapCause
from hardware.packets.counter import CounterUnwrapper, Run
from tests.hardware.fates import Fate, fates, order_of_arrival

STEP_NS = 4_000_000
MS = 1_000_000


class Stream:
    """A segment that is being unwrapped: keeps the index given to each packet, and the gaps."""

    def __init__(self) -> None:
        self.unwrapper = CounterUnwrapper(250.0)
        self.unwrapper.begin_segment()
        self.now_ns = 0
        self.indexes: list[int | None] = []
        self.runs: list[Run] = []
        self.gaps: list[Gap] = []

    def receive(
        self,
        counters: Iterable[int],
        arrival_ns: Iterable[int] | None = None,
        board_ms: Iterable[int] | None = None,
    ) -> None:
        sent = np.array(list(counters)) % 256
        stamps = self._stamps(len(sent)) if arrival_ns is None else np.array(list(arrival_ns))
        self.now_ns = int(stamps[-1])
        ms = None if board_ms is None else np.array(list(board_ms), np.int64).astype(np.int32)
        given_index: list[int | None] = [None] * len(sent)
        for placed in self.unwrapper.feed(sent.astype(np.uint8), stamps, ms):
            if isinstance(placed, Gap):
                self.gaps.append(placed)
                continue
            self.runs.append(placed)
            for at in range(placed.start, placed.stop):
                given_index[at] = placed.first_index + at - placed.start
        self.indexes += given_index

    def _stamps(self, count: int) -> np.ndarray:
        return self.now_ns + STEP_NS * np.arange(1, count + 1)

    def end(self) -> None:
        self.gaps += self.unwrapper.end_segment()

    def missing(self) -> list[int]:
        return [i for gap in self.gaps for i in range(gap.first_index, gap.first_index + gap.count)]


def test_a_contiguous_stream_is_one_run_per_batch_across_the_wrap() -> None:
    stream = Stream()
    stream.receive(range(200))
    stream.receive(range(200, 600))
    assert stream.runs == [Run(0, 200, 0), Run(0, 400, 200)]
    assert stream.gaps == []


def test_the_first_packet_has_index_0_whatever_its_counter() -> None:
    stream = Stream()
    stream.receive([77, 78])
    assert stream.indexes == [0, 1]


def test_a_lost_packet_becomes_a_gap_once_no_late_packet_can_fill_it() -> None:
    stream = Stream()
    stream.receive([0, 1, 3])
    assert stream.unwrapper.lost == 1
    stream.receive(range(4, 130))
    assert stream.gaps == []
    stream.receive([130])
    assert stream.gaps == [Gap(0, 2, 1, GapCause.RADIO, 2 * STEP_NS, 3 * STEP_NS)]
    assert stream.unwrapper.lost == 1


@pytest.mark.parametrize(("step", "lost"), [(1, 0), (2, 1), (127, 126), (128, 127)])
def test_a_step_up_to_128_is_loss(step: int, lost: int) -> None:
    stream = Stream()
    stream.receive([9, 9 + step])
    assert stream.indexes == [0, step]
    assert stream.unwrapper.lost == lost


@pytest.mark.parametrize("back", [1, 50, 127])  # steps 255, 206 and 129
def test_a_step_beyond_128_is_a_late_packet(back: int) -> None:
    stream = Stream()
    head = 299
    stream.receive(index for index in range(head + 1) if index != head - back)
    stream.receive([head - back])
    assert stream.indexes[-1] == head - back
    assert stream.runs[-1].late
    assert stream.unwrapper.lost == 0


def test_a_counter_seen_twice_is_a_duplicate() -> None:
    stream = Stream()
    stream.receive([5, 6, 6, 7])
    stream.receive([7, 5, 8])
    assert stream.indexes == [0, 1, None, 2, None, None, 3]
    assert stream.unwrapper.duplicate == 3
    assert stream.unwrapper.samples == 4


def test_a_real_stream_out_of_order_loses_only_what_never_came() -> None:
    stream = Stream()
    stream.receive([226, 231, 228, 229, 238, 233, 234])  # a public Cyton recording
    stream.end()
    assert stream.indexes == [0, 5, 2, 3, 12, 7, 8]
    assert [run.late for run in stream.runs] == [False, False, True, False, True]
    assert stream.missing() == [1, 4, 6, 9, 10, 11]
    assert (stream.unwrapper.late, stream.unwrapper.lost) == (4, 6)


def test_a_hole_that_is_filled_in_time_leaves_no_gap() -> None:
    stream = Stream()
    stream.receive([0, 4])
    stream.receive([2, 1, 3])
    stream.receive(range(5, 300))
    stream.end()
    assert stream.gaps == []
    assert (stream.unwrapper.lost, stream.unwrapper.late) == (0, 3)


def test_a_late_packet_splits_its_hole() -> None:
    stream = Stream()
    stream.receive([0, 6, 3])
    stream.end()
    assert [(gap.first_index, gap.count) for gap in stream.gaps] == [(1, 2), (4, 2)]
    assert {(gap.begin_ns, gap.end_ns) for gap in stream.gaps} == {(STEP_NS, 2 * STEP_NS)}


def test_a_late_run_that_reaches_the_head_goes_on_as_new() -> None:
    stream = Stream()
    stream.receive([0, 3, 2, 3, 4, 5])
    assert stream.indexes == [0, 3, 2, None, 4, 5]


def test_silence_is_measured_by_arrival_across_unseen_wraps() -> None:
    stream = Stream()
    stream.receive(range(100))
    elapsed = 2.5  # 625 samples, the counter wraps twice
    stream.receive(range(725, 735), stream.now_ns + int(elapsed * 1e9) + STEP_NS * np.arange(1, 11))
    stream.end()
    assert stream.indexes[-10:] == list(range(725, 735))
    assert [(gap.count, gap.cause) for gap in stream.gaps] == [(625, GapCause.SILENCE)]
    assert stream.gaps[0].end_ns - stream.gaps[0].begin_ns == int(elapsed * 1e9) + STEP_NS


@pytest.mark.parametrize(("board_clock", "index"), [(True, 725), (False, 725 + 256)])
def test_silence_is_measured_by_the_boards_own_clock_when_there_is_one(
    board_clock: bool, index: int
) -> None:
    stream = Stream()
    begin_ms = 2**32 - 200  # the board's clock wraps meanwhile
    ms = (begin_ms + 4 * np.arange(1000)) % 2**32
    stream.receive(range(100), board_ms=ms[:100] if board_clock else None)
    late_ns = stream.now_ns + 2500 * MS + 800 * MS  # the host slept for the last 0.8 s
    stream.receive([725, 726], [late_ns, late_ns], ms[725:727] if board_clock else None)
    assert stream.indexes[-2:] == [index, index + 1]


def test_a_damaged_board_clock_is_not_believed() -> None:
    stream = Stream()
    stream.receive([0, 1], board_ms=[0, 4])
    stream.receive([252], [stream.now_ns + 1000 * MS], [1_000_000_000])
    assert stream.indexes[-1] == 252


def test_a_host_that_slept_loses_nothing() -> None:
    stream = Stream()
    stream.receive(range(100))
    stream.receive(range(100, 600), [stream.now_ns + 2000 * MS] * 500)
    stream.end()
    assert stream.indexes == list(range(600))
    assert stream.gaps == []


def test_a_long_silence_is_measured_with_the_rate_seen_so_far() -> None:
    stream = Stream()
    true_step_ns = 3_960_000  # 1 % fast: the nominal rate would be 150 samples out after a minute
    stamps = true_step_ns * np.arange(20_000, dtype=np.int64)
    for begin in range(0, 20_000, 10):
        stream.receive(range(begin, begin + 10), stamps[begin : begin + 10])
    stream.receive([40_000], [true_step_ns * 40_000])
    assert stream.indexes[-1] == 40_000


def test_a_new_segment_begins_at_index_0_and_keeps_the_tally() -> None:
    unwrapper = CounterUnwrapper(250.0, first_segment=3)
    assert unwrapper.begin_segment() == 3
    unwrapper.feed(np.array([0, 2], np.uint8), np.array([0, STEP_NS]))
    (gap,) = unwrapper.end_segment()
    assert (gap.segment, gap.first_index) == (3, 1)
    assert unwrapper.begin_segment() == 4
    assert unwrapper.feed(np.array([9], np.uint8), np.array([STEP_NS * 2])) == [Run(0, 1, 0)]
    assert (unwrapper.samples, unwrapper.lost) == (3, 1)


def test_nothing_in_nothing_out() -> None:
    unwrapper = CounterUnwrapper(250.0)
    assert unwrapper.feed(np.empty(0, np.uint8), np.empty(0, np.int64)) == []


def test_few_holes_are_open_at_any_time() -> None:
    stream = Stream()
    for index in range(0, 4000, 2):
        stream.receive([index])
        assert stream.unwrapper.lost - len(stream.gaps) <= 64


def test_another_modulus() -> None:
    unwrapper = CounterUnwrapper(200.0, modulus=100)
    unwrapper.begin_segment()
    counters = np.array([98, 99, 0, 2, 1], np.uint8)
    runs = unwrapper.feed(counters, 5_000_000 * np.arange(5))
    assert runs == [Run(0, 3, 0), Run(3, 4, 4), Run(4, 5, 3, late=True)]


@settings(max_examples=80, deadline=None)
@given(st.lists(fates, min_size=1, max_size=600), st.integers(0, 255), st.randoms())
def test_any_loss_delay_and_duplication_is_told_apart(
    fate_of: list[Fate], first_counter: int, random: Random
) -> None:
    arrivals = order_of_arrival(fate_of)
    stream = Stream()
    rest = arrivals
    while rest:
        count = random.randint(1, 60)
        stream.receive(first_counter + index for index in rest[:count])
        rest = rest[count:]
    stream.end()
    first_time = [
        index if index not in arrivals[:at] else None for at, index in enumerate(arrivals)
    ]
    sent = max(arrivals) + 1
    assert stream.indexes == first_time
    assert sorted(stream.missing()) == sorted(set(range(sent)) - set(arrivals))
    assert stream.unwrapper.samples + stream.unwrapper.lost == sent
    assert stream.unwrapper.duplicate == len(arrivals) - len(set(arrivals))


def causes(stream: Stream) -> set[GapCause]:
    stream.end()
    return {gap.cause for gap in stream.gaps}


def test_half_of_the_packets_missing_is_not_called_radio_and_is_told_until_it_is_over() -> None:
    stream, rng = Stream(), np.random.default_rng(4)
    half = np.flatnonzero(rng.random(1000) < 0.5) + 500
    told = []
    for part in (np.arange(500), half, np.arange(1500, 4200)):
        stream.receive(part, STEP_NS * (1 + part))
        told.append(stream.unwrapper.is_shared)
    assert told == [False, True, False]
    assert causes(stream) == {GapCause.TAKEN}


@pytest.mark.parametrize("share", [0.001, 0.01, 0.05, 0.1])
def test_what_radio_loses_is_called_radio(share: float) -> None:
    stream, rng = Stream(), np.random.default_rng(4)
    stream.receive(np.flatnonzero(rng.random(5000) >= share))
    assert not stream.unwrapper.is_shared
    assert causes(stream) == {GapCause.RADIO}


def test_some_bursts_of_loss_are_radio_though_much_is_missing() -> None:
    stream = Stream()
    stream.receive(index for index in range(2000) if index % 128 >= 30)
    assert causes(stream) == {GapCause.RADIO}
