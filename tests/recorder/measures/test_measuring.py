"""What the configuration asks for, and what a screen is told of it."""

from pathlib import Path

import pytest

from recorder.measures.measuring import Measuring
from recorder.settings.board import BoardSettings
from recorder.settings.file import load
from recorder.settings.measures import MeasureSettings
from recorder.settings.values import ConfigError
from recorder.wearers.wearer import Wearer
from tests.recorder.scripted_board import Clock, ScriptedBoard


def configured(tmp_path: Path, text: str) -> MeasureSettings:
    path = tmp_path / "antiphon.toml"
    path.write_text(f"[measures]\n{text}\n", encoding="utf-8")
    return load(path).measures


def test_without_a_section_the_usual_is_computed(tmp_path: Path) -> None:
    assert configured(tmp_path, "") == MeasureSettings()


def test_what_is_configured_is_what_is_chosen(tmp_path: Path) -> None:
    section = configured(
        tmp_path,
        """
        kinds = ["coh", "wpli"]
        pairs = [["F3", "F4"]]
        asymmetry = [["P3", "P4"]]
        linked_ears = true
        delta = true
        therapist_peak_hz = 9.5
        """,
    )
    assert section == MeasureSettings(
        kinds=("coh", "wpli"),
        pairs=(("F3", "F4"),),
        asymmetry=(("P3", "P4"),),
        linked_ears=True,
        delta=True,
        therapist_peak_hz=9.5,
    )
    assert section.peaks_hz == (None, 9.5)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('kinds = ["synchrony"]', "line 2.*synchrony"),
        ("patient_peak_hz = 3.0", "peak_hz: 0 or 6 to 14"),
        ("therapist_peak_hz = 30.0", "line 2"),
        ('pairs = [["F3"]]', "line 2"),
    ],
)
def test_what_cannot_be_computed_is_refused_with_its_line(
    tmp_path: Path, text: str, complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        configured(tmp_path, text)


@pytest.mark.parametrize("pair", [("Cz", "F3"), ("F3", "Cz")])
def test_a_pair_that_the_montages_do_not_have_is_refused_before_anything_begins(
    pair: tuple[str, str],
) -> None:
    wearers = wearer("patient"), wearer("therapist")
    with pytest.raises(ConfigError, match=r"\[measures\] pairs: .* no channel Cz"):
        Measuring(MeasureSettings(pairs=(pair,)), wearers)


def wearer(role: str) -> Wearer:
    return Wearer(role, BoardSettings(), ScriptedBoard(Clock()), 50.0)
