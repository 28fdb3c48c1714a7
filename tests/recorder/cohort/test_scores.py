"""Scores of other sources."""

from pathlib import Path

import pytest

from recorder.cohort.scores import Scores, read_scores
from tests.recorder.cohort.members import member

MEMBERS = [member(dyad, number, {}) for dyad in (1, 2) for number in (1, 2)]
IDS = [it.seen.id for it in MEMBERS]


def read(directory: Path, *texts: str) -> Scores:
    files = []
    for number, text in enumerate(texts):
        files.append(directory / f"{number}.csv")
        files[-1].write_text(text, encoding="utf-8")
    return read_scores(files, MEMBERS, ("site", "plv_alpha"))


@pytest.mark.parametrize(
    "text",
    [
        f"session,mood\n{IDS[3]},2.5\n",
        "\ufeffPatient;Number;mood\nP2;2;2,5\n\n",
        "patient\tdate\tmood\nP2\t2026-01-03\t 2.5 \n",
        "site,patient,therapist,number,mood\nward,P2,T2,2,2.5\n",
    ],
)
def test_a_row_finds_its_session(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, text)
    assert (found.columns, found.of) == (("mood",), {IDS[3]: {"mood": 2.5}})


def test_files_are_joined_and_words_are_no_numbers(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "patient,number,mood,came\nP1,1,3,yes\nP1,2,,no\n",
        "patient,number,alliance\nP1,2,4.5\nP2,1,nan\n",
    )
    assert found.columns == ("mood", "came", "alliance")
    assert found.numbers() == ("mood", "alliance")
    assert found.of[IDS[1]] == {"mood": None, "came": "no", "alliance": 4.5}
    assert found.of[IDS[2]] == {"alliance": None}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("patient,number,mood\nP9,1,3\n", "line 2: fits no session: patient P9, number 1"),
        ("number,mood\n1,3\n", "no column session, nor patient with number or date"),
        ("patient,number,mood\nP1,,3\n", "line 2: fits 2 sessions: patient P1"),
        ("patient,number,plv_alpha\nP1,1,3\n", "'plv_alpha' is in the table already"),
        ("patient,number,mood,mood\nP1,1,3,4\n", "names, each another"),
        ("patient,number,mood\nP1,1,3,4\n", "line 2: more cells than columns"),
        ("", "no column session"),
    ],
)
def test_what_does_not_fit_is_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match="csv") as failed:
        read(tmp_path, text)
    assert complaint in str(failed.value)
