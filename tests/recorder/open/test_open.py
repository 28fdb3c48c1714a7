"""A session as analysts read it."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from hardware.board import MISSING_COUNT
from recorder.open import OpenSession, open_session
from recorder.store.note_files import own_notes_file
from recorder.store.note_rows import (
    AlignmentRow,
    NoteIntervalRow,
    NoteMarkerRow,
    RefitRow,
    TranscriptRow,
)
from recorder.store.notes import open_notes
from recorder.store.rows import EventRow, Row
from tests.recorder import session_files
from tests.recorder.open.played import Played, Stretch, session
from tests.recorder.session_files import START_NS

Floats = NDArray[np.float64]
MINUTE = Stretch(0.0, 15_000)
TONES_HZ = (2.0, 10.0, 20.0, 40.0, 60.0)


def quiet(t_s: Floats) -> Floats:
    return np.zeros_like(t_s)


def tones(t_s: Floats) -> Floats:
    heard: Floats = 10.0 * np.sin(2 * np.pi * np.multiply.outer(TONES_HZ, t_s)).sum(axis=0)
    return heard


@pytest.fixture
def usual(tmp_path: Path) -> Path:
    return session_files.write(
        tmp_path / "20261123T040000Z-1f3a.antiphon", session_files.usual_rows()
    )


def played(tmp_path: Path, patient: Played, therapist: Played) -> OpenSession:
    return open_session(session(tmp_path / "20261123T040000Z-1f3a.antiphon", patient, therapist))


def test_both_people_are_on_the_same_exact_grid(tmp_path: Path) -> None:
    opened = played(
        tmp_path,
        Played(250.33, [Stretch(0.0013, 15_000)], tones),
        Played(249.71, [Stretch(0.2, 15_000)], tones),
    )
    pair = opened.pair(rate=250)
    patient, therapist = pair
    assert patient.shape == therapist.shape == (3, pair.grid.n)
    t_s = (pair.grid.t_ns - opened.started_ns) / 1e9
    assert np.array_equal(np.diff(pair.grid.t_ns), np.full(pair.grid.n - 1, 4_000_000))
    inside = (t_s > 1) & (t_s < 58)
    truth = tones(t_s[inside]) * 1e-6
    for volts in pair:
        error = volts[:, inside] - truth
        assert 10 * np.log10(np.mean(error**2) / np.mean(truth**2)) < -60


def test_a_channel_that_is_sampled_later_is_put_where_it_belongs(tmp_path: Path) -> None:
    daisy = Played(
        125.0, [Stretch(0.0, 7_500)], lambda t: 10 * np.sin(2 * np.pi * 11 * t), (0, 0, 0.004)
    )
    opened = played(tmp_path, daisy, daisy)
    pair = opened.pair(rate=125)
    assert np.abs(pair.patient[0, 200:-200] - pair.patient[2, 200:-200]).max() < 5e-8


def test_holes_are_bridged_and_listed_with_their_causes(tmp_path: Path) -> None:
    lossy = Stretch(0.0, 5_000, lost=[range(1000, 1003), range(2000, 2001)])
    opened = played(
        tmp_path,
        Played(250.0, [lossy, Stretch(40.0, 5_000)], lambda t: 100 * t),
        Played(250.0, [Stretch(0.0, 15_000)], quiet),
    )
    pair = opened.pair()
    told = [(it.role, it.cause, it.n) for it in pair.holes]
    assert told == [
        ("patient", "radio", 3),
        ("patient", "radio", 1),
        ("patient", "unplugged", 5_000),
    ]
    first = pair.holes[0]
    assert (first.begin_ns, first.end_ns) == (START_NS + 4_000_000_000, START_NS + 4_012_000_000)
    ramp = 100e-6 * (pair.grid.t_ns - START_NS) / 1e9
    assert np.abs(pair.patient[0, 20:-20] - ramp[20:-20]).max() < 1e-6


def test_what_is_outside_a_hole_is_as_without_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    steps: Floats = np.cumsum(rng.standard_normal(15_100)) * 2

    def drifting(t_s: Floats) -> Floats:
        """Twenty millivolts of the electrode, wandering, as raw signals are."""
        wander: Floats = np.interp(t_s * 250, np.arange(15_100), steps)
        told: Floats = 20_000 + wander + 20 * np.sin(60 * t_s)
        return told

    lost = [range(4000, 4300), range(9000, 9002), range(12_000, 12_700)]
    with_holes = played(
        tmp_path,
        Played(250.2, [replace(MINUTE, lost=lost)], drifting),
        Played(250, [MINUTE], quiet),
    )
    (tmp_path / "whole").mkdir()
    without = played(
        tmp_path / "whole", Played(250.2, [MINUTE], drifting), Played(250, [MINUTE], quiet)
    )
    pair, truth = with_holes.pair(), without.pair()
    high_pass = butter(2, 0.5, "highpass", fs=250, output="sos")
    off_uv = np.abs(sosfiltfilt(high_pass, (pair.patient - truth.patient) * 1e6, axis=1)).max(
        axis=0
    )
    is_good = np.ones(pair.grid.n, np.bool_)
    for hole in pair.holes:
        is_good &= (pair.grid.t_ns < hole.begin_ns) | (pair.grid.t_ns >= hole.end_ns)
    assert is_good.sum() < pair.grid.n - 900
    assert off_uv[is_good].max() < 10


def test_half_a_sample_is_a_hole_of_its_channels(tmp_path: Path) -> None:
    halved = Stretch(0.0, 5_000, halved=[range(700, 702)])
    opened = played(
        tmp_path, Played(250, [halved], lambda t: 50 * t), Played(250, [Stretch(0.0, 5_000)], quiet)
    )
    [hole] = opened.holes
    assert (hole.cause, hole.n, hole.channels) == ("half", 2, ("P3",))
    assert (opened.native("patient").counts[700:702, 2] == MISSING_COUNT).all()
    assert np.isnan(opened.native("patient").uv[700, 2])
    pair = opened.pair()
    assert np.abs(np.diff(pair.patient[2, 680:720], 2)).max() < 1e-7


def test_who_came_late_and_who_left_early_is_told(tmp_path: Path) -> None:
    opened = played(
        tmp_path,
        Played(250, [Stretch(0.0, 15_000)], quiet),
        Played(250, [Stretch(10.0, 5_000)], quiet),
    )
    pair = opened.pair()
    assert pair.patient.shape == pair.therapist.shape
    told = [(it.role, it.cause, round((it.end_ns - it.begin_ns) / 1e9, 2)) for it in pair.holes]
    assert told == [("therapist", "not there", 10.0), ("therapist", "not there", 30.0)]


def test_native_samples_are_the_boards_own(usual: Path) -> None:
    with open_session(usual) as opened:
        native = opened.native("patient")
        assert len(native) == 1004
        assert native.counts.dtype == np.int32
        assert np.array_equal(np.diff(native.index) > 1, np.isin(native.index[:-1], [499, 506]))
        assert (np.diff(native.t_ns) > 0).all()


def refit(path: Path, moved_ns: int, made_utc_ns: int) -> None:
    with open_notes(path) as notes:
        notes.add(
            RefitRow(1, 0, 0, START_NS + moved_ns, 4e6, 1e5, made_utc_ns, "by hand", "1"),
            RefitRow(
                1,
                0,
                500,
                START_NS + moved_ns + 2_000_000_000,
                4e6,
                1e5,
                made_utc_ns,
                "by hand",
                "1",
            ),
        )


def test_a_refitted_clock_moves_times_by_what_it_says(tmp_path: Path) -> None:
    still = Played(250, [Stretch(0.0, 5_000)], quiet)
    path = session(tmp_path / "20261123T040000Z-1f3a.antiphon", still, still)
    refit(path, 900_000, 1)
    refit(path, 1_100_000, 2)
    recorded, best = open_session(path, clock="recorded"), open_session(path)
    moved = best.native("therapist").t_ns - recorded.native("therapist").t_ns
    assert (moved == 1_100_000).all()
    assert np.array_equal(best.native("patient").t_ns, recorded.native("patient").t_ns)
    assert (recorded.clock, best.clock) == ("recorded", "refitted (by hand, antiphon 1)")
    assert open_session(path, clock="refitted").pair().clock == best.clock


def test_a_refitted_clock_that_is_not_there_is_said(usual: Path) -> None:
    with pytest.raises(LookupError, match="antiphon refit"):
        open_session(usual, clock="refitted")
    with pytest.raises(ValueError, match="best, recorded, refitted"):
        open_session(usual, clock="wall")  # type: ignore[arg-type]


def test_what_people_marked_and_said_is_joined_with_the_notes(tmp_path: Path) -> None:
    rows = [*session_files.usual_rows(), EventRow(START_NS + 10**9, "note", "she smiled")]
    path = session_files.write(tmp_path / "20261123T040000Z-1f3a.antiphon", rows)
    with open_notes(path) as notes:
        notes.add(
            NoteMarkerRow(START_NS + 10**9, "moment", "rater", "R1", 1),
            NoteIntervalRow(START_NS + 10**9, START_NS + 2 * 10**9, "moi", "rater", "R1", 1),
            TranscriptRow(START_NS, START_NS + 10**9, "patient", "lighter now", "a.vtt", 1),
            AlignmentRow("front", "front.mp4", "ab", 1.51, 20.0, 9.3, 40, 1),
        )
    opened = open_session(path)
    assert [(it.label, it.t_s, it.author) for it in opened.marks] == [
        ("moment", 1.0, "R1"),
        ("music, ends", 3.0, ""),
    ]
    assert [(it.label, it.begin_s, it.end_s) for it in opened.intervals] == [("moi", 1.0, 2.0)]
    assert [(it.speaker, it.text) for it in opened.words] == [("patient", "lighter now")]
    assert [it.text for it in opened.notes] == ["she smiled"]
    assert opened.at(video_s=100.0) == pytest.approx(101.512)
    assert opened.video_time(opened.at(video_s=100.0)) == pytest.approx(100.0)
    assert opened.patient.code == "P01"


def test_damaged_notes_are_left_out_with_a_warning(usual: Path) -> None:
    with open_notes(usual) as notes:
        notes.add(NoteMarkerRow(START_NS, "moment", "rater", "R1", 1))
    file = own_notes_file(usual)
    file.write_bytes(b"\0" * 4096)
    with pytest.warns(UserWarning, match="notes left out"):
        opened = open_session(usual)
    assert [it.label for it in opened.marks] == ["music, ends"]
    assert file.read_bytes() == b"\0" * 4096


def test_reading_makes_nothing(usual: Path) -> None:
    before = sorted(it.name for it in usual.parent.iterdir())
    with open_session(usual) as opened:
        opened.native("patient")
        assert opened.marks
    assert sorted(it.name for it in usual.parent.iterdir()) == before


def test_measures_are_side_by_side_with_their_definitions(tmp_path: Path) -> None:
    rows: list[Row] = [
        session_files.series(1),
        session_files.series(2, "aec"),
        replace(session_files.series(3), mains_hz=60.0),
        session_files.values(START_NS + 10**9, (1, 0.25), (2, 0.5)),
        session_files.values(START_NS + 2 * 10**9, (2, 0.75), (3, 0.125)),
    ]
    opened = open_session(session_files.write(tmp_path / "20261123T040000Z-1f3a.antiphon", rows))
    told = opened.measures()
    assert told.names == (
        "plv_alpha_patient-therapist_F3-F3_1",
        "aec_alpha_patient-therapist_F3-F3",
        "plv_alpha_patient-therapist_F3-F3_3",
    )
    assert told.t_s.tolist() == [1.0, 2.0]
    assert np.array_equal(told.value, [[0.25, 0.5, np.nan], [np.nan, 0.75, 0.125]], equal_nan=True)
    assert told.definitions[1].formula
    assert opened.measures("aec", band="alpha").names == ("aec_alpha_patient-therapist_F3-F3",)
    assert opened.measures("aec", band="beta").names == ()
    assert set(told.columns()) == {"t_s", *told.names}
    with pytest.raises(TypeError, match="a series has no colour"):
        opened.measures(colour="red")


def test_marks_that_were_taken_back_are_not_told(usual: Path) -> None:
    assert [it.label for it in open_session(usual).marks] == ["music, ends"]


def test_a_session_is_found_by_its_id(usual: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(usual.parent / "state"))
    place = usual.parent / "state" / "antiphon" / "sessions"
    place.mkdir(parents=True)
    usual.rename(place / usual.name)
    assert open_session("20261123").id == open_session("latest").id == usual.stem


def test_reading_needs_numpy_only() -> None:
    heavy = "{'scipy', 'mne', 'pandas', 'brainflow', 'textual', 'serial', 'sqlite_utils'}"
    code = f"import recorder.open, sys; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
