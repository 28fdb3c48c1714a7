"""The picture: repainting a few characters gives what repainting all of them would."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tui.scripted_service import trace
from tui.picture import FIRST_SCALE_UV, MARK, Picture

STEP_S = 0.032


def drawn(picture: Picture) -> list[str]:
    return ["".join(row) for row in picture.rows]


def flat(value: float, steps: int) -> list[float | None]:
    return [value, value] * steps


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.lists(st.floats(-80, 80), max_size=30), st.booleans()),
        max_size=12,
    )
)
def test_painting_what_is_new_gives_the_same_as_painting_everything(
    pushes: list[tuple[int, list[float], bool]],
) -> None:
    little_by_little = Picture(["F3", "F4"], STEP_S, width=9, height=4)
    at_once = Picture(["F3", "F4"], STEP_S, width=9, height=4)
    step = 0
    for skipped, values, marked in pushes:
        step += skipped
        uv: list[list[float | None]] = [
            [x for v in values for x in (v, v + sign)] for sign in (1, 7)
        ]
        for picture in (little_by_little, at_once):
            picture.extend(trace("patient", uv, first_step=step))
            if marked:
                picture.mark()
            picture.draw()
        step += len(values)

    at_once.set_height(4)

    assert drawn(little_by_little) == drawn(at_once)


def test_each_channel_is_drawn_in_its_own_rows() -> None:
    picture = Picture(["F3", "F4"], STEP_S, width=10, height=4)

    picture.extend(trace("patient", [flat(0.0, 12), flat(-50.0, 12)]))
    picture.draw()

    assert picture.dots == 8
    assert [bool(row.strip()) for row in drawn(picture)] == [False, True, False, True]
    assert drawn(picture)[1][0] == "⠉"
    assert drawn(picture)[3][0] == "⣀"


def test_a_channel_is_named_at_the_middle_of_its_rows() -> None:
    picture = Picture(["F3", "F4"], STEP_S, width=10, height=6)

    assert [picture.label(row) for row in range(6)] == ["", "F3", "", "", "F4", ""]


def test_channels_share_out_all_rows_also_where_they_are_no_multiple() -> None:
    picture = Picture([f"C{k}" for k in range(8)], STEP_S, width=10, height=13)
    picture.extend(trace("patient", [flat(0.0, 12)] * 8))
    picture.draw()

    assert (picture.channels_shown, picture.dots) == (8, 6)
    assert [row for row in range(13) if picture.label(row)] == [0, 2, 3, 5, 6, 8, 9, 11]
    assert [drawn(picture)[row][0] for row in range(4)] == ["⣀", " ", "⠒", "⣀"]


def test_where_a_cell_cannot_show_two_channels_each_has_whole_rows() -> None:
    picture = Picture([f"C{k}" for k in range(8)], STEP_S, width=10, height=13, whole_rows=True)

    assert picture.dots == 4
    assert [row for row in range(13) if picture.label(row)] == [*range(8)]


def test_where_rows_are_few_the_first_channels_are_shown() -> None:
    picture = Picture([f"C{k}" for k in range(16)], STEP_S, width=10, height=5)

    picture.extend(trace("patient", [flat(0.0, 5)] * 16))
    picture.draw()

    assert picture.channels_shown == 5
    assert all(row.strip() for row in drawn(picture))


def test_nothing_is_drawn_twice() -> None:
    picture = Picture(["F3"], STEP_S, width=10, height=1)

    assert not picture.draw()
    picture.extend(trace("patient", [flat(0.0, 5)]))
    assert picture.draw()
    assert not picture.draw()


def test_the_scale_follows_the_middle_channel_within_a_sweep() -> None:
    picture = Picture(["F3", "F4", "O1"], STEP_S, width=20, height=3)
    step = 0
    for _ in range(10):
        uv = [flat(140.0, 8), flat(-140.0, 8), flat(90_000.0, 8)]
        picture.extend(trace("patient", uv, first_step=step))
        picture.draw()
        step += 8

    assert FIRST_SCALE_UV < picture.scale_uv == 150.0


def test_a_mark_stands_until_the_sweep_comes_round() -> None:
    picture = Picture(["F3", "F4"], STEP_S, width=10, height=4)
    picture.extend(trace("patient", [flat(0.0, 12)] * 2))
    picture.mark()
    picture.draw()
    seen = [row.count(MARK) for row in drawn(picture)]
    sweep = math.ceil(picture.span_s / STEP_S)

    for step in range(12, 12 + sweep, 12):
        picture.extend(trace("patient", [flat(0.0, 12)] * 2, first_step=step))
        picture.draw()

    assert seen == [1, 1, 1, 1]
    assert MARK not in "".join(drawn(picture))


def test_a_mark_that_comes_before_the_next_frame_is_not_lost() -> None:
    picture = Picture(["F3"], STEP_S, width=10, height=1)

    for step in (0, 12, 24):
        picture.extend(trace("patient", [flat(0.0, 12)], first_step=step))
        picture.mark()
    picture.draw()

    assert drawn(picture) == ["┊┊┊       "]


@pytest.mark.parametrize("step_s", [10.0, 1e300])
def test_seconds_that_would_touch_are_not_told(step_s: float) -> None:
    assert Picture(["Fz"], step_s, width=10, height=1).seconds == []


def test_the_span_is_about_four_seconds_at_any_width() -> None:
    spans_s = [Picture(["F3"], STEP_S, width=w, height=1).span_s for w in (30, 70, 95)]

    assert all(2.7 < span_s < 6.2 for span_s in spans_s)


def test_a_label_with_odd_signs_takes_one_character_for_each() -> None:
    picture = Picture(["F\x1b3", "額"], STEP_S, width=10, height=2)

    assert picture.labels == ("F?3", "?")


def test_only_rows_that_have_changed_are_told() -> None:
    picture = Picture(["F3", "F4"], STEP_S, width=10, height=6)

    picture.extend(trace("patient", [flat(0.0, 5)] * 2))

    assert {row for row, _ in picture.draw()} == {1, 4}
