"""Channels that are called otherwise afterwards."""

from dataclasses import replace
from pathlib import Path

import pytest

from recorder.open import open_session
from recorder.open.labels import kind_of, known_label, new_labels
from recorder.store.note_files import merge, own_notes_file
from recorder.store.note_rows import RelabelRow
from recorder.store.notes import open_notes
from tests.recorder import session_files
from tests.recorder.session_files import START_NS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    faa = replace(session_files.series(7, "faa"), persons=("patient",), channels=("F4", "F3"))
    rows = [*session_files.usual_rows(), faa, session_files.values(START_NS, (1, 0.5), (7, 0.1))]
    return session_files.write(tmp_path / "20261123T040000Z-1f3a.antiphon", rows)


def relabel(path: Path, role: str, *channels: str, at: int = 1, machine: str = "") -> None:
    with open_notes(path, machine) as notes:
        notes.add(RelabelRow(role, channels, "", at))


def test_everything_that_is_computed_from_names_follows(path: Path) -> None:
    relabel(path, "patient", "Fz", "ECG", "P4")
    with open_session(path) as opened:
        assert opened.labels("patient") == opened.native("patient").labels == ("Fz", "ECG", "P4")
        assert [it.kind for it in opened.channels("patient")] == ["eeg", "ecg", "eeg"]
        assert opened.labels("therapist") == session_files.LABELS
        assert opened.relabelled == ("patient",)
        assert opened.measures().names == (
            "plv_alpha_patient-therapist_Fz-F3",
            "faa_alpha_patient_ECG-Fz",
        )
        assert [it.channels for it in opened.series] == [("Fz", "F3"), ("ECG", "Fz")]
        told = opened.summary()["boards"][0]["channels"]
        assert told[1] == {"label": "ECG", "kind": "ecg"}


def test_the_newest_of_all_machines_wins(path: Path) -> None:
    relabel(path, "therapist", "O1", "O2", "Oz", at=3)
    relabel(path, "therapist", "C3", "C4", "Cz", at=2, machine="0" * 8)
    assert open_session(path).labels("therapist") == ("O1", "O2", "Oz")
    relabel(path, "therapist", "P3", "P4", "Pz", at=4, machine="0" * 8)
    assert open_session(path).labels("therapist") == ("P3", "P4", "Pz")


def test_labels_that_do_not_fit_the_board_are_left_alone(path: Path) -> None:
    relabel(path, "patient", "O1", "O2")
    relabel(path, "nobody", "O1", "O2", "Oz")
    opened = open_session(path)
    assert (opened.labels("patient"), opened.relabelled) == (session_files.LABELS, ())


def test_labels_are_spelt_as_the_field_does() -> None:
    given = ("fz", "FP1", "afF5H", "ecg", "Heog2", "a2")
    assert [*map(known_label, given)] == ["Fz", "Fp1", "AFF5h", "ECG", "HEOG2", "A2"]
    kinds = ("eeg", "ecg", "eog", "emg", "resp", "misc")
    assert tuple(map(kind_of, ("AFF5h", "ECG2", "VEOG", "EMG1", "RESP", "MISC"))) == kinds


@pytest.mark.parametrize("text", ["EXG1", "F33", "", "Fz2", "ECG-", "F", "F3 F4", "HECG"])
def test_a_label_that_nobody_knows_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no site of the 10-05 system"):
        known_label(text)


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        (("F3", "F4"), "2 labels for 3 channels"),
        (("F3", "f3", "F4"), "two channels would be called F3"),
    ],
)
def test_too_few_and_doubled_labels_are_refused(labels: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        new_labels(session_files.board(0, "patient"), labels)


def test_labels_are_carried_between_machines(path: Path, tmp_path: Path) -> None:
    relabel(path, "patient", "O1", "O2", "Oz")
    ours, theirs = own_notes_file(path), tmp_path / "theirs"
    theirs.write_bytes(ours.read_bytes())
    relabel(path, "patient", "Fz", "Cz", "Pz", at=2)
    newer = ours.read_bytes()
    ours.write_bytes(theirs.read_bytes())
    theirs.write_bytes(newer)
    assert merge(ours, theirs, path) == (True, False)
    assert open_session(path).labels("patient") == ("Fz", "Cz", "Pz")
