from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.recordings.counting import of_cyton
from hardware.recordings.placing import ASTRAY, REPEATED, TWICE, Placed, place
from hardware.recordings.recording import Recording, Stamps, Unread

RATE_HZ = 250.0


def recording(
    samples: list[int] | np.ndarray,
    *,
    stamps: bool = True,
    counters: list[int] | None = None,
    late_s: float = 0.0,
) -> Recording:
    """Rows of these samples, whose first channel says which; `counters` are what they claim."""
    samples = np.asarray(samples)
    counted = of_cyton(np.asarray(samples if counters is None else counters) % 256)
    uv = np.repeat(samples.astype(np.float64)[:, None], 3, axis=1)[None]
    rng = np.random.default_rng(5)
    s = 1.6e9 + samples / RATE_HZ + rng.uniform(0, 0.06, len(samples)) + late_s
    return Recording(
        ("a", "b", "c"),
        RATE_HZ,
        counted.counters,
        uv,
        cycle=counted.cycle,
        stamps=Stamps(s) if stamps else None,
    )


def samples_of(read: Recording, placed: Placed) -> list[list[int]]:
    return [read.uv[0, run.rows, 0].astype(int).tolist() for run in placed.runs]


def indexes(placed: Placed) -> list[list[int]]:
    return [run.index.tolist() for run in placed.runs]


def test_rows_in_order_are_one_run() -> None:
    read = recording(np.arange(10, 900))
    placed = place(read)
    assert indexes(placed) == [list(range(890))]
    assert (placed.runs[0].losses, placed.left_out) == ((), ())


def test_late_rows_stand_where_they_belong() -> None:
    read = recording([0, 1, 5, 2, 3, 12, 7, 8, 13])
    placed = place(read)
    assert samples_of(read, placed) == [[0, 1, 2, 3, 5, 7, 8, 12, 13]]
    assert [(it.first, it.n, it.unread) for it in placed.runs[0].losses] == [
        *((4, 1, False), (6, 1, False), (9, 3, False))
    ]


@pytest.mark.parametrize("lost", [3, 100, 200, 256, 300, 1000, 5000])
def test_a_loss_of_any_length_is_counted_where_stamps_tell(lost: int) -> None:
    read = recording([*range(400), *range(400 + lost, 800 + lost)])
    [run] = place(read).runs
    assert [(it.first, it.n) for it in run.losses] == [(400, lost)]


def test_a_pause_of_minutes_begins_another_run() -> None:
    read = recording([*range(400), *range(40_000, 40_400)])
    assert [len(run.rows) for run in place(read).runs] == [400, 400]


def test_a_computer_that_was_busy_has_lost_nothing() -> None:
    read = recording(np.arange(3000))
    assert read.stamps is not None
    s = read.stamps.s.copy()
    s[1000:1500] = np.maximum(s[1000:1500], s[1500])  # two seconds at once
    placed = place(replace(read, stamps=Stamps(s)))
    assert indexes(placed) == [list(range(3000))]


def test_a_clock_that_was_set_back_moves_nothing_and_is_told() -> None:
    read = recording(np.arange(2000))
    assert read.stamps is not None
    s = read.stamps.s.copy()
    s[1000:] -= 3600
    placed = place(replace(read, stamps=Stamps(s)))
    assert indexes(placed) == [list(range(2000))]
    assert placed.clock_set_back


@pytest.mark.parametrize("stamps", [True, False])
def test_a_doubled_row_is_taken_once(stamps: bool) -> None:
    read = recording([0, 1, 2, 2, 3, 4], stamps=stamps)
    placed = place(read)
    assert samples_of(read, placed) == [[0, 1, 2, 3, 4]]
    assert [(it.line, it.why) for it in placed.left_out] == [(4, REPEATED)]


def test_a_file_that_is_there_twice_is_taken_once() -> None:
    read = recording([*range(1000), *range(1000)])
    placed = place(read)
    assert indexes(placed) == [list(range(1000))]
    assert {it.why for it in placed.left_out} <= {REPEATED, ASTRAY}
    assert not placed.clock_set_back


def test_lines_that_were_moved_come_back_to_their_place() -> None:
    order = [*range(500), *range(1200, 1250), *range(500, 1200), *range(1250, 2000)]
    read = recording(order)
    placed = place(read)
    assert samples_of(read, placed) == [list(range(2000))]


@pytest.mark.parametrize("stamps", [True, False])
@pytest.mark.parametrize("claims", [57 + 100, 57 + 10, 57 - 9, 255])
def test_a_counter_with_a_wrong_digit_displaces_nobody(claims: int, stamps: bool) -> None:
    counters = list(range(200))
    counters[57] = claims
    read = recording(list(range(200)), counters=counters, stamps=stamps)
    placed = place(read)
    assert samples_of(read, placed) == [[*range(57), *range(58, 200)]]
    assert [(it.line, it.why) for it in placed.left_out] in ([(58, TWICE)], [(58, ASTRAY)])
    assert [(it.first, it.n, it.unread) for it in placed.runs[0].losses] == [(57, 1, True)]


def test_two_rows_that_changed_places_by_a_round_of_the_counter_are_told_by_their_stamps() -> None:
    order = np.arange(1000)
    order[[100, 612]] = order[[612, 100]]
    read = recording(order, counters=list(range(1000)))
    placed = place(read)
    assert samples_of(read, placed) == [[*range(100), *range(101, 612), *range(613, 1000)]]
    assert [it.line for it in placed.left_out] == [101, 613]


def test_a_loss_where_a_row_could_not_be_read_is_told_so() -> None:
    read = recording([0, 1, 2, 4, 5, 8, 9])
    placed = place(replace(read, unread=(Unread(4, "torn", 3),)))
    assert [(it.first, it.n, it.unread) for it in placed.runs[0].losses] == [
        *((3, 1, True), (6, 2, False))
    ]


def test_a_second_header_begins_another_run_unless_its_rows_were_there() -> None:
    stretch = np.repeat([0, 1], 500).astype(np.int32)
    read = replace(recording([*range(500), *range(900, 1400)]), stretch=stretch)
    assert [len(run.rows) for run in place(read).runs] == [500, 500]
    again = replace(recording([*range(500), *range(500)]), stretch=stretch)
    assert [len(run.rows) for run in place(again).runs] == [500]


def test_without_counters_rows_are_counted() -> None:
    read = replace(recording([3, 4, 5], stamps=False), counters=None, cycle=0)
    assert indexes(place(read)) == [[0, 1, 2]]


@given(
    st.lists(st.sampled_from([1] * 30 + [2, 3, 9, 30]), min_size=40, max_size=300),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_each_row_is_in_one_run_and_between_them_is_what_was_lost(
    steps: list[int], stamps: bool
) -> None:
    samples = np.cumsum(steps)
    read = recording(samples, stamps=stamps)
    [run] = place(read).runs
    np.testing.assert_array_equal(run.index, samples - samples[0])
    assert len(run.rows) + sum(it.n for it in run.losses) == run.index[-1] + 1
