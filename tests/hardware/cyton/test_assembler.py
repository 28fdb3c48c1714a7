"""Reads become blocks and gaps that say exactly what came, when, and what did not."""

from collections.abc import Iterable
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.board import Block, Event, Gap, GapCause
from hardware.cyton.assembler import START_LIMIT_NS, BlockAssembler
from hardware.cyton.frames import FRAME_BYTES, encode_frames

STEP_NS = 4_000_000


def frames(samples: Iterable[int], stop: int = 0xC6) -> bytes:
    """Frames of the given samples of a stream; channel 1 holds the sample's number."""
    number = np.array(list(samples))
    counts = np.repeat(number[:, None], 8, axis=1)
    aux = np.zeros((len(number), 6), np.uint8)
    aux[:, 2:] = (4 * number).astype(">u4").view(np.uint8).reshape(-1, 4)
    return encode_frames(number, counts, aux, stop)


def started(first_segment: int = 0) -> BlockAssembler:
    assembler = BlockAssembler(250.0, first_segment)
    assembler.begin_stream(0)
    return assembler


def blocks(events: list[Event]) -> list[Block]:
    return [event for event in events if isinstance(event, Block)]


def gaps(events: list[Event]) -> list[Gap]:
    return [event for event in events if isinstance(event, Gap)]


