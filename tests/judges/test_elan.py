"""What pympi and libxml2, which xmllint is made of, make of ELAN's file."""

from pathlib import Path

import pympi
from lxml import etree

from recorder.export import export_of
from recorder.open import open_session
from recorder.store.note_rows import AlignmentRow, TranscriptRow
from recorder.store.notes import open_notes
from tests.judges.copies import copy_of


def test_a_videos_mapping_reaches_every_tier(path: Path, tmp_path: Path) -> None:
    path = copy_of(path, tmp_path / "copy")
    with open_session(path) as session:
        at_ns = session.marks[-1].t_ns
    with open_notes(path) as notes:
        notes.add(AlignmentRow("cam1", "room & co.mp4", "ab", 0.5113, 2000.0, 9.3, 40, 1))
        notes.add(TranscriptRow(at_ns, at_ns + 10**9, "patient", "über – <&>", "vtt", 1))
    file = next(it for it in export_of("elan")(path, tmp_path) if it.suffix == ".eaf")
    assert etree.parse(file).getroot().tag == "ANNOTATION_DOCUMENT"
    eaf = pympi.Elan.Eaf(str(file))
    [linked] = eaf.get_linked_files()
    assert linked["MEDIA_URL"] == "room & co.mp4"
    with open_session(path) as session:
        rated = [mark for mark in session.marks if mark.author == "R1"]
        expected = [round(1000 * session.video_time(mark.t_s)) for mark in rated]
        told = eaf.get_annotation_data_for_tier("marks R1")
        assert [(begin, text) for begin, _, text in told] == [
            (begin, mark.label) for begin, mark in zip(expected, rated, strict=True)
        ]
        [(begin, end, text)] = eaf.get_annotation_data_for_tier("words patient")
        [said] = session.words
        assert text == said.text
        assert begin == round(1000 * session.video_time(said.begin_s))
        assert end == round(1000 * session.video_time(said.end_s))
