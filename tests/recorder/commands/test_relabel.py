from pathlib import Path

import pytest

from recorder.store.beside import notes_files_of
from tests.recorder.command_line import Shell
from tests.recorder.commands.two_sessions import ID


def relabel(shell: Shell, channels: str, *more: str, role: str = "patient") -> dict[str, object]:
    asked = ("relabel", ID, "--role", role, "--channels", channels, "--json", *more)
    told: dict[str, object] = shell(*asked).json
    return told


def test_channels_are_called_otherwise_from_then_on(directory: Path, shell: Shell) -> None:
    before = (directory / f"{ID}.antiphon").read_bytes()
    told = relabel(shell, "O1, o2,Ecg")
    assert (told["before"], told["channels"]) == (["F3", "F4", "P3"], ["O1", "O2", "ECG"])
    shown = shell("show", ID, "--json").json
    assert shown["boards"][0]["channels"][2] == {"label": "ECG", "kind": "ecg"}
    assert shown["relabelled"] == ["patient"]
    assert "relabelled patient: O1, O2, ECG" in shell("show", ID).out.splitlines()
    assert relabel(shell, "F3,F4,P3")["before"] == ["O1", "O2", "ECG"]
    assert (directory / f"{ID}.antiphon").read_bytes() == before


@pytest.mark.parametrize(
    ("channels", "complaint"),
    [
        ("F3,F4", "2 labels for 3 channels"),
        ("F3,F3,F4", "two channels would be called F3"),
        ("F3,F4,EXG3", "'EXG3' is no site of the 10-05 system"),
    ],
)
def test_what_cannot_be_is_64_and_leaves_nothing(
    directory: Path, shell: Shell, channels: str, complaint: str
) -> None:
    code, text = shell.failure("relabel", ID, "--role", "patient", "--channels", channels)
    assert code == 64
    assert complaint in text
    assert notes_files_of(directory / f"{ID}.antiphon") == []
