"""A whole analysis of made-up sessions."""

from pathlib import Path

import pytest

from recorder.analysis.analyse import Analysis, Asked, analyse
from recorder.analysis.synchrony import FOR_INFERENCE
from recorder.open import Result, open_session
from tests.recorder.analysis.sessions import SECONDS, made_up

TESTS = {"synchrony", "following", "segments", "contrast", "answers", "changes"}


def analysed(path: Path, asked: Asked | None = None) -> Analysis:
    with open_session(path) as opened:
        return analyse(opened, asked or Asked(), made_utc_ns=5)


@pytest.fixture(scope="module")
def coupled_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up(tmp_path_factory.mktemp("coupled"), shared=6.0)


@pytest.fixture(scope="module")
def coupled(coupled_path: Path) -> Analysis:
    return analysed(coupled_path)


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    return analysed(made_up(tmp_path_factory.mktemp("apart"), shared=0.0))


def found(analysis: Analysis, test: str, name: str = "", band: str = "") -> list[Result]:
    [run] = [it for it in analysis.runs if it.test == test]
    return [it for it in run.results if name in ("", it.name) and band in ("", it.band)]


def number(value: float | None) -> float:
    assert value is not None
    return value


def test_what_is_shared_is_found_and_only_that(coupled: Analysis) -> None:
    alpha, beta = (found(coupled, "synchrony", "plv", band) for band in ("alpha", "beta"))
    assert [it.channels for it in alpha] == [("F3", "F3"), ("F4", "F4"), ("P3", "P3")]
    for it in alpha:
        assert number(it.value) > number(it.chance_high)
        assert number(it.p_corrected) < 0.01
        assert "beyond chance" in it.said
    assert all(number(it.p_corrected) > 0.01 for it in beta)


def test_nothing_is_found_where_there_is_nothing(apart: Analysis) -> None:
    tested = [it for name in FOR_INFERENCE for it in found(apart, "synchrony", name)]
    assert len(tested) == len(FOR_INFERENCE) * 9
    assert min(number(it.p_corrected) for it in tested) > 0.005
    assert min(number(it.clean) for it in tested) > 0.9


def test_measures_that_do_not_hold_have_no_p_and_say_why(coupled: Analysis) -> None:
    for name in ("coh", "imcoh", "aec", "dwpli"):
        for it in found(coupled, "synchrony", name):
            assert (it.p, it.p_corrected, it.for_inference) == (None, None, False)
            assert "not for inference" in it.said
            assert number(it.value) >= number(it.chance) - 1


def test_every_test_is_a_run_with_all_its_parameters(coupled: Analysis) -> None:
    assert {run.test for run in coupled.runs} == TESTS
    for run in coupled.runs:
        assert run.parameters["seed"] == 1
        assert run.parameters["clock"] == "recorded"
        assert run.parameters["damage"] == []
        run.row()  # can be written
    [shifts] = [it for it in coupled.runs if it.test == "synchrony"]
    assert shifts.parameters["for_inference"] == list(FOR_INFERENCE)


def test_each_label_is_compared_with_the_rest(coupled: Analysis) -> None:
    said = {it.said.split(":")[0] for it in found(coupled, "contrast")}
    assert said == {"music against the rest", "moment against the rest"}
    for it in found(coupled, "contrast"):
        assert number(it.low) <= number(it.value) <= number(it.high)


def test_two_labels_are_compared_when_asked_for(coupled_path: Path) -> None:
    again = analysed(coupled_path, Asked(contrasts=("moment:music",)))
    assert {it.unit for it in found(again, "contrast")} == {"difference, moment against music"}


def test_both_directions_are_told(coupled: Analysis) -> None:
    for test in ("following", "answers"):
        leaders = {it.persons[0] for it in found(coupled, test)}
        assert leaders == {"patient", "therapist"}
    assert min(number(it.lag_s) for it in found(coupled, "following")) >= 1


def test_the_same_seed_gives_the_same(coupled_path: Path, coupled: Analysis) -> None:
    assert analysed(coupled_path).runs == coupled.runs


def test_windows_hold_what_is_measured_off_line_only(coupled: Analysis) -> None:
    names = {it.row.name for it in coupled.more}
    assert names == {"ciplv", "dwpli", "aec_d"}
    for it in coupled.more:
        assert len(it.value) == len(coupled.replayed.end_ns) == SECONDS - 1
        assert it.clean[-1] > 0.9


def test_a_label_that_is_not_there_is_told(coupled_path: Path) -> None:
    with pytest.raises(ValueError, match="'tango': moment, music"):
        analysed(coupled_path, Asked(contrasts=("tango",)))
    with pytest.raises(ValueError, match="different labels"):
        analysed(coupled_path, Asked(contrasts=("music:music",)))


def test_a_persons_own_alpha_is_found_and_measured(coupled_path: Path) -> None:
    own = analysed(coupled_path, Asked(individual_alpha=True))
    assert own.runs[0].parameters["alpha_peaks_hz"] == pytest.approx([10, 10], abs=0.6)
    assert found(own, "synchrony", "plv", "ialpha")


def test_where_nothing_is_drawn_the_seed_does_not_matter(
    coupled_path: Path, coupled: Analysis
) -> None:
    other = analysed(coupled_path, Asked(seed=2))
    assert found(other, "synchrony") == found(coupled, "synchrony")
    assert {run.parameters["seed"] for run in other.runs} == {2}


def test_half_a_minute_concludes_nothing_and_says_so(tmp_path: Path) -> None:
    short = analysed(made_up(tmp_path, shared=6.0, seconds=30))
    assert found(short, "following")
    for it in found(short, "following"):
        assert it.p is None
        assert "nothing can be concluded" in it.said
    assert found(short, "segments") == []
