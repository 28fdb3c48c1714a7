"""The command line, two sessions in the directory that it looks into, and a service to ask."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recorder import session_files
from tests.recorder.command_line import Shell
from tests.recorder.commands.two_sessions import ID, OTHER
from tests.recorder.desk import Desk


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made")
    session_files.write(path / f"{OTHER}.antiphon", [session_files.block(0, 0)])
    session_files.write(path / f"{ID}.antiphon", session_files.usual_rows())
    return path


@pytest.fixture
def directory(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANTIPHON_SESSIONS", str(tmp_path))
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    one = Desk(tmp_path / "antiphon.sock")
    monkeypatch.setenv("ANTIPHON_SOCKET", str(one.path))
    with one:
        yield one
