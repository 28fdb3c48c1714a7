"""Packets of a Cyton + Daisy become samples: whole, in half, or known to be missing."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hardware.board import MISSING_COUNT, Block, BoardInfo, Event, Gap, GapCause, PacketTally
from hardware.cyton.assembler import START_LIMIT_NS, BlockAssembler
from hardware.cyton.daisy import CHANNEL_DELAY_S, with_daisy
from hardware.cyton.frames import AUX_LABELS, FRAME_BYTES, encode_frames
from tests.hardware.fates import Fate, kept_fates, order_of_arrival

STEP_NS = 4_000_000
TAIL = 130  # so many packets make a hole certain


def frames(packets: Iterable[int]) -> bytes:
    """Channel c of packet p is 1000 p + c; its pins are the lowest bits of p, its time 4 p ms."""
    number = np.array(list(packets))
    counts = 1000 * number[:, None] + np.arange(8)
    aux = np.zeros((len(number), 6), np.uint8)
    aux[:, 0], aux[:, 1] = number & 1, number >> 1 & 1
    aux[:, 2:] = (4 * number).astype(">u4").view(np.uint8).reshape(-1, 4)
    return encode_frames(number, counts, aux, 0xC6)


def channels(packet: int | None) -> list[int]:
    return [MISSING_COUNT] * 8 if packet is None else [1000 * packet + c for c in range(8)]


def pins_and_ms(packet: int | None) -> list[int]:
    return [MISSING_COUNT] * 3 if packet is None else [packet & 1, packet >> 1 & 1, 4 * packet]


def whole_or_half(sample: int, there: set[int]) -> tuple[list[int], list[int]]:
    """Counts and aux of a sample of which these packets have come."""
    odd, even = (p if p in there else None for p in (2 * sample + 1, 2 * sample))
    return channels(odd) + channels(even), pins_and_ms(odd) + pins_and_ms(even)


@dataclass
class Heard:
    """All that a stream became."""

    blocks: list[Block] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    tally: PacketTally = field(default_factory=PacketTally)

    def add(self, events: list[Event]) -> None:
        self.blocks += [event for event in events if isinstance(event, Block)]
        self.gaps += [event for event in events if isinstance(event, Gap)]

    @property
    def samples(self) -> list[int]:
        return [b.first_index + i for b in self.blocks for i in range(len(b))]

    def content(self) -> dict[int, tuple[list[int], list[int]]]:
        """Counts and aux by sample."""
        return {
            b.first_index + i: (b.counts[i].tolist(), b.aux[i].tolist())
            for b in self.blocks
            for i in range(len(b))
        }

    def of_cause(self, cause: GapCause) -> set[int]:
        mine = [g for g in self.gaps if g.cause is cause]
        return {i for g in mine for i in range(g.first_index, g.first_index + g.count)}


def hear(packets: Iterable[int], cuts: list[int] | None = None) -> Heard:
    """Feed a stream, one read for each packet or cut at these bytes, and end it."""
    stream = frames(packets)
    edges = range(FRAME_BYTES, len(stream), FRAME_BYTES) if cuts is None else sorted(cuts)
    assembler, heard, begin = BlockAssembler(250.0), Heard(), 0
    assembler.begin_stream(0, has_daisy=True)
    for end in (*edges, len(stream)):
        heard.add(assembler.feed([(stream[begin:end], end * STEP_NS // FRAME_BYTES)]))
        begin = end
    heard.add(assembler.end_stream(GapCause.NO_ANSWER))
    heard.tally = assembler.tally
    return heard


# --- pairs --------------------------------------------------------------------------------------


def test_two_packets_are_one_sample_and_the_first_sample_is_left_out() -> None:
    heard = hear(range(8), cuts=[])
    (block,) = heard.blocks
    assert (block.segment, block.first_index, block.late) == (0, 1, False)
    assert (block.counts.shape, block.aux.shape) == ((3, 16), (3, 6))
    assert block.counts.dtype == block.aux.dtype == np.int32
    assert block.counts[0].tolist() == channels(3) + channels(2)
    assert block.aux[0].tolist() == [1, 1, 12, 0, 1, 8]
    assert heard.content() == {k: whole_or_half(k, set(range(8))) for k in (1, 2, 3)}
    assert heard.gaps == []
    assert heard.tally == PacketTally(samples=3)


def test_a_sample_arrives_with_the_later_of_its_packets() -> None:
    (block,) = hear([0, 1, 2, 3]).blocks
    assert block.arrival_ns.tolist() == [4 * STEP_NS]
    assert hear([0, 1, 3, 2]).blocks[0].arrival_ns.tolist() == [4 * STEP_NS]


def test_a_pair_that_is_out_of_order_is_not_late_while_nothing_came_after_it() -> None:
    heard = hear([0, 1, 2, 3, 5, 4, 6, 7])
    assert [(b.first_index, b.late) for b in heard.blocks] == [(1, False), (2, False), (3, False)]
    assert heard.tally.late == 0


@pytest.mark.parametrize("late_by", [1, 2, 50, 124])
def test_a_late_packet_completes_its_sample_in_a_late_block(late_by: int) -> None:
    order = [0, 1, 2, 3, 5, *range(6, 6 + late_by), 4, *range(6 + late_by, 140)]
    heard = hear(order)
    assert [(b.first_index, len(b)) for b in heard.blocks if b.late] == (
        [(2, 1)] if late_by > 1 else []
    )
    assert sorted(heard.samples) == list(range(1, 70))
    assert heard.content() == {k: whole_or_half(k, set(range(140))) for k in range(1, 70)}
    assert heard.gaps == []
    assert (heard.tally.late, heard.tally.halves, heard.tally.lost) == (int(late_by > 1), 0, 0)


# --- losses -------------------------------------------------------------------------------------

R, H = GapCause.RADIO, GapCause.HALF


@pytest.mark.parametrize(
    ("lost", "gaps"),
    [
        ([10], [(H, 5, 1)]),
        ([11], [(H, 5, 1)]),
        ([10, 11], [(R, 5, 1)]),
        ([11, 12], [(H, 5, 1), (H, 6, 1)]),
        ([10, 11, 12], [(R, 5, 1), (H, 6, 1)]),
        ([11, 12, 13], [(H, 5, 1), (R, 6, 1)]),
        ([11, 12, 13, 14], [(H, 5, 1), (R, 6, 1), (H, 7, 1)]),
        ([*range(10, 110)], [(R, 5, 50)]),
        ([10, 13], [(H, 5, 1), (H, 6, 1)]),
        ([1], []),
        ([1, 2], [(H, 1, 1)]),
        ([1, 2, 3], [(R, 1, 1)]),
        ([2], [(H, 1, 1)]),
        ([3], [(H, 1, 1)]),
    ],
)
@pytest.mark.parametrize("tail", [3, TAIL])
def test_what_is_lost_is_half_a_sample_or_a_whole_one(
    lost: list[int], gaps: list[tuple[GapCause, int, int]], tail: int
) -> None:
    end = max(12, lost[-1] + 1) + tail
    end += end % 2
    there = set(range(end)) - set(lost)
    heard = hear(sorted(there))
    assert [(gap.cause, gap.first_index, gap.count) for gap in heard.gaps] == gaps
    missing = heard.of_cause(R)
    expected = [k for k in range(1, end // 2) if k not in missing]
    assert sorted(heard.samples) == expected
    assert heard.content() == {k: whole_or_half(k, there) for k in expected}
    assert (heard.tally.samples, heard.tally.lost) == (len(expected), len(missing))
    assert heard.tally.halves == len(heard.of_cause(H))


def test_a_half_travels_alone_and_late_with_its_gap_behind_it() -> None:
    assembler = BlockAssembler(250.0)
    assembler.begin_stream(0, has_daisy=True)
    order = [p for p in range(12 + TAIL) if p != 11]
    events: list[Event] = []
    for at, packet in enumerate(order):
        events += assembler.feed([(frames([packet]), 1000 * at)])
    place = next(i for i, e in enumerate(events) if isinstance(e, Block) and e.late)
    half, gap = events[place : place + 2]
    assert isinstance(half, Block)
    assert (half.first_index, len(half)) == (5, 1)
    assert half.arrival_ns.tolist() == [10_000]
    assert gap == Gap(0, 5, 1, GapCause.HALF, 10_000, 11_000)


def test_an_even_packet_cut_off_by_the_end_is_no_sample() -> None:
    heard = hear(range(11))
    assert heard.samples == [1, 2, 3, 4]
    assert heard.gaps == []


def test_what_waits_for_its_partner_is_bounded() -> None:
    assembler = BlockAssembler(250.0)
    assembler.begin_stream(0, has_daisy=True)
    for packet in range(0, 2000, 2):
        assembler.feed([(frames([packet]), packet * STEP_NS)])
        assert len(assembler._pairs._waiting) <= 66


@settings(max_examples=60, deadline=None)
@given(st.lists(kept_fates, min_size=1, max_size=500), st.integers(0, 2**32))
@example([("normal", 0), ("normal", 0), ("late", 25), *[("normal", 0)] * 29], 0)
def test_whole_half_and_lost_samples_are_all_that_was_sent(fate_of: list[Fate], seed: int) -> None:
    arrivals = order_of_arrival(fate_of)
    random, size = Random(seed), FRAME_BYTES * len(arrivals)
    cuts = [random.randrange(size) for _ in range(random.randrange(40))]
    there, sent = set(arrivals), (max(arrivals) + 1) // 2 * 2
    heard = hear(arrivals, cuts)
    halves, lost = heard.of_cause(H), heard.of_cause(R)
    delivered = heard.content()
    assert len(heard.samples) == len(delivered)  # none twice
    assert sorted([*delivered, *lost]) == list(range(1, sent // 2))
    assert delivered == {k: whole_or_half(k, there) for k in delivered}
    assert halves == {k for k in delivered if not {2 * k, 2 * k + 1} <= there}
    assert sum(gap.count for gap in heard.gaps) == len(halves) + len(lost)
    tally = heard.tally
    assert (tally.samples, tally.halves, tally.lost) == (len(delivered), len(halves), len(lost))
    assert tally.duplicate == len(arrivals) - len(there)


@settings(max_examples=15, deadline=None)
@given(st.lists(kept_fates, min_size=1, max_size=120))
def test_one_byte_at_a_time_gives_what_the_whole_gives(fate_of: list[Fate]) -> None:
    arrivals = order_of_arrival(fate_of)
    whole = hear(arrivals, [])
    bytewise = hear(arrivals, list(range(1, FRAME_BYTES * len(arrivals))))
    assert bytewise.content() == whole.content()
    assert bytewise.tally == whole.tally
    late = [
        {k for b in h.blocks if b.late for k in range(b.first_index, b.first_index + len(b))}
        for h in (whole, bytewise)
    ]
    assert late[0] == late[1]
    assert [(g.cause, g.first_index, g.count) for g in bytewise.gaps] == [
        (g.cause, g.first_index, g.count) for g in whole.gaps
    ]


def test_lost_bytes_cost_the_packets_that_they_hit() -> None:
    stream = frames(range(400))
    hit = [17, 50, 51]
    damaged = bytearray(stream)
    for packet in reversed(hit):
        del damaged[FRAME_BYTES * packet + 9]
    assembler, heard = BlockAssembler(250.0), Heard()
    assembler.begin_stream(0, has_daisy=True)
    heard.add(assembler.feed([(bytes(damaged), 1000)]))
    assert heard.of_cause(H) == {8}
    assert heard.of_cause(R) == {25}
    assert assembler.tally.damaged_bytes == 3 * (FRAME_BYTES - 1)


# --- segments -----------------------------------------------------------------------------------


def test_a_new_segment_begins_anew_and_the_tally_goes_on() -> None:
    assembler, heard = BlockAssembler(250.0), Heard()
    for first_ns in (0, 5000):
        assembler.begin_stream(first_ns, has_daisy=True)
        heard.add(assembler.feed([(frames([0, 1, 2, 3, 6, 7, 9]), first_ns + 1000)]))
        heard.add(assembler.end_stream(GapCause.UNPLUGGED))
    assert [(b.segment, b.first_index) for b in heard.blocks] == [
        (0, 1),
        (0, 3),
        (0, 4),
        (1, 1),
        (1, 3),
        (1, 4),
    ]
    assert heard.gaps[2] == Gap(1, 0, 0, GapCause.UNPLUGGED, 1000, 6000)
    tally = assembler.tally
    assert (tally.samples, tally.lost, tally.halves) == (6, 2, 2)


@pytest.mark.parametrize(("counters", "first"), [([5, 6, 7, 8, 9], 9000), ([6, 7, 8, 9], 9000)])
def test_a_stream_without_a_beginning_is_paired_by_its_counters(
    counters: list[int], first: int
) -> None:
    assembler = BlockAssembler(250.0)
    assembler.begin_stream(0, has_daisy=True)
    assert assembler.feed([(frames([4]), START_LIMIT_NS)]) == []
    (block,) = assembler.feed([(frames(counters), START_LIMIT_NS + 1)])
    assert isinstance(block, Block)
    assert (block.first_index, len(block)) == (1, 1)
    assert (block.counts[0, 0], block.counts[0, 8]) == (first, first - 1000)


def test_an_odd_packet_alone_begins_nothing() -> None:
    assembler = BlockAssembler(250.0)
    assembler.begin_stream(0, has_daisy=True)
    assert assembler.feed([(frames([5]), START_LIMIT_NS + 1)]) == []
    (block,) = assembler.feed([(frames(range(6, 10)), START_LIMIT_NS + 2)])
    assert isinstance(block, Block)
    assert block.counts[:, 0].tolist() == [9000]


# --- what it is ---------------------------------------------------------------------------------


def test_a_cyton_with_a_daisy_says_what_it_is() -> None:
    info = with_daisy(BoardInfo("cyton", "p", "s", "v", 250.0, 8, 0.02, 100, AUX_LABELS))
    assert (info.kind, info.rate_hz, info.channels) == ("cyton-daisy", 125.0, 16)
    assert info.aux_labels == ("D11", "D12", "board_ms", "D11_even", "D12_even", "board_ms_even")
    assert info.channel_delay_s == CHANNEL_DELAY_S == (0.002,) * 8 + (0.006,) * 8


def test_no_converter_gives_the_missing_count() -> None:
    counts, aux = np.full((1, 8), MISSING_COUNT), np.zeros((1, 6), np.uint8)
    with pytest.raises(ValueError, match="beyond 24 bits"):
        encode_frames(np.array([0]), counts, aux, 0xC0)
