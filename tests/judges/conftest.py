"""Programs of others read what we export: `make test-judges`, in an environment of their own.

A judge is heavy and none of ours. To add one: pin it in requirements.txt, write a test_<format>.py
beside this file that imports it, and take the fixtures below for sessions. Outside of that
environment these tests are not collected.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recorder.open import OpenSession, open_session
from recorder.store.note_rows import NoteIntervalRow, NoteMarkerRow
from recorder.store.notes import open_notes
from tests.e2e.processes import begin, ended
from tests.places import RECORDINGS

collect_ignore_glob = [] if "ANTIPHON_JUDGES" in os.environ else ["test_*.py"]

SECONDS = 12
FILES = RECORDINGS / "openbci"
SITES = "F3,F4,Fz,P3,P4,O1,O2,M2"
# As `demo` takes them. What is recorded anew differs each time, and so does what a loaded machine
# loses; what is judged is whether an export says what its session file says.
PLANS: dict[str, tuple[object, ...]] = {
    "faults": (
        *("--fault", "patient:2:lose:5", "--fault", "patient:3:late:3"),
        *("--fault", "therapist:3:lose:1", "--fault", "patient:5:unplug:2", "--loss", "0.005"),
    ),
    "cyton": (
        *("--replay", FILES / "brainhat_blinkWink10.csv", "--channels", SITES),
        *("--replay", FILES / "gui_v6_blinks-jawClench-alpha.txt"),
    ),
    "daisy": (
        *("--daisy", "--replay", FILES / "brainhat_gui_daisy.txt"),
        *("--replay", FILES / "brainhat_gui_daisy.txt", "--fault", "therapist:4:lose:1"),
    ),
}
REAL = ("cyton", "daisy")


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """The file of what a plan records; all do so at the same time."""
    directory = tmp_path_factory.mktemp("judged")
    running = {
        name: begin("demo", "--json", "--seconds", SECONDS, "--out", directory / name, *words)
        for name, words in PLANS.items()
        if _can(name)
    }

    def made(name: str) -> Path:
        code, told, complaints = ended(running.pop(name))
        assert code == 0, complaints
        return Path(json.loads(told)["file"])

    yield made
    for process in running.values():
        process.terminate()
        ended(process)


@pytest.fixture(scope="session", params=PLANS)
def path(request: pytest.FixtureRequest, recorded: Callable[[str], Path]) -> Path:
    """The file of each of three sessions: with faults on order, and replayed from real boards."""
    if not _can(request.param):
        pytest.skip(f"no recordings in {FILES}")
    made = recorded(request.param)
    _mark(made)
    return made


@pytest.fixture
def session(path: Path) -> Iterator[OpenSession]:
    """Each of the three, open."""
    with open_session(path) as opened:
        yield opened


def _can(name: str) -> bool:
    return name not in REAL or FILES.is_dir()


def _mark(path: Path) -> None:
    """Marks at odd instants, one of them in the hole after the unplug; and an interval."""
    with open_session(path) as opened:
        begin_ns = opened.pair().grid.begin_ns
    at_ns = [begin_ns + round(s * 1e9) for s in (1.0, 2.0001234, 5.5, 7.77777, 10.000002)]
    with open_notes(path) as notes:
        notes.add(*(NoteMarkerRow(t, f"mark {n}", "rater", "R1", 1) for n, t in enumerate(at_ns)))
        notes.add(NoteIntervalRow(at_ns[0], at_ns[1], "music", "rater", "R1", 1))
