"""Trains with a known place, and lists that have none."""

from itertools import pairwise
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsp.pulsetrain import FALSE_ALARM, NotFound, Piece, _tail, any_drift, find

Times = NDArray[np.float64]


def train(rng: np.random.Generator, pulses: int) -> Times:
    return np.cumsum(rng.uniform(0.5, 1.5, pulses))


def thinned(rng: np.random.Generator, times: Times, lost: float) -> Times:
    return times[rng.random(len(times)) >= lost]


def seen_of(rng: np.random.Generator, known: Times, offset_s: float, drift_ppm: float) -> Times:
    """A list of `known` from another clock, 10 ms off, a fifth lost and as many strangers."""
    seen = (known - offset_s) / (1 + drift_ppm * 1e-6) + rng.uniform(-0.01, 0.01, len(known))
    strangers = rng.uniform(seen[0], seen[-1], len(seen) // 5)
    return rng.permutation(np.concatenate([thinned(rng, seen, 0.2), strangers]))


def whole(found: tuple[Piece, ...] | NotFound) -> Piece:
    """The one piece that was found."""
    assert not isinstance(found, NotFound), found
    [piece] = found
    return piece


def worst_error_s(
    found: tuple[Piece, ...] | NotFound, known: Times, offset_s: float, ppm: float
) -> float:
    ends = (known[[0, -1]] - offset_s) / (1 + ppm * 1e-6)
    return float(np.abs(whole(found).to_known(ends) - known[[0, -1]]).max())


@given(st.integers(0, 2**32 - 1), st.floats(-40_000, 40_000), st.floats(-200, 200))
@settings(max_examples=40, deadline=None)
def test_a_train_is_found_with_losses_strangers_offset_and_drift(
    seed: int, offset_s: float, drift_ppm: float
) -> None:
    rng = np.random.default_rng(seed)
    pulses = train(rng, 150)
    seen = seen_of(rng, pulses, offset_s, drift_ppm)
    found = find(thinned(rng, pulses, 0.2), seen)
    assert worst_error_s(found, pulses, offset_s, drift_ppm) < 0.01
    assert whole(found).residual_s < 0.02
    assert whole(found).false_alarm <= FALSE_ALARM


@pytest.mark.parametrize("first", [0, 5000, 10_000])
def test_a_minute_of_three_hours_is_found(first: int) -> None:
    rng = np.random.default_rng(first)
    known = train(rng, 10_800)
    part = known[first : first + 60]
    found = find(known, (part - 777.7) / (1 + 50e-6))
    assert worst_error_s(found, part, 777.7, 50.0) < 0.001
    assert (whole(found).matched, whole(found).seen) == (60, 60)


def test_an_hour_is_found_with_its_drift() -> None:
    rng = np.random.default_rng(4)
    known = train(rng, 3600)
    found = find(thinned(rng, known, 0.2), seen_of(rng, known, 9999.0, -200.0))
    assert worst_error_s(found, known, 9999.0, -200.0) < 0.002
    assert whole(found).drift_ppm == pytest.approx(-200, abs=0.5)


def test_a_hole_of_an_hour_does_not_hide_the_second_half() -> None:
    rng = np.random.default_rng(5)
    known = train(rng, 8000)
    part = np.concatenate([known[1000:1064], known[5000:5064]])
    found = find(known, (part - 77.0) / (1 - 150e-6) + rng.uniform(-0.02, 0.02, 128))
    assert worst_error_s(found, part, 77.0, -150.0) < 0.01
    assert whole(found).matched == 128


def test_a_list_that_is_longer_than_the_train_is_found() -> None:
    rng = np.random.default_rng(6)
    longer = train(rng, 2000)
    assert worst_error_s(find(longer[900:1000], longer - 500.0), longer, 500.0, 0.0) < 0.002


def unrelated(kind: str, rng: np.random.Generator) -> Times:
    if kind == "another train":
        return train(rng, 90)
    if kind == "noise":
        return rng.uniform(0, 90, 90)
    return (
        rng.uniform()
        + np.arange(90, dtype=np.float64) * {"a second": 1.0, "the longest interval": 1.49}[kind]
    )


@pytest.mark.parametrize("kind", ["another train", "noise", "a second", "the longest interval"])
def test_unrelated_lists_are_refused(kind: str) -> None:
    alarms = []
    for seed in range(60):
        rng = np.random.default_rng([7, seed])
        found = find(train(rng, 1200), unrelated(kind, rng))
        assert isinstance(found, NotFound)
        assert "chance" in found.reason
        alarms.append(found.false_alarm)
    assert np.mean(np.array(alarms) < 0.05) <= 0.05  # a bound of a probability is one


def test_regular_intervals_are_refused_because_they_fit_anywhere() -> None:
    found = find(np.arange(300.0), np.arange(40.0) + 0.3)
    assert isinstance(found, NotFound)
    assert "several places" in found.reason
    strobe = find(np.arange(0, 60, 0.04), np.arange(0, 20, 0.04) + 5.01)
    assert isinstance(strobe, NotFound)


def test_the_more_lists_are_tried_the_likelier_is_chance() -> None:
    known = train(np.random.default_rng(8), 600)
    one, many = find(known, known[100:140]), find(known, known[100:140], lists=1000)
    assert whole(many).false_alarm == pytest.approx(1000 * whole(one).false_alarm)


def test_a_drift_beyond_any_quartz_is_found_where_it_is_asked_for() -> None:
    known = train(np.random.default_rng(9), 1200)
    found = whole(find(known, known / 1.002, drifts=[0.002]))
    assert found.drift_ppm == pytest.approx(2000, abs=1)


@pytest.mark.parametrize("told", [29.97 / 30, 29.83 / 30, 23.05 / 24, 25 / 24, 24 / 25])
def test_a_rate_that_is_told_wrongly_is_found(told: float) -> None:
    rng = np.random.default_rng(13)
    known = train(rng, 1200)
    part = known[500:560]
    seen = (part - part[0]) * told + rng.uniform(-0.01, 0.01, 60)
    found = whole(find(known, seen, drifts=any_drift(0.03)))
    assert found.drift_ppm == pytest.approx((1 / told - 1) * 1e6, abs=300)
    assert found.matched == 60


def test_slow_motion_is_refused() -> None:
    known = train(np.random.default_rng(14), 1200)
    for times in (0.5, 2.0, 4.0):
        assert isinstance(find(known, known[500:600] * times, drifts=any_drift(0.03)), NotFound)


def with_frames_lost(
    rng: np.random.Generator, known: Times, losts: list[tuple[float, float]]
) -> Times:
    """A list of `known`, 5 ms off, of which something (from, for how long) was left out."""
    seen = known + rng.uniform(-0.005, 0.005, len(known))
    keep, later = np.ones(len(known), bool), np.zeros(len(known))
    for from_s, lost_s in losts:
        keep &= (known < from_s) | (known > from_s + lost_s)
        later += np.where(known > from_s, lost_s, 0.0)
    return (seen - later)[keep]


@pytest.mark.parametrize(
    ("losts", "pulses"),
    [
        ([(60.0, 0.2)], 120),
        ([(60.0, 0.5)], 120),
        ([(60.0, 0.033)], 120),
        ([(100.0, 400.0)], 600),
        ([(30.0, 0.2), (60.0, 0.2), (90.0, 0.1)], 120),
        ([(60.0 * at, 0.033) for at in range(1, 10)], 600),
    ],
    ids=["6 frames", "15 frames", "1 frame", "400 s", "short pieces", "1 a minute"],
)
def test_where_something_was_lost_a_new_piece_begins(
    losts: list[tuple[float, float]], pulses: int
) -> None:
    rng = np.random.default_rng(15)
    known = train(rng, 2000)
    part = known[:pulses]
    found = find(known, with_frames_lost(rng, part, losts), within_s=0.026, least_step_s=0.016)
    assert not isinstance(found, NotFound), found
    assert len(found) == len(losts) + 1
    lost_s = np.cumsum([0.0, *(lost_s for _, lost_s in losts)])
    for piece, offset_s in zip(found, lost_s, strict=True):
        ends = np.array([piece.begin_s, piece.end_s])
        np.testing.assert_allclose(piece.to_known(ends), ends + offset_s, atol=0.003)
        assert piece.matched == piece.seen
        assert piece.drift_ppm == pytest.approx(0, abs=50)


def test_what_came_back_in_step_is_one_piece_and_strangers_make_none() -> None:
    rng = np.random.default_rng(16)
    known = train(rng, 400)
    strangers = rng.uniform(known[150], known[250], 100)
    seen = known + rng.uniform(-0.005, 0.005, 400)
    found = whole(find(known, np.concatenate([seen[:150], strangers, seen[250:]])))
    assert (found.begin_s, found.end_s) == (seen[0], seen[-1])
    assert found.seen == 400
    assert found.matched < 350


def test_a_short_piece_of_a_long_list_is_found() -> None:
    rng = np.random.default_rng(17)
    known = train(rng, 1200)
    dark = rng.uniform(0, 100, 80)
    found = whole(find(known, np.concatenate([dark, 100 + known[500:525] - known[500]])))
    assert found.begin_s == pytest.approx(100, abs=1.5)
    assert found.matched >= 25


def test_too_few_to_be_sure_says_how_many_would_do() -> None:
    known = train(np.random.default_rng(18), 3600)
    found = find(known, known[100:114], lists=1000)
    assert isinstance(found, NotFound)
    assert found.reason.startswith("14 of 14 pulses fit at the best place, too few to be sure: ")
    enough = int(found.reason.split()[-3])
    assert not isinstance(find(known, known[100 : 100 + enough + 3], lists=1000), NotFound)


@pytest.mark.parametrize("few", [[], [1.0], list(range(7))])
def test_too_few_pulses_are_refused(few: list[float]) -> None:
    known = train(np.random.default_rng(10), 100)
    assert isinstance(find(known, few), NotFound)
    assert isinstance(find(few, known), NotFound)


def test_lists_far_apart_need_no_memory() -> None:
    known = train(np.random.default_rng(11), 100)
    far = np.concatenate([known[:50], known[50:] + 1e9])
    assert isinstance(find(known, far), NotFound | tuple)


@pytest.mark.parametrize(("times", "within_s"), [([np.nan] * 9, 0.03), (list(range(9)), 0.0)])
def test_what_is_no_time_is_a_mistake(times: list[float], within_s: float) -> None:
    with pytest.raises(ValueError, match=r"finite|positive"):
        find(times, times, within_s=within_s)


@given(st.integers(1, 60), st.floats(0.01, 0.9))
@settings(max_examples=40, deadline=None)
def test_the_bound_is_above_the_binomial_tail(trials: int, chance: float) -> None:
    terms = [comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in range(trials + 1)]
    bounds = [_tail(matched, trials, chance) for matched in range(trials + 1)]
    for matched, bound in enumerate(bounds):
        assert bound >= sum(terms[matched:]) * (1 - 1e-9)
    assert all(later <= earlier for earlier, later in pairwise(bounds))
