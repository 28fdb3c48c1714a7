from pathlib import Path

import pytest

from recorder.importing.channels import distinct, label_of, named, parted
from recorder.importing.text import bring_text
from recorder.progress import no_progress
from tests.recorder.importing.files import SITES, pair


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("EEG F3-REF", ("F3", "", "REF")),
        ("fp1", ("Fp1", "", "")),
        ("EEG C3-A2", ("C3", "", "A2")),
        ("ECG II", ("II", "ecg", "")),
        ("EKG1", ("EKG1", "", "")),
        ("VEOG", ("VEOG", "eog", "")),
        ("Kanal 7 (größer)", ("Kanal_7__gr__er_", "", "")),
        ("  ", ("channel", "", "")),
    ],
)
def test_names_of_other_programs_become_labels(text: str, told: tuple[str, str, str]) -> None:
    label, kind, reference = label_of(text)
    assert (label, reference) == (told[0], told[2])
    assert kind in (told[1], "eeg" if text.startswith("EEG") else told[1])


def test_labels_are_distinct() -> None:
    assert distinct(["F3", "F3", "x" * 16, "x" * 16]) == ("F3", "F3_2", "x" * 16, "x" * 13 + "_2")


def test_channels_are_taken_by_name_or_all_are_named(tmp_path: Path) -> None:
    [one] = bring_text(pair(tmp_path, 2.0)[0], None, no_progress)
    assert named(one, SITES).labels == SITES
    some = named(one, ("exg7", "EXG2"))
    assert some.labels == ("EXG7", "EXG2")
    assert (some.stretches[0].counts == one.stretches[0].counts[:, [6, 1]]).all()
    assert named(one, (*SITES[:7], "ECG")).kinds == ("eeg",) * 7 + ("ecg",)
    with pytest.raises(ValueError, match=r"3 names for 8 channels, and no channel F3: it has EXG1"):
        named(one, ("F3", "F4", "EXG1"))


def test_channels_of_both_are_parted_by_name_or_in_order(tmp_path: Path) -> None:
    [one] = bring_text(pair(tmp_path, 2.0)[0], None, no_progress)
    mine, yours = parted(one, [("EXG3", "EXG1"), ("EXG2",)])
    assert (mine.labels, yours.labels) == (("EXG3", "EXG1"), ("EXG2",))
    with pytest.raises(ValueError, match="5 names for 8 channels: name all of them"):
        parted(one, [("F3", "F4"), ("F3", "F4", "Fz")])
