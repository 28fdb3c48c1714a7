"""Samples that know their counter become blocks and gaps, segment by segment."""

import numpy as np

from hardware.board import Block, Gap, GapCause
from hardware.packets.segments import Batch, Segments


def batch(counters: list[int], arrival_ns: int, board_ms: list[int] | None = None) -> Batch:
    """Samples of two channels that hold their counter, and one aux column that does."""
    column = np.array(counters, np.int32)[:, None]
    return Batch(
        counters=np.array(counters),
        counts=np.repeat(column, 2, axis=1),
        aux=column,
        arrival_ns=np.full(len(counters), arrival_ns, np.int64),
        board_ms=None if board_ms is None else np.array(board_ms, np.int32),
    )


def test_the_first_samples_of_all_are_one_block_from_index_0() -> None:
    (block,) = Segments(250.0, 256).feed(batch([7, 8, 9], 100))
    assert isinstance(block, Block)
    assert (block.segment, block.first_index, block.late) == (0, 0, False)
    assert block.counts.tolist() == [[7, 7], [8, 8], [9, 9]]
    assert block.aux.tolist() == [[7], [8], [9]]
    assert block.arrival_ns.tolist() == [100, 100, 100]


def test_a_late_sample_is_a_block_of_its_own() -> None:
    segments = Segments(250.0, 256)
    in_time, late = segments.feed(batch([0, 2, 1], 100))[1:]
    assert isinstance(in_time, Block)
    assert isinstance(late, Block)
    assert (in_time.first_index, late.first_index, late.late) == (2, 1, True)
    tally = segments.tally
    assert (tally.samples, tally.lost, tally.late, tally.duplicate) == (3, 0, 1, 0)


def test_the_time_between_segments_is_a_gap_with_its_cause() -> None:
    segments = Segments(250.0, 256, first_segment=4)
    segments.feed(batch([0, 1], 100))
    assert segments.end(GapCause.UNPLUGGED) == []
    gap, block = segments.feed(batch([0, 1], 900))
    assert gap == Gap(5, 0, 0, GapCause.UNPLUGGED, 100, 900)
    assert isinstance(block, Block)
    assert (block.segment, block.first_index) == (5, 0)


def test_what_is_still_open_when_a_segment_ends_is_lost() -> None:
    segments = Segments(250.0, 256)
    segments.feed(batch([0, 1, 4], 100))
    assert segments.end(GapCause.RESTART) == [Gap(0, 2, 2, GapCause.RADIO, 100, 100)]
    assert segments.tally.lost == 2


def test_an_end_without_a_beginning_leaves_no_gap() -> None:
    segments = Segments(250.0, 256)
    segments.end(GapCause.NO_ANSWER)
    (block,) = segments.feed(batch([0], 900))
    assert isinstance(block, Block)
    segments.end(GapCause.UNPLUGGED)
    segments.end(GapCause.NO_ANSWER)  # the attempt in between failed: the first cause stands
    gap, _ = segments.feed(batch([0], 950))
    assert isinstance(gap, Gap)
    assert gap.cause is GapCause.UNPLUGGED


def test_the_boards_own_time_tells_how_often_the_counter_wrapped() -> None:
    segments = Segments(250.0, 256)
    segments.feed(batch([0], 0, [1000]))
    segments.feed(batch([(1 + 3 * 256) % 256], 5_000_000_000, [1000 + 4 * (1 + 3 * 256)]))
    (gap,) = segments.end(GapCause.RESTART)
    assert (gap.first_index, gap.count) == (1, 3 * 256)
