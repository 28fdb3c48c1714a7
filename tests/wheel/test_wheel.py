"""The wheel as a stranger has it: in an environment of its own, far from the source tree."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from recorder.rehearsal.processes import await_service, scratch_directory
from tests.e2e.terminals import on_terminal
from tests.places import ROOT

INSTALL_S, DEMO_S = 600, 5

# What a program writes when it gives the terminal back.
LEFT_ALTERNATE_SCREEN = "\x1b[?1049l"


class Installed:
    """The command of a virtual environment that holds the wheel and what it asks for.

    Args:
        place: of the environment.
        home: a directory with nothing in it.
    """

    def __init__(self, place: Path, home: Path) -> None:
        self.home = home
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "TERM": "xterm-256color"}
        self.python = str(place / "bin" / "python")
        self.antiphon = str(place / "bin" / "antiphon")

    def told(self, *words: object) -> str:
        """What `antiphon WORDS` prints; it must succeed."""
        return self.output(self.antiphon, *words)

    def output(self, *command: object) -> str:
        """What a command prints there; it must succeed."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=self.home,
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def running(self, *words: object) -> Iterator[subprocess.Popen[bytes]]:
        """`antiphon WORDS` in the background, asked to end on leaving."""
        with subprocess.Popen(
            [self.antiphon, *map(str, words)],
            cwd=self.home,
            env=self.environment,
            stdout=subprocess.PIPE,
        ) as process:
            try:
                yield process
            finally:
                process.terminate()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Build the wheel and install it as anybody would."""
    if "ANTIPHON_WHEEL_TESTS" not in os.environ:
        pytest.skip("fetches what the wheel asks for: make test-wheel")
    directory = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(directory)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    [wheel] = directory.glob("*.whl")
    place = directory / "environment"
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    pip = [str(place / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, str(wheel)], check=True, timeout=INSTALL_S)
    return Installed(place, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def recorded(installed: Installed) -> dict[str, Any]:
    """What a demonstration without a screen tells of the session that it has recorded."""
    words = ("demo", "--headless", "--seconds", DEMO_S, "--out", "sessions", "--json")
    told: dict[str, Any] = json.loads(installed.told(*words))
    return told


def test_it_is_the_wheel_that_runs(installed: Installed) -> None:
    program = "import recorder, tui; print(recorder.__file__, tui.__file__)"
    rooms = installed.output(installed.python, "-c", program).split()
    assert all("site-packages" in room for room in rooms)
    assert not any(room.startswith(str(ROOT)) for room in rooms)


def test_a_demonstration_records_and_its_session_is_whole(
    installed: Installed, recorded: dict[str, Any]
) -> None:
    assert [board["lost"] for board in recorded["boards"]] == [0, 0]
    assert min(board["samples"] for board in recorded["boards"]) > 0.9 * DEMO_S * 250
    assert installed.told("verify", recorded["file"]).endswith(": whole\n")


def test_a_session_is_exported(installed: Installed, recorded: dict[str, Any]) -> None:
    words = ("--sessions", "sessions", "latest", "--to", "csv", "tables", "--own-use")
    files = installed.told("export", *words).splitlines()
    assert len([file for file in files if (installed.home / file).stat().st_size > 100_000]) == 2


def test_the_screen_shows_what_the_service_takes_in(installed: Installed) -> None:
    with (
        scratch_directory() as scratch,
        installed.running("emulate", "--dir", scratch, "--json") as emulating,
    ):
        assert emulating.stdout is not None
        ports = json.loads(emulating.stdout.readline())["boards"]
        socket = scratch / "antiphon.sock"
        boards = [word for port in ports for word in (f"--{port['role']}", port["port"])]
        with installed.running("serve", "--socket", socket, *boards) as serving:
            await_service(socket, serving)
            ui = [installed.antiphon, "ui", "--socket", str(socket)]
            with on_terminal(ui, installed.home, installed.environment) as screen:
                screen.await_words("channels good")
                screen.insist("q", LEFT_ALTERNATE_SCREEN)
                assert screen.await_end() == 0
