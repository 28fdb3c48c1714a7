"""Dongles come back, exchanged or not: nothing is recorded under the other person's name."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recorder.wearers.whose import Whose
from tests.exchanges.stories import WITHIN_S, Marks, Outcome, Story, returns


def told(directory: Path, marks: Marks, *, exchanged: bool, stay_on: bool = False) -> Outcome:
    rng = np.random.default_rng([7, list(Marks).index(marks), exchanged])
    happens = [
        replace(it, recording=True, switched_off=it.switched_off and not stay_on)
        for it in returns(rng, 3, exchanged=exchanged)
    ]
    return Story(directory, marks, rng).tell(happens)


@pytest.mark.parametrize("marks", Marks)
def test_no_sample_is_stored_under_the_other_name(tmp_path: Path, marks: Marks) -> None:
    outcome = told(tmp_path, marks, exchanged=True)
    assert (outcome.exchanges, outcome.foreign, outcome.never, outcome.faults) == (3, 0, 0, [])
    assert outcome.samples > 0


@pytest.mark.parametrize("marks", Marks)
def test_what_was_not_exchanged_and_stayed_on_is_recorded_again_by_itself(
    tmp_path: Path, marks: Marks
) -> None:
    outcome = told(tmp_path, marks, exchanged=False, stay_on=True)
    assert (outcome.foreign, outcome.never, outcome.faults) == (0, 0, [])
    assert max(outcome.resumed_s) <= WITHIN_S


def test_the_accountant_notices_a_recorder_that_asks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Whose, "_is_certain", lambda *_: True)
    assert told(tmp_path, Marks.NOTHING, exchanged=True).foreign > 0
