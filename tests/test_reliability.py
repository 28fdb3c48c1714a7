"""The README's table of reliability is made of figures, and takes the place of the one before."""

import json
import sys
from pathlib import Path

import pytest

from tests.reliability import BEGIN, END, README, between_marks, main

TOLD = {
    "cases": {"decoder": 1200, "control": 34},
    "peak_mib": 55,
    "load": [0.5, 1.0],
}


def test_what_stands_between_the_marks_is_replaced_and_nothing_else() -> None:
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert between_marks(text, "new\n") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"


@pytest.mark.parametrize("text", ["no mark", BEGIN, f"{BEGIN}{BEGIN}{END}", f"{BEGIN}{END}{END}"])
def test_without_both_marks_nothing_is_written(text: str) -> None:
    with pytest.raises(ValueError, match="once each"):
        between_marks(text, "new\n")


def test_figures_that_are_there_become_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"{BEGIN}\n{END}\n", encoding="utf-8")
    (tmp_path / "fuzz.json").write_text(json.dumps(TOLD), encoding="utf-8")
    words = ["reliability", "--json-in", str(tmp_path), "--readme", str(readme), "--only"]
    monkeypatch.setattr(sys, "argv", words)
    assert main() == 0
    told = capsys.readouterr().out
    assert "| 1 234 cases | no exception, no hang, 55 MiB at most |" in told
    assert readme.read_text(encoding="utf-8") == f"{BEGIN}\n{told}{END}\n"


def test_the_readme_has_both_marks_in_their_order() -> None:
    text = README.read_text(encoding="utf-8")
    assert 0 < text.index(BEGIN) < text.index(END)
