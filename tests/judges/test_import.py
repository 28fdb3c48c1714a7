"""What MNE wrote is imported again: its own files, with marks and spans that are bad."""

from pathlib import Path

import mne
import numpy as np
import pytest

from recorder.importing.fif import bring_fif
from recorder.open import OpenSession
from recorder.store.check import verify
from tests.recorder.importing.files import imported


def raw(seconds: float = 8.0, seed: int = 1) -> mne.io.RawArray:
    """Two channels of EEG, one of ECG and one of triggers."""
    volts = np.random.default_rng(seed).normal(0, 20e-6, (4, round(seconds * 250)))
    volts[3] = 0
    info = mne.create_info(["Fp1", "C3", "ECG", "STI"], 250.0, ["eeg", "eeg", "ecg", "stim"])
    made = mne.io.RawArray(volts, info, verbose="error")
    made.set_meas_date(1_600_000_000)
    made.set_annotations(mne.Annotations([1.5, 3.0], [0.0, 2.0], ["eyes closed", "BAD_move"]))
    return made


def test_mnes_own_files_come_back(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}_raw.fif" for name in "ab"]
    for seed, file in enumerate(files):
        raw(seed=seed).crop(tmin=seed * 0.5).save(file, verbose="error")
    done = imported(tmp_path, *files)
    assert verify(done.path).ok
    with OpenSession(done.path, "recorded") as session:
        native = session.native("patient")
        assert native.labels == ("Fp1", "C3", "ECG")
        assert [it.kind for it in session.channels("patient")] == ["eeg", "eeg", "ecg"]
        np.testing.assert_allclose(native.uv, raw(seed=0).get_data()[:3].T * 1e6, atol=0.001)
        begins = [int(session.native(role).t_ns[0]) for role in session.roles]
        assert begins[1] - begins[0] == pytest.approx(500_000_000, abs=1000)
        assert session.utc_ns(begins[0]) == 1_600_000_000_000_000_000
        assert [(round(it.t_s, 6), it.label) for it in session.marks] == [(1.5, "eyes closed")]
        assert [(round(it.begin_s, 6), it.label) for it in session.intervals] == [(3.0, "BAD_move")]
    assert any("STI" in text for text in done.told["people"][0]["told"])


def test_a_file_that_is_cut_is_refused_in_one_line(tmp_path: Path) -> None:
    raw().save(tmp_path / "a_raw.fif", verbose="error")
    (tmp_path / "cut_raw.fif").write_bytes((tmp_path / "a_raw.fif").read_bytes()[:300])
    with pytest.raises(ValueError, match="no raw FIF file that mne can read") as caught:
        bring_fif(tmp_path / "cut_raw.fif")
    assert "\n" not in str(caught.value)
