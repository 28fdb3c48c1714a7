"""Parquet as DuckDB reads it; polars and pandas are judges in tests/judges."""

import json
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

from recorder.export import export_of
from recorder.failure import EX_UNAVAILABLE, Failure
from recorder.open import open_session
from tests.recorder import session_files
from tests.recorder.export.full import AT_NS, ID, full_session
from tests.recorder.open.played import Played, Stretch, session
from tests.recorder.session_files import START_NS, UV_PER_COUNT

duckdb = pytest.importorskip("duckdb")
export_parquet = export_of("parquet")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return full_session(tmp_path / "full")


def rows_of(files: list[Path], name: str, columns: str = "*") -> list[tuple[Any, ...]]:
    [file] = [file for file in files if file.name == f"{ID}_{name}.parquet"]
    rows: list[tuple[Any, ...]] = duckdb.sql(f"SELECT {columns} FROM '{file}'").fetchall()
    return rows


def about(files: list[Path], name: str) -> dict[str, Any]:
    [file] = [file for file in files if file.name == f"{ID}_{name}.parquet"]
    rows = duckdb.sql(f"SELECT key, value FROM parquet_kv_metadata('{file}')").fetchall()
    return {key.decode(): json.loads(value) for key, value in rows}


def test_samples_are_the_boards_own_counts(path: Path, tmp_path: Path) -> None:
    files = export_parquet(path, tmp_path)
    with open_session(path) as opened:
        native = opened.native("patient")
    rows = np.array(rows_of(files, "samples_patient"))
    assert np.array_equal(rows[:, 0], native.segment)
    assert np.array_equal(rows[:, 1], native.index)
    assert np.array_equal(rows[:, 2], native.t_ns)
    assert np.array_equal(rows[:, 3:], native.counts)
    told = about(files, "samples_patient")
    assert told["antiphon"]["clock"].startswith("refitted")
    assert [it["label"] for it in told["channels"]] == ["F3", "F4", "P3"]
    assert (told["channels"][0]["unit"], told["channels"][0]["scale"]) == ("uV", UV_PER_COUNT)


def test_a_channel_that_is_missing_is_null(tmp_path: Path) -> None:
    halved = Played(250, [Stretch(0.0, 3_000, halved=[range(700, 702)])], np.sin)
    made = session(tmp_path / f"{ID}.antiphon", halved, halved)
    rows = rows_of(export_parquet(made, tmp_path), "samples_patient", "F4_counts, P3_counts")
    assert [place for place, row in enumerate(rows) if row[1] is None] == [700, 701]
    assert all(row[0] is not None for row in rows)


def test_measures_are_long_and_wide_with_their_definitions(path: Path, tmp_path: Path) -> None:
    files = export_parquet(path, tmp_path)
    assert rows_of(files, "measures") == [(START_NS + 10**9, 1, 0.25, 1.0, None)]
    wide = 't_ns, t_s, "plv_alpha_patient-therapist_F3-F3"'
    assert rows_of(files, "measures_wide", wide) == [(START_NS + 10**9, 1.0, 0.25)]
    formula = "|sum u_a conj(u_b)| / N"
    assert about(files, "measures")["series"]["1"]["formula"] == formula
    named = about(files, "measures_wide")["series"]["plv_alpha_patient-therapist_F3-F3"]
    assert (named["window_s"], named["low_hz"], named["persons"]) == (
        30.0,
        8.0,
        ["patient", "therapist"],
    )


def test_everything_else_is_there_as_in_csv(path: Path, tmp_path: Path) -> None:
    files = export_parquet(path, tmp_path / "parquet")
    names = {file.stem for file in files}
    csv = {file.stem for file in export_of("csv")(path, tmp_path / "csv")}
    assert csv - names == {f"{ID}_patient", f"{ID}_therapist"}
    assert rows_of(files, "notes") == [(AT_NS, "she smiles")]
    assert rows_of(files, "impedance") == [
        ("patient", AT_NS, "P3", 7.5),
        ("patient", AT_NS, "F3", None),
    ]
    assert rows_of(files, "session", "planned_duration_s") == [(None,)]
    assert rows_of(files, "clock", "t_ns + 1") == [(START_NS + 1,)]


def test_the_same_session_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    made = [export_parquet(path, tmp_path / name) for name in ("one", "other")]
    for one, other in zip(*made, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_a_quote_in_a_path_and_in_a_text_is_no_sql(tmp_path: Path) -> None:
    path = session_files.write(tmp_path / f"{ID}.antiphon", session_files.usual_rows())
    out = tmp_path / "it's; DROP"
    files = export_parquet(path, out)
    assert all(file.parent == out and file.stat().st_size for file in files)
    assert sorted(files) == sorted(out.iterdir())


def test_without_its_library_one_line_says_how_it_is_installed(path: Path, tmp_path: Path) -> None:
    def missing(name: str, *_: Any) -> Any:
        raise ImportError(name)

    with mock.patch("importlib.import_module", missing), pytest.raises(Failure) as failed:
        export_parquet(path, tmp_path / "out")
    assert failed.value.code == EX_UNAVAILABLE
    assert 'pip install "antiphon[analysis]"' in str(failed.value)
    assert [*(tmp_path / "out").iterdir()] == []
