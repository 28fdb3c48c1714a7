"""What rclone really prints, and what is made of it; a program of our own is in its place."""

import os
from pathlib import Path

import pytest

from recorder.failure import Failure
from recorder.settings.destination import Remote
from recorder.sync.rclone import RcloneLink

REMOTE = Remote(remote="cloud:eeg", encrypt_to="age1" + 58 * "q")
SAID = [
    ("Failed to copyto: preallocate: file too big for remaining disk space", 73, "no space left"),
    ("Failed to copyto: write /m/p: no space left on device", 73, "no space left there"),
    ("Failed to copyto: 507 Insufficient Storage", 73, "no space left there"),
    ("Failed to create file system: didn't find section in config file", 78, "no section of this"),
    ("couldn't list: 401 Unauthorized", 77, "it does not let us in"),
    ("dial tcp: lookup cloud.example: no such host", 69, "cannot be reached"),
    ("read tcp 10.0.0.7:443: connection reset by peer", 75, "the connection was cut"),
    ("something else", 74, "rclone failed: something else"),
    ("", 74, "rclone failed: exit code 1"),
]


@pytest.fixture
def link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RcloneLink:
    program = tmp_path / "rclone"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$SAYS" >&2; exit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return RcloneLink("ward", REMOTE, 0)


@pytest.mark.parametrize(("says", "code", "words"), SAID)
def test_a_complaint_is_one_line_and_a_code(
    link: RcloneLink, monkeypatch: pytest.MonkeyPatch, says: str, code: int, words: str
) -> None:
    monkeypatch.setenv("SAYS", says)
    with pytest.raises(Failure) as told:
        link.fetch("a.age")
    assert told.value.code == code
    assert str(told.value).startswith("ward: ")
    assert words in str(told.value)
