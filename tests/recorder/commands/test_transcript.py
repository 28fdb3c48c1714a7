"""`antiphon transcript add` and `find`: into the session's time, refused where it is not known."""

from pathlib import Path
from typing import Any

import pytest

from recorder.export import export_of
from recorder.open import OpenSession
from recorder.privacy.striking import strike, typed
from recorder.store.beside import notes_files_of
from recorder.store.note_rows import AlignmentRow
from recorder.store.notes import open_notes
from tests.recorder.command_line import Shell
from tests.recorder.commands.two_sessions import ID, OTHER
from tests.recorder.spans.samples import FILES

VIDEO = AlignmentRow("cam1", "room a.mp4", "ab", -0.5, 0.0, 3.0, 40, 1, begin_s=0.0, end_s=9.0)
WHO = ("--speaker", "Anna=patient", "--speaker", "Ben=T02")
SAID = [
    (0.5, 2.0, "patient", "Über den <Fluss>"),
    (3.5, 3.5, "T02", "lighter"),
]


@pytest.fixture
def path(directory: Path) -> Path:
    path = directory / f"{ID}.antiphon"
    with open_notes(path) as notes:
        notes.add(VIDEO)
    return path


def file(path: Path, name: str, text: str = "") -> Path:
    there = path.with_name(name)
    there.write_text(text or FILES[name], encoding="utf-8")
    return there


def said(path: Path) -> list[tuple[float, float, str, str]]:
    with OpenSession(path, "recorded") as session:
        return [(it.begin_s, it.end_s, it.speaker, it.text) for it in session.words]


def refused(shell: Shell, path: Path, *words: object, session: str = ID) -> tuple[int, str]:
    before = [it.read_bytes() for it in notes_files_of(path)]
    code, text = shell.failure("transcript", "add", session, *words)
    assert [it.read_bytes() for it in notes_files_of(path)] == before
    return code, text


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(".srt")])
def test_what_was_said_is_placed_by_the_videos_mapping(shell: Shell, path: Path, name: str) -> None:
    told = shell("transcript", "add", ID, file(path, name), *WHO, "--json").json
    assert said(path) == SAID
    assert (len(told["lines"]), told["source"]) == (2, name)


def test_srt_has_speakers_where_a_line_begins_with_one(shell: Shell, path: Path) -> None:
    text = FILES["a.srt"].replace("lighter", "Ben: lighter")
    assert shell("transcript", "add", ID, file(path, "a.srt", text), *WHO).code == 0
    assert said(path) == [(0.5, 2.0, "", "Über den <Fluss>"), SAID[1]]


def test_a_source_is_there_once_or_replaced(shell: Shell, path: Path) -> None:
    vtt = file(path, "a.vtt")
    assert shell("transcript", "add", ID, vtt, *WHO).code == 0
    text = "2 lines of a.vtt are there already: --replace puts these in their place"
    assert refused(shell, path, vtt, *WHO) == (64, text)
    better = file(path, "b.vtt", FILES["a.vtt"].replace("light<i>er</i>", "much lighter"))
    words = ("--source", "a.vtt", "--replace", "--json")
    assert shell("transcript", "add", ID, better, *WHO, *words).json["replaced"] == 2
    assert [text for *_, text in said(path)] == ["Über den <Fluss>", "much lighter"]


