"""What several tests look at is made once, and at the same time as the rest of it."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from recorder import wall_clock
from tests.e2e.kills import Killed, record_and_kill
from tests.e2e.outages import Outages, record_outages
from tests.e2e.processes import DATA, begin, ended
from tests.e2e.synced_box import Box, fresh_box, make_sessions
from tests.recorder.command_line import Shell
from tests.recorder.sync.workstation import Workstation, workstation

Figure = Callable[[str, float], None]
_FIGURES = pytest.StashKey[dict[str, float]]()

FILES = DATA / "openbci"
DYAD = DATA / "dyad" / "two_wearers.npz"
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


# Some real recordings were made in a country with other mains than the configuration's usual ones.
OTHER_MAINS = "alarm: the mains here are 60 Hz, the configuration says 50: set mains_hz"


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


@contextmanager
def begun_demos(
    directory: Path, plans: Mapping[str, tuple[int, tuple[object, ...]]]
) -> Iterator[Callable[[str], Recording]]:
    """Begin a `demo` for each plan, of so many seconds and words; a call with a name awaits it."""
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


@pytest.fixture(scope="session")
def recordings(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], Recording]]:
    """Recordings of synthetic people: undisturbed, and with losses on order and by chance."""
    plans: dict[str, tuple[int, tuple[object, ...]]] = {
        "synthetic": (12, ()),
        "scripted": (7, (*SCRIPTED, "--train")),
        "chance": (7, (*SCRIPTED, "--loss", "0.01")),
    }
    with begun_demos(tmp_path_factory.mktemp("rec"), plans) as recording:
        yield recording


def _result(process: subprocess.Popen[str]) -> Recording:
    code, stdout, stderr = ended(process)
    wrong = [line for line in stderr.splitlines() if line != OTHER_MAINS]
    assert (code, wrong) == (0, []), stderr
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


@pytest.fixture(scope="session")
def finished_sessions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sessions that a box has to copy; of these, each test has copies of its own."""
    made = tmp_path_factory.mktemp("made")
    make_sessions(made)
    return made


@pytest.fixture(scope="session")
def one_workstation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workstation]:
    """A real sshd, with an inbox that each test leaves empty."""
    with workstation(tmp_path_factory.mktemp("ws")) as far:
        yield far


@pytest.fixture
def box(
    finished_sessions: Path,
    tmp_path: Path,
    one_workstation: Workstation,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Box]:
    """A box with finished sessions and a workstation that holds none of them; it knows the time."""
    monkeypatch.setattr(wall_clock, "synchronised", lambda: True)
    with fresh_box(finished_sessions, tmp_path, one_workstation, Shell(capsys, monkeypatch)) as box:
        yield box
