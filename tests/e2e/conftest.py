"""Recordings that several tests look at: all of them are made once, at the same time."""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import DATA, begin, ended

FILES = DATA / "openbci"
DYAD = DATA / "dyad" / "two_wearers.npz"
# The stretch of brainhat_NewBlinkTest.csv in which packets were lost and came out of order.
DISORDER = slice(4600, None)
SCRIPTED = (
    *("--fault", "patient:3:lose:5", "--fault", "patient:4:late:3"),
    *("--fault", "therapist:5:duplicate", "--fault", "therapist:4:lose:1"),
)


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
