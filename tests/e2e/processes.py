"""Whole processes for the tests: begun as a user begins them, awaited by what they say."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from os import environ
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from recorder.rehearsal.processes import Boards, await_service, emulated_boards, running_service
from recorder.settings.file import Config
from recorder.wire.client import ask
from recorder.wire.messages import BoardStatus, Status
from tests.places import ROOT

T = TypeVar("T")

DATA = ROOT.parent / "shared" / "data"
ANTIPHON = (sys.executable, "-m", "recorder")
POLL_S = 0.02

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recordings in {DATA}")


def begin(
    *words: object, before: tuple[str, ...] = (), **variables: object
) -> subprocess.Popen[str]:
    """Begin `antiphon WORDS` without a terminal, with these variables in its environment."""
    return subprocess.Popen(
        [*before, *ANTIPHON, *map(str, words)],
        cwd=ROOT,
        env={**environ, **{name: str(value) for name, value in variables.items()}},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str], within_s: float = 60) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of what `begin` began."""
    with process:
        try:
            stdout, stderr = process.communicate(timeout=within_s)
        finally:
            process.kill()
    return process.returncode, stdout, stderr


def antiphon(*words: object) -> tuple[int, str, str]:
    """Run `antiphon WORDS` to its end; exit code, stdout and stderr."""
    return ended(begin(*words))


def told(*words: object) -> str:
    """What `antiphon WORDS` prints; it must succeed and have nothing to complain about."""
    code, stdout, stderr = antiphon(*words)
    assert (code, stderr) == (0, ""), stderr
    return stdout


def told_json(*words: object) -> dict[str, Any]:
    """The one object that `antiphon WORDS --json` prints."""
    told_object: dict[str, Any] = json.loads(told(*words, "--json"))
    return told_object


def until(
    happens: Callable[[], T | None],
    what: str,
    within_s: float = 20,
    seen: Callable[[], object] = str,
) -> T:
    """Look again and again until `happens` gives something; else tell what was `seen` last."""
    given_up_s = time.monotonic() + within_s
    pause = threading.Event()
    while time.monotonic() < given_up_s:
        found = happens()
        if found is not None:
            return found
        pause.wait(POLL_S)
    pytest.fail(f"not within {within_s} s: {what} {seen()}")


def status_of(socket: Path) -> Status:
    """What the service at `socket` is doing."""
    return msgspec.json.decode(ask(socket, "status"), type=Status)


def until_status(
    socket: Path, condition: Callable[[Status], bool], what: str, within_s: float = 20
) -> Status:
    """The first status of the service that fulfils `condition`."""

    status: Status | None = None

    def look() -> Status | None:
        nonlocal status
        status = status_of(socket)
        return status if condition(status) else None

    return until(look, what, within_s, lambda: status)


def board_of(status: Status, role: str) -> BoardStatus:
    """The board of one person."""
    return next(board for board in status.boards if board.role == role)


def both_stream(status: Status) -> bool:
    """Both boards deliver data."""
    return all(board.state == "streaming" for board in status.boards)


def has_recorded(seconds: float) -> Callable[[Status], bool]:
    """Whether a session is that long, and still gets data."""
    return lambda status: (
        status.session is not None
        and status.state != "waiting for room"
        and status.session.elapsed_s >= seconds
        and both_stream(status)
    )


@contextmanager
def box(directory: Path, *words: str) -> Iterator[tuple[Boards, Config]]:
    """Emulated boards, and the configuration of a service that records them in `directory`."""
    with emulated_boards(directory, list(words)) as boards:
        places = Config(sessions=str(directory / "sessions"), socket=str(directory / "s.sock"))
        yield boards, boards.configure(places)


@contextmanager
def service(config: Config, directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A service that answers; its log, `service.log` in `directory`, holds no traceback."""
    with running_service(config, directory) as process:
        await_service(config.socket_path, process)
        yield process
    assert "Traceback" not in (directory / "service.log").read_text(encoding="utf-8")


def begin_session(config: Config, *words: str) -> dict[str, Any]:
    """Start a session as soon as both boards stream; the session as `start WORDS` tells it."""
    until_status(config.socket_path, both_stream, "both boards stream")
    session: dict[str, Any] = told_json("start", *words, "--socket", config.socket)["session"]
    return session


def processes_about(directory: Path) -> Mapping[int, str]:
    """Running processes that were given something in `directory`, by their id."""
    lines = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has ended meanwhile
        if f"{directory}/" in line:
            lines[int(process.name)] = line
    return lines
