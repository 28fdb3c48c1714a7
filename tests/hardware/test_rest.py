"""A reader that rests misses nothing, and stamps one packet in a tenth of a second as it comes."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.board_fault import BoardFault
from hardware.rest import (
    TICK_NS,
    TURN_NS,
    Read,
    RestingReader,
    is_halfway,
    next_tick_ns,
)
from tests.hardware.simulated_line import SimulatedLine

PACKET = 33
MS = 1_000_000
BEGIN_NS = 7 * MS


def packets(n: int, begin_ns: int = 10 * MS, together: int = 1) -> list[Read]:
    """So many packets, 4 ms apart, some at a time."""
    return [
        (bytes([i % 256]) * PACKET, begin_ns + (i + together - 1) // together * together * 4 * MS)
        for i in range(n)
    ]


def read_all(line: SimulatedLine, cycles: int, turn: int = 0) -> list[list[Read]]:
    reader = RestingReader(line, PACKET, lambda: line.now_ns, turn=turn)
    missing, found = PACKET, []
    for _ in range(cycles):
        found.append(reader.read(missing))
        came = sum(len(octets) for octets, _ in found[-1])
        missing = PACKET - (PACKET - missing + came) % PACKET
    return found


def test_the_first_packet_is_waited_for_and_then_one_after_each_rest() -> None:
    line = SimulatedLine.of(packets(75), now_ns=BEGIN_NS)
    first, *others = read_all(line, 3)
    assert [(len(octets), at_ns) for octets, at_ns in first[:1]] == [(PACKET, 10 * MS)]
    for tick, reads in enumerate(others, start=2):
        (backlog, tick_ns), (packet, came_ns) = reads
        assert tick_ns == tick * TICK_NS
        assert len(packet) == PACKET
        assert (came_ns - 10 * MS) % (4 * MS) == 0  # as it came, to the nanosecond
        assert len(backlog) in (21 * PACKET, 24 * PACKET)


def test_what_is_handed_on_first_is_a_tenth_of_a_second() -> None:
    """By one or two packets nobody could say whether they are of one board."""
    for n in (75, 20):
        line = SimulatedLine.of(packets(n), now_ns=BEGIN_NS)
        [first] = read_all(line, 1)
        assert sum(len(octets) for octets, _ in first) == min(n, 27) * PACKET


def test_ten_times_a_second_it_awakes_twice() -> None:
    line = SimulatedLine.of(packets(2500), now_ns=BEGIN_NS)
    read_all(line, 100)
    assert line.fetches == 201
    assert line.rests == 100
    assert 9.9e9 < line.now_ns < 10.2e9


def test_readers_wake_after_each_other() -> None:
    for turn in (0, 1):
        line = SimulatedLine.of(packets(75), now_ns=BEGIN_NS)
        _, [(_, woken_ns), (_, packet_ns)] = read_all(line, 2, turn)
        assert woken_ns == 2 * TICK_NS + turn * TURN_NS
        assert packet_ns < woken_ns + TURN_NS


@given(
    cuts=st.lists(st.integers(1, 40), min_size=1, max_size=60),
    together=st.sampled_from([1, 4, 15]),
)
def test_however_packets_come_all_bytes_are_read_in_order(cuts: list[int], together: int) -> None:
    sent = packets(60, together=together)
    octets = b"".join(it for it, _ in sent)
    pieces, at = list[Read](), 0
    for i, cut in enumerate(cuts):
        pieces.append((octets[at : at + cut], 10 * MS + i * 3 * MS))
        at += cut
    line = SimulatedLine.of([it for it in pieces if it[0]], now_ns=BEGIN_NS)
    reads = [read for cycle in read_all(line, 30) for read in cycle]
    assert b"".join(it for it, _ in reads) == octets[:at]
    assert [at_ns for _, at_ns in reads] == sorted(at_ns for _, at_ns in reads)
    assert all(it for it, _ in reads)


def test_a_packet_in_pieces_is_waited_for_to_its_end() -> None:
    """An adapter with a timer of 1 ms hands on a third of a packet at a time."""
    third = [(bytes([i]) * 11, 10 * MS + i // 3 * 4 * MS + i % 3 * MS) for i in range(240)]
    line = SimulatedLine.of(third, now_ns=BEGIN_NS)
    for reads in read_all(line, 3)[1:]:
        came_ns = reads[-1][1]
        assert sum(len(octets) for octets, _ in reads) % PACKET == 0 or len(reads) > 1
        assert (came_ns - 10 * MS) % (4 * MS) == 2 * MS  # its last piece


def test_a_silence_is_looked_into_ten_times_a_second() -> None:
    line = SimulatedLine.of(packets(3), now_ns=BEGIN_NS)
    cycles = read_all(line, 12)
    assert [bool(reads) for reads in cycles] == [True] + [False] * 11
    assert line.now_ns < 1_350 * MS


def test_after_a_silence_the_first_packet_is_waited_for_again() -> None:
    line = SimulatedLine.of(packets(3) + packets(3, begin_ns=1_003 * MS), now_ns=BEGIN_NS)
    found = [reads for reads in read_all(line, 14) if reads]
    assert found[1][0][1] == 1_003 * MS


def test_a_line_that_hangs_half_way_does_not_hold_the_reader() -> None:
    line = SimulatedLine.of([(b"x", 10 * MS + i * 99 * MS) for i in range(40)], now_ns=BEGIN_NS)
    reader = RestingReader(line, PACKET, lambda: line.now_ns)
    before_ns = line.now_ns
    for _ in range(10):
        reader.read(PACKET)
        assert line.now_ns - before_ns <= 3 * TICK_NS
        before_ns = line.now_ns


def test_what_had_piled_up_is_taken_before_it_rests_again() -> None:
    line = SimulatedLine.of(
        [(bytes(4096), 10 * MS), (bytes(4096), 10 * MS + 1), (b"x" * 33, 12 * MS)], now_ns=BEGIN_NS
    )
    reader = RestingReader(line, PACKET, lambda: line.now_ns)
    reader.read(PACKET)
    reader.read(PACKET)
    assert line.rests == 0


@pytest.mark.parametrize("turn", [0, 1])
@pytest.mark.parametrize("gone_ms", [20, 109, 111, 150, 199, 201, 207, 209, 250])
def test_pulled_out_it_loses_a_rest_at_most(gone_ms: int, turn: int) -> None:
    line = SimulatedLine.of(packets(75), gone_ns=gone_ms * MS, now_ns=BEGIN_NS)
    reader = RestingReader(line, PACKET, lambda: line.now_ns, turn=turn)
    reads = list[Read]()
    with suppress(BoardFault):
        while True:
            reads += reader.read(PACKET)
    sent = sum(len(octets) for octets, at_ns in packets(75) if at_ns < gone_ms * MS)
    lost = sent - sum(len(octets) for octets, _ in reads)
    assert 0 <= lost <= PACKET * TICK_NS / (4 * MS)
    assert line.now_ns <= (gone_ms + 100) * MS  # and it is missed as soon


def test_what_came_before_the_plug_was_pulled_is_kept() -> None:
    line = SimulatedLine.of([(b"last words", 10 * MS)], gone_ns=11 * MS, now_ns=BEGIN_NS)
    reader = RestingReader(line, PACKET, lambda: line.now_ns)
    assert reader.read(PACKET) == [(b"last words", 10 * MS)]
    with pytest.raises(BoardFault):
        reader.read(PACKET)


@pytest.mark.parametrize(
    ("now_ms", "late_ms", "next_ms"),
    [(0, 0, 100), (1, 0, 100), (99, 0, 100), (100, 0, 200), (0, 20, 20), (20, 20, 120)],
)
def test_ticks_are_tenths_of_a_second(now_ms: int, late_ms: int, next_ms: int) -> None:
    assert next_tick_ns(now_ms * MS, late_ms * MS) == next_ms * MS


def test_every_second_tick_is_halfway() -> None:
    """For all readers the same ones, so that what they bring comes together."""
    assert [is_halfway(tick * TICK_NS + TURN_NS) for tick in range(4)] == [True, False] * 2
