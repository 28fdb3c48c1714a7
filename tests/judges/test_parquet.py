"""What DuckDB, polars and pandas make of our Parquet."""

import json
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq

from hardware.board import MISSING_COUNT
from recorder.export import export_of
from recorder.open import OpenSession


def test_all_three_read_the_same_of_every_table(session: OpenSession, tmp_path: Path) -> None:
    files = [it for it in export_of("parquet")(session.path, tmp_path) if it.suffix == ".parquet"]
    assert len(files) > 10
    for file in files:
        of_pandas, of_polars = pd.read_parquet(file), pl.read_parquet(file)
        relation = duckdb.sql(f"SELECT * FROM '{file}'")
        assert relation is not None
        assert of_pandas.shape == of_polars.shape == relation.shape
        assert list(of_pandas.columns) == of_polars.columns == relation.columns
        for name in of_polars.columns:
            assert of_pandas[name].isna().tolist() == of_polars[name].is_null().to_list()
        assert len(of_polars)
        told = json.loads(pq.read_schema(file).metadata[b"antiphon"])
        assert (told["id"], told["clock"]) == (session.id, session.clock)


def test_samples_are_the_boards_counts(session: OpenSession, tmp_path: Path) -> None:
    files = {it.stem: it for it in export_of("parquet")(session.path, tmp_path)}
    for role in session.roles:
        native = session.native(role)
        table = pl.read_parquet(files[f"{session.id}_samples_{role}"])
        assert table["t_ns"].to_list() == native.t_ns.tolist()
        counts = table.select(pl.col("^.*_counts$").fill_null(MISSING_COUNT)).to_numpy()
        assert np.array_equal(counts, native.counts)
        assert table.schema[f"{native.labels[0]}_counts"] == pl.Int32


def test_measures_are_the_sessions(session: OpenSession, tmp_path: Path) -> None:
    files = {it.stem: it for it in export_of("parquet")(session.path, tmp_path)}
    wide = pd.read_parquet(files[f"{session.id}_measures_wide"])
    measures = session.measures()
    assert wide["t_ns"].tolist() == measures.t_ns.tolist()
    assert np.array_equal(wide[list(measures.names)], measures.value, equal_nan=True)
    long = pl.read_parquet(files[f"{session.id}_measures"])
    assert long["value"].drop_nulls().len() == np.isfinite(measures.value).sum()
