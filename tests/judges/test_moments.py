"""Agreement beside krippendorff and pygamma-agreement; files as others' libraries read them."""

from pathlib import Path

import krippendorff
import numpy as np
import pympi
import pytest
import webvtt
from praatio import textgrid

from recorder.moments.agreement import agreement, alpha, on_grid
from recorder.moments.moment import SORTS, Moment
from recorder.spans.reading import read
from tests.recorder.spans.samples import ELAN, TEXTGRID, VTT

DURATION_S = 2700.0


def test_alpha_is_krippendorffs_with_and_without_missing_values() -> None:
    rng = np.random.default_rng(20261129)
    for case in range(200):
        size = (int(rng.integers(2, 6)), int(rng.integers(5, 300)))
        codes = rng.integers(-(case % 2), 3, size, dtype=np.int8)
        values = np.where(codes < 0, np.nan, codes)
        expected = krippendorff.alpha(values, level_of_measurement="nominal")
        assert alpha(codes) == pytest.approx(expected, abs=1e-9)


def planted(rng: np.random.Generator) -> dict[str, list[Moment]]:
    """Two who agree within 10 s, and one who does not know of them."""
    begins = np.arange(200.0, 2500.0, 400.0)
    return {
        "R1": _moments(begins),
        "R2": _moments(begins + rng.uniform(0, 10, len(begins))),
        "R3": _moments(begins + rng.uniform(60, 300, len(begins))),
    }


def _moments(begins: np.ndarray) -> list[Moment]:
    return [Moment(float(at), float(at) + 60, SORTS[n % 2]) for n, at in enumerate(begins)]


@pytest.mark.filterwarnings("ignore")
def test_gamma_puts_the_same_raters_together_as_alpha() -> None:
    pytest.importorskip("pygamma_agreement", reason="its cvxopt has no wheel for this Python")
    from pyannote.core import Segment
    from pygamma_agreement import CombinedCategoricalDissimilarity, Continuum

    raters = planted(np.random.default_rng(7))

    def gamma(*codes: str) -> float:
        continuum = Continuum()
        for code in codes:
            for moment in raters[code]:
                continuum.add(code, Segment(moment.begin_s, moment.end_s), moment.sort)
        np.random.seed(1)  # noqa: NPY002 - it draws from there
        return float(
            continuum.compute_gamma(CombinedCategoricalDissimilarity(), n_samples=10).gamma
        )

    def ours(*codes: str) -> float:
        return agreement({code: raters[code] for code in codes}, DURATION_S, 1).alpha

    pairs = [("R1", "R2"), ("R1", "R2", "R3"), ("R1", "R3")]
    told = [(ours(*codes), gamma(*codes)) for codes in pairs]
    print("alpha and gamma:", [(round(a, 3), round(g, 3)) for a, g in told])  # noqa: T201
    assert told[0][0] > 0.7
    assert told[0][1] > 0.7
    assert [a for a, _ in told] == sorted((a for a, _ in told), reverse=True)
    assert [g for _, g in told] == sorted((g for _, g in told), reverse=True)


def test_the_grid_converges(tmp_path: Path) -> None:
    """Alpha on finer grids is the same alpha: of 1 s and of 0.1 s within 0.005."""
    raters = planted(np.random.default_rng(7))
    fine, coarse = (
        alpha(np.stack([on_grid(it, DURATION_S, step_s) for it in raters.values()]))
        for step_s in (0.1, 1.0)
    )
    assert coarse == pytest.approx(fine, abs=0.005)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_webvtt_reads_the_same_cues(tmp_path: Path) -> None:
    path = written(tmp_path / "a.vtt", VTT)
    theirs = [(it.start_in_seconds, it.end_in_seconds, it.voice) for it in webvtt.read(str(path))]
    ours = [(int(it.begin_s), int(it.end_s), it.tier) for it in read(path).spans]
    assert ours == [(int(begin), int(end), who) for begin, end, who in theirs]


def test_praatio_reads_the_same_intervals(tmp_path: Path) -> None:
    path = written(tmp_path / "a.TextGrid", TEXTGRID)
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    theirs = [
        (entry[0], entry[-2] if len(entry) == 3 else entry[0], entry[-1], name)
        for name in grid.tierNames
        for entry in grid.getTier(name).entries
    ]
    ours = [(it.begin_s, it.end_s, it.text, it.tier) for it in read(path).spans]
    assert ours == theirs
    short = tmp_path / "short.TextGrid"
    grid.save(str(short), format="short_textgrid", includeBlankSpaces=True)
    assert read(short).spans == read(path).spans


def test_pympi_reads_the_same_annotations(tmp_path: Path) -> None:
    path = written(tmp_path / "a.eaf", ELAN)
    eaf = pympi.Elan.Eaf(str(path))
    theirs = {
        (begin / 1000, end / 1000, text, tier)
        for tier in ("Anna", "Ben")
        for begin, end, text, *_ in eaf.get_annotation_data_for_tier(tier)
    }
    ours = {(it.begin_s, it.end_s, it.text, it.tier) for it in read(path).spans}
    assert ours == theirs
