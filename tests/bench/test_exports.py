"""The bench of the exports, of a small session."""

import json
import sys
from pathlib import Path

import pytest

from tests import results
from tests.bench import exports
from tests.recorder.export.full import full_session

ONLY = ("--only", "csv", "xdf")


def test_each_format_that_is_asked_for_is_made_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "RESULTS.md"
    page.write_text("<!-- bench-exports -->\n<!-- /bench-exports -->\n")
    monkeypatch.setattr(results, "RESULTS", page)
    session = full_session(tmp_path / "full")
    monkeypatch.setattr(sys, "argv", ["exports", "--json", "--session", str(session), *ONLY])
    exports.main()
    told = json.loads(capsys.readouterr().out)
    assert set(told["exports"]) == {"csv", "xdf"}
    for taken in told["exports"].values():
        assert 0 < taken["cpu_s"] < 60
        assert 10 < taken["peak_mib"] < 1000
        assert taken["made_mib"] > 0
    assert f"| `xdf` of {session.stem}: memory | " in page.read_text()
    assert session.is_file()
