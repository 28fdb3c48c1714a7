"""Three finished sessions, and a destination that is a directory."""

import shutil
from pathlib import Path

import pytest

from tests.recorder import session_files
from tests.recorder.sync.directory_link import DirectoryLink

IDS = ("20260101T080000Z-aaaa", "20260102T080000Z-bbbb", "20260103T080000Z-cccc")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sessions; of these, each test has copies of its own."""
    made = tmp_path_factory.mktemp("made")
    for id_ in IDS:
        session_files.write(made / f"{id_}.antiphon", [session_files.block(0, 0)])
    return made


@pytest.fixture
def sessions(made: Path, tmp_path: Path) -> Path:
    """A directory with copies of the sessions."""
    shutil.copytree(made, tmp_path / "sessions")
    return tmp_path / "sessions"


@pytest.fixture
def link(tmp_path: Path) -> DirectoryLink:
    """The way to an empty directory."""
    (tmp_path / "ward").mkdir()
    return DirectoryLink(tmp_path / "ward")
