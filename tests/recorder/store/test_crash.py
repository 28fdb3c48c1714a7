import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from recorder.catalog import unfinished
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from recorder.store.recovery import interrupt

ROOT = Path(__file__).parents[3]


def record_and_kill(path: Path, period_s: float, lines: int) -> dict[str, int]:
    """Kill a recorder with SIGKILL after so many lines; the newest time it said of each kind."""
    command = [sys.executable, "-m", "tests.recorder.store.doomed_writer", str(path), str(period_s)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as recorder:
        assert recorder.stdout is not None
        said = [recorder.stdout.readline() for _ in range(lines)]
        recorder.kill()
        said += recorder.stdout.readlines()
    return {kind: int(t_ns) for kind, t_ns in (line.split() for line in said)}


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_recorder_leaves_a_whole_file_and_loses_less_than_a_second(
    tmp_path: Path, seed: int
) -> None:
    path = tmp_path / "killed.antiphon"
    lines = int(np.random.default_rng(seed).integers(25, 55))
    said = record_and_kill(path, period_s=0.4, lines=lines)
    with SessionReader(path) as session:
        newest_ns = session.newest_t_ns()
        kept = [samples for board in (0, 1) for samples in session.samples(board)]
    assert newest_ns >= said["saved"]
    assert said["put"] - newest_ns < 1_000_000_000
    assert all(np.array_equal(samples.counts[:, 1], 2 * samples.index) for samples in kept)
    report = verify(path)
    assert report.ok, report.problems
    assert "not closed" in report.notes[0]
    assert unfinished(tmp_path) == [path]
    interrupt(path)
    assert list(tmp_path.iterdir()) == [path]
    assert verify(path).counts == report.counts


def test_a_full_disk_is_told_and_costs_nothing_when_room_is_made(tmp_path: Path) -> None:
    path = tmp_path / "full.antiphon"
    command = [sys.executable, "-m", "tests.recorder.store.full_disk", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    before, full, freed = done.stdout.splitlines()
    assert before == "before|10|None"
    assert full == "full|10|cannot save: disk I/O error"
    assert freed == "freed|20|None"
    report = verify(path)
    assert report.ok, report.problems
    assert report.counts["samples"] == 1000
    assert list(tmp_path.iterdir()) == [path]
