import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from recorder.store.catalog import unfinished
from recorder.store.check import verify
from recorder.store.files import files_of, hold, sweep
from recorder.store.finish import settle
from recorder.store.reader import SessionReader
from tests.places import ROOT
from tests.recorder import session_files


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
    session_files.interrupt(path)
    assert list(tmp_path.iterdir()) == [path]
    assert verify(path).counts == report.counts


def cut_while_writing(path: Path, place: Path) -> Path:
    """A copy of a closed file as a power cut leaves it in mid-transaction: its journal is hot."""
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA cache_size = 1")  # so that changed pages go to the file at once
        writer.execute("BEGIN")
        writer.execute("UPDATE block SET payload = zeroblob(length(payload))")
        for suffix in ("", "-journal"):
            shutil.copy(f"{path}{suffix}", place / f"{path.name}{suffix}")
        writer.execute("ROLLBACK")
    return place / path.name


def test_a_cut_in_the_last_step_of_closing_is_undone_by_whoever_opens_the_file(
    tmp_path: Path,
) -> None:
    path = session_files.write(tmp_path / "s.antiphon", session_files.usual_rows())
    (tmp_path / "cut").mkdir()
    cut = cut_while_writing(path, tmp_path / "cut")
    assert len(files_of(cut)) == 2
    assert verify(cut).problems == ()
    assert files_of(cut) == [cut]
    assert settle(cut).parent.name == "done"


def test_what_was_half_made_is_swept_up_and_what_is_being_made_is_not(tmp_path: Path) -> None:
    half, busy = tmp_path / "a.antiphon.new", tmp_path / "b.antiphon.new"
    for file in (half, tmp_path / f"{half.name}-journal", busy):
        file.write_bytes(b"half")
    held = hold(busy)
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == [busy]
    os.close(held)
    sweep(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told_and_costs_nothing_when_room_is_made(tmp_path: Path) -> None:
    path = tmp_path / "full.antiphon"
    command = [sys.executable, "-m", "tests.recorder.store.full_disk", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    before, full, freed = done.stdout.splitlines()
    assert before == "before|10|None"
    assert full == "full|10|cannot save: the disk or card reports an error: is it full, or broken?"
    assert freed == "freed|20|None"
    report = verify(path)
    assert report.ok, report.problems
    assert report.counts["samples"] == 1000
    assert list(tmp_path.iterdir()) == [path]
