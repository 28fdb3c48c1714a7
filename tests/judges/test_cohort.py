"""What pandas, polars and statsmodels make of a cohort's results."""

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from recorder.cohort.dyads import Member
from recorder.cohort.files import Folder, Found
from recorder.cohort.names import Names
from recorder.cohort.relations import developed
from recorder.cohort.scores import Scores
from tests.cookbook import ANALYSTS
from tests.recorder.cohort.here import meet, ran
from tests.recorder.cohort.members import member

DYADS, SESSIONS, SLOPE = 20, 6, 0.02
EXAMPLE = re.compile(r"^```python\n(import pandas.*?)^```", re.DOTALL | re.MULTILINE)


def cohort() -> list[Member]:
    """One outcome whose slopes differ between dyads, around what is planted."""
    rng = np.random.default_rng(7)
    found = []
    for dyad in range(DYADS):
        level, slope = rng.normal(0.1, 0.05), rng.normal(SLOPE, 0.01)
        for number in range(1, SESSIONS + 1):
            value = level + slope * number + rng.normal(0, 0.02)
            found.append(member(dyad, number, {"plv_alpha": float(value)}))
    return found


def test_the_cookbooks_mixed_model_finds_what_our_slopes_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb = pytest.importorskip("duckdb")
    members, scores = cohort(), Scores((), {})
    told = developed(members, scores, seed=1)
    found = Found([it.seen for it in members], members, scores, [], [], told, {})
    folder = Folder(tmp_path / "results", duckdb.connect(), Names(("ward",)))
    columns, rows = folder.table(found)
    (tmp_path / "results").mkdir()
    folder.put("table.csv", pd.DataFrame(rows, columns=columns).to_csv(index=False).encode())
    monkeypatch.chdir(tmp_path)
    [example] = EXAMPLE.findall((ANALYSTS / "cookbook.md").read_text(encoding="utf-8"))
    there: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the optimiser's
        exec(example, there)  # what the reader types
    [ours] = told
    assert ours.slope.value == pytest.approx(there["slope"], abs=1e-3)
    assert ours.slope.low == pytest.approx(there["low"], abs=3e-3)
    assert ours.slope.high == pytest.approx(there["high"], abs=3e-3)
    assert there["low"] <= SLOPE <= there["high"]


def test_pandas_and_polars_read_all_of_it(tmp_path: Path) -> None:
    meet(tmp_path / "ward", range(2))
    out = tmp_path / "results"
    ran(out, tmp_path / "ward")
    of_pandas = pd.read_parquet(out / "numbers")
    of_polars = pl.read_parquet(out / "numbers/**/*.parquet", hive_partitioning=True)
    assert len(of_pandas) == len(of_polars) > 100
    assert set(of_pandas["site"].astype(str)) == {"ward"}
    table = pd.read_csv(out / "table.csv")
    assert list(table.columns) == list(pd.read_parquet(out / "table.parquet").columns)
    assert len(table) == 2
