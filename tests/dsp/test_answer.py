"""Answers in pairs of series whose relation is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.answer import Answer, Following, answer, chance_pairs, lagged_correlation
from dsp.moments import Shift

Floats = NDArray[np.float64]

N = 600
MIDDLE = 300
SMOOTH = 10
SECOND_NS = 1_000_000_000


def smooth(rng: np.random.Generator, n: int) -> Floats:
    """Values a second over windows of 10 s, of unit variance."""
    white = rng.standard_normal(n + SMOOTH - 1)
    return np.asarray(np.convolve(white, np.ones(SMOOTH), "valid") / np.sqrt(SMOOTH), np.float64)


def related(rng: np.random.Generator, lag: int, share: float) -> tuple[Floats, Floats]:
    """x, and y `lag` seconds behind it."""
    common = smooth(rng, N + lag)
    x, y = (
        np.sqrt(share) * part + np.sqrt(1 - share) * smooth(rng, N)
        for part in (common[lag:], common[:N])
    )
    return x, y


def follows(found: Answer) -> Following:
    assert found.other_follows is not None
    return found.other_follows


def leads(found: Answer) -> Following:
    assert found.other_leads is not None
    return found.other_leads


def test_correlation_at_each_lag_is_pearsons() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal(50) + 40, rng.standard_normal(60) - 7
    expected = [np.corrcoef(x, y[lag : lag + 50])[0, 1] for lag in range(11)]
    np.testing.assert_allclose(lagged_correlation(x, y), expected, rtol=0, atol=1e-12)


def test_missing_values_are_left_out_in_pairs() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal(50), rng.standard_normal(60)
    x[3:9], y[20:30] = np.nan, np.inf
    expected = []
    for lag in range(11):
        both = np.isfinite(x) & np.isfinite(y[lag : lag + 50])
        expected.append(np.corrcoef(x[both], y[lag : lag + 50][both])[0, 1])
    np.testing.assert_allclose(lagged_correlation(x, y), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.3])
def test_without_change_or_with_too_little_there_is_no_correlation(value: float) -> None:
    x = np.random.default_rng(3).standard_normal(50)
    assert np.isnan(lagged_correlation(x, np.full(60, value))).all()
    x[:30] = np.nan
    assert np.isnan(lagged_correlation(x, np.arange(60.0))).all()


@pytest.mark.parametrize("lag", [0, 5, 20])
def test_an_answer_is_found_at_its_lag_within_its_interval(lag: int) -> None:
    rng = np.random.default_rng(4)
    found = [follows(answer(*related(rng, lag, 0.7), MIDDLE)) for _ in range(60)]
    assert np.mean([abs(one.lag_s - lag) <= 2 for one in found]) > 0.9
    assert np.mean([one.low_s <= lag <= one.high_s for one in found]) >= 0.9
    assert np.mean([one.p <= 0.05 for one in found]) > 0.8
    assert all(one.low_s <= one.lag_s <= one.high_s for one in found)


def test_both_directions_are_told_apart() -> None:
    rng = np.random.default_rng(5)
    behind, ahead = [], []
    for _ in range(40):
        x, y = related(rng, 12, 0.8)
        behind.append(answer(x, y, MIDDLE))
        ahead.append(answer(y, x, MIDDLE))
    assert np.mean([follows(one).r > leads(one).r for one in behind]) > 0.9
    assert np.mean([leads(one).r > follows(one).r for one in ahead]) > 0.9
    assert [leads(one).lag_s for one in ahead] == [follows(one).lag_s for one in behind]


def test_unrelated_people_are_answered_no_more_often_than_stated() -> None:
    rng = np.random.default_rng(6)
    found = [answer(smooth(rng, N), smooth(rng, N), MIDDLE) for _ in range(200)]
    for p in ([follows(one).p for one in found], [leads(one).p for one in found]):
        # 5 % of 200, and two standard deviations of it.
        assert np.mean(np.array(p) <= 0.05) <= 0.08


def test_an_answer_of_opposite_sign_is_told_as_such() -> None:
    x, y = related(np.random.default_rng(7), 5, 0.9)
    assert follows(answer(x, -y, MIDDLE)).r < -0.7


def test_missing_minutes_are_borne() -> None:
    x, y = related(np.random.default_rng(8), 5, 0.9)
    x[200:230], y[330:380] = np.nan, np.nan
    found = follows(answer(x, y, MIDDLE))
    assert abs(found.lag_s - 5) <= 2
    assert found.p <= 0.05


@pytest.mark.parametrize("centre", [0, 60, N - 1])
def test_near_the_ends_there_is_an_answer_or_none_but_no_fault(centre: int) -> None:
    x, y = related(np.random.default_rng(9), 5, 0.9)
    found = answer(x, y, centre)
    if found.other_follows is not None:
        assert 0 <= found.other_follows.lag_s <= 30


@pytest.mark.parametrize("n", [0, 1, 50, 150])
def test_too_short_a_session_has_no_p(n: int) -> None:
    x, y = related(np.random.default_rng(10), 5, 0.9)
    found = answer(x[:n], y[:n], n // 2)
    for side in (found.other_follows, found.other_leads):
        assert side is None or np.isnan(side.p)


def test_somebody_who_is_not_there_does_not_answer() -> None:
    x = smooth(np.random.default_rng(11), N)
    assert answer(x, np.full(N, np.nan), MIDDLE) == Answer(None, None)


def shifts_at(*seconds: float, direction: int = 1) -> list[Shift]:
    return [Shift(round(second * SECOND_NS), direction, 0.5) for second in seconds]


SESSION = (0, 2700 * SECOND_NS)


def test_answers_that_always_come_are_more_than_chance() -> None:
    at = (200.0, 700, 1100, 1900, 2300)
    pairs = chance_pairs(shifts_at(*at), shifts_at(*(t + 20 for t in at)), SESSION)
    assert pairs.observed == 5
    assert pairs.expected < 1
    assert pairs.p < 0.02


def test_only_the_same_direction_and_only_later_is_an_answer() -> None:
    one = shifts_at(500, 1500)
    assert chance_pairs(one, shifts_at(520, 1540, direction=-1), SESSION).observed == 0
    assert chance_pairs(one, shifts_at(480, 1400), SESSION).observed == 0
    assert chance_pairs(one, shifts_at(561, 1559), SESSION).observed == 1


def test_one_answered_shift_is_no_evidence_where_shifts_are_many() -> None:
    many = shifts_at(*np.arange(50, 2700, 90.0).tolist())
    pairs = chance_pairs(shifts_at(1000), many, SESSION)
    assert pairs.observed == 1
    assert pairs.expected == pytest.approx(60 / 90, abs=0.1)
    assert pairs.p > 0.5


def test_p_of_unrelated_shifts_is_not_too_small() -> None:
    rng = np.random.default_rng(12)
    p = np.array(
        [
            chance_pairs(
                shifts_at(*rng.uniform(0, 2700, 8).tolist()),
                shifts_at(*rng.uniform(0, 2700, 8).tolist()),
                SESSION,
            ).p
            for _ in range(300)
        ]
    )
    assert np.mean(p <= 0.05) <= 0.075


@pytest.mark.parametrize("session", [SESSION, (0, 10 * SECOND_NS)])
def test_without_shifts_nothing_is_answered(session: tuple[int, int]) -> None:
    for one, other in (([], []), (shifts_at(5), []), ([], shifts_at(5))):
        pairs = chance_pairs(one, other, session)
        assert pairs.observed == 0
        assert pairs.p == 1
