"""The commands of deploy/acceptance.md, read out of it, on two emulated boards on a table."""

import json
import os
import re
import shlex
import subprocess
import tarfile
from pathlib import Path

import pytest

from hardware.cyton.capture import read_capture
from recorder.rehearsal.processes import Boards, emulated_boards, scratch_directory
from tests.e2e.processes import ANTIPHON, antiphon
from tests.places import ROOT

DOCUMENT = ROOT / "deploy" / "acceptance.md"
SECONDS_EACH = 2
LIMIT_S = 240
PLACES = ("PATIENT", "THERAPIST", "SECONDS_EACH")


def commands(values: dict[str, str]) -> str:
    """All that the document has its reader type, with these values for what he is to fill in."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)
    text = "".join(blocks)
    for name, value in values.items():
        text, filled = re.subn(rf"^{name}=\S+$", f"{name}={value}", text, flags=re.MULTILINE)
        assert filled == 1, name
    return text


def typed(boards: Boards, folder: Path) -> subprocess.CompletedProcess[str]:
    """Let a shell do it, as somebody would who types it line by line."""
    ports = {board["role"]: str(board["port"]) for board in boards.ports}
    filled = (ports["patient"], ports["therapist"], str(SECONDS_EACH))
    command, config = folder / "bin" / "antiphon", folder / "empty.toml"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.join(ANTIPHON)} "$@"\n')
    command.chmod(0o755)
    config.touch()
    path = f"{command.parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-u", "-c", commands(dict(zip(PLACES, filled, strict=True)))],
        cwd=folder,
        env={**os.environ, "PATH": path, "ANTIPHON_CONFIG": str(config)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the reader has made."""
    folder = tmp_path_factory.mktemp("table")
    with scratch_directory() as scratch, emulated_boards(scratch, ["--train"]) as boards:
        done = typed(boards, folder)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "Traceback" not in done.stdout + done.stderr
    assert "Usage:" not in done.stdout + done.stderr
    return folder


def said(table: Path, name: str) -> str:
    return (table / "acceptance" / name).read_text()


def test_the_boards_say_who_they_are(table: Path) -> None:
    for name in ("2-boards.txt", "7-off.txt", "7-on.txt"):
        patient, therapist = said(table, name).splitlines()
        assert "firmware v3.1.2, radio channel 7" in patient
        assert "firmware v3.1.2, radio channel 8" in therapist


def test_every_channel_shows_the_test_signal(table: Path) -> None:
    assert said(table, "3-test-signal.txt").count("passed") == 16
    assert "FAILED" not in said(table, "3-test-signal.txt")


@pytest.mark.parametrize("folder", ["4-bytes", "5-taps"])
def test_every_byte_is_there(table: Path, folder: str) -> None:
    captures = sorted((table / "acceptance" / folder).iterdir())
    assert [file.name.partition("-")[0] for file in captures] == ["patient", "therapist"]
    for file in captures:
        written = [exchange.written for exchange in read_capture(file).exchanges]
        assert (b"/0" if folder == "5-taps" else b"/3") in written
        stream = next(it for it in read_capture(file).exchanges if it.written == b"b")
        assert sum(len(octets) for _, octets in stream.pieces) > 0.9 * SECONDS_EACH * 250 * 33


@pytest.mark.parametrize("name", ["6-unplugged", "9-peace"])
def test_both_boards_are_recorded_whole(table: Path, name: str) -> None:
    recorded = said(table, f"{name}.txt")
    samples = [int(n) for n in re.findall(r"^(?:patient|therapist) +(\d+) samples", recorded, re.M)]
    assert min(samples) > 0.8 * SECONDS_EACH * 250
    assert len(samples) == 2
    assert "whole" in said(table, f"{name[0]}-verify.txt")


def test_pulses_are_counted_on_both_boards(table: Path) -> None:
    assert "patient D11" in said(table, "8-trigger.txt")
    assert "therapist D11" in said(table, "8-trigger.txt")


def test_all_of_it_is_in_one_file(table: Path) -> None:
    with tarfile.open(table / "acceptance.tar.gz") as sent:
        names = set(sent.getnames())
    made = {str(path.relative_to(table)) for path in (table / "acceptance").rglob("*")}
    assert made <= names
    assert "acceptance/support.tar.gz" in names
    assert "acceptance/notes.txt" in names


def test_what_was_sent_plays_the_boards_back(table: Path, tmp_path: Path) -> None:
    captures = sorted((table / "acceptance" / "4-bytes").iterdir())
    words = [word for file in captures for word in ("--replay", file)]
    words += ["--out", tmp_path, "--json"]
    code, out, err = antiphon("demo", "--headless", "--seconds", 1, *words)
    assert code == 0, err
    for board in json.loads(out)["boards"]:
        assert board["samples"] > 200