@pytest.mark.parametrize(
    ("name", "text", "words", "complaint"),
    [
        ("a.vtt", "", WHO[:2], "64 who is 'Ben'? --speaker"),
        ("a.vtt", "", ("--speaker", "Anna"), "64 a speaker is given as NAME=patient"),
        ("a.vtt", "", (*WHO, "--camera", "door"), "65 which video? aligned: cam1"),
        ("a.vtt", "", (*WHO, "--tier", "Carl"), "65 nothing is in tier 'Carl'"),
        ("a.vtt", "WEBVTT\n\n00:02.000 --> 00:01.000\nx", (), "65 before it begins"),
        ("a.vtt", "WEBVTT\n\n00:00.100 --> 00:01.000\nx", (), "65 lies outside: the session is"),
        ("a.vtt", "WEBVTT\n\n00:09.500 --> 00:09.600\nx", ("--partly",), "65 lies outside"),
        ("a.vtt", "WEBVTT\n", (), "65 a.vtt: there is nothing in it"),
        (f"{OTHER}.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nx", (), "65 is of another session"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_leaves_nothing(
    shell: Shell, path: Path, name: str, text: str, words: tuple[str, ...], complaint: str
) -> None:
    code, found = refused(shell, path, file(path, name, text), *words)
    assert (f"{code}", complaint[3:] in found) == (complaint[:2], True), found


def test_without_a_mapping_it_is_refused_unless_its_times_are_the_sessions(
    shell: Shell, directory: Path
) -> None:
    path = directory / f"{ID}.antiphon"
    code, text = refused(shell, path, file(path, "a.csv"), *WHO)
    assert (code, "aligned: none: antiphon align" in text) == (65, True)
    words = (*WHO, "--time", "session")
    assert shell("transcript", "add", ID, file(path, "a.csv"), *words).code == 0
    assert said(path)[0][:2] == (1.0, 2.5)


def test_the_transcript_of_another_session_is_known_by_what_is_said(
    shell: Shell, path: Path
) -> None:
    other = path.with_name(f"{OTHER}.antiphon")
    with open_notes(other) as notes:
        notes.add(VIDEO)
    vtt = file(path, "a.vtt")
    assert shell("transcript", "add", OTHER, vtt, *WHO).code == 0
    assert refused(shell, path, vtt, *WHO) == (
        65,
        f"this is of another session: the same is said in {OTHER}",
    )


def test_elan_there_and_back_is_the_same(shell: Shell, path: Path, tmp_path: Path) -> None:
    pytest.importorskip("pympi.Elan")
    assert shell("transcript", "add", ID, file(path, "a.boris"), *WHO).code == 0
    [eaf] = export_of("elan")(path, tmp_path / "out")
    words = ("--source", "a.boris", "--replace", "--speaker", "T02=T02", "--partly")
    assert shell("transcript", "add", ID, eaf, *words).code == 0
    # an instant is a second long in ELAN, and cut at the session's end
    assert said(path) == [SAID[0], (3.5, 4.0, "T02", "lighter")]


def test_lines_that_name_somebody_are_told(shell: Shell, path: Path) -> None:
    text = FILES["a.vtt"].replace("light<i>er</i>", "dear Anna")
    ran = shell("transcript", "add", ID, file(path, "a.vtt", text), *WHO)
    assert ran.err.startswith("antiphon: warning: 1 lines look as if they named somebody")


def test_a_word_is_found_in_all_sessions_with_who_and_when(shell: Shell, path: Path) -> None:
    shell("transcript", "add", ID, file(path, "a.vtt"), *WHO)
    assert shell("find", "FLUSS").out == f"{ID}  P01 · T01     0:00.5  patient: Über den <Fluss>\n"
    told: Any = shell("find", "ligh", "--json").json
    assert [(it["session"], it["begin_s"], it["speaker"]) for it in told["found"]] == [
        (ID, 3.5, "T02")
    ]
    assert shell("find", "struck").out == "said nowhere\n"
    assert shell.failure("find", " ") == (64, "which word?")


def test_who_does_not_agree_is_neither_found_nor_exported_nor_written_down(
    shell: Shell, path: Path
) -> None:
    shell("transcript", "add", ID, file(path, "a.vtt"), *WHO)
    consent = ("consent", ID, "--role", "patient", "--by", "T01")
    assert (
        "patient    does not agree to transcript" in shell(*consent, "--refuse", "transcript").out
    )
    ran = shell("find", "fluss", "--json")
    why = "no consent to a transcript from: patient"
    assert (ran.json["found"], ran.json["not_searched"]) == ([], {ID: why})
    assert ran.err == f"antiphon: {ID} was not searched: {why}\n"
    assert said(path) == []
    code, text = refused(shell, path, file(path, "a.csv"), *WHO)
    assert (code, text) == (77, f"{ID}: {why}")
    later = shell(*consent, "--agree", "transcript", "--json").json["later"]
    assert [(it["given"], it["author"]) for it in later] == [(False, "T01"), (True, "T01")]
    assert said(path) == SAID
    code, text = shell.failure(*consent, "--agree", "transcript", "--withdraw", "share")
    assert (code, "one of --withdraw, --agree, --refuse" in text) == (64, True)
    assert shell.failure("consent", ID, "--agree", "transcript")[0] == 64


def test_what_is_struck_out_is_not_found(shell: Shell, path: Path) -> None:
    shell("transcript", "add", ID, file(path, "a.vtt"), *WHO)
    strike(path, [it for it in typed(path) if it.text == "lighter"], 1)
    assert shell("find", "lighter").out == "said nowhere\n"
    assert shell("find", "struck").out == "said nowhere\n"
