"""The sweep: where points go, what a gap leaves empty, how a new segment goes on."""

from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.wire.messages import Trace
from tests.tui.scripted_service import trace
from tui.braille import Span
from tui.sweep import BLANK, Sweep

COLUMNS = 20


def push(first_step: int, *pairs: tuple[float, float] | None, segment: int = 0) -> Trace:
    """One channel's points; None is a step without data."""
    uv = [value for pair in pairs for value in (pair or (None, None))]
    return trace("patient", [uv], first_step=first_step, segment=segment)


def spans(sweep: Sweep) -> list[Span | None]:
    return sweep.spans(0, 0, COLUMNS)


def test_points_go_from_left_to_right() -> None:
    sweep = Sweep(1, COLUMNS, steps_per_column=1)

    sweep.extend(push(7, (-1, 1), (-2, 2)))
    sweep.extend(push(9, (-3, 3)))

    assert spans(sweep)[:4] == [(-1, 1), (-2, 2), (-3, 3), None]
    assert sweep.newest == 2


def test_a_column_holds_the_extremes_of_its_steps() -> None:
    sweep = Sweep(1, COLUMNS, steps_per_column=3)

    sweep.extend(push(0, (-1, 1), (-9, 0), (-2, 5), (-4, 4)))

    assert spans(sweep)[:3] == [(-9, 5), (-4, 4), None]


def test_columns_are_told_across_the_seam_of_the_ring() -> None:
    sweep = Sweep(1, COLUMNS, steps_per_column=1)

    sweep.extend(push(0, *[(-k, k) for k in range(COLUMNS - BLANK)]))

    assert sweep.spans(0, -1, 3) == [None, (0, 0), (-1, 1)]
    assert sweep.spans(0, -1, COLUMNS + 1) == [None, *spans(sweep)]


def test_missing_steps_stay_empty() -> None:
    sweep = Sweep(1, COLUMNS, steps_per_column=1)

    sweep.extend(push(0, (-1, 1), None, (-2, 2)))
    sweep.extend(push(6, (-3, 3)))

    expected = [(-1, 1), None, (-2, 2), None, None, None, (-3, 3)]
    assert spans(sweep)[:7] == expected


def test_a_new_segment_goes_on_after_a_blank_stretch() -> None:
    sweep = Sweep(1, COLUMNS, steps_per_column=1)

    sweep.extend(push(500, (-1, 1), segment=3))
    sweep.extend(push(0, (-2, 2), segment=4))

    assert spans(sweep)[: BLANK + 1] == [(-1, 1), *[None] * (BLANK - 1), (-2, 2)]


def test_steps_that_begin_again_are_a_new_segment() -> None:
    sweep = Sweep(1, COLUMNS, steps_per_column=1)

    sweep.extend(push(500, (-1, 1)))
    sweep.extend(push(0, (-2, 2)))

    assert sweep.newest == BLANK
    assert spans(sweep)[BLANK] == (-2, 2)


def test_the_oldest_points_give_way_and_a_blank_stretch_runs_ahead() -> None:
    sweep = Sweep(1, COLUMNS, steps_per_column=1)

    sweep.extend(push(0, *[(-1.0, 1.0)] * COLUMNS))
    sweep.extend(push(COLUMNS, (-7, 7)))

    assert spans(sweep)[0] == (-7, 7)
    assert spans(sweep)[1 : 1 + BLANK] == [None] * BLANK
    assert spans(sweep)[1 + BLANK :] == [(-1, 1)] * (COLUMNS - 1 - BLANK)


def test_a_gap_longer_than_the_sweep_leaves_nothing_old() -> None:
    sweep = Sweep(1, COLUMNS, steps_per_column=1)

    sweep.extend(push(0, *[(-1.0, 1.0)] * COLUMNS))
    sweep.extend(push(10**12, (-7, 7)))

    assert [span for span in spans(sweep) if span] == [(-7, 7)]


def test_reach_is_that_of_each_channel_with_data() -> None:
    sweep = Sweep(3, COLUMNS, steps_per_column=1)

    sweep.extend(trace("patient", [[-5.0, 40.0], [None, None], [-70.0, 2.0]]))

    assert sweep.reaches_uv() == [40.0, 70.0]


POINTS = st.lists(st.none() | st.floats(-1e6, 1e6), max_size=12)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-5, 2**62), st.integers(0, 3), st.lists(POINTS, max_size=4)),
        max_size=8,
    )
)
def test_no_push_however_odd_breaks_it(
    pushes: list[tuple[int, int, list[list[float | None]]]],
) -> None:
    sweep = Sweep(2, COLUMNS, steps_per_column=2)
    newest = sweep.newest

    for first_step, segment, uv in pushes:
        sweep.extend(trace("patient", uv, first_step=first_step, segment=segment))
        assert sweep.newest >= newest
        newest = sweep.newest
