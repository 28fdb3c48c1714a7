"""BDF, read back by the library that wrote it; the judges are others (tests/judges)."""

import sys
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recorder.export import bdf_file, export_of
from recorder.export.asked import Asked
from recorder.export.bdf_file import Record, records_of
from recorder.failure import Failure
from recorder.open import open_session
from recorder.open.to_mne import time_of_day
from recorder.store.note_rows import NoteIntervalRow, NoteMarkerRow
from recorder.store.notes import open_notes
from recorder.store.rows import EventRow
from tests.recorder import session_files
from tests.recorder.open.played import Played, Stretch, session
from tests.recorder.session_files import START_NS, UV_PER_COUNT

edfio = pytest.importorskip("edfio")

Floats = NDArray[np.float64]
ID = "20261123T040000Z-1f3a"
FULL = 2**23 - 1


def steady(t_s: Floats) -> Floats:
    told: Floats = 5_000 + 30 * np.sin(2 * np.pi * 10 * t_s)
    return told


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two rates, a loss, an unplug, a mark in each kind of place."""
    lossy = Stretch(0.0, 1000, lost=[range(400, 410)])
    made = session(
        tmp_path / f"{ID}.antiphon",
        Played(250.33, [lossy, Stretch(6.0, 1000)], steady),
        Played(249.71, [Stretch(0.4, 2500)], steady),
        EventRow(START_NS + 2 * 10**9, "note", "eyes\x14 closed\n"),
    )
    with open_notes(made) as notes:
        for n, s in enumerate((0.5, 1.60005, 5.0, 9.1234567)):
            notes.add(NoteMarkerRow(START_NS + round(s * 1e9), f"Mark ü{n}", "rater", "R1", 1))
        notes.add(NoteIntervalRow(START_NS + 10**9, START_NS + 3 * 10**9, "music", "post", "", 1))
    return made


def exported(path: Path, role: str, **asked: Any) -> Any:
    files = export_of("bdf", Asked(**asked))(path, path.parent / "out")
    suffix = "_native" * asked.get("native", False)
    [file] = [it for it in files if it.name.endswith(f"_{role}{suffix}.bdf")]
    return edfio.read_bdf(file)


def told(bdf: Any) -> dict[str, tuple[float, float | None]]:
    return {it.text: (it.onset, it.duration) for it in bdf.annotations}


def test_native_samples_are_the_boards_counts(path: Path) -> None:
    with open_session(path) as opened:
        slots = opened.slots("patient")
    bdf = exported(path, "patient", native=True)
    assert bdf.labels == session_files.LABELS
    for signal, counts in zip(bdf.signals, slots.counts.T, strict=True):
        assert np.array_equal(signal.digital[: len(slots)], counts)
        assert (signal.digital[len(slots) :] == counts[-1]).all()
        assert np.abs(signal.data[: len(slots)] - counts * UV_PER_COUNT).max() < 1e-9
        assert signal.sampling_frequency == pytest.approx(slots.rate_hz, rel=1e-4)
    assert bdf.patient.code == "P01"


def test_a_mark_is_on_its_sample_in_both_kinds(path: Path) -> None:
    with open_session(path) as opened:
        slots, grid = opened.slots("patient"), opened.grid()
        marks = opened.marks
    native, on_grid = (exported(path, "patient", native=it) for it in (True, False))
    for mark in marks:
        onset_s, _ = told(native)[mark.label]
        sample = round(onset_s * native.signals[0].sampling_frequency)
        assert abs(int(slots.t_ns[sample]) - mark.t_ns) <= 2_001_000
        onset_s, _ = told(on_grid)[mark.label]
        assert abs(grid.begin_ns + onset_s * 1e9 - mark.t_ns) < 1000


def test_what_was_told_and_what_lacks_are_annotations(path: Path) -> None:
    found = told(exported(path, "patient"))
    assert {"BAD_radio", "BAD_unplugged", "BAD_acq_skip", "BAD_not there"} <= set(found)
    assert found["music"] == (1.0, 2.0)
    assert found["note: eyes  closed "] == (2.0, None)
    onset_s, length_s = found["BAD_unplugged"]
    assert found["BAD_acq_skip"] == (onset_s, length_s)
    assert onset_s == pytest.approx(1000 / 250.33, abs=1e-3)
    assert length_s == pytest.approx(6 - 1000 / 250.33, abs=3e-3)
    assert "BAD_radio" not in told(exported(path, "therapist"))


def test_on_the_grid_both_are_equal_in_length_start_and_rate(path: Path) -> None:
    both = [exported(path, role, rate_hz=200) for role in ("patient", "therapist")]
    assert [it.signals[0].sampling_frequency for it in both] == [200, 200]
    assert len({len(it.signals[0].digital) for it in both}) == 1
    assert both[0].startdatetime == both[1].startdatetime
    grid_s = np.arange(300, 700) / 200
    assert np.abs(both[1].signals[0].data[300:700] - steady(grid_s)).max() < 0.1


def test_a_sample_at_the_lower_rail_is_written_as_the_next_count_and_told(tmp_path: Path) -> None:
    def railed(t_s: Floats) -> Floats:
        return np.where((t_s > 1) & (t_s < 1.2), -(2**23) * UV_PER_COUNT, 0.0)

    path = session(
        tmp_path / f"{ID}.antiphon",
        Played(250, [Stretch(0.0, 750)], railed),
        Played(250, [Stretch(0.0, 750)], steady),
    )
    bdf = exported(path, "patient", native=True)
    assert bdf.signals[0].digital.min() == -FULL
    assert told(bdf)["rail F3"] == (1.004, 0.196)
    assert not [text for text in told(exported(path, "therapist", native=True)) if "rail" in text]


def test_the_same_input_gives_the_same_bytes_and_nothing_else_is_left(path: Path) -> None:
    out = path.parent / "out"
    export = export_of("bdf", Asked())
    first = {file.name: file.read_bytes() for file in export(path, out)}
    (out / f".{ID}.export-k1ll3d_1").mkdir()
    assert {file.name: file.read_bytes() for file in export(path, out)} == first
    assert {it.name for it in out.iterdir()} == set(first)


def test_records_begin_where_sums_are_exact(path: Path) -> None:
    for native in (True, False):
        begun = exported(path, "therapist", native=native).startdatetime
        assert begun.microsecond % (1_000_000 // 64) == 0
        with open_session(path) as opened:
            first_ns = (
                (opened.span_ns("therapist") or (0, 0))[0] if native else opened.grid().begin_ns
            )
            off = time_of_day(opened.utc_ns(first_ns)) - begun.replace(tzinfo=UTC)
        assert abs(off.total_seconds()) <= 1 / 128


def record_of(rate_hz: float, n: int) -> Record:
    return next(records_of(rate_hz, n))


def test_records_are_exact_in_binary_and_long_enough() -> None:
    assert record_of(250.0, 1_800_000) == replace(record_of(250.0, 10), n=250, s=1.0)
    rng = np.random.default_rng(11)
    cytons, others = rng.uniform(250.2, 250.6, 300), rng.uniform(60, 1030, 300)
    for rate_hz in (*cytons.tolist(), *others.tolist()):
        record = record_of(rate_hz, 1_800_000)
        assert (record.s * 64).is_integer()
        assert record.s <= 60
        assert len(str(record.s)) <= 8
        assert abs(record.rate_hz / rate_hz - 1) < 5e-6
    off = [record_of(rate_hz, 1_800_000).rate_hz / rate_hz - 1 for rate_hz in cytons.tolist()]
    assert np.median(np.abs(off)) < 0.2e-6
    assert np.median([record_of(rate_hz, 2_000).s for rate_hz in cytons.tolist()]) < 5
    assert not list(records_of(0.001, 10))


def test_a_record_that_edfio_refuses_is_followed_by_the_next(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After two hours it refuses some: it compares lengths by sums of its own rounding."""
    records = [Record(83, 1 / 3), Record(250, 1.0)]
    monkeypatch.setattr(bdf_file, "records_of", lambda *_: iter(records))
    assert exported(path, "patient").data_record_duration == 1.0
    records.pop()
    with pytest.raises(ValueError, match="exceeds maximum field length"):
        exported(path, "patient")


