"""What people decide survives a kill and a failure; all of it: make decisions."""

from pathlib import Path

import numpy as np
import pytest

from tests.decisions.__main__ import steps_of, struck
from tests.decisions.stories import ENDED, Run
from tests.decisions.strike import WAYS

EACH = 2


@pytest.mark.parametrize("story", ["stop", *ENDED])
def test_nothing_is_recorded_unasked_nor_kept_though_erased_nor_lost(
    tmp_path: Path, story: str
) -> None:
    steps = steps_of(tmp_path / "whole", story)
    assert steps > EACH
    rng = np.random.default_rng(20261129)
    for way in WAYS[:EACH]:
        at = int(rng.integers(steps))
        assert struck(tmp_path / "run", story, at, way) == [], (way, at)


def test_a_step_that_is_struck_is_the_last(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    assert struck(run.directory, "erase", 3, "kill before", keep=True) == []
    assert "steps" not in {line["what"] for line in run.told()}


def test_the_judge_sees_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recorder.sync.erase._delete", lambda _: None)
    found = [
        problem
        for at in (6, 9, 12)
        for problem in struck(tmp_path / "run", "erase", at, "kill before")
    ]
    assert any("erased, and still in" in problem for problem in found)


def test_the_judge_sees_what_is_recorded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recorder.recording.decisions.is_over", lambda _: False)
    found = struck(tmp_path / "run", "stop", 9, "kill before")
    assert any("is recorded again" in problem for problem in found)
