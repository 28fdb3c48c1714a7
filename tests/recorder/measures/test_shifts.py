"""Shifts of two people's frontal asymmetry, from values a second."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.bands import BandFilter
from recorder.measures.series import OnePerson, define
from recorder.measures.shifts import KEPT, Shifts
from recorder.settings.board import BoardSettings
from recorder.store.rows import EventRow

SECOND_NS = 1_000_000_000
FILTER = BandFilter(250.0)
PERSON = BoardSettings(channels=("F3", "F4"))
Floats = NDArray[np.float64]


def people(therapist: BoardSettings = PERSON) -> tuple[OnePerson, OnePerson]:
    return define(PERSON, therapist, (FILTER, FILTER)).people


def wander(seed: int, seconds: int) -> Floats:
    """As asymmetry over 10 s wanders: noise, smoothed over 10 s."""
    noise = np.random.default_rng(seed).normal(0, 0.5, seconds + 9)
    return np.convolve(noise, np.ones(10) / 10, "valid")


def stepped(seed: int, seconds: int, at_s: int, by: float) -> Floats:
    return wander(seed, seconds) + by * (np.arange(seconds) >= at_s)


def watched(shifts: Shifts, patient: Floats, therapist: Floats) -> list[tuple[int, EventRow]]:
    """What is told, and the second in which it is."""
    return [
        (second, row)
        for second, values in enumerate(zip(patient, therapist, strict=True))
        for row in shifts.push(second * SECOND_NS, [np.array([value]) for value in values])
    ]


def test_a_shift_is_told_soon_with_its_definition_and_answered_two_minutes_later() -> None:
    shifts = Shifts(people())
    # Nine in ten are marked within a minute of where they began, the others earlier.
    patient, therapist = stepped(6, 900, 500, 1.2), stepped(2, 900, 508, 1.2)
    told = watched(shifts, patient, therapist)
    mine = [(s, row) for s, row in told if row.text.startswith("patient: FAA F4-F3")]
    (told_s, shift) = min(mine, key=lambda one: abs(one[1].t_ns - 500 * SECOND_NS))
    assert shift.kind == "shift"
    assert "up by" in shift.text
    assert "provisional" in shift.text
    assert "0.4 false" in shift.text
    assert shift.t_ns / SECOND_NS == pytest.approx(500, abs=30)
    assert told_s - 500 < 100
    [(answered_s, answer)] = [
        (s, row) for s, row in mine if row.kind == "answer" and row.t_ns == shift.t_ns
    ]
    assert answered_s == pytest.approx(shift.t_ns / SECOND_NS + 120, abs=1)
    for word in ("the therapist is behind", "is ahead", "r +", " p ", "by chance"):
        assert word in answer.text
    assert answer.text.split("F4-F3: ", 1)[1] in {moment.answer for moment in shifts.moments}


def test_an_answer_eight_seconds_later_is_found_there() -> None:
    shifts = Shifts(people())
    patient = stepped(3, 900, 500, 2.0)
    watched(shifts, patient, np.concatenate([np.zeros(8), patient[:-8]]))
    moment = next(m for m in shifts.moments if m.person == 0)
    assert "behind by 8 s" in moment.answer


def test_without_the_same_place_in_the_other_there_is_no_answer() -> None:
    shifts = Shifts(people(BoardSettings(channels=("O1", "O2"))))
    told = watched(shifts, stepped(1, 900, 500, 1.2), wander(2, 900))
    assert "shift" in {row.kind for _, row in told}
    assert "answer" not in {row.kind for _, row in told}


def test_missing_values_make_no_shift_and_no_failure() -> None:
    shifts = Shifts(people())
    gone = np.full(900, np.nan)
    assert watched(shifts, gone, gone) == []
    told = watched(Shifts(people()), stepped(1, 900, 500, 1.2), gone)
    [answer] = [row for _, row in told if row.kind == "answer"]
    assert "too much is missing" in answer.text


def test_the_newest_are_kept_and_no_more() -> None:
    shifts = Shifts(people())
    steps = np.repeat(np.resize([0.0, 3.0], 60), 300)
    watched(shifts, steps + wander(1, len(steps)), wander(2, len(steps)))
    assert len(shifts.moments) == KEPT
