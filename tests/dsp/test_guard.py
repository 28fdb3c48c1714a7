"""Windows of flaws whose reason to give no value is known."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsp.absence import Absence, clock_absence
from dsp.guard import CleanWindow
from dsp.quality import Flaw

CLEAN = Flaw(0)
HOPS = 8
ALL = (0, 1, 2, 3)

Flaws = NDArray[np.uint8]


def row(*flaws: Flaw) -> Flaws:
    return np.array(flaws, np.uint8)


def window_of(*rows: Flaws) -> CleanWindow:
    window = CleanWindow(len(rows[0]), HOPS)
    for flaws in rows:
        window.push(flaws)
    return window


QUIET = row(CLEAN, CLEAN, CLEAN, CLEAN)


def test_clean_share_is_that_of_each_channel() -> None:
    window = window_of(*[row(Flaw.BLINK, CLEAN, Flaw.RAILED, CLEAN)] * 2, *[QUIET] * 6)
    assert window.clean_share().tolist() == [0.75, 1, 0.75, 1]


def test_a_window_that_is_not_half_full_gives_that_as_the_reason() -> None:
    window = window_of(*[QUIET] * 3)
    assert window.clean_share().tolist() == [3 / 8] * 4
    assert window.absence(ALL, 3 / 8) is Absence.NOT_YET


def test_half_a_window_is_enough() -> None:
    assert window_of(*[QUIET] * 4).absence(ALL, 0.5) is None


@pytest.mark.parametrize(
    ("flaw", "reason"),
    [
        (Flaw.NO_DATA, Absence.NO_DATA),
        (Flaw.RAILED, Absence.RAILED),
        (Flaw.FLAT, Absence.FLAT),
        (Flaw.MAINS, Absence.MAINS),
        (Flaw.BLINK, Absence.BLINK),
        (Flaw.MUSCLE, Absence.MUSCLE),
        (Flaw.MOVEMENT, Absence.MOVEMENT),
    ],
)
def test_the_reason_is_what_spoilt_the_channel(flaw: Flaw, reason: Absence) -> None:
    window = window_of(*[row(flaw, CLEAN, CLEAN, CLEAN)] * 6, *[QUIET] * 2)
    assert window.absence((0, 1), 0.25) is reason
    assert window.absence((1, 2), 1.0) is None


def test_the_reason_is_the_most_frequent_of_the_worst_channel() -> None:
    rows = [row(Flaw.FLAT, Flaw.BLINK)] * 3 + [row(CLEAN, Flaw.MAINS)] * 4
    assert window_of(*rows, row(CLEAN, CLEAN)).absence((0, 1), 0.2) is Absence.MAINS


def test_points_lost_one_by_one_are_no_data_though_each_second_is_good() -> None:
    assert window_of(*[QUIET] * HOPS).absence(ALL, 0.4) is Absence.NO_DATA


def lossy_window(lost: float, hops: int, *rest: Flaws) -> CleanWindow:
    """A window whose first hops lose so much of each of their points, and then the rest."""
    window = CleanWindow(4, HOPS)
    window.push(np.tile(QUIET, (hops, 1)), np.full((4, 10 * hops), lost, np.float32))
    for flaws in rest:
        window.push(flaws)
    return window


def test_what_was_bridged_is_taken_off_the_clean_share() -> None:
    window = lossy_window(0.05, 4, *[QUIET] * 4)
    np.testing.assert_allclose(window.clean_share(), [0.975] * 4, rtol=1e-6)
    for _ in range(4):
        window.push(QUIET)
    assert window.clean_share().tolist() == [1] * 4


def test_loss_is_the_reason_where_it_took_more_than_any_flaw() -> None:
    blinks = row(Flaw.BLINK, CLEAN, CLEAN, CLEAN)
    assert lossy_window(1.0, 4, *[blinks] * 3, QUIET).absence((0,), 0.1) is Absence.LOSS
    assert lossy_window(1.0, 3, *[blinks] * 4, QUIET).absence((0,), 0.1) is Absence.BLINK
    assert lossy_window(1.0, 5, *[QUIET] * 3).absence((1,), 3 / 8) is Absence.LOSS


def test_what_was_bridged_is_no_reason_beside_a_flaw() -> None:
    blinks = row(Flaw.BLINK, CLEAN, CLEAN, CLEAN)
    assert lossy_window(0.09, 5, *[blinks] * 3).absence((0,), 0.4) is Absence.BLINK


@pytest.mark.parametrize(
    ("flaw", "reason"), [(Flaw.MUSCLE, Absence.TALKING), (Flaw.MOVEMENT, Absence.DRUMMING)]
)
def test_what_reaches_half_of_the_channels_for_a_quarter_of_the_window_is_guarded(
    flaw: Flaw, reason: Absence
) -> None:
    broad = row(flaw, flaw, CLEAN, CLEAN)
    assert window_of(*[broad] * 2, *[QUIET] * 6).guard() is reason
    assert window_of(*[broad] * 1, *[QUIET] * 7).guard() is None
    narrow = row(flaw, CLEAN, CLEAN, CLEAN)
    assert window_of(*[narrow] * HOPS).guard() is None


def test_a_guarded_person_gives_no_value_of_clean_channels_either() -> None:
    broad = row(Flaw.MUSCLE, Flaw.MUSCLE, CLEAN, CLEAN)
    assert window_of(*[broad] * 2, *[QUIET] * 6).absence((2, 3), 1.0) is Absence.TALKING


def test_channels_without_data_do_not_dilute_the_guard() -> None:
    worn = row(Flaw.MUSCLE, CLEAN, Flaw.NO_DATA, Flaw.NO_DATA)
    assert window_of(*[worn] * HOPS).guard() is Absence.TALKING


def test_muscle_and_movement_in_turn_are_one_disturbance() -> None:
    muscle, movement = row(*[Flaw.MUSCLE] * 4), row(*[Flaw.MOVEMENT] * 4)
    assert window_of(muscle, movement, *[QUIET] * 6).guard() is not None


def test_what_looks_like_a_blink_everywhere_is_movement() -> None:
    assert window_of(*[row(*[Flaw.BLINK] * 4)] * HOPS).guard() is Absence.DRUMMING


def test_blinks_and_absent_people_are_not_guarded() -> None:
    assert window_of(*[row(*[Flaw.BLINK] * 3, CLEAN)] * HOPS).guard() is None
    assert window_of(*[row(*[Flaw.NO_DATA] * 4)] * HOPS).guard() is None
    assert CleanWindow(4, HOPS).guard() is None


@given(st.lists(st.lists(st.integers(0, 127), min_size=3, max_size=3), max_size=20))
@settings(deadline=None, max_examples=40)
def test_below_half_clean_there_is_always_a_reason(rows: list[list[int]]) -> None:
    window = CleanWindow(3, HOPS)
    for flaws in rows:
        window.push(np.array(flaws, np.uint8))
    share = window.clean_share()
    for channel in range(3):
        reason = window.absence((channel,), share[channel])
        assert (reason is None) <= (share[channel] >= 0.5)


def test_memory_does_not_grow() -> None:
    window = CleanWindow(8, 40)
    flaws = np.zeros(8, np.uint8)
    tracemalloc.start()
    try:
        window.push(flaws)
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(2000):
            window.push(flaws)
        assert tracemalloc.get_traced_memory()[0] - before < 1000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("sigmas_ns", "reason"),
    [
        ((2.2e6, 2.3e6), None),
        ((2.2e6, 47e6), Absence.CLOCK),
        ((np.nan, 2e6), Absence.CLOCK),
        ((np.inf, np.inf), Absence.CLOCK),
    ],
)
def test_two_clocks_must_be_settled(sigmas_ns: tuple[float, float], reason: Absence | None) -> None:
    assert clock_absence(*sigmas_ns) is reason