def test_a_batch_of_reads_is_one_block_with_the_stamp_of_each_read() -> None:
    stream = frames(range(5))
    reads = [(stream[:40], 100), (stream[40:66], 200), (stream[66:], 300)]
    (block,) = blocks(started().feed(reads))
    assert (block.segment, block.first_index, block.late) == (0, 0, False)
    assert block.counts[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert block.aux.tolist() == [[0, 0, 4 * i] for i in range(5)]
    assert block.arrival_ns.tolist() == [100, 200, 300, 300, 300]


def test_what_is_held_is_decoded_with_the_next_read() -> None:
    stream, assembler = frames(range(5)), started()
    assembler.hold([(stream[:40], 100)])
    assert (assembler.holds, assembler.missing_bytes) == (True, 26)
    (block,) = blocks(assembler.feed([(stream[40:], 200)]))
    assert block.arrival_ns.tolist() == [100, 200, 200, 200, 200]
    assert (assembler.holds, assembler.missing_bytes) == (False, FRAME_BYTES)


def test_what_is_held_when_the_stream_ends_is_decoded_before_its_end() -> None:
    assembler = started()
    assembler.hold([(frames(range(3)), 100)])
    (block,) = blocks(assembler.end_stream(GapCause.UNPLUGGED))
    assert block.counts[:, 0].tolist() == [0, 1, 2]
    assembler.begin_stream(5000)
    gap, _ = assembler.feed([(frames(range(3)), 6000)])
    assert gap == Gap(1, 0, 0, GapCause.UNPLUGGED, 100, 6000)


@given(st.lists(st.integers(1, 100), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_a_sample_is_stamped_by_the_read_that_completed_it(sizes: list[int]) -> None:
    stream = frames(range(-(-sum(sizes) // FRAME_BYTES)))
    ends = np.cumsum(sizes)
    assembler = started()
    stamps: list[int] = []
    for end, size in zip(ends, sizes, strict=True):
        events = assembler.feed([(stream[end - size : end], int(end))])
        stamps += [int(stamp) for block in blocks(events) for stamp in block.arrival_ns]
    completed = [ends[ends >= FRAME_BYTES * (i + 1)][0] for i in range(len(stamps))]
    assert stamps == completed
    assert len(stamps) == sum(sizes) // FRAME_BYTES


def test_what_was_on_its_way_before_the_start_is_discarded() -> None:
    assembler = started()
    assert assembler.feed([(frames(range(250, 254)), 10)]) == []
    assert assembler.last_frame_ns == 10
    (block,) = blocks(assembler.feed([(frames([254, 255, 256, 257]), 20)]))
    assert block.counts[:, 0].tolist() == [256, 257]
    assert block.first_index == 0


def test_a_stream_without_a_beginning_is_taken_as_it_comes_after_two_seconds() -> None:
    assembler = started()
    assert assembler.feed([(frames([5]), START_LIMIT_NS)]) == []
    (block,) = blocks(assembler.feed([(frames([6, 7]), START_LIMIT_NS + 1)]))
    assert (block.first_index, block.counts[:, 0].tolist()) == (0, [6, 7])


def test_a_restart_is_a_new_segment_behind_a_gap_with_its_cause() -> None:
    assembler = started(first_segment=2)
    assembler.feed([(frames(range(10)), 1000)])
    assert assembler.end_stream(GapCause.UNPLUGGED) == []
    assembler.begin_stream(5000)
    gap, block = assembler.feed([(b"noise" + frames(range(3)), 6000)])
    assert gap == Gap(3, 0, 0, GapCause.UNPLUGGED, 1000, 6000)
    assert isinstance(block, Block)
    assert (block.segment, block.first_index) == (3, 0)
    assert assembler.tally.damaged_bytes == 5


def test_a_restart_without_data_in_between_keeps_the_first_cause() -> None:
    assembler = started()
    assembler.feed([(frames(range(10)), 1000)])
    for cause in (GapCause.NO_ANSWER, GapCause.UNPLUGGED):
        assembler.end_stream(cause)
        assembler.begin_stream(2000)
    events = assembler.feed([(frames(range(3)), 9000)])
    assert gaps(events) == [Gap(1, 0, 0, GapCause.NO_ANSWER, 1000, 9000)]


def test_the_first_segment_has_no_gap_before_it() -> None:
    assembler = BlockAssembler(250.0)
    for now_ns in (0, 1000):
        assembler.begin_stream(now_ns)
        assembler.end_stream(GapCause.NO_ANSWER)
    assembler.begin_stream(2000)
    assert gaps(assembler.feed([(frames([0]), 3000)])) == []


def test_the_end_of_a_stream_makes_open_holes_gaps() -> None:
    assembler = started()
    assembler.feed([(frames([0, 1, 4]), 1000)])
    (gap,) = gaps(assembler.end_stream(GapCause.NO_ANSWER))
    assert (gap.first_index, gap.count, gap.cause) == (2, 2, GapCause.RADIO)


def test_late_packets_travel_in_late_blocks() -> None:
    events = started().feed([(frames([0, 1, 4, 2, 3, 5]), 1000)])
    assert [(b.first_index, b.counts[:, 0].tolist(), b.late) for b in blocks(events)] == [
        (0, [0, 1], False),
        (4, [4], False),
        (2, [2, 3], True),
        (5, [5], False),
    ]


@pytest.mark.parametrize(("stop", "index"), [(0xC6, 725), (0xC0, 725 + 256)])
def test_silence_is_measured_by_the_board_if_its_packets_tell(stop: int, index: int) -> None:
    assembler = started()
    assembler.feed([(frames(range(10), stop), 10 * STEP_NS)])
    host_slept_ns = 800_000_000
    events = assembler.feed([(frames([725], stop), 725 * STEP_NS + host_slept_ns)])
    assert blocks(events)[0].first_index == index


def test_the_tally_accounts_for_every_packet_and_byte() -> None:
    stream = frames([0, 1, 3, 2, 2, 5]) + b"xyz" + frames([6, 7, 8])
    assembler = started()
    assembler.feed([(stream, 1000)])
    tally = assembler.tally
    assert (tally.samples, tally.lost, tally.late, tally.duplicate) == (8, 1, 1, 1)
    assert tally.damaged_bytes == 3


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 0.3))
def test_delivered_and_missing_are_all_that_was_sent(seed: int, loss: float) -> None:
    random = Random(seed)
    sent = [i for i in range(700) if i % 50 == 0 or random.random() >= loss]
    stream = frames(sent)
    assembler = started()
    events: list[Event] = []
    at = 0
    while at < len(stream):
        size = random.randint(1, 800)
        events += assembler.feed([(stream[at : at + size], 1000 + at)])
        at += size
    events += assembler.end_stream(GapCause.NO_ANSWER)
    delivered = [int(n) for block in blocks(events) for n in block.counts[:, 0]]
    placed = [b.first_index + i for b in blocks(events) for i in range(len(b))]
    assert delivered == placed == sent
    assert sum(gap.count for gap in gaps(events)) == sent[-1] + 1 - len(sent)
