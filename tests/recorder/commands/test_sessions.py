from dataclasses import replace
from pathlib import Path

import pytest

from recorder.privacy.disclosures import write_down
from recorder.store.finish import finish
from recorder.store.note_rows import NoteIntervalRow, NoteMarkerRow
from recorder.store.notes import open_notes
from recorder.store.rows import EventRow, GapRow, ImpedanceRow, QualityRow
from recorder.store.writer import SessionWriter
from recorder.sync.receipts import Receipt, Receipts
from tests.recorder import session_files
from tests.recorder.command_line import Shell
from tests.recorder.commands.two_sessions import ID, OTHER
from tests.recorder.session_files import START_NS

SECOND_NS = 10**9


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
    assert lines[3] == "consent    patient record; therapist record, video, share"
    assert lines[4] == "marks      1"
    at = lines.index("patient    there 0:04 of 0:04 (99.4 %), usable not known")
    assert lines[at + 1].strip() == "missing: moments radio (2 x)"
    assert lines[at + 2].strip().startswith("1004 samples, 6 lost among them, 4 late, ")
    assert lines[at + 3 : at + 5] == [
        "therapist  there 0:04 of 0:04 (100.0 %), usable not known",
        "           missing: nothing",
    ]
    assert lines[at + 5].strip().endswith("rate not known, 1 segment")
    assert "     0:03  mark     music, ends" in lines
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
    out = shell("show", path).out
    assert out.count("no EEG") == 1
    assert "0 segments; no EEG: P3 ecg" in out


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


def contact(second: int, board: int, *states: str) -> list[QualityRow]:
    at_ns = START_NS + second * SECOND_NS
    return [
        QualityRow(at_ns, board, channel, state, None, None) for channel, state in enumerate(states)
    ]


def receipt(directory: Path, path: Path) -> None:
    """That the lab holds the file as it is now."""
    stat = path.stat()
    proof = Receipt(
        path.name, stat.st_size, "ab", stat.st_mtime_ns, "2026-11-24", "box@lab:/eeg", verified=True
    )
    Receipts(directory, "lab", "box@lab:/eeg").store(proof)


