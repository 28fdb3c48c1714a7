"""Stamps that are late, and packets of another board in the places of lost ones."""

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.board import Block, GapCause
from hardware.packets.radio import RadioSegments
from hardware.packets.segments import Batch

BATCH = 25
N = 60 * BATCH
OTHERS = 1000
MS = 1_000_000


def recorded(ms: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int32]:
    """What is recorded of packets that follow each other, with these stamps and counts."""
    segments = RadioSegments(250.0, 256)
    segments.begin(0)
    events = []
    for at in range(0, N, BATCH):
        rows = np.arange(at, at + BATCH)
        arrival_ns = np.full(BATCH, (4 * (at + BATCH) + 7) * MS)
        aux = np.zeros((BATCH, 1), np.int32)
        columns = counts[rows, None].astype(np.int32)
        stamps = ms[rows].astype(np.int32)
        events += segments.feed(
            Batch((rows % 256).astype(np.uint8), columns, aux, arrival_ns, stamps)
        )
    events += segments.end(GapCause.RESTART)
    assert segments.doubt is None
    return np.concatenate([it.counts[:, 0] for it in events if isinstance(it, Block)])


@pytest.mark.parametrize("born_ms", [-90, -30, -10, 10, 30, 60, 90, 400])
@pytest.mark.parametrize("lost", [[700], [724], [700, 702]])
def test_another_boards_packet_in_the_place_of_a_lost_one_is_not_stored(
    born_ms: int, lost: list[int]
) -> None:
    ms, counts = 4 * np.arange(N), np.zeros(N, np.int64)
    ms[lost] += born_ms
    counts[lost] = OTHERS
    assert recorded(ms, counts).tolist() == [0] * (N - len(lost))


@pytest.mark.parametrize("ahead", [40, 60, 71, 72])
def test_another_boards_packet_that_fits_what_is_not_read_yet_is_not_stored(ahead: int) -> None:
    """A read is 64 ms late, so that the place the packet fits could just have been sent."""
    segments = RadioSegments(250.0, 256)
    segments.begin(0)

    def fed(rows: NDArray[np.int64], counts: int | NDArray[np.int64], arrival_ms: int) -> list[int]:
        columns = np.broadcast_to(counts, rows.shape).astype(np.int32)[:, None]
        aux, arrival_ns = np.zeros((len(rows), 1), np.int32), np.full(len(rows), arrival_ms * MS)
        counters, ms = (rows % 256).astype(np.uint8), (4 * rows).astype(np.int32)
        events = segments.feed(Batch(counters, columns, aux, arrival_ns, ms))
        return [int(it) for one in events if isinstance(one, Block) for it in one.counts[:, 0]]

    stored = []
    for at in range(0, 50 * BATCH, BATCH):
        stored += fed(np.arange(at, at + BATCH), 0, 4 * (at + BATCH) + 7)
    rows = np.insert(np.arange(at + BATCH, at + 3 * BATCH), 10, at + BATCH - 1 + ahead)
    counts = np.insert(np.zeros(2 * BATCH, np.int64), 10, OTHERS)
    stored += fed(rows, counts, 4 * (at + 3 * BATCH) + 7 + 64)
    for more in range(at + 3 * BATCH, at + 20 * BATCH, BATCH):
        stored += fed(np.arange(more, more + BATCH), 0, 4 * (more + BATCH) + 7)
    assert segments.doubt is None
    assert stored == [0] * (at + 20 * BATCH)


@pytest.mark.parametrize("piece", [2, 5, 11])
def test_a_board_that_stamps_its_packets_late_is_recorded_whole(piece: int) -> None:
    number = np.arange(N)
    stamped = np.minimum(number // piece * piece + piece - 1, N - 1)
    assert recorded(4 * stamped, number).tolist() == number.tolist()
