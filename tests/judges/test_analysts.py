"""The notebook and the queries of deploy/analysts, by the programs that they are for."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recorder.export import FORMATS, export_of
from recorder.progress import no_progress
from recorder.store.rows import MarkerRow
from tests.cookbook import ANALYSTS, WITH_DATASETTE, WITH_DUCKDB, asked, session
from tests.recorder.open import played
from tests.recorder.open.played import Played, Stretch
from tests.recorder.session_files import START_NS

Floats = NDArray[np.float64]
ID = "20261123T040000Z-1f3a"
IN_THE_PARQUET: list[object] = [
    [("F3", pytest.approx(108_200, rel=0.05), 1004)],
    [("patient", 0, pytest.approx(2 / 3))],
    [(0, 0.25)],
]


def rhythm(seed: int) -> Callable[[Floats], Floats]:
    """Alpha of many near frequencies, which nobody else has."""
    rng = np.random.default_rng(seed)
    hz, phase = rng.uniform(8.5, 12.5, 60), rng.uniform(0, 2 * np.pi, 60)

    def hears(t_s: Floats) -> Floats:
        told: Floats = 5 * np.sin(2 * np.pi * np.multiply.outer(hz, t_s).T + phase).sum(axis=1)
        return told

    return hears


def ran(directory: Path, monkeypatch: pytest.MonkeyPatch, seeds: tuple[int, int]) -> dict[str, Any]:
    """All names of the notebook after it has run on a minute of two rhythms with a hole of 2 s."""
    pytest.importorskip("hypyp")
    place = directory / "antiphon" / "sessions"
    place.mkdir(parents=True)
    lossy, whole = Stretch(0.0, 15_000, lost=[range(7500, 8000)]), Stretch(0.0, 15_000)
    path = played.session(
        place / f"{ID}.antiphon",
        Played(250.33, [lossy], rhythm(seeds[0])),
        Played(250.51, [whole], rhythm(seeds[1])),
        *(MarkerRow(START_NS + (at_s + 4) * 10**9, "phrase", id=at_s) for at_s in range(1, 52, 4)),
        MarkerRow(START_NS + 5 * 10**9, "the same instant", id=99),
    )
    assert path.is_file()
    monkeypatch.setenv("XDG_STATE_HOME", str(directory))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    names: dict[str, Any] = {}
    cells = json.loads((ANALYSTS / "session.ipynb").read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    return names


def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ran(tmp_path / "shared", monkeypatch, (1, 1))
    # of the marks at 5, 9 ... 53 s that at 29 s has the hole from 30 to 32 s in its two seconds,
    # as has that at 33 s
    assert names["data"].shape == (2, 11, 3, 1001)
    assert names["plv"].shape == (6, 6)
    assert np.allclose(np.diag(names["plv"]), 1)
    assert (names["plv"][:3, 3:] > 0.95).all()
    places = [tmp_path / f"{number}.png" for number in range(2)]
    for figure, place in zip(names["figures"], places, strict=True):
        figure.savefig(place)
        assert place.stat().st_size > 20_000
        if keep := os.environ.get("ANTIPHON_PICTURES"):
            shutil.copy(place, keep)


def test_two_who_share_nothing_are_less_in_phase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    between = ran(tmp_path, monkeypatch, (1, 2))["plv"][:3, 3:]
    assert (between < 0.6).all()


@pytest.mark.parametrize("query", WITH_DATASETTE)
def test_datasette_answers(query: str, tmp_path: Path) -> None:
    pytest.importorskip("datasette")
    found = asked(query, session(tmp_path / f"{ID}.antiphon"))
    assert [person["code"] for person in found] == ["P01", "T01"]


@pytest.mark.parametrize(
    ("query", "found"),
    [*zip(WITH_DUCKDB, IN_THE_PARQUET, strict=True)],
)
def test_duckdb_answers(
    query: str, found: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb = pytest.importorskip("duckdb")
    if "parquet" not in FORMATS:
        pytest.skip("nothing is exported as Parquet")
    path = session(tmp_path / f"{ID}.antiphon")
    export_of("parquet")(path, tmp_path / "tables", no_progress)
    monkeypatch.chdir(tmp_path / "tables")
    assert duckdb.sql(query).fetchall() == found
