"""`antiphon analyze`."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from recorder.open import open_session
from tests.recorder import session_files
from tests.recorder.analysis.sessions import ID, made_up
from tests.recorder.command_line import Shell


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up(tmp_path_factory.mktemp("made"), shared=6.0)


def test_what_it_finds_is_told_and_in_the_notes(path: Path, shell: Shell) -> None:
    outcome = shell("analyze", path)
    assert outcome.code == 0, outcome.err
    assert "synchrony: " in outcome.out
    assert " beyond chance" in outcome.out
    assert "exploratory" in outcome.out
    with open_session(path) as opened:
        assert {run.test for run in opened.runs} >= {"synchrony", "contrast"}
        assert any(it.p_corrected and it.p_corrected < 0.05 for it in opened.results)


def test_parquet_holds_results_windows_and_parameters(
    path: Path, shell: Shell, tmp_path: Path
) -> None:
    out = tmp_path / "found.parquet"
    told = shell("analyze", path, "--out", out, "--seed", "3", "--json").json
    assert told["schema"] == "antiphon.analyze/1"
    names = ["found.parquet", "found_windows.parquet", "found_lagged.parquet"]
    assert [Path(it).name for it in told["files"]] == names
    results = sum(len(run["results"]) for run in told["runs"])
    count, tests = rows(f"SELECT count(*), count(DISTINCT test) FROM '{out}'")[0]
    assert (count, tests >= 3) == (results, True)
    parameters = json.loads(
        dict(rows(f"SELECT key, value FROM parquet_kv_metadata('{out}')"))[b"parameters"]
    )
    assert parameters["segments"]["seed"] == 3
    windows, lagged = (tmp_path / it for it in names[1:])
    assert rows(f"SELECT count(DISTINCT series) FROM '{windows}'")[0][0] > 100
    low, high, most = rows(f"SELECT min(lag_s), max(lag_s), max(abs(r)) FROM '{lagged}'")[0]
    assert (low, high) == (-30, 30)
    assert most <= 1


def rows(query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as database:
        return database.execute(query).fetchall()


def test_a_damaged_session_is_refused(tmp_path: Path, shell: Shell) -> None:
    damaged = made_up(tmp_path, shared=0.0, seconds=60)
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 0xFF
    damaged.write_bytes(content)
    code, text = shell.failure("analyze", damaged)
    assert (code, "damaged" in text) == (65, True)


def test_what_cannot_be_compared_is_one_line(path: Path, shell: Shell, tmp_path: Path) -> None:
    code, text = shell.failure("analyze", path, "--contrast", "tango")
    assert (code, "no interval is called 'tango'" in text) == (65, True)
    alone = session_files.write(tmp_path / f"{ID}.antiphon", [session_files.block(0, 0)])
    code, text = shell.failure("analyze", alone)
    assert (code, "therapist has no samples" in text) == (65, True)
