"""`latest` stands for the newest session wherever one is named."""

from pathlib import Path

import pytest

from tests.recorder.command_line import Shell
from tests.recorder.commands.two_sessions import OTHER


@pytest.mark.parametrize(
    "verb",
    [
        ("show",),
        ("verify",),
        ("repair",),
        ("refit",),
        ("consent",),
        ("strike",),
        ("erase",),
        ("export", "--to", "csv", "--own-use"),
    ],
)
def test_the_newest_session_needs_no_id(
    verb: tuple[str, ...], directory: Path, tmp_path: Path, shell: Shell
) -> None:
    out = (tmp_path / "out",) if verb[0] == "export" else ()
    by_name = shell(*verb, "latest", *out)
    (tmp_path / f"{OTHER}.repaired.antiphon").unlink(missing_ok=True)
    by_id = shell(*verb, OTHER, *out)
    assert by_name.code == by_id.code == 0
    assert by_name.out.replace(".repaired", "") == by_id.out.replace(".repaired", "")


def test_where_there_is_none_that_is_said(tmp_path: Path, shell: Shell) -> None:
    for verb in ("show", "erase", "repair", "refit"):
        code, text = shell.failure(verb, "latest", "--sessions", tmp_path)
        assert (code, "'latest'" in text) == (66, True)
