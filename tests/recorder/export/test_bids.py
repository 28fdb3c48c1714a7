"""The tree of a BIDS dataset; validator and mne-bids judge it elsewhere (tests/judges)."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recorder.export import export_of
from recorder.export.annotations import Annotation
from recorder.export.asked import Asked
from recorder.export.bids_events import event_rows, events_json
from recorder.open import open_session
from recorder.store.note_rows import AlignmentRow, NoteMarkerRow
from recorder.store.notes import open_notes
from recorder.store.rows import EventRow, ImpedanceRow
from tests.recorder import session_files
from tests.recorder.open.played import Played, Stretch, session
from tests.recorder.session_files import START_NS

edfio = pytest.importorskip("edfio")

Floats = NDArray[np.float64]
ID = "20261123T040000Z-1f3a"
SES = "20261123T040000Z1f3a"
FORBIDDEN = set('<>:"\\|?*')


def hum(t_s: Floats) -> Floats:
    told: Floats = 20 * np.sin(2 * np.pi * 10 * t_s)
    return told


def made(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    session(
        path,
        Played(250.33, [Stretch(0.0, 1500, lost=[range(400, 410)])], hum),
        Played(249.71, [Stretch(0.4, 1500)], hum),
        session_files.series(1),
        session_files.values(START_NS + 10**9, (1, 0.25)),
        session_files.values(START_NS + 2 * 10**9, (1, np.nan)),
        EventRow(START_NS + 10**9, "note", "tab\there"),
        ImpedanceRow(START_NS, 0, 1, 12.5),
    )
    with open_notes(path) as notes:
        notes.add(
            NoteMarkerRow(START_NS + 1_500_000_000, "music starts", "post", "", 1),
            NoteMarkerRow(START_NS + 3 * 10**9, "music ends", "post", "", 1),
            AlignmentRow("front", "a:b.mp4", "ab", 1.51, 20.0, 9.3, 40, 1),
        )
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return made(tmp_path / "sessions" / f"{ID}.antiphon")


@pytest.fixture
def root(path: Path, tmp_path: Path) -> Path:
    files = export_of("bids")(path, tmp_path / "bids")
    assert sorted(files) == sorted(it for it in (tmp_path / "bids").rglob("*") if it.is_file())
    return tmp_path / "bids"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def told(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def eeg(root: Path, person: str, ending: str) -> Path:
    name = f"sub-{person}_ses-{SES}_task-musictherapy_run-1_{ending}"
    return root / f"sub-{person}" / f"ses-{SES}" / "eeg" / name


def test_two_subjects_share_session_task_run_start_and_length(root: Path, path: Path) -> None:
    assert rows(root / "participants.tsv") == [
        {"participant_id": f"sub-{one}", "role": role, "dyad_id": "DP01T01", "partner_id": other}
        for one, role, other in (("P01", "patient", "sub-T01"), ("T01", "therapist", "sub-P01"))
    ]
    scans = [
        rows(root / f"sub-{it}" / f"ses-{SES}" / f"sub-{it}_ses-{SES}_scans.tsv")[0]
        for it in ("P01", "T01")
    ]
    with open_session(path) as opened:
        grid = opened.grid()
        assert scans[0]["acq_time"] == opened.utc_text(grid.begin_ns)
    assert float(scans[0]["duration"]) == pytest.approx(grid.n / 250)
    assert [{k: it[k] for k in ("acq_time", "duration", "dyad_id")} for it in scans] == [
        {k: scans[0][k] for k in ("acq_time", "duration", "dyad_id")}
    ] * 2
    for person, scan in zip(("P01", "T01"), scans, strict=True):
        assert scan["filename"] == f"eeg/{eeg(root, person, 'eeg.bdf').name}"
        assert len(edfio.read_bdf(eeg(root, person, "eeg.bdf")).signals[0].digital) >= grid.n


def test_events_say_what_happened_and_what_lacks(root: Path) -> None:
    events = rows(eeg(root, "P01", "events.tsv"))
    types = [it["trial_type"] for it in events]
    assert types == ["note", "music starts", "BAD_radio", "music ends", "BAD_not there"]
    assert (events[0]["text"], events[1]["onset"]) == ("tab here", "1.500000")
    hed = told(eeg(root, "P01", "events.json"))["trial_type"]["HED"]
    assert hed["music starts"] == "(Def/Music-playing, Onset, (Sensory-event))"
    assert hed["BAD_radio"] == "(Data-feature, Data-break-marker, Label/radio)"
    assert set(hed) == set(types)


def test_channels_electrodes_and_clocks_are_told(root: Path) -> None:
    channels = rows(eeg(root, "P01", "channels.tsv"))
    assert [(it["name"], it["type"], it["units"]) for it in channels] == [
        (label, "EEG", "uV") for label in session_files.LABELS
    ]
    place = root / "sub-P01" / f"ses-{SES}" / "eeg"
    electrodes = rows(place / f"sub-P01_ses-{SES}_electrodes.tsv")
    assert [it["impedance"] for it in electrodes] == ["n/a", "12.5", "n/a"]
    described = told(eeg(root, "T01", "eeg.json"))
    assert described["Clocks"]["patient"]["standard_error_ms"] == 0.1
    assert set(described["Clocks"]) == {"patient", "therapist"}
    assert described["SoftwareFilters"]["Resampling"]["from_hz"] == pytest.approx(249.71)


def test_sources_and_measures_are_beside(root: Path, path: Path) -> None:
    source = root / "sourcedata" / "antiphon" / ID
    assert (source / f"{ID}.antiphon").read_bytes() == path.read_bytes()
    assert (source / f"{ID}_patient_native.bdf").is_file()
    assert told(source / "videos.json")[0]["name"] == "a:b.mp4"
    derived = root / "derivatives" / "antiphon"
    [one, other] = rows(derived / f"{ID}_measures.tsv")
    name = "plv_alpha_patient-therapist_F3-F3"
    assert (one["onset"], one[name], other[name]) == ("1.000000", "0.25", "n/a")
    assert told(derived / f"{ID}_measures.json")[name]["window_s"] == 30.0
    assert rows(derived / f"{ID}_clean.tsv")[0][name] == "1"


def test_another_session_of_the_therapist_goes_into_the_same_dataset(
    root: Path, tmp_path: Path
) -> None:
    head = session_files.header("20261124T040000Z-2f3a")
    persons = (replace(head.persons[0], code="P-02"), head.persons[1])
    other = session_files.write(
        tmp_path / "sessions" / f"{head.id}.antiphon",
        [session_files.block(0, 0), session_files.block(1, 0)],
        replace(head, persons=persons),
    )
    export_of("bids")(other, root)
    found = {it["participant_id"]: it for it in rows(root / "participants.tsv")}
    assert set(found) == {"sub-P01", "sub-P02", "sub-T01"}
    assert found["sub-T01"]["dyad_id"] == "DP01T01;DP02T01"
    assert found["sub-T01"]["partner_id"] == "sub-P01;sub-P02"
    assert found["sub-P01"]["dyad_id"] == "DP01T01"


def test_names_are_allowed_on_windows_and_bytes_are_the_same_again(root: Path, path: Path) -> None:
    before = {it: it.read_bytes() for it in root.rglob("*") if it.is_file()}
    for file in before:
        parts = file.relative_to(root).parts
        assert not [it for it in parts if FORBIDDEN & set(it) or it[-1] in ". "]
    export_of("bids")(path, root)
    assert {it: it.read_bytes() for it in root.rglob("*") if it.is_file()} == before


# Names drawn for sharing: one in some hundred has a code in it by chance.
DRAWN = re.compile(rb"[PT][0-9a-f]{8}|shared-?[0-9a-f]{8}")


def test_what_is_shared_has_neither_the_file_nor_codes_nor_dates(
    path: Path, tmp_path: Path
) -> None:
    files = export_of("bids", Asked(for_sharing=True))(path, tmp_path / "shared")
    hidden = (b"P01", b"T01", b"20261123", b"1f3a", b"a:b.mp4", b"tab here", b"2026-11-23")
    for file in files:
        text = str(file.relative_to(tmp_path)).encode() + file.read_bytes()
        told = DRAWN.sub(b"", text)
        assert not [word for word in hidden if word in told]
    assert not [it for it in files if it.suffix == ".antiphon"]


def test_what_two_raters_called_the_same_is_no_event_twice() -> None:
    found = [Annotation(1.0, 0.0, "shift", "rater", it) for it in ("R1", "R2", "R3")]
    assert [row[0] for row in event_rows(found)] == ["1.000000", "1.000001", "1.000002"]


def test_a_pair_that_takes_no_turns_is_no_scope() -> None:
    def hed_of(*types: str) -> dict[str, str]:
        found = [Annotation(float(s), 0.0, it) for s, it in enumerate(types)]
        assert len(event_rows(found)) == len(types)
        hed: dict[str, str] = events_json(found)["trial_type"]["HED"]
        return hed

    turns = hed_of("music starts", "music ends", "music starts", "music ends", "baseline ends")
    assert turns["music ends"] == "(Def/Music-playing, Offset)"
    assert turns["baseline ends"] == "(Data-feature, Data-marker, Label/baseline-ends)"
    forgotten = hed_of("music starts", "music starts", "music ends")
    assert forgotten["music starts"] == "(Data-feature, Data-marker, Label/music-starts)"
    assert hed_of("größer!")["größer!"] == "(Data-feature, Data-marker, Label/gr-er)"
    assert hed_of("早")["早"] == "(Data-feature, Data-marker, Label/mark)"