def test_counts_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = session(
        tmp_path / f"{ID}.antiphon",
        Played(250, [Stretch(0.0, 250)], lambda t: t * 1e6),
        Played(250, [Stretch(0.0, 250)], steady),
    )
    with pytest.raises(ValueError, match="beyond 24 bits"):
        exported(path, "patient", native=True)


def test_a_person_without_samples_has_no_file(tmp_path: Path) -> None:
    path = session_files.write(tmp_path / f"{ID}.antiphon", [session_files.block(0, 0)])
    files = export_of("bdf")(path, tmp_path / "out")
    assert [it.name for it in files] == [f"{ID}_patient.bdf"]


def test_shared_files_have_no_date_and_no_code(path: Path) -> None:
    files = export_of("bdf", Asked(for_sharing=True))(path, path.parent / "out")
    [file] = [it for it in files if it.name.endswith("_patient.bdf")]
    header = file.read_bytes()[:256]
    assert b"Startdate X" in header
    assert b"01.01.85" in header
    found = edfio.read_bdf(file)
    assert found.patient.code.startswith("P")
    assert b"P01" not in header
    assert "mark" in told(found)
    assert not [text for text in told(found) if "Mark" in text or "note" in text]
    assert ID not in file.name


def test_without_the_library_it_is_said_how_to_get_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "edfio", None)
    with pytest.raises(Failure, match=r"antiphon\[analysis\]") as missing:
        export_of("bdf")(path, path.parent / "out")
    assert missing.value.code == 69
