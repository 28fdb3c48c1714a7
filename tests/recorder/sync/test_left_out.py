"""What a sync does not copy, and why."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from recorder.sync.finished import left_out
from tests.recorder import session_files
from tests.recorder.command_line import Shell
from tests.recorder.session_files import START_NS


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


NAME = "20261123T040000Z-1f3a.antiphon"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / NAME


def reasons(directory: Path) -> list[tuple[str, int]]:
    assert {one.name for one in left_out(directory)} <= {NAME}
    return [(one.reason, one.code) for one in left_out(directory)]


def test_what_is_finished_is_not_left_out(path: Path) -> None:
    session_files.start(path).close(START_NS + 1)
    assert reasons(path.parent) == []


def test_what_is_recorded_is_no_failure(path: Path) -> None:
    writer = session_files.start(path)
    assert reasons(path.parent) == [("it is being recorded, or just closed", 0)]
    writer.close(START_NS + 1)


def test_what_was_read_when_it_was_closed_is_put_off(path: Path) -> None:
    writer = session_files.start(path)
    writer._file.connection.execute("PRAGMA busy_timeout = 20")
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM block").fetchall()
        writer.close(START_NS + 1)
        [(reason, code)] = reasons(path.parent)
    assert reason.startswith("a program was reading it when it was closed")
    assert code == 75


def test_what_a_dead_recorder_left_is_put_off(path: Path) -> None:
    session_files.start(path).leave()
    assert reasons(path.parent) == [("its recorder died: the service ends it", 75)]


def test_what_cannot_be_read_is_named(path: Path) -> None:
    path.write_bytes(b"torn")
    [(reason, code)] = reasons(path.parent)
    assert "not a session file" in reason
    assert code == 65


def test_sync_names_it_and_fails(path: Path, tmp_path: Path, shell: Shell) -> None:
    session_files.start(path).leave()
    config = tmp_path / "antiphon.toml"
    config.write_text('[sync.ward]\nhost = "ward"\nuser = "eeg"\npath = "/srv/eeg"\n')
    ran = shell("sync", "--dry-run", "--config", config, "--sessions", tmp_path)
    assert f"left out  {NAME}: its recorder died: the service ends it" in ran.out
    assert (ran.code, ran.err.count("\n")) == (75, 1)
    told = shell("sync", "--dry-run", "--json", "--config", config, "--sessions", tmp_path).json
    assert told["left_out"] == [{"name": NAME, "reason": "its recorder died: the service ends it"}]
