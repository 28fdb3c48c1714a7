import json
from pathlib import Path

import pytest

from recorder.store.catalog import sessions as listed
from tests.recorder.command_line import Shell
from tests.recorder.importing.files import SITES, counts_of, gui_text, pair, write

WHO = ("--patient", "P07", "--therapist", "T02")
CHANNELS = ("--channels", ",".join(SITES))


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


def test_an_imported_session_is_one_like_any_other(shell: Shell, tmp_path: Path) -> None:
    where = ("--sessions", tmp_path / "s")
    ran = shell("import", *pair(tmp_path, 24.0), *WHO, *CHANNELS, *where)
    assert ran.code == 0, ran.err
    assert "patient   text: 8 channels, 6000 samples of 250 Hz, 0 missing" in ran.out
    assert "aligned by time stamps" in ran.out
    [entry] = listed(tmp_path / "s")
    assert (entry.state, entry.codes, entry.path.parent.name) == ("closed", ("P07", "T02"), "done")
    name = entry.id
    assert shell("verify", name, *where).out.endswith("whole\n")
    assert entry.usable[0] is not None
    assert entry.usable[0] > 0.5
    shown = shell("show", name, *where)
    assert "patient: faa alpha F4-F3" in shown.out
    assert "patient P07, therapist T02" in shown.out
    assert "2020-09-13 12:26:39" in shown.out
    told = shell("analyze", name, *where, "--json")
    assert told.code == 0, told.err
    assert {it["test"] for it in told.json["runs"]} >= {"synchrony", "changes"}
    page = tmp_path / "page.html"
    assert shell("review", name, "-o", page, *where).code == 0
    assert page.stat().st_size > 10_000
    assert shell("export", name, "--to", "bids", tmp_path / "bids", *where).code == 0
    [channels] = (tmp_path / "bids").glob("sub-P07/**/eeg/*_channels.tsv")
    assert [line.split("\t")[0] for line in channels.read_text().splitlines()[1:]] == [*SITES]


def test_what_was_not_read_is_said_line_by_line(shell: Shell, tmp_path: Path) -> None:
    torn = dict.fromkeys(range(100, 800, 100), "torn")
    one = write(tmp_path / "torn.txt", gui_text(counts_of(1000, 1), replace=torn))
    ran = shell("import", one, pair(tmp_path)[1], *WHO, "--sessions", tmp_path / "s", "--json")
    [patient, _] = ran.json["people"]
    assert ran.json["schema"] == "antiphon.import/1"
    assert (patient["unread_rows"], patient["lost"], len(patient["unread"])) == (7, 7, 5)
    assert patient["unread"][0] == "line 105: 1 columns where 10 belong"
    again = shell(
        *("import", one, pair(tmp_path)[1], *WHO, "--sessions", tmp_path / "t", "--offset", "0")
    )
    assert "patient   line 105: 1 columns where 10 belong" in again.out
    assert "patient   and 2 more rows that were not read" in again.out


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["none.txt", "b.txt", *WHO], 66, "none.txt: no such file"),
        (["a.txt", *WHO], 65, "give the therapist's, too"),
        (["a.txt", "b.txt", "a.txt", *WHO], 64, "or one of both"),
        (["a.txt", "b.txt", "--patient", "P07"], 64, "Missing option '--therapist'"),
        (["a.txt", "b.txt", "--patient", "P07", "--therapist", "p07"], 64, "same code"),
        (["a.txt", "b.txt", "--patient", "Anna Muster", "--therapist", "T"], 64, "never names"),
        (["a.txt", "b.txt", *WHO, "--consent", "share"], 77, "without consent to the EEG"),
        (["a.txt", "b.txt", *WHO, "--channels", "F3,F3"], 64, "the same label"),
        (["a.txt", "b.txt", *WHO, "--channels", "F3,F 4"], 64, "'F 4' is no label"),
        (["a.txt", "b.txt", *WHO, "--channels", "F3,F4"], 65, "2 names for 8 channels"),
        (["a.txt", "b.txt", *WHO, "--gain", "0"], 64, "1<=x<=24"),
        (["a.txt", "b.txt", *WHO, "--by", "trigger"], 65, "give --offset"),
        (["a.txt", "head.txt", *WHO], 65, "head.txt: no samples in it"),
        (["a.txt", "notes.txt", *WHO], 65, "notes.txt: line 1: 1 columns"),
        (["a.txt", "x.xdf", *WHO], 65, "x.xdf: no XDF"),
        (["a.txt", "x.edf", *WHO], 65, "x.edf: no EDF"),
        (["a.txt", "x.antiphon", *WHO], 65, "is a session already"),
    ],
)
def test_what_cannot_be_imported_is_one_line_and_leaves_nothing(
    shell: Shell, tmp_path: Path, words: list[str], code: int, why: str
) -> None:
    pair(tmp_path)
    write(tmp_path / "head.txt", (tmp_path / "a.txt").read_text().partition("\n0, ")[0])
    for name in ("notes.txt", "x.xdf", "x.edf", "x.antiphon"):
        write(tmp_path / name, "the patient was calm\n")
    paths = [tmp_path / it if "." in it else it for it in words]
    found, text = shell.failure("import", *paths, "--sessions", tmp_path / "s")
    assert (found, why in text) == (code, True), text
    assert not [*(tmp_path / "s").rglob("*.antiphon")]


def test_files_that_were_imported_before_are_73(shell: Shell, tmp_path: Path) -> None:
    words = ("import", *pair(tmp_path), *WHO, "--sessions", tmp_path / "s")
    assert shell(*words).code == 0
    found, text = shell.failure(*words)
    assert (found, "these files were imported before" in text) == (73, True)


def test_a_code_that_looks_like_a_name_is_warned_of(shell: Shell, tmp_path: Path) -> None:
    who = ("--patient", "Muster", "--therapist", "T02")
    ran = shell("import", *pair(tmp_path), *who, "--sessions", tmp_path / "s", "--json")
    assert ran.err == "the patient's code looks like a name\n"
    assert json.loads(ran.out)["warnings"] == ["the patient's code looks like a name"]
