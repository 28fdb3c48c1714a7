"""The host stands still while the board sends on: what is missing then is known to the sample.

The way from the board keeps 4 095 bytes, as a terminal does, and the dongle its newest 25 packets.
"""

import numpy as np
import pytest

from hardware.board import Block, Event, Gap, GapCause
from hardware.cyton.assembler import BlockAssembler
from hardware.cyton.frames import FRAME_BYTES, encode_frames
from hardware.pauses import PAUSE_NS, Pauses
from hardware.rest import Read
from tests.hardware.cyton.one_channel import TIMED, UNTIMED, packets

RATE_HZ = 252.5  # 1 % fast
READ_NS = 20_000_000
KEPT, RING = 4095 // FRAME_BYTES, 25
STILL_S = [0.5, 0.9, 1.5, 3.0, 4.0, 6.0, 9.0, 15.0, 60.0]


def hear(before_s: float, still_s: float, stop: int, *, daisy: bool = False) -> list[Event]:
    """All that comes of a stream of which `still_s` were not read, and 2 s more."""
    seconds = before_s + still_s + 2
    number = np.arange(int(seconds * RATE_HZ))
    taken_ns = (number * (1e9 / RATE_HZ)).astype(np.int64)
    asleep = (taken_ns > before_s * 1e9) & (taken_ns < (before_s + still_s) * 1e9)
    waits = np.flatnonzero(asleep)
    lost = waits[KEPT:-RING] if len(waits) > KEPT + RING else waits[:0]
    read_ns = -(-taken_ns // READ_NS) * READ_NS
    read_ns[asleep] = round((before_s + still_s) * 1e9)
    came = np.setdiff1d(number, lost)
    counts = np.repeat(number[:, None], 8, axis=1)
    aux = np.zeros((len(number), 6), np.uint8)
    if stop == TIMED:
        ms = 2**32 - 3000 + taken_ns // 1_000_000  # it turns on the way
        aux[:, 2:] = (ms % 2**32).astype(">u4").view(np.uint8).reshape(-1, 4)
    assembler, pauses, events = BlockAssembler(250.0), Pauses(), list[Event]()
    assembler.begin_stream(0, has_daisy=daisy)
    pauses.begin(0)
    for at_ns in np.unique(read_ns[came]).tolist():
        rows = came[read_ns[came] == at_ns]
        reads: list[Read] = [(encode_frames(rows, counts[rows], aux[rows], stop), at_ns)]
        pauses.look(at_ns)
        events += assembler.feed(reads, pauses.backlog_until_ns)
    assert assembler.doubt is None
    return events + assembler.end_stream(GapCause.RESTART)


def blocks(events: list[Event]) -> list[Block]:
    return [event for event in events if isinstance(event, Block)]


def gaps(events: list[Event]) -> list[Gap]:
    return [event for event in events if isinstance(event, Gap)]


@pytest.mark.parametrize("still_s", STILL_S)
@pytest.mark.parametrize("before_s", [1.5, 20.0])
def test_with_milliseconds_each_sample_has_its_place(before_s: float, still_s: float) -> None:
    events = hear(before_s, still_s, TIMED)
    for block in blocks(events):
        index = block.first_index + np.arange(len(block))
        assert block.counts[:, 0].tolist() == index.tolist()
    assert {block.segment for block in blocks(events)} == {0}
    waited = round(still_s * RATE_HZ)
    lost = [gap.count for gap in gaps(events)]
    assert sum(lost) == pytest.approx(max(waited - KEPT - RING, 0), abs=2)
    assert {gap.cause for gap in gaps(events)} <= {GapCause.OVERRUN}


@pytest.mark.parametrize("still_s", STILL_S)
def test_without_them_what_is_not_sure_begins_a_segment(still_s: float) -> None:
    """By the counter alone nothing tells how often it turned."""
    events = hear(20.0, still_s, UNTIMED)
    segments = sorted({block.segment for block in blocks(events)})
    for segment in segments:
        mine = [block for block in blocks(events) if block.segment == segment]
        shift = {int(b.counts[0, 0]) - b.first_index for b in mine}
        assert len(shift) == 1
    has_lost = still_s * RATE_HZ > KEPT + RING
    assert segments == ([0, 1] if has_lost else [0])
    assert [(gap.count, gap.cause) for gap in gaps(events)] == (
        [(0, GapCause.OVERRUN)] if has_lost else []
    )


@pytest.mark.parametrize("turns", [1, 5])
def test_without_them_whole_turns_that_are_missing_are_not_overlooked(turns: int) -> None:
    """The counter just goes on, but there are too few packets for so long a time."""
    still_s = (KEPT + RING + 256 * turns + 0.5) / RATE_HZ
    events = hear(20.0, still_s, UNTIMED)
    assert [gap.cause for gap in gaps(events)] == [GapCause.OVERRUN]
    for segment in (0, 1):
        mine = [block for block in blocks(events) if block.segment == segment]
        assert len({int(b.counts[0, 0]) - b.first_index for b in mine}) == 1


def test_a_segment_of_a_daisy_begins_with_a_pair() -> None:
    events = hear(20.0, 4.0, UNTIMED, daisy=True)
    for block in blocks(events):
        assert (block.counts[:, 0] - block.counts[:, 8] == 1).all()
        assert (block.counts[:, 8] % 2 == 0).all()
    assert {block.segment for block in blocks(events)} == {0, 1}


@pytest.mark.parametrize("daisy", [False, True])
@pytest.mark.parametrize("stop", [TIMED, UNTIMED])
def test_what_had_waited_says_so(stop: int, *, daisy: bool) -> None:
    """So that its arrivals are not taken for times."""
    events = hear(20.0, 4.0, stop, daisy=daisy)
    late = [block for block in blocks(events) if block.is_backlog]
    assert sum(map(len, late)) >= (KEPT + RING) // (2 if daisy else 1)
    fresh = np.concatenate([b.arrival_ns for b in blocks(events) if not b.is_backlog])
    assert not ((fresh >= 24e9) & (fresh < 24.25e9)).any()


def test_a_reader_that_finds_nothing_does_not_stand_still() -> None:
    pauses = Pauses()
    pauses.begin(0)
    for at_ns in range(0, 5_000_000_000, 100_000_000):
        pauses.look(at_ns)
    assert (pauses.end_ns, pauses.backlog_until_ns) == (0, 0)
    pauses.look(9_900_000_000)
    assert (pauses.end_ns, pauses.lasted_s) == (9_900_000_000, 5.0)


@pytest.mark.parametrize("still_s", [0.4 + PAUSE_NS / 1e9, 40.0])
def test_what_is_missing_after_a_backlog_is_missing_since_then(still_s: float) -> None:
    """Nothing more comes than what had waited: its last sample is older than its arrival."""
    asleep_s, awake_s = 20.0, 20.0 + still_s + 5.0
    number = np.arange(int((asleep_s + still_s) * RATE_HZ))
    taken_ns = (number * (1e9 / RATE_HZ)).astype(np.int64)
    read_ns = np.where(taken_ns < asleep_s * 1e9, -(-taken_ns // READ_NS) * READ_NS, awake_s * 1e9)
    waits = np.flatnonzero(taken_ns >= asleep_s * 1e9)
    came = np.setdiff1d(number, waits[KEPT:-RING])
    assembler, pauses = BlockAssembler(250.0), Pauses()
    assembler.begin_stream(0)
    pauses.begin(0)
    for at_ns in np.unique(read_ns).astype(np.int64).tolist():
        rows = came[read_ns[came] == at_ns]
        pauses.look(at_ns)
        octets = packets(rows, rows, taken_ns[rows] // 1_000_000, TIMED)
        assembler.feed([(octets, at_ns)], pauses.backlog_until_ns)
    assembler.end_stream(GapCause.UNPLUGGED)
    back_ns = round((awake_s + 10) * 1e9)
    assembler.begin_stream(back_ns)
    [gap] = gaps(assembler.feed([(packets(number[:1], number[:1], number[:1], TIMED), back_ns)]))
    assert (gap.cause, gap.end_ns) == (GapCause.UNPLUGGED, back_ns)
    assert gap.begin_ns == pytest.approx((asleep_s + still_s) * 1e9, abs=50e6)


def test_beside_another_board_the_own_packets_of_a_backlog_stay_the_own_ones() -> None:
    """Every other packet is the other board's; and later the own board is not taken for it."""
    number = np.arange(12 * 250)
    taken_ns = number * 4_000_000
    asleep = (taken_ns >= 8e9) & (taken_ns < 8.6e9)
    read_ns = np.where(asleep, 8_600_000_000, -(-(taken_ns + 1) // READ_NS) * READ_NS)
    own = packets(number, number, taken_ns // 1_000_000, TIMED)
    other = packets(number + 99, -1 - number, 700_000 + taken_ns // 1_000_000, TIMED)
    assembler, pauses = BlockAssembler(250.0), Pauses()
    assembler.begin_stream(0)
    pauses.begin(0)
    events = list[Event]()
    for at_ns in np.unique(read_ns).tolist():
        rows = np.flatnonzero(read_ns == at_ns)
        pieces = [
            own[FRAME_BYTES * row : FRAME_BYTES * (row + 1)]
            + (other[FRAME_BYTES * row : FRAME_BYTES * (row + 1)] if taken_ns[row] >= 5e9 else b"")
            for row in rows.tolist()
        ]
        pauses.look(at_ns)
        events += assembler.feed([(b"".join(pieces), at_ns)], pauses.backlog_until_ns)
    assert assembler.doubt is None
    counts = np.concatenate([block.counts[:, 0] for block in blocks(events)])
    assert counts.tolist() == number.tolist()
    assert assembler.tally.strangers == (taken_ns >= 5e9).sum()
