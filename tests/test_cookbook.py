"""What deploy/analysts says of a session file holds; what needs more is in tests/judges."""

import json
from pathlib import Path

import pytest

from tests.cookbook import ANALYSTS, QUERIES, WITH_SQLITE_UTILS, asked, session

FOUND = [
    [{"t_s": 3.0, "label": "music, ends"}],
    [{"t_s": 1.0, "kind": "note", "text": "she smiled"}],
    [{"role": "patient", "cause": "radio", "times": 2, "seconds": pytest.approx(0.024)}],
    [{"role": "patient", "label": "F3", "good": pytest.approx(2 / 3)}],
    [
        {
            "name": "plv",
            "band": "alpha",
            "persons": '["patient", "therapist"]',
            "channels": '["F3", "F3"]',
            "formula": "|sum u_a conj(u_b)| / N",
            "window_s": 30.0,
        }
    ],
    [{"minute": 0, "channels": '["F3", "F3"]', "plv": 0.25, "clean": 1.0}],
]


def test_there_are_ten_questions() -> None:
    assert len(QUERIES) == 10


@pytest.mark.parametrize(("query", "found"), [*zip(WITH_SQLITE_UTILS, FOUND, strict=True)])
def test_the_file_answers(query: str, found: object, tmp_path: Path) -> None:
    path = session(tmp_path / "20261123T040000Z-1f3a.antiphon")
    before = path.read_bytes()
    assert asked(query, path) == found
    assert path.read_bytes() == before


def test_the_notebook_is_short() -> None:
    cells = json.loads((ANALYSTS / "session.ipynb").read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(it["source"]) for it in cells if it["cell_type"] == "code")
    assert len([line for line in code.splitlines() if line.strip()]) <= 12
    assert max(map(len, code.splitlines())) <= 100
