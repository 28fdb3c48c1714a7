"""`antiphon cohort`."""

import json
from pathlib import Path

from recorder.failure import EX_DATAERR, EX_USAGE
from tests.recorder.cohort.bad_site import bad_site, dyad
from tests.recorder.command_line import Shell


def test_the_verb_names_them_and_says_so_by_its_code(tmp_path: Path, shell: Shell) -> None:
    bad = bad_site(tmp_path / "sessions")
    outcome = shell("cohort", f"ward={bad}", "--out", tmp_path / "out", "--workers", 1, "--json")
    assert outcome.code == EX_DATAERR
    lines = outcome.err.splitlines()
    assert f"damaged: ward/{dyad(3)}: " in outcome.err
    assert "foreign: ward/letter: not a session file" in lines
    assert lines[-1].startswith("antiphon: 6 of 12 sessions could not be used; the first: ")
    told = json.loads(outcome.out)
    assert (told["schema"], told["used"], len(told["left_out"])) == ("antiphon.cohort/1", 2, 10)
    again = shell("cohort", f"ward={bad}", "--out", tmp_path / "out", "--workers", 1)
    assert again.out.startswith("2 sessions used: 0 analysed now, 2 before")
    assert again.out.splitlines()[-1].endswith("no files changed")


def test_results_do_not_go_among_the_sessions(tmp_path: Path, shell: Shell) -> None:
    code, text = shell.failure("cohort", tmp_path, "--out", tmp_path)
    assert (code, "among the sessions" in text) == (EX_USAGE, True)
