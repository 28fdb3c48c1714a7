"""What a running command has loaded: the recording waits for no library that it does not need."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.processes import (
    ANTIPHON,
    begin_session,
    box,
    has_recorded,
    service,
    until_status,
)
from tests.e2e.terminals import LEFT_ALTERNATE_SCREEN, terminal
from tests.places import ROOT

# With this, Python tells on stderr of every module that it loads, also of those loaded later.
TELLING = {"PYTHONPROFILEIMPORTTIME": "1"}
LOADED = re.compile(rb"import time: +\d+ \| +\d+ \| +([\w.]+)")
FOREIGN = {"scipy", "brainflow", "textual", "pylsl"}


def packages_in(told: bytes) -> set[str]:
    """The top-level packages of which Python told that they were loaded."""
    return {name.decode().split(".", 1)[0] for name in LOADED.findall(told)}


def test_help_loads_neither_numbers_nor_the_screen() -> None:
    done = subprocess.run(
        [*ANTIPHON, "--help"],
        cwd=ROOT,
        env={**os.environ, **TELLING},
        capture_output=True,
        check=True,
    )
    packages = packages_in(done.stderr)
    assert {"recorder", "click"} <= packages
    assert not packages & {"numpy", "serial", "sqlite_utils", *FOREIGN}


def test_a_recording_service_has_loaded_nothing_that_it_does_not_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with box(tmp_path) as (_, config):
        for name, value in TELLING.items():
            monkeypatch.setenv(name, value)
        with service(config, tmp_path):
            monkeypatch.undo()
            begin_session(config)
            until_status(config.socket_path, has_recorded(2), "two seconds are recorded")
    packages = packages_in((tmp_path / "service.log").read_bytes())
    assert {"numpy", "serial", "msgspec", "hardware", "dsp"} <= packages
    assert not packages & {"tui", "_ssl", *FOREIGN}


def test_the_screen_has_loaded_neither_numbers_nor_devices_nor_files(tmp_path: Path) -> None:
    with (
        box(tmp_path) as (_, config),
        service(config, tmp_path),
        terminal("ui", "--socket", config.socket, **TELLING) as screen,
    ):
        screen.await_words("channels good")  # data come in
        screen.insist("q", LEFT_ALTERNATE_SCREEN)
        assert screen.await_end() == 0
    packages = packages_in(screen.seen)
    assert {"textual", "tui", "recorder"} <= packages
    assert not packages & {"numpy", "serial", "sqlite_utils", "sqlite3", "dsp", *FOREIGN} - {
        "textual"
    }
