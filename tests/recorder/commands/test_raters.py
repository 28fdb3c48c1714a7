"""`antiphon raters`: files of other programs into the notes, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recorder.export import export_of
from recorder.export.asked import Asked
from recorder.open import OpenSession
from recorder.store.beside import notes_files_of, sha256_of
from recorder.store.note_rows import AlignmentRow
from recorder.store.notes import open_notes
from tests.recorder.command_line import Shell
from tests.recorder.commands.two_sessions import ID, OTHER

TWO = "begin_s,end_s,label\n0.5,1.5,MOI: lighter now\n2,3,MONI\n"
INSTANT = "begin_s,end_s,label\n2.25,2.25,MOI\n"
VIDEO = AlignmentRow("cam1", "room.mp4", "ab", 1.0, 0.0, 3.0, 40, 1, begin_s=0.0, end_s=9.0)


@pytest.fixture
def path(directory: Path) -> Path:
    return directory / f"{ID}.antiphon"


def file(path: Path, text: str, name: str = "R1.csv") -> Path:
    there = path.with_name(name)
    there.write_text(text, encoding="utf-8")
    return there


def add(shell: Shell, path: Path, *more: object, rater: str = "R1") -> Any:
    asked = ("raters", "add", ID, path, "--rater", rater, "--time", "session", "--json", *more)
    return shell(*asked).json


def refused(shell: Shell, path: Path, *words: object) -> tuple[int, str]:
    before = [it.read_bytes() for it in notes_files_of(path)]
    code, text = shell.failure("raters", "add", ID, *words)
    assert [it.read_bytes() for it in notes_files_of(path)] == before
    return code, text


def test_moments_are_kept_with_whose_and_how_they_came_to_be(shell: Shell, path: Path) -> None:
    told = add(shell, file(path, TWO))
    assert (told["rater"], told["blind"], told["left_out"]) == ("R1", True, 0)
    add(shell, file(path, INSTANT), "--saw-measures", rater="R2")
    with OpenSession(path, "recorded") as session:
        found = [(it.begin_s, it.end_s, it.sort, it.text, it.blind) for it in session.ratings]
        assert [it.author for it in session.intervals] == ["R1", "R1"]
    assert found == [
        (0.5, 1.5, "interest", "lighter now", True),
        (2.0, 3.0, "no interest", "", True),
        (2.25, 2.25, "interest", "", False),
    ]


def test_a_videos_seconds_become_those_of_the_session(shell: Shell, path: Path) -> None:
    with open_notes(path) as notes:
        notes.add(VIDEO)
    assert shell("raters", "add", ID, file(path, INSTANT), "--rater", "R1").code == 0
    with OpenSession(path, "recorded") as session:
        assert [it.begin_s for it in session.ratings] == [3.25]


def test_a_rater_rates_once_or_instead(shell: Shell, path: Path) -> None:
    add(shell, file(path, TWO))
    words = (file(path, INSTANT), "--rater", "R1", "--time", "session")
    assert refused(shell, path, *words) == (
        64,
        "2 moments of R1 are there already: --replace puts these in their place,"
        " --also beside them",
    )
    assert add(shell, file(path, INSTANT), "--replace")["replaced"] == 2
    with OpenSession(path, "recorded") as session:
        assert [it.begin_s for it in session.ratings] == [2.25]


def test_a_code_that_differs_in_capitals_only_is_the_same_rater(shell: Shell, path: Path) -> None:
    add(shell, file(path, TWO))
    words = (file(path, INSTANT), "--rater", "r1", "--time", "session")
    code, text = refused(shell, path, *words)
    assert (code, "R1 has rated this session already: is r1 somebody else?" in text) == (64, True)


def test_who_rates_the_very_same_as_another_is_asked_about(shell: Shell, path: Path) -> None:
    add(shell, file(path, TWO))
    for text, warns in ((TWO, True), (INSTANT, False)):
        asked = ("raters", "add", ID, file(path, text), "--rater", "R2", "--time", "session")
        ran = shell(*asked, "--replace")
        assert ran.code == 0
        assert ("R1 has rated the very same: one rater twice?" in ran.err) == warns


def test_interviews_are_kept_apart_from_raters(shell: Shell, path: Path) -> None:
    for role in ("patient", "therapist"):
        asked = ("raters", "add", ID, file(path, INSTANT), "--interview", role)
        assert shell(*asked, "--time", "session").code == 0
    told = shell("raters", "show", ID, "--json").json
    assert (told["raters"], told["shared"]) == ([], [])
    found = [(it["author"], it["provenance"]) for it in told["interviews"]]
    assert found == [("patient", "interview"), ("therapist", "interview")]
    line = "   0:02.2 to    0:02.2  patient in the interview: interest"
    assert line in shell("raters", "show", ID).out.splitlines()


HEAD = "begin_s,end_s,label\n"


@pytest.mark.parametrize(
    ("text", "words", "code", "complaint"),
    [
        (TWO, (), 65, "which video? aligned: none: antiphon align"),
        (HEAD + "2,1,MOI\n", ("--time", "session"), 65, "ends at 0:01.0, before it begins"),
        (HEAD + "1,3,MOI\n2,4,MOI\n", ("--time", "session"), 65, "a stretch is rated once"),
        (HEAD + "1,3,MOI\n1,3,MONI\n", ("--time", "session"), 65, "(no interest) overlap"),
        (HEAD + "3,9,MOI\n", ("--time", "session"), 65, "the session is 0:04.0 long; --partly"),
        (HEAD + "7,9,MOI\n", ("--time", "session", "--partly"), 65, "lies outside"),
        (HEAD + "1,2,gaze\n", ("--time", "session"), 65, "no moments in it: --interest and"),
        (HEAD + "1,2,MOI\n", ("--time", "session", "--tier", "x"), 65, "nothing is in tier 'x'"),
        (HEAD, ("--time", "session"), 65, "a table without rows"),
        ("", ("--time", "session"), 65, "R1.csv: there is nothing in it"),
        (TWO, ("--rater", "Anna Berg"), 64, "'Anna Berg' is no code of a rater"),
        (TWO, ("--rater", "patient"), 64, "'patient' is no code of a rater"),
        (TWO, ("--interview", "patient"), 64, "give --rater or --interview"),
        (TWO, ("--observation", "x"), 65, "only a project of BORIS has observations"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_leaves_nothing(
    shell: Shell, path: Path, text: str, words: tuple[str, ...], code: int, complaint: str
) -> None:
    told, found = refused(shell, path, file(path, text), "--rater", "R1", *words)
    assert (told, complaint in found) == (code, True), found


def test_a_file_that_is_not_there_is_66(shell: Shell, path: Path) -> None:
    assert refused(shell, path, path.with_name("no.eaf"), "--rater", "R1")[0] == 66
    assert refused(shell, path, path.with_name("no.json"))[0] == 66


def test_what_is_outside_is_left_out_and_cut_when_asked(shell: Shell, path: Path) -> None:
    text = HEAD + "1,2,MOI\n3,9,MOI\n10,12,MONI\n"
    told = add(shell, file(path, text), "--partly")
    assert (told["left_out"], told["cut"]) == (1, 1)
    assert [(it["begin_s"], it["end_s"]) for it in told["moments"]] == [(1, 2), (3, 4)]


def page(path: Path, **changed: Any) -> str:
    interval = {"begin_s": 0.5, "end_s": 1.5, "sort": "interest", "text": "a: b"}
    whole = {
        "schema": "antiphon.ratings/1",
        "session": ID,
        "session_sha256": sha256_of(path),
        "rater": "R3",
        "provenance": "rater",
        "blind": False,
        "made_utc": "2026-11-29T17:41:42Z",
        "intervals": [interval],
    }
    return json.dumps(whole | changed)


def test_what_the_page_saved_says_itself_whose_it_is(shell: Shell, path: Path) -> None:
    told = shell("raters", "add", ID, file(path, page(path), "saved.json"), "--json").json
    assert (told["rater"], told["blind"], told["moments"][0]["text"]) == ("R3", False, "a: b")
    interview = page(path, rater="therapist", provenance="interview", session_sha256="")
    assert shell("raters", "add", ID, file(path, interview, "saved.json")).code == 0
    with OpenSession(path, "recorded") as session:
        assert [it.author for it in session.interviews] == ["therapist"]


def test_a_page_for_sharing_comes_back(shell: Shell, path: Path) -> None:
    from recorder.open.shared import SharedSession

    with SharedSession(path, "recorded", ()) as shared:
        text = page(path, session=shared.id, session_sha256="")
    told = shell("raters", "add", ID, file(path, text, "saved.json"), "--json").json
    assert told["rater"] == "R3"
    with SharedSession(path, "recorded", ()) as shared:
        [rating] = shared.ratings
        [interval] = shared.intervals
    assert (rating.sort, rating.text, interval.label) == ("interest", "", "interest")
    assert rating.author not in ("", "R3")


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"session": OTHER}, f"this is of another session: {OTHER}, not {ID}"),
        ({"session": "shared-01234567"}, "this is of another session: shared-01234567"),
        ({"session_sha256": "ab"}, f"this was made of another file of {ID} than is here"),
        ({"schema": "antiphon.ratings/9"}, "saved.json: no antiphon.ratings/1"),
        ({"rater": "patient"}, "an interview is the patient's or the therapist's"),
        ({"provenance": "interview"}, "an interview is the patient's or the therapist's"),
        ({"intervals": []}, "no moments in it"),
    ],
)
def test_a_page_of_another_session_or_none_is_refused(
    shell: Shell, path: Path, changed: dict[str, Any], complaint: str
) -> None:
    code, text = refused(shell, path, file(path, page(path, **changed), "saved.json"))
    assert (code, complaint in text) == (65, True), text


def test_a_file_whose_name_is_of_another_session_is_refused(shell: Shell, path: Path) -> None:
    other = file(path, TWO, f"{OTHER}_R1.csv")
    assert refused(shell, path, other, "--rater", "R1", "--time", "session") == (
        65,
        f"this is of another session: {OTHER}, not {ID}",
    )


@pytest.mark.parametrize("video", [(), (VIDEO,)])
def test_elan_there_and_back_is_the_same(
    shell: Shell, path: Path, tmp_path: Path, video: tuple[AlignmentRow, ...]
) -> None:
    pytest.importorskip("pympi.Elan")
    inside = "begin_s,end_s,label\n1.25,1.5,MOI: früh <&>\n2,3,MONI\n"
    add(shell, file(path, inside))
    with open_notes(path) as notes:
        notes.add(*video)
    [eaf] = export_of("elan")(path, tmp_path / "out")
    shell.failure("raters", "add", ID, eaf, "--rater", "R2")  # its tiers are R1's, not R2's own
    asked = ("raters", "add", ID, eaf, "--rater", "R2", "--tier", "intervals R1")
    assert shell(*asked).code == 0
    with OpenSession(path, "recorded") as session:
        of = {
            code: [it.moment for it in session.ratings if it.author == code]
            for code in ["R1", "R2"]
        }
    assert of["R1"] == of["R2"]


@pytest.mark.parametrize("video", [(), (VIDEO,)])
def test_boris_there_and_back_is_the_same(
    shell: Shell, path: Path, tmp_path: Path, video: tuple[AlignmentRow, ...]
) -> None:
    inside = "begin_s,end_s,label\n1.25,1.5,MOI: früh <&>\n2,3,MONI\n3.5,3.5,MOI\n"
    add(shell, file(path, inside))
    with open_notes(path) as notes:
        notes.add(*video)
    [project] = export_of("boris")(path, tmp_path / "out")
    [again] = export_of("boris")(path, tmp_path / "again")
    assert again.read_bytes() == project.read_bytes()
    shell("raters", "add", ID, project, "--rater", "R2")
    with OpenSession(path, "recorded") as session:
        rated = session.ratings
    of = {code: [it.moment for it in rated if it.author == code] for code in ("R1", "R2")}
    assert of["R1"] == of["R2"]
    assert len(of["R2"]) == 3
    [blind] = export_of("boris", Asked(blind=True))(path, tmp_path / "blind")
    assert "früh" in project.read_text(encoding="utf-8")
    assert "früh" not in blind.read_text(encoding="utf-8")
    code, text = shell.failure("raters", "add", ID, blind, "--rater", "R4")
    assert (code, text) == (65, f"{ID}.boris: there is nothing in it")


def test_moments_come_in_the_place_of_others_or_beside_them(shell: Shell, path: Path) -> None:
    asked = ("--rater", "R1", "--time", "session", "--replace", "--also")
    assert refused(shell, path, file(path, TWO), *asked) == (64, "either --replace or --also")


def test_each_chapter_has_an_observation_of_its_own(
    shell: Shell, path: Path, tmp_path: Path
) -> None:
    add(shell, file(path, "begin_s,end_s,label\n1.25,1.5,MOI\n3.5,3.6,MOI: late\n"))
    first = replace(VIDEO, begin_s=0.0, end_s=1.0)
    second = replace(VIDEO, video_name="two.mp4", video_sha256="22", offset_s=3.0)
    with open_notes(path) as notes:
        notes.add(first, second)
    [project] = export_of("boris")(path, tmp_path / "out")
    observations = json.loads(project.read_text(encoding="utf-8"))["observations"]
    told = {
        it["file"]["1"][0]: {event[4] for event in it["events"]} for it in observations.values()
    }
    assert told == {VIDEO.video_name: {""}, "two.mp4": {"late"}}
    for name in observations:
        asked = ("--rater", "R2", "--observation", name, "--also")
        assert shell("raters", "add", ID, project, *asked).code == 0
    with OpenSession(path, "recorded") as session:
        of = {
            code: [it.moment for it in session.ratings if it.author == code]
            for code in ("R1", "R2")
        }
    assert of["R1"] == of["R2"]


def test_a_project_of_several_raters_asks_whose_observation_is_meant(
    shell: Shell, path: Path, tmp_path: Path
) -> None:
    for rater in ("R1", "R2"):
        add(shell, file(path, TWO), rater=rater)
    [project] = export_of("boris")(path, tmp_path / "out")
    code, text = shell.failure("raters", "add", ID, project, "--rater", "R3")
    assert (code, f"'{ID} rater R1', '{ID} rater R2'" in text) == (65, True)
    asked = ("--rater", "R3", "--observation", f"{ID} rater R2")
    assert shell("raters", "add", ID, project, *asked).code == 0


def test_a_file_to_rate_in_blindly_is_read_with_what_was_rated_in_it(
    shell: Shell, path: Path, tmp_path: Path
) -> None:
    elan = pytest.importorskip("pympi.Elan")
    add(shell, file(path, TWO))
    [written] = export_of("elan", Asked(blind=True))(path, tmp_path / "out")
    eaf = elan.Eaf(str(written))
    assert sorted(eaf.get_tier_names()) == ["gaps patient", "interest", "marks", "no interest"]
    eaf.add_annotation("interest", 1000, 2000, "now")
    eaf.to_file(str(written))
    told = shell("raters", "add", ID, written, "--rater", "R2", "--json").json
    assert told["moments"] == [{"begin_s": 1.0, "end_s": 2.0, "sort": "interest", "text": "now"}]


def test_agreement_and_what_is_shared_are_told(shell: Shell, path: Path) -> None:
    add(shell, file(path, TWO))
    add(shell, file(path, HEAD + "0.75,1.75,MOI\n2,3,MONI\n"), rater="R2")
    add(shell, file(path, HEAD + "0.5,1.5,MONI\n2,3,MOI\n"), "--saw-measures", rater="R3")
    told = shell("raters", "show", ID, "--step", "0.25", "--json").json
    assert [(it["rater"], it["counted"]) for it in told["raters"]] == [
        ("R1", True),
        ("R2", True),
        ("R3", False),
    ]
    assert 0.7 < told["agreement"]["alpha"] < 1
    shared = [(it["begin_s"], it["end_s"], it["sort"]) for it in told["shared"]]
    assert shared == [(0.75, 1.5, "interest"), (2.0, 3.0, "no interest")]
    lines = shell("raters", "show", ID, "--step", "0.25").out.splitlines()
    assert lines[2] == "R3         1 of interest, 1 of none, 2.0 s, saw the measures: not counted"
    assert lines[3].startswith("agreement  alpha 0.8")
    assert "   0:00.8 to    0:01.5  shared  interest: R1, R2" in lines
    all_of_them = shell("raters", "show", ID, "--seeing", "--step", "0.25", "--json").json
    assert all_of_them["agreement"]["alpha"] < told["agreement"]["alpha"]


def test_without_what_to_do_a_line_says_so(shell: Shell) -> None:
    assert [shell.failure(verb) for verb in ("raters", "transcript")] == [
        (64, "Missing command."),
        (64, "Missing command."),
    ]


def test_of_nobody_and_of_one_rater_no_agreement_is_told(shell: Shell, path: Path) -> None:
    told = shell("raters", "show", ID, "--json").json
    assert (told["agreement"], told["why_no_agreement"]) == (None, "agreement takes two raters")
    add(shell, file(path, TWO))
    assert "agreement  not told: agreement takes two raters" in shell("raters", "show", ID).out
    code, text = shell.failure("raters", "show", ID, "--step", "0.001")
    assert (code, "0.05 s or more" in text) == (64, True)
