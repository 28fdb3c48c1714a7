"""What any verb makes is for this user and group only, whatever the shell's umask is."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder.store.finish import finish
from tests.recorder import session_files
from tests.recorder.command_line import Shell

ID, LATER = "20260101T080000Z-aaaa", "20260102T080000Z-bbbb"


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Path]:
    """Two sessions that were made under a careful umask, and a shell with a careless one."""
    directory = tmp_path / "sessions"
    directory.mkdir(mode=0o750)
    session_files.write(directory / f"{ID}.antiphon", session_files.usual_rows())
    finish(session_files.write(directory / f"{LATER}.antiphon", []))
    umask = os.umask(0)
    yield directory
    os.umask(umask)


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


def open_to_others(directory: Path) -> list[str]:
    """What strangers may use, or the group may change."""
    return [
        str(path.relative_to(directory))
        for path in directory.rglob("*")
        if path.stat().st_mode & 0o027
    ]


@pytest.mark.parametrize("verb", ["export", "repair", "erase"])
def test_what_a_verb_makes_is_not_for_strangers(
    sessions: Path, shell: Shell, tmp_path: Path, verb: str
) -> None:
    file, out = sessions / f"{ID}.antiphon", tmp_path / "made" / "here"
    words: dict[str, list[object]] = {
        "export": [file, "--to", "csv", out, "--own-use"],
        "repair": [shutil.copy(file, sessions / "damaged.antiphon")],
        "erase": [ID, "--apply", "--sessions", sessions],
    }
    (sessions / "damaged.antiphon").chmod(0o640)
    before = set(tmp_path.rglob("*"))
    assert shell(verb, *words[verb]).code == 0
    assert set(tmp_path.rglob("*")) - before
    assert open_to_others(tmp_path) == []
