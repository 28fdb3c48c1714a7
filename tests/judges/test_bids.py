"""BIDS as its validator, HED's and mne-bids take it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mne_bids import BIDSPath, read_raw_bids

from recorder.export import export_of
from recorder.export.asked import Asked
from recorder.export.bids import subjects
from recorder.open import OpenSession, open_session
from recorder.open.to_mne import time_of_day
from recorder.store.note_rows import NoteMarkerRow
from recorder.store.notes import open_notes

MARKS = (
    (2.5, "music starts"),
    (6.5, "music ends"),
    (3.0, "shift"),
    (8.0, "größer!"),
    (8.0, "größer!"),
)
VALIDATOR = Path(sys.executable).parent / "bids-validator-deno"


def errors_in(dataset: Path) -> list[tuple[str, str]]:
    """What the validator calls an error: code and place."""
    done = subprocess.run(
        [VALIDATOR, dataset, "--format", "json"], capture_output=True, text=True, check=False
    )
    issues: list[dict[str, Any]] = json.loads(done.stdout)["issues"]["issues"]
    assert issues  # of warnings there are always some
    return [(it["code"], it.get("location", "")) for it in issues if it["severity"] == "error"]


@pytest.fixture(scope="session")
def dataset(path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each of the three sessions as a dataset."""
    with open_session(path) as opened:
        begin_ns = opened.grid().begin_ns
    with open_notes(path) as notes:
        for s, label in MARKS:
            notes.add(NoteMarkerRow(begin_ns + round(s * 1e9), label, "post", "", 1))
    out = tmp_path_factory.mktemp("bids")
    export_of("bids")(path, out)
    return out


def test_the_validator_finds_no_error(dataset: Path) -> None:
    assert errors_in(dataset) == []


def test_the_validator_looks_at_hed(dataset: Path) -> None:
    [events, *_] = sorted(dataset.rglob("*_events.json"))
    before = events.read_text()
    own = "(Def/Music-playing, Onset, (Sensory-event))"
    assert own in before
    for spoiled in ("No-such-tag", "(Def/Song, Onset)"):
        wrong = before.replace(own, spoiled)
        events.write_text(wrong)
        assert errors_in(dataset)
    events.write_text(before)


def test_what_is_shared_is_a_dataset_without_errors(path: Path, tmp_path: Path) -> None:
    export_of("bids", Asked(for_sharing=True))(path, tmp_path)
    assert errors_in(tmp_path) == []


def test_mne_bids_reads_both_people_at_the_same_instants(
    session: OpenSession, dataset: Path
) -> None:
    grid, raws = session.grid(), []
    for person in subjects(session):
        where = BIDSPath(
            root=dataset,
            subject=person.label,
            session="".join(filter(str.isalnum, session.id)),
            task="musictherapy",
            run="1",
            datatype="eeg",
        )
        raw = read_raw_bids(where, verbose="error")
        assert tuple(raw.ch_names) == session.labels(person.role)
        assert len(raw.times) >= grid.n
        begun = time_of_day(session.utc_ns(grid.begin_ns))
        assert abs((raw.info["meas_date"] - begun).total_seconds()) < 2e-6
        told = dict(zip(raw.annotations.description, raw.annotations.onset, strict=True))
        for mark in session.marks:
            assert abs(told[mark.label] - (mark.t_ns - grid.begin_ns) / 1e9) < 2e-6
        raws.append(raw)
    assert len({len(raw.times) for raw in raws}) == 1
    assert len({raw.info["meas_date"] for raw in raws}) == 1
