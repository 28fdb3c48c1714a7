"""What several tests look at is made once, and at the same time as the rest of it."""

import json
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.kills import Killed, record_and_kill
from tests.e2e.outages import Outages, record_outages
from tests.e2e.processes import DATA, begin, ended

Figure = Callable[[str, float], None]
_FIGURES = pytest.StashKey[dict[str, float]]()

FILES = DATA / "openbci"
DYAD = DATA / "dyad" / "two_wearers.npz"
# The stretch of brainhat_NewBlinkTest.csv in which packets were lost and came out of order.
DISORDER = slice(4600, None)
SCRIPTED = (
    *("--fault", "patient:3:lose:5", "--fault", "patient:4:late:3"),
    *("--fault", "therapist:5:duplicate", "--fault", "therapist:4:lose:1"),
)


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """Writes down what a test measured; all of it is shown at the end of the run."""
    figures: dict[str, float] = request.config.stash.setdefault(_FIGURES, {})
    return figures.__setitem__


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show what was measured."""
    figures = config.stash.get(_FIGURES, {})
    if figures:
        terminalreporter.section("measured")
    for name, value in figures.items():
        terminalreporter.write_line(f"{name:<40}{value:>10.3f}")


@dataclass(frozen=True, slots=True)
class Recording:
    """What one `demo` told, and the file it made."""

    summary: dict[str, Any]
    path: Path

    def board(self, role: str) -> dict[str, Any]:
        """What was told about one person's board."""
        board: dict[str, Any]
        [board] = [board for board in self.summary["boards"] if board["role"] == role]
        return board


def _replays(directory: Path) -> dict[str, tuple[int, tuple[object, ...]]]:
    """Recordings of recordings: how many seconds, and of what."""
    if not DATA.is_dir():
        return {}
    damaged = FILES / "brainhat_NewBlinkTest.csv"
    excerpt = directory / "disorder.csv"
    excerpt.write_text("".join(damaged.read_text().splitlines(keepends=True)[DISORDER]))
    blink, alpha = FILES / "brainhat_blinkWink10.csv", FILES / "gui_v6_blinks-jawClench-alpha.txt"
    return {
        "two files": (12, ("--replay", blink, "--replay", alpha)),
        "disorder": (8, ("--replay", excerpt, "--replay", damaged)),
        "one dyad": (4, ("--replay", DYAD)),
        "dyad twice": (4, ("--replay", DYAD, "--replay", DYAD)),
    }


@pytest.fixture(scope="session")
def recordings(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], Recording]]:
    """Begin all recordings; a call with a name awaits that one."""
    directory = tmp_path_factory.mktemp("rec")
    plans: dict[str, tuple[int, tuple[object, ...]]] = {
        "synthetic": (12, ()),
        "scripted": (7, SCRIPTED),
        "chance": (7, (*SCRIPTED, "--loss", "0.01")),
        **_replays(directory),
    }
    running = {
        name: begin("demo", "--json", "--seconds", seconds, "--out", directory / name, *words)
        for name, (seconds, words) in plans.items()
    }
    done: dict[str, Recording] = {}

    def recording(name: str) -> Recording:
        if name not in done:
            done[name] = _result(running.pop(name))
        return done[name]

    yield recording
    for process in running.values():
        process.terminate()
        ended(process)


def _result(process: subprocess.Popen[str]) -> Recording:
    code, stdout, stderr = ended(process)
    assert (code, stderr) == (0, ""), stderr
    summary = json.loads(stdout)
    return Recording(summary, Path(summary["file"]))


@dataclass(frozen=True, slots=True)
class Scenes:
    """Sessions in which something happens, still going on or over."""

    killed: Future[Killed]
    outages: Future[Outages]


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenes]:
    """Begin the scenes, side by side."""
    with ThreadPoolExecutor(2) as pool:
        yield Scenes(
            killed=pool.submit(record_and_kill, tmp_path_factory.mktemp("kill")),
            outages=pool.submit(record_outages, tmp_path_factory.mktemp("out")),
        )
