"""The cost page: counts become shares of a core, and the aims are held against them."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from recorder.failure import Failure
from tests import results
from tests.bench.cost import (
    AIM_MIB,
    AIM_SHARE,
    CALIBRATED_HZ,
    FACTORS,
    Counts,
    Process,
    cost,
    main,
    page,
)

MIB = 1024.0


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another page of results than the project's own."""
    path = Path(shutil.copy(results.RESULTS, tmp_path))
    monkeypatch.setattr(results, "RESULTS", path)
    return path


def counts(service: float = 1.2e9, screen: float = 0.6e9, rss_mib: float = 50.0) -> Counts:
    return Counts(30.0, Process(service, rss_mib * MIB), Process(screen, rss_mib * MIB))


def test_a_share_is_instructions_a_second_times_the_factor_by_the_calibration() -> None:
    told = cost(counts())
    assert told.service_instructions == pytest.approx(40e6)
    shares = {it.machine: it.service + it.screen for it in told.shares}
    assert shares.keys() == FACTORS.keys()
    for machine, factor in FACTORS.items():
        assert shares[machine] == pytest.approx(60e6 * factor / CALIBRATED_HZ)
    assert told.share == shares["Zero 2 W"] == max(shares.values())


def test_the_aims_are_of_both_together() -> None:
    just = AIM_SHARE * CALIBRATED_HZ / FACTORS["Zero 2 W"] * 30
    assert cost(counts(just * 0.6, just * 0.39)).ok
    assert not cost(counts(just * 0.6, just * 0.41)).ok
    assert not cost(counts(0.8e9, rss_mib=AIM_MIB / 2)).ok


def test_the_page_says_what_was_missed() -> None:
    assert page(cost(counts(0.8e9))).count("(met)") == 2
    told = page(cost(counts(9e9)))
    assert "under 20% of a core of a Zero 2 W (missed)" in told
    assert told.count("|---|---|---|---|") == 2


def write(path: Path, **fields: object) -> Path:
    process = {"instructions": 1e9, "rss_kib": 50 * MIB}
    whole = {"recorded_s": 30.0, "service": process, "screen": process}
    path.write_text(json.dumps(whole | fields))
    return path


def test_a_file_of_counts_becomes_a_page_or_an_object(tmp_path: Path, kept: Path) -> None:
    file = write(tmp_path / "counts.json", schema="antiphon.counts/1")
    assert "| Zero 2 W | 15 |" in CliRunner().invoke(main, [str(file)]).output
    assert "| 27.0% | 20% |" in kept.read_text()
    told = json.loads(CliRunner().invoke(main, [str(file), "--json"]).output)
    assert (told["schema"], told["ok"]) == ("antiphon.cost/1", False)


@pytest.mark.parametrize("damage", [{"recorded_s": 0.0}, {"service": 5}, {"screen": None}])
def test_counts_of_nothing_are_refused(tmp_path: Path, damage: dict[str, object]) -> None:
    file = write(tmp_path / "counts.json", **damage)
    result = CliRunner().invoke(main, [str(file)])
    assert isinstance(result.exception, Failure)
    assert "counts.json" in str(result.exception)
