"""ELAN's file; that pympi and xmllint take it is judged in tests/judges, too."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recorder.export import export_of
from recorder.store.note_rows import AlignmentRow, NoteIntervalRow, NoteMarkerRow, TranscriptRow
from recorder.store.notes import open_notes
from tests.recorder import session_files
from tests.recorder.export.full import ID
from tests.recorder.session_files import START_NS

elan = pytest.importorskip("pympi.Elan")
export_elan = export_of("elan")
SECOND = 10**9
CAM1 = AlignmentRow("cam1", "room & co.mp4", "ab", 1.5, 20_000.0, 3.0, 40, 1)
CAM2 = AlignmentRow("cam2", "door.webm", "cd", 1.0, 0.0, 3.0, 40, 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return session_files.write(tmp_path / f"{ID}.antiphon", session_files.usual_rows())


def exported(path: Path, directory: Path, *notes: Any) -> Any:
    with open_notes(path) as opened:
        opened.add(*notes)
    [file] = export_elan(path, directory)
    return elan.Eaf(str(file))


def mark(at_s: float, label: str, author: str = "R1") -> NoteMarkerRow:
    return NoteMarkerRow(START_NS + round(at_s * SECOND), label, "rater", author, 1)


def test_without_a_video_tiers_are_in_the_sessions_time(path: Path, tmp_path: Path) -> None:
    begin_ns, end_ns = START_NS + SECOND, START_NS + 2 * SECOND
    eaf = exported(
        path,
        tmp_path,
        mark(0.5, "früh <&>"),
        NoteIntervalRow(begin_ns, end_ns, "music", "rater", "R1", 1),
        TranscriptRow(begin_ns, end_ns, "patient", "lighter now", "vtt", 1),
    )
    tiers = {name: eaf.get_annotation_data_for_tier(name) for name in eaf.get_tier_names()}
    assert tiers == {
        "marks": [(3000, 4000, "music, ends")],
        "marks R1": [(500, 1500, "früh <&>")],
        "intervals R1": [(1000, 2000, "music")],
        "words patient": [(1000, 2000, "lighter now")],
        "gaps patient": [(2000, 2012, "radio"), (2028, 2040, "radio")],
    }
    assert eaf.get_linked_files() == []


def test_with_a_video_tiers_are_in_its_time_drift_and_all(path: Path, tmp_path: Path) -> None:
    eaf = exported(path, tmp_path, mark(2.52, "there"), mark(1.4, "before"), CAM1, CAM2)
    assert eaf.get_annotation_data_for_tier("marks R1") == [(1000, 2000, "there")]
    first, second = eaf.get_linked_files()
    assert (first["RELATIVE_MEDIA_URL"], first["MIME_TYPE"]) == ("./room & co.mp4", "video/mp4")
    assert "TIME_ORIGIN" not in first
    assert (second["MEDIA_URL"], second["TIME_ORIGIN"]) == ("door.webm", "500")
    told = dict(eaf.get_properties())
    assert told["antiphon: left out, before the video"] == "1"
    assert told["antiphon: clock"] == "recorded"


def test_what_the_video_begins_within_is_told_from_its_begin(path: Path, tmp_path: Path) -> None:
    whole = NoteIntervalRow(START_NS, START_NS + 3 * SECOND, "music", "rater", "R1", 1)
    eaf = exported(path, tmp_path, whole, CAM2)
    assert eaf.get_annotation_data_for_tier("intervals R1") == [(0, 2000, "music")]


def test_where_no_mapping_holds_nothing_is_told(path: Path, tmp_path: Path) -> None:
    first, second = replace(CAM2, begin_s=0.0, end_s=0.5), replace(CAM2, begin_s=1.0, end_s=9.0)
    whole = NoteIntervalRow(START_NS, START_NS + 2 * SECOND, "music", "rater", "R1", 1)
    notes = (mark(1.25, "seen"), mark(1.75, "lost"), whole, first, replace(second, offset_s=1.5))
    eaf = exported(path, tmp_path, *notes)
    assert eaf.get_annotation_data_for_tier("marks R1") == [(250, 1250, "seen")]
    assert eaf.get_annotation_data_for_tier("intervals R1") == [(0, 500, "music")]
    # the lost mark, and both gaps
    assert dict(eaf.get_properties())["antiphon: left out, before the video"] == "3"


def test_each_chapter_has_a_file_with_what_it_shows(path: Path, tmp_path: Path) -> None:
    first = replace(CAM2, begin_s=0.0, end_s=0.9)
    second = replace(first, video_name="door2.webm", video_sha256="ef", offset_s=2.0)
    with open_notes(path) as opened:
        opened.add(mark(1.25, "early"), mark(2.5, "late"), first, second)
    files = export_elan(path, tmp_path)
    assert [file.name for file in files] == [f"{ID}.eaf", f"{ID}.chapter-2.eaf"]
    told = [elan.Eaf(str(file)) for file in files]
    linked = [[it["MEDIA_URL"] for it in eaf.get_linked_files()] for eaf in told]
    assert linked == [["door.webm"], ["door2.webm"]]
    marks = [eaf.get_annotation_data_for_tier("marks R1") for eaf in told]
    assert marks == [[(250, 1250, "early")], [(500, 1500, "late")]]


def test_what_overlaps_goes_into_a_second_tier(path: Path, tmp_path: Path) -> None:
    eaf = exported(path, tmp_path, *(mark(at_s, f"{at_s}") for at_s in (0.5, 0.9, 1.5, 1.9)))
    first, second = (eaf.get_annotation_data_for_tier(it) for it in ("marks R1", "marks R1 2"))
    assert [text for *_, text in first] == ["0.5", "1.5"]
    assert [text for *_, text in second] == ["0.9", "1.9"]


def test_the_same_session_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    exported(path, tmp_path / "one", mark(1, "x"), CAM1)
    [one], [other] = (export_elan(path, tmp_path / name) for name in ("two", "three"))
    assert one.read_bytes() == other.read_bytes()
    assert b"2026-11-23T04:00:00+00:00" in one.read_bytes()
    assert [file.name for file in (tmp_path / "two").iterdir()] == [f"{ID}.eaf"]


def test_a_sign_that_xml_does_not_know_is_shown_as_one(path: Path, tmp_path: Path) -> None:
    eaf = exported(path, tmp_path, mark(1, "bell \x07"))
    assert eaf.get_annotation_data_for_tier("marks R1")[0][2] == "bell \ufffd"
