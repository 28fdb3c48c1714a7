"""Scales, histories and wordings: the small numbers of the screen."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tui.scripted_service import faa
from tui.pace import SLOW_FRAME_S, Pace
from tui.picture import LADDER_UV, steady_scale_uv
from tui.widgets.asymmetry import KEPT_S, KEPT_VALUES, History
from tui.wording import (
    basis,
    clock,
    disk,
    lost_share,
    number,
    share,
    shortened,
    signed,
    with_error,
)


@pytest.mark.parametrize(
    ("current", "reaches", "scale"),
    [
        (50.0, [40.0, 45.0, 49.0], 50.0),
        (50.0, [40.0, 60.0, 65.0], 70.0),
        (50.0, [40.0, 45.0, 187_500.0], 50.0),
        (50.0, [19.0], 50.0),
        (50.0, [17.0], 30.0),
        (50.0, [0.0], 10.0),
        (50.0, [1e9], 5000.0),
        (70.0, [], 70.0),
    ],
)
def test_the_scale_follows_the_middle_channel_and_stands_still_otherwise(
    current: float, reaches: list[float], scale: float
) -> None:
    assert steady_scale_uv(current, reaches) == scale


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(LADDER_UV), st.lists(st.floats(0, 1e7), min_size=1, max_size=16))
def test_a_scale_once_chosen_stays_while_the_signal_does(
    current: float, reaches: list[float]
) -> None:
    chosen = steady_scale_uv(current, reaches)

    assert steady_scale_uv(chosen, reaches) == chosen


def test_history_puts_the_newest_band_at_the_right_edge() -> None:
    history = History()

    history.add(1000.1, (0.1, 0.2))
    history.add(1000.0 + KEPT_S / 2, (-0.4, -0.3))
    history.add(1000.0 + KEPT_S / 2, (-0.2, 0.3))
    history.add(1000.0 + KEPT_S, (0.2, 0.2))

    spans = history.spans(10)
    assert spans[0] == (0.1, 0.2)
    assert spans[5] == (-0.4, 0.3)
    assert spans[9] == (0.2, 0.2)
    assert [span for k, span in enumerate(spans) if k not in (0, 5, 9)] == [None] * 7


def test_history_leaves_a_hole_for_a_missing_value_and_forgets_what_is_old() -> None:
    history = History()

    history.add(0.0, (0.5, 0.5))
    history.add(KEPT_S + 1.0, None)

    assert history.spans(4) == [None] * 4
    assert [history.column(t_s, 4) for t_s in (0.0, 1.5, KEPT_S + 1.0, KEPT_S + 2.0)] == [
        None,
        0,
        3,
        None,
    ]


def test_history_begins_again_with_a_new_session() -> None:
    history = History()

    history.add(500.0, (0.5, 0.5))
    history.add(2.0, (0.1, 0.1))

    assert [span for span in history.spans(100) if span] == [(0.1, 0.1)]


def test_history_does_not_grow() -> None:
    history = History()

    for second in range(3 * KEPT_VALUES):
        history.add(0.001 * second, (0.1, 0.1))
    history.add(0.001 * 3 * KEPT_VALUES, (0.2, 0.9))

    assert history.spans(1) == [(0.1, 0.9)]
    assert len(history._bands) == KEPT_VALUES


def test_numbers_read_as_people_write_them() -> None:
    assert [clock(s) for s in (0, 59.99, 757.3, 3600, 36_000 + 61, -3)] == [
        "00:00",
        "00:59",
        "12:37",
        "1:00:00",
        "10:01:01",
        "00:00",
    ]
    assert [number(250.314, 2, "Hz"), number(-0.1, 2), number(None, 2, "Hz")] == [
        "250.31 Hz",
        "−0.10",
        "— Hz",
    ]
    assert [signed(x) for x in (0.1234, -0.5, -0.001, None)] == ["+0.12", "−0.50", "+0.00", "—"]
    assert [share(x) for x in (0.931, 0.0002, 0.0, 1.0, None)] == [
        "93 %",
        "0.02 %",
        "0 %",
        "100 %",
        "—",
    ]
    assert [disk(x) for x in (41.2, 100.0, 1.5, 0.0, -1.0)] == [
        "41 h",
        "over 48 h",
        "90 min",
        "0 min",
        "0 min",
    ]
    assert [lost_share(20, 99_980), lost_share(0, 0)] == [0.0002, None]


def test_a_path_loses_its_beginning_and_keeps_its_end() -> None:
    assert shortened("/var/lib/antiphon/x.antiphon", 12) == "…/x.antiphon"
    assert shortened("/short", 20) == "/short"
    assert [len(shortened("/var/lib/antiphon/x.antiphon", w)) for w in (0, 1, 2, 9)] == [0, 0, 2, 9]


def test_a_value_says_what_it_stands_on_and_a_missing_one_why() -> None:
    assert basis(faa("patient", 0.1)) == "10 s, 93 % usable"
    assert basis(faa("patient", None, clean_share=0.31, why="blinks")) == "blinks, 31 % usable"
    assert basis(faa("patient", None)) == "no value now, 93 % usable"


def test_an_error_is_said_where_it_is_known() -> None:
    assert with_error(faa("patient", -0.123, error=0.168)) == "−0.12 ±0.17"
    assert with_error(faa("patient", 0.1, error=None)) == "+0.10"
    assert with_error(faa("patient", None)) == "—"


def test_frames_come_so_often_and_one_is_left_out_after_a_slow_one() -> None:
    now_s = 0.0
    pace = Pace(4, lambda: now_s)

    assert pace.wait_s() == 0
    with pace.frame():
        now_s += SLOW_FRAME_S / 2
    assert pace.wait_s() == 0.25 - SLOW_FRAME_S / 2
    now_s = 0.25
    assert pace.wait_s() == 0

    with pace.frame():
        now_s += SLOW_FRAME_S * 2
    assert pace.wait_s() == 0.5 - SLOW_FRAME_S * 2
    now_s = 60.0
    assert pace.wait_s() == 0
