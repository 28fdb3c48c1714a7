"""Whole processes for the tests: begun as a user begins them, awaited by what they say."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from recorder.config import Config
from recorder.control import ask
from recorder.demo import ANTIPHON, Boards, await_service, emulated_boards, running_service
from recorder.messages import BoardStatus, Status

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / ".." / "shared" / "data"
POLL_S = 0.02

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recordings in {DATA}")


def begin(*words: object) -> subprocess.Popen[str]:
    """Begin `antiphon WORDS` without a terminal."""
    return subprocess.Popen(
        [*ANTIPHON, *map(str, words)],
        cwd=ROOT,
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


def until(happens: Callable[[], T | None], what: str, within_s: float = 20) -> T:
    """Look again and again until `happens` gives something."""
    given_up_s = time.monotonic() + within_s
    pause = threading.Event()
    while time.monotonic() < given_up_s:
        found = happens()
        if found is not None:
            return found
        pause.wait(POLL_S)
    pytest.fail(f"not within {within_s} s: {what}")


def status_of(socket: Path) -> Status:
    """What the service at `socket` is doing."""
    return msgspec.json.decode(ask(socket, "status"), type=Status)


def until_status(
    socket: Path, condition: Callable[[Status], bool], what: str, within_s: float = 20
) -> Status:
    """The first status of the service that fulfils `condition`."""

    def look() -> Status | None:
        status = status_of(socket)
        return status if condition(status) else None

    return until(look, what, within_s)


def board_of(status: Status, role: str) -> BoardStatus:
    """The board of one person."""
    return next(board for board in status.boards if board.role == role)


def both_stream(status: Status) -> bool:
    """Both boards deliver data."""
    return all(board.state == "streaming" for board in status.boards)


@contextmanager
def box(directory: Path, *words: str) -> Iterator[tuple[Boards, Config]]:
    """Emulated boards, and a configuration for a service that records them in `directory`."""
    with emulated_boards(directory, list(words)) as boards:
        folders = Config(sessions=str(directory / "sessions"), socket=str(directory / "s.sock"))
        yield boards, boards.configure(folders)


@contextmanager
def service(config: Config, directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A service that answers; what it logs holds no traceback."""
    with running_service(config, directory) as process:
        await_service(config.socket_path, process)
        yield process
    assert "Traceback" not in (directory / "service.log").read_text(encoding="utf-8")
