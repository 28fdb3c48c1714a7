"""tests/RESULTS.md is made of figures: what is measured again takes the place of its like."""

import json
import sys
from pathlib import Path

import pytest

from tests import results
from tests.places import ROOT
from tests.reliability import main as reliability
from tests.results import HEAD, RESULTS, Row, keep, tell, with_rows

TARGETS = (
    "bench",
    "bench-align",
    "bench-analysis",
    "bench-clock",
    "bench-cohort",
    "bench-exports",
    "bench-file",
    "bench-peers",
    "bench-review",
    "bench-screen",
    "alarms",
    "taps",
    "calibrate",
    "instructions",
    "loss",
    "null",
    "calls",
    "cost",
    "reliability",
    "radio",
    "truth",
    "damage",
    "damaged-recordings",
    "exchanges",
    "test-sync",
    "test-ward",
)
BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
TABLE = "\n".join([BEGIN, *HEAD, "| a | 1 | | here | then | so |", "| b | 2 |", END])
FUZZ = {"cases": {"decoder": 1200, "control": 34}, "peak_mib": 55, "load": [0.5, 1.0]}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page of results with two tables, of bench and of reliability."""
    path = tmp_path / "RESULTS.md"
    path.write_text(f"before\n{TABLE}\nafter\n<!-- reliability -->\n<!-- /reliability -->\n")
    monkeypatch.setattr(results, "RESULTS", path)
    monkeypatch.setattr(sys, "argv", ["bench", "--runs", "1", "--json"])
    return path


def rows_of(text: str, target: str) -> list[list[str]]:
    """The cells of each row of a table."""
    table = text.partition(f"<!-- {target} -->\n")[2].partition(f"<!-- /{target} -->")[0]
    lines = table.splitlines()
    assert lines[: len(HEAD)] == HEAD
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[len(HEAD) :]]


def test_a_row_takes_the_place_of_its_like_and_leaves_the_others(file: Path) -> None:
    before, after = file.read_text().split(TABLE)
    keep("bench", [Row("b", "3", "4"), Row("c", "5")], 1_000_000_000_000_000_000)
    text = file.read_text()
    a, b, c = rows_of(text, "bench")
    assert a == ["a", "1", "", "here", "then", "so"]
    assert (b[:3], c[:3]) == (["b", "3", "4"], ["c", "5", ""])
    assert b[4:] == ["2001-09-09", "`make bench ARGS='--runs 1'`"]
    assert text.startswith(before)
    assert text.endswith(after)


def test_rows_come_into_a_table_that_was_empty(file: Path) -> None:
    keep("reliability", [Row("a", "1")])
    assert [row[0] for row in rows_of(file.read_text(), "reliability")] == ["a"]
    assert TABLE in file.read_text()


@pytest.mark.parametrize("text", ["no mark", f"{BEGIN}\n", f"{END}\n{BEGIN}\n", 2 * f"{TABLE}\n"])
def test_without_both_marks_nothing_is_written(text: str) -> None:
    with pytest.raises(ValueError, match="once each"):
        with_rows(text, "bench", {})


def test_what_a_test_has_measured_is_had_again_by_its_target_alone(file: Path) -> None:
    keep("reliability", [Row("a", "1")], words=())
    [row] = rows_of(file.read_text(), "reliability")
    assert row[-1] == "`make reliability`"


def test_people_read_the_rows_and_scripts_one_object(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [Row("a", "1 ms", "2 ms"), Row("b", "3 ms")]
    tell("bench", rows, "antiphon.test/1", as_json=False, a_ms=1)
    assert capsys.readouterr().out == "a: 1 ms (aim 2 ms)\nb: 3 ms\n"
    tell("bench", rows, "antiphon.test/1", as_json=True, a_ms=1)
    assert json.loads(capsys.readouterr().out) == {"schema": "antiphon.test/1", "a_ms": 1}
    assert [row[1] for row in rows_of(file.read_text(), "bench")] == ["1 ms", "3 ms"]


def test_figures_of_a_harness_that_are_there_become_rows(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (file.parent / "fuzz.json").write_text(json.dumps(FUZZ), encoding="utf-8")
    words = ["reliability", "--json-in", str(file.parent), "--only"]
    monkeypatch.setattr(sys, "argv", words)
    assert reliability() == 0
    told = "1 234 cases: no exception, no hang, 55 MiB at most"
    assert told in capsys.readouterr().out
    assert [row[1] for row in rows_of(file.read_text(), "reliability")] == [told]


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_that_measures_has_its_table_and_every_row_says_where_it_is_from(
    target: str,
) -> None:
    assert f"\n{target}: setup\n" in (ROOT / "Makefile").read_text(encoding="utf-8")
    for row in rows_of(RESULTS.read_text(encoding="utf-8"), target):
        what, figure, _, machine, date, command = row
        assert all((what, figure, machine, command))
        assert date.count("-") == 2


def test_there_is_no_table_that_no_target_writes() -> None:
    text = RESULTS.read_text(encoding="utf-8")
    assert sorted(TARGETS) == sorted(
        line[5:-4] for line in text.splitlines() if line.startswith("<!-- ") and "/" not in line
    )
