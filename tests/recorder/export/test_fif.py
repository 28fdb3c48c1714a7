"""MNE's own files, as MNE reads them; where it is installed."""

from pathlib import Path

import numpy as np
import pytest

from recorder.export import export_of
from recorder.open import open_session
from tests.recorder.export.full import ID, full_session

mne = pytest.importorskip("mne", reason='mne is not installed: pip install "antiphon[mne]"')


def test_both_people_come_back_as_they_are_given_to_mne(tmp_path: Path) -> None:
    path = full_session(tmp_path / "full")
    files = export_of("fif")(path, tmp_path / "out")
    assert [it.name for it in files] == [f"{ID}_patient_raw.fif", f"{ID}_therapist_raw.fif"]
    assert sorted(files) == sorted((tmp_path / "out").iterdir())
    with open_session(path) as opened:
        for file, given in zip(files, opened.to_mne(), strict=True):
            raw = mne.io.read_raw_fif(file, verbose="error")
            assert np.allclose(raw.get_data(), given.get_data(), rtol=1e-6, atol=0)
            assert raw.info["meas_date"] == given.info["meas_date"]
            assert raw.annotations.description.tolist() == given.annotations.description.tolist()
            assert "clock refitted" in raw.info["description"]


def test_the_same_session_gives_the_same_bytes(tmp_path: Path) -> None:
    path = full_session(tmp_path / "full")
    made = [export_of("fif")(path, tmp_path / name) for name in ("one", "other")]
    for one, other in zip(*made, strict=True):
        assert one.read_bytes() == other.read_bytes()
