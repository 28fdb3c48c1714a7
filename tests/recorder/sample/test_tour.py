"""`antiphon demo --review`, whole: what was planted is found again by the verbs."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from recorder.open import OpenSession
from recorder.sample.film import DRIFT, OFFSET_S
from recorder.sample.recording import TRUE_ZERO_S
from recorder.sample.story import LAG_S, LINES, RATERS, SECONDS, SHIFT_S
from tests.e2e.processes import ANTIPHON
from tests.recorder.review.unpacking import held

FRAME_S = 0.04


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> "subprocess.CompletedProcess[str]":
    pytest.importorskip("av", reason="extra `review`: pip install av")
    out = tmp_path_factory.mktemp("demo")
    command = [*ANTIPHON, "demo", "--review", "--json", "--out", str(out)]
    return subprocess.run(command, capture_output=True, text=True, check=True)


@pytest.fixture(scope="module")
def told(ran: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_the_verbs_are_shown_before_they_run(ran: "subprocess.CompletedProcess[str]") -> None:
    shown = re.findall(r"^\$ antiphon (\w+(?: add| show)?)", ran.stderr, re.MULTILINE)
    raters = ["raters add"] * (len(RATERS) + 2)
    seen_and_heard = ["align", "music", "transcript add"]
    assert shown == [*seen_and_heard, *raters, "raters show", "analyze", "review"]


def test_the_video_is_where_it_was_put(told: dict[str, Any]) -> None:
    with OpenSession(Path(told["session"]), "best") as session:
        for video_s in (0.0, SECONDS / 2, SECONDS):
            really_s = video_s * (1 + DRIFT) + OFFSET_S
            assert session.at(video_s=video_s) == pytest.approx(really_s, abs=0.003)


def test_words_are_where_they_were_said(told: dict[str, Any]) -> None:
    with OpenSession(Path(told["session"]), "best") as session:
        words = session.words
    assert [(it.speaker, it.text) for it in words] == [(it.speaker, it.text) for it in LINES]
    for found, line in zip(words, LINES, strict=True):
        assert found.begin_s == pytest.approx(line.begin_s + TRUE_ZERO_S, abs=FRAME_S / 2)


def test_the_one_moment_is_found_that_most_raters_and_both_interviews_share(
    told: dict[str, Any],
) -> None:
    assert told["moment_s"] == pytest.approx(SHIFT_S + TRUE_ZERO_S, abs=6)
    with OpenSession(Path(told["session"]), "best") as session:
        [shared] = [it for it in session.consensus() if it.sort == "interest"]
    assert shared.raters == ("R1", "R2")
    assert told["url"].endswith(f"/page.html#t={told['moment_s']:.1f}")


def test_the_lag_is_found_and_told_with_its_chance(told: dict[str, Any]) -> None:
    [following] = [it for it in told["said"] if it.startswith("following")]
    [lag] = re.findall(r"the therapist (\d+) s behind the patient", following)
    assert int(lag) == pytest.approx(LAG_S, abs=2)
    assert "by chance" in following
    [answers] = [it for it in told["said"] if it.startswith("answers")]
    assert "by chance" in answers
    assert told["said"][-1].startswith("exploratory")


def test_the_page_holds_all_of_it(told: dict[str, Any]) -> None:
    page = held(Path(told["page"]).read_bytes())
    assert [it["src"] for it in page["videos"]] == ["bedside.mp4"]
    assert len(page["words"]) == len(LINES)
    kinds = {it["kind"] for it in page["moments"]}
    assert {"shared", "rater", "interview", "live"} <= kinds
    assert page["findings"]
    [piece] = page["music"]["pieces"]
    assert piece[1] - piece[0] == pytest.approx(360, abs=0.1)
    accorr = page["synchrony"]["kinds"][0]
    assert accorr["met"]["above"] > 0.4
    assert accorr["never"]["above"] < 0.2
