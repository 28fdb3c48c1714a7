from dataclasses import replace
from pathlib import Path

import pytest

from recorder.store.writer import SessionWriter
from tests.recorder import session_files
from tests.recorder.command_line import Shell
from tests.recorder.commands.two_sessions import ID, OTHER


def test_sessions_are_listed_oldest_first(directory: Path, shell: Shell) -> None:
    lines = shell("sessions").out.splitlines()
    assert [line.split()[:3] for line in lines] == [
        [ID, "closed", "0:04"],
        [OTHER, "closed", "0:04"],
    ]
    told = shell("sessions", "--json").json
    assert told["schema"] == "antiphon.sessions/1"
    assert [one["id"] for one in told["sessions"]] == [ID, OTHER]
    assert told["sessions"][0]["path"] == str(directory / f"{ID}.antiphon")


def test_no_sessions_is_no_failure(shell: Shell, tmp_path: Path) -> None:
    ran = shell("sessions", "--sessions", tmp_path / "none")
    assert (ran.code, ran.out) == (0, f"no sessions in {tmp_path / 'none'}\n")
    assert shell("sessions", "--sessions", tmp_path, "--json").json["sessions"] == []


def test_an_unreadable_file_is_listed_with_its_reason(directory: Path, shell: Shell) -> None:
    (directory / "torn.antiphon").write_bytes(b"torn")
    line = shell("sessions").out.splitlines()[-1]
    assert line.startswith("torn  unreadable")
    assert "not a session file" in line


def test_show_tells_what_is_in_a_session(directory: Path, shell: Shell) -> None:
    lines = shell("show", ID).out.splitlines()
    assert lines[0] == f"session    {ID}, closed"
    assert lines[1] == "begun      2026-11-23 04:00:00 UTC, 0:04 long"
    assert lines[2] == "people     patient P01, therapist T01"
    assert lines[3] == "markers    1"
    patient, therapist = lines[-2:]
    assert patient.startswith("patient    1004 samples, 6 lost, 4 late, ")
    assert patient.endswith("1 segment; gaps: 2 x radio")
    assert therapist.endswith("rate not known, 1 segment; gaps: none")
    told = shell("show", ID, "--json").json
    assert (told["schema"], told["id"]) == ("antiphon.show/1", ID)
    assert [one["samples"] for one in told["boards"]] == [1004, 1000]


def test_show_names_the_channels_that_are_no_eeg(directory: Path, shell: Shell) -> None:
    header = session_files.header("20261125T101500Z-a0b1")
    patient, therapist = header.boards
    channels = (*patient.channels[:2], replace(patient.channels[2], kind="ecg"))
    header = replace(header, boards=(replace(patient, channels=channels), therapist))
    path = directory / f"{header.id}.antiphon"
    SessionWriter.create(path, header).close(session_files.START_NS)
    told = shell("show", path, "--json").json["boards"]
    assert [it["kind"] for it in told[0]["channels"]] == ["eeg", "eeg", "ecg"]
    patients, therapists = shell("show", path).out.splitlines()[-2:]
    assert patients.endswith("gaps: none; no EEG: P3 ecg")
    assert therapists.endswith("gaps: none")


@pytest.mark.parametrize("verb", ["show", "verify"])
def test_a_session_is_found_by_id_by_its_beginning_and_by_file(
    directory: Path, shell: Shell, verb: str
) -> None:
    for name in (ID, ID[:8], directory / f"{ID}.antiphon"):
        assert shell(verb, name).code == 0


@pytest.mark.parametrize(
    ("name", "complaint"), [("2027", "no session and no file is called"), ("2026", "fits 2")]
)
@pytest.mark.parametrize("verb", ["show", "verify", "export"])
def test_a_session_that_is_not_there_or_not_the_only_one_is_66(
    directory: Path, shell: Shell, verb: str, name: str, complaint: str
) -> None:
    more = ["--to", "csv", directory / "out", "--own-use"] if verb == "export" else []
    code, text = shell.failure(verb, name, *more)
    assert code == 66
    assert complaint in text


@pytest.mark.parametrize("verb", ["show", "verify", "export"])
def test_what_is_no_session_file_is_65(directory: Path, shell: Shell, verb: str) -> None:
    path = directory / "torn.antiphon"
    path.write_bytes(b"torn")
    more = ["--to", "csv", directory / "out", "--own-use"] if verb == "export" else []
    code, text = shell.failure(verb, path, *more)
    assert code == 65
    assert text.startswith(f"{path}: not a session file")