@pytest.fixture
def eventful(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four seconds of which the patient's board was unplugged for two; put away, and noted on."""
    monkeypatch.setenv("ANTIPHON_SESSIONS", str(tmp_path))
    rows = [
        *session_files.usual_rows(),
        GapRow(0, 1, 0, 0, "unplugged", START_NS + SECOND_NS, START_NS + 3 * SECOND_NS),
        *contact(1, 0, "good", "noisy", "good"),
        *contact(2, 0, "no data", "no data", "no data"),
        *contact(3, 0, "good", "good", "flat"),
        ImpedanceRow(START_NS - 80 * SECOND_NS, 0, 0, 5.25),
        ImpedanceRow(START_NS - 80 * SECOND_NS, 0, 1, None),
        EventRow(START_NS + SECOND_NS, "note", "she\nsmiled"),
        EventRow(START_NS + SECOND_NS, "shift", "patient: F4-F3 rose"),
        EventRow(START_NS + 2 * SECOND_NS, "answer", "therapist: followed"),
        EventRow(START_NS, "board", "patient: streaming"),
    ]
    path = finish(session_files.write(tmp_path / f"{ID}.antiphon", rows))
    with open_notes(path) as notes:
        notes.add(
            NoteMarkerRow(START_NS + SECOND_NS, "moment", "rater", "R1", 1),
            NoteIntervalRow(START_NS + SECOND_NS, START_NS + 2 * SECOND_NS, "moi", "post", "", 1),
        )
    receipt(tmp_path, path)
    write_down(tmp_path, "2026-11-24T10:00:00Z", "exported", ID, to="/mnt/stick")
    return path


def test_show_tells_coverage_marks_contacts_and_copies(eventful: Path, shell: Shell) -> None:
    lines = shell("show", ID).out.splitlines()
    assert "marks      2, 1 interval, 1 note, 1 shift, 1 answer; 1 other event (--json)" in lines
    there = lines.index("patient    there 0:02 of 0:04 (49.4 %), usable 32.9 %")
    assert lines[there + 1].strip() == "missing: moments radio (2 x), 2.0 s unplugged (1 x)"
    assert "impedance  patient: F3 5.2, F4 at its rail kohm, at -1:20" in lines
    assert "copy       lab, box@lab:/eeg, verified 2026-11-24" in lines
    assert any(it.startswith("exported   2026-11-24T10:00:00Z /mnt/stick by ") for it in lines)
    begin = lines.index("     0:01  mark     moment (rater R1)")
    assert lines[begin + 1 : begin + 6] == [
        "     0:01  note     she smiled",
        "     0:01  shift    patient: F4-F3 rose",
        "     0:01  interval until 0:02: moi (post)",
        "     0:02  answer   therapist: followed",
        "     0:03  mark     music, ends",
    ]
    assert any(line.startswith("    holes |") and "#" in line for line in lines[begin:])


def test_show_tells_it_all_as_json(eventful: Path, shell: Shell) -> None:
    told = shell("show", ID, "--json").json
    patient, therapist = told["boards"]
    assert patient["missing_s"] == pytest.approx({"radio": 0.024, "unplugged": 2.0})
    assert patient["there_s"] == pytest.approx(1.976)
    assert patient["good"] == pytest.approx(4 / 6)
    assert patient["usable"] == pytest.approx(1.976 / 4 * 4 / 6)
    assert (therapist["usable"], therapist["there_s"]) == (None, 4.0)
    assert [it["label"] for it in told["marks"]] == ["moment", "music, ends"]
    assert [it["end_s"] for it in told["intervals"]] == [2.0]
    assert [it["kind"] for it in told["events"]] == ["board", "note", "shift", "answer"]
    assert told["consent"][1]["consent_share"]
    assert [it["kohm"] for it in told["impedances"]] == [5.25, None]
    assert told["copies"]["lab"]["destination"] == "box@lab:/eeg"
    assert told["disclosures"][0]["to"] == "/mnt/stick"
    assert told["markers"] == 1


def test_a_copy_of_another_state_of_the_file_is_none(eventful: Path, shell: Shell) -> None:
    eventful.chmod(0o640)
    with eventful.open("ab") as file:
        file.write(b"\0")
    ran = shell("show", ID)
    assert "copy       none that a destination has proved to hold: antiphon sync" in ran.out
    assert ran.err.startswith("damaged: ")
    assert shell("sessions", "--json").json["sessions"][0]["copied"] == []


def test_the_list_tells_people_their_usable_share_marks_and_copies(
    eventful: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    [line] = shell("sessions").out.splitlines()
    assert line.endswith("2026-11-23 13:00  P01 33%, T01  1 mark     lab")
    [told] = shell("sessions", "--json").json["sessions"]
    assert (told["codes"], told["marks"], told["copied"]) == (["P01", "T01"], 1, ["lab"])
    assert told["usable"] == [pytest.approx(0.329, abs=1e-3), None]


def ids_of(shell: Shell, *options: str) -> list[str]:
    return [one["id"] for one in shell("sessions", "--json", *options).json["sessions"]]


def test_sessions_of_a_person(directory: Path, shell: Shell) -> None:
    header = session_files.header("20261125T101500Z-a0b1")
    patient, therapist = header.persons
    header = replace(header, persons=(replace(patient, code="P02"), therapist))
    session_files.write(directory / f"{header.id}.antiphon", [], header)
    assert ids_of(shell, "--person", "P02") == [header.id]
    assert ids_of(shell, "--person", "P01") == [ID, OTHER]
    assert ids_of(shell, "--person", "T01") == [ID, OTHER, header.id]
    assert shell("sessions", "--person", "P0").out == f"no such sessions in {directory}\n"


def test_sessions_since_a_date_are_by_local_time(
    directory: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    (directory / "torn.antiphon").write_bytes(b"torn")
    monkeypatch.setenv("TZ", "America/New_York")  # the evening before, there
    assert ids_of(shell, "--since", "2026-11-23") == ["torn"]
    assert ids_of(shell, "--since", "2026-11-22") == [ID, OTHER, "torn"]
    assert shell.failure("sessions", "--since", "yesterday")[0] == 64
