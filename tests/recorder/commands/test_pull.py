"""`sync --pull` asks a box over ssh; here a program of our own is in ssh's place."""

import os
from pathlib import Path

import pytest

from tests.recorder.command_line import Shell


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/said; exit $CODE\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("CODE", "0")
    return tmp_path / "said"


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


def test_the_box_is_asked_to_copy_through_the_same_connection(shell: Shell, said: Path) -> None:
    assert shell("sync", "--pull", "tech@box-3", "--to", "laptop", "--look").code == 0
    words = said.read_text().splitlines()
    assert words[-1] == "sudo -n -u antiphon antiphon sync --to laptop --look"
    assert words[-2] == "tech@box-3"
    assert words[words.index("-R") + 1] == "127.0.0.1:2222:127.0.0.1:22"
    assert "StrictHostKeyChecking=yes" in words
    assert "ExitOnForwardFailure=yes" in words


@pytest.mark.parametrize(("theirs", "ours"), [("255", 69), ("75", 75), ("65", 65)])
def test_what_the_box_says_is_what_is_said_here(
    shell: Shell, said: Path, monkeypatch: pytest.MonkeyPatch, theirs: str, ours: int
) -> None:
    monkeypatch.setenv("CODE", theirs)
    assert shell.failure("sync", "--pull", "box-3", "--to", "laptop")[0] == ours


@pytest.mark.parametrize(
    "words", [["--pull", "box-3"], ["--pull", "-oProxyCommand=x", "--to", "laptop"]]
)
def test_what_is_not_understood_asks_nobody(shell: Shell, said: Path, words: list[str]) -> None:
    assert shell.failure("sync", *words)[0] == 64
    assert not said.exists()


def test_a_destination_that_pulls_is_left_alone_until_it_is_named(
    shell: Shell, tmp_path: Path
) -> None:
    config = tmp_path / "antiphon.toml"
    config.write_text('[sync.laptop]\nhost = "127.0.0.1"\npath = "/eeg"\npulled = true\n')
    (tmp_path / "sessions").mkdir()
    words = ("--config", config, "--sessions", tmp_path / "sessions")
    assert shell("sync", *words).code == 0
    code, text = shell.failure("sync", *words, "--to", "laptop")
    assert (code, "sync_key" in text) == (78, True)
