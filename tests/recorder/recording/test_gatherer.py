import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.board import Block
from recorder.recording.gatherer import ROW_SAMPLES, BlockGatherer
from recorder.store.rows import BlockRow


def block(first: int, n: int, *, segment: int = 0, late: bool = False, read: int = 4) -> Block:
    """Counts and times that say where they belong; `read` samples arrived together."""
    index = np.arange(first, first + n)
    counts = np.stack([index, -index, index + 7], axis=1).astype(np.int32)
    arrival_ns = 1000 * (index // read + 1) + 10**9 * segment
    return Block(segment, first, counts, index[:, None].astype(np.int32), arrival_ns, late)


def gathered(blocks: list[Block], channels: int = 3) -> list[BlockRow]:
    gatherer = BlockGatherer(1, channels)
    rows = [row for one in blocks for row in gatherer.add(one)]
    return rows + list(gatherer.flush())


@st.composite
def streams(draw: st.DrawFn) -> list[Block]:
    blocks, next_index, segment = [], 0, 0
    for n in draw(st.lists(st.integers(1, 300), max_size=8)):
        kind = draw(st.sampled_from(["next", "next", "gap", "late", "restart"]))
        if kind == "late" and next_index > 400:
            blocks.append(block(next_index - 350, min(n, 50), segment=segment, late=True))
            continue
        if kind == "gap":
            next_index += draw(st.integers(1, 500))
        if kind == "restart":
            segment, next_index = segment + 1, 0
        blocks.append(block(next_index, n, segment=segment))
        next_index += n
    return blocks


@settings(max_examples=40, deadline=None)
@given(streams())
def test_rows_hold_every_sample_once_and_unchanged(blocks: list[Block]) -> None:
    rows = gathered(blocks)
    places = [(b.segment, b.late, b.first_index + i) for b in blocks for i in range(len(b))]
    found = [(r.segment, r.late, r.first_index + i) for r in rows for i in range(len(r))]
    assert sorted(found) == sorted(places)
    for row in rows:
        index = np.arange(row.first_index, row.first_index + len(row))
        np.testing.assert_array_equal(row.counts[:, 0], index)
        np.testing.assert_array_equal(row.aux[:, 0], index)


@settings(max_examples=40, deadline=None)
@given(streams())
def test_arrivals_name_the_last_sample_of_each_read(blocks: list[Block]) -> None:
    for row in gathered(blocks):
        assert row.arrival_index[-1] == row.first_index + len(row) - 1
        assert np.all(np.diff(row.arrival_ns) > 0)
        np.testing.assert_array_equal((row.arrival_index + 1)[:-1] % 4, 0)


@settings(max_examples=40, deadline=None)
@given(streams())
def test_a_row_is_never_much_longer_than_its_limit(blocks: list[Block]) -> None:
    assert all(len(row) < ROW_SAMPLES + 300 for row in gathered(blocks))


def test_blocks_that_follow_each_other_become_one_row() -> None:
    rows = gathered([block(0, 10), block(10, 10), block(20, 5)])
    assert [(row.first_index, len(row)) for row in rows] == [(0, 25)]


def test_a_late_block_is_a_row_of_its_own_and_breaks_nothing() -> None:
    rows = gathered([block(0, 10), block(20, 10), block(10, 4, late=True), block(30, 10)])
    spans = sorted((row.first_index, len(row), row.late) for row in rows)
    assert spans == [(0, 10, False), (10, 4, True), (20, 20, False)]


def test_only_the_channels_of_the_montage_are_kept() -> None:
    [row] = gathered([block(0, 10)], channels=2)
    assert row.counts.shape == (10, 2)


def test_flushing_twice_yields_nothing_more() -> None:
    gatherer = BlockGatherer(0, 3)
    assert list(gatherer.add(block(0, 10))) == []
    assert [len(row) for row in gatherer.flush()] == [10]
    assert list(gatherer.flush()) == []
