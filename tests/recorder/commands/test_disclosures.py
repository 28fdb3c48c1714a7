"""`antiphon disclosures`: for people and for scripts."""

from pathlib import Path

import pytest

from recorder.privacy.disclosures import write_down
from tests.recorder.command_line import Shell

AT = "2026-11-29T10:00:00Z"


def test_what_was_written_down_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: Shell
) -> None:
    monkeypatch.setenv("ANTIPHON_SESSIONS", str(tmp_path))
    assert "nothing has been exported" in shell("disclosures").out
    write_down(tmp_path, AT, "exported", "A", to="/media/\x1b]0;stick")
    assert "exported  A  /media/\ufffd]0;stick  by " in shell("disclosures").out
    [told] = shell("disclosures", "A", "--json").json["disclosures"]
    assert (told["at"], told["what"], told["session"]) == (AT, "exported", "A")
