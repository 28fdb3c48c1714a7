"""BDF as edfio, pyEDFlib and MNE read it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import edfio
import mne
import numpy as np
import pyedflib
import pytest
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from hardware.board import MISSING_COUNT
from recorder.export import export_of
from recorder.export.asked import Asked
from recorder.open import OpenSession, open_session
from tests.recorder.open import played
from tests.recorder.open.played import Played, Stretch

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
ROLES = ("patient", "therapist")
FULL = 2**23 - 1
TONES_HZ = (2.0, 10.0, 20.0, 40.0, 60.0)


@pytest.fixture(scope="session")
def exported(path: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The file of one person, native or on the grid."""
    out = tmp_path_factory.mktemp("bdf")
    for native in (True, False):
        export_of("bdf", Asked(native=native))(path, out)

    def file(role: str, *, native: bool) -> Path:
        return out / f"{path.stem}_{role}{'_native' * native}.bdf"

    return file


def by_edfio(file: Path, _: Floats) -> Counts:
    return np.array([it.digital for it in edfio.read_bdf(file).signals])


def by_pyedflib(file: Path, _: Floats) -> Counts:
    with pyedflib.EdfReader(str(file)) as reader:
        signals = range(reader.signals_in_file)
        counts: Counts = np.array([reader.readSignal(it, digital=True) for it in signals])
    return counts


def by_mne(file: Path, scale: Floats) -> Counts:
    volts = mne.io.read_raw_bdf(file, verbose="error").get_data()
    counts: Counts = np.rint(volts / (scale[:, None] * 1e-6)).astype(np.int64)
    return counts


@pytest.mark.parametrize("judge", [by_edfio, by_pyedflib, by_mne])
def test_native_samples_are_digit_exact(
    session: OpenSession, exported: Callable[..., Path], judge: Callable[..., Counts]
) -> None:
    for role in ROLES:
        native, slots = session.native(role), session.slots(role)
        read = judge(exported(role, native=True), native.scale)
        assert np.array_equal(read[:, : len(slots)], np.maximum(slots.counts, -FULL).T)
        assert (read[:, len(slots) :] == read[:, len(slots) - 1 : len(slots)]).all()
        # and without our slots: each sample that the board sent is there, in its order
        if len(native) == len(slots):
            sent = (native.counts != MISSING_COUNT).T
            assert np.array_equal(
                read[:, : len(slots)][sent], np.maximum(native.counts, -FULL).T[sent]
            )


@pytest.mark.parametrize("role", ROLES)
def test_what_is_read_can_be_written_again_digit_for_digit(
    exported: Callable[..., Path], tmp_path: Path, role: str
) -> None:
    first = edfio.read_bdf(file := exported(role, native=True))
    again = edfio.Bdf(
        [
            edfio.BdfSignal(
                it.data,
                it.sampling_frequency,
                label=it.label,
                physical_dimension=it.physical_dimension,
                physical_range=it.physical_range,
                digital_range=it.digital_range,
                prefiltering=it.prefiltering,
            )
            for it in first.signals
        ],
        patient=first.patient,
        recording=first.recording,
        starttime=first.starttime,
        data_record_duration=first.data_record_duration,
        annotations=first.annotations,
    )
    again.write(tmp_path / "again.bdf")
    assert np.array_equal(by_edfio(tmp_path / "again.bdf", np.ones(1)), by_edfio(file, np.ones(1)))


def annotations_by_mne(file: Path) -> list[tuple[float, float, str]]:
    raw = mne.io.read_raw_bdf(file, verbose="error")
    found = raw.annotations
    return list(zip(found.onset, found.duration, found.description, strict=True))


def annotations_by_pyedflib(file: Path) -> list[tuple[float, float, str]]:
    with pyedflib.EdfReader(str(file)) as reader:
        onset_s, length_s, texts = reader.readAnnotations()
    return list(zip(onset_s, length_s, texts, strict=True))


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("judge", [annotations_by_mne, annotations_by_pyedflib])
def test_every_mark_is_within_half_a_sample(
    session: OpenSession, exported: Callable[..., Path], judge: Callable[..., Any], native: bool
) -> None:
    grid = session.grid()
    for role in ROLES:
        file, slots = exported(role, native=native), session.slots(role)
        rate_hz = mne.io.read_raw_bdf(file, verbose="error").info["sfreq"]
        told = {text: onset_s for onset_s, _, text in judge(file)}
        t_ns = slots.t_ns if native else grid.t_ns
        assert session.marks
        for mark in session.marks:
            sample = round(told[mark.label] * rate_hz)
            assert abs(int(t_ns[sample]) - mark.t_ns) <= 0.5e9 / rate_hz + 1000


def test_every_hole_is_annotated_where_it_is(
    session: OpenSession, exported: Callable[..., Path]
) -> None:
    for role in ROLES:
        file, slots = exported(role, native=True), session.slots(role)
        rate_hz = mne.io.read_raw_bdf(file, verbose="error").info["sfreq"]
        told = [it for it in annotations_by_mne(file) if it[2].startswith("BAD_")]
        for hole in slots.holes:
            place = int(np.searchsorted(slots.t_ns, hole.begin_ns))
            assert [
                text
                for onset_s, length_s, text in told
                if round(onset_s * rate_hz) == place and round(length_s * rate_hz) == hole.n
            ]


def on_grid(path: Path) -> tuple[OpenSession, list[Any]]:
    """Both people's files on the grid, by MNE."""
    files = export_of("bdf")(path, path.parent / "out")
    return open_session(path), [
        mne.io.read_raw_bdf(it, preload=True, verbose="error")
        for it in files
        if it.suffix == ".bdf"
    ]


@pytest.mark.parametrize("tone_hz", [*TONES_HZ, 5.0, 33.3])
def test_tones_on_the_grid_are_the_truth_to_60_db(tmp_path: Path, tone_hz: float) -> None:
    def tone(t_s: Floats) -> Floats:
        heard: Floats = 100 * np.sin(2 * np.pi * tone_hz * t_s)
        return heard

    session, raws = on_grid(
        played.session(
            tmp_path / "20261123T040000Z-1f3a.antiphon",
            Played(250.33, [Stretch(0.0013, 15_000)], tone),
            Played(249.71, [Stretch(0.2, 15_000)], tone),
        )
    )
    with session:
        begin_s = session.t_s(session.grid().begin_ns)
    for raw in raws:
        t_s = raw.times + begin_s
        inside = (t_s > 1) & (t_s < 58)
        truth = tone(t_s[inside]) * 1e-6
        error = raw.get_data()[:, inside] - truth
        assert 10 * np.log10(np.mean(error**2) / np.mean(truth**2)) < -60


def test_outside_of_what_is_bad_nothing_is_off_by_10_uv(tmp_path: Path) -> None:
    steps: Floats = np.cumsum(np.random.default_rng(3).standard_normal(15_100)) * 2

    def drifting(t_s: Floats) -> Floats:
        wander: Floats = np.interp(t_s * 250, np.arange(15_100), steps)
        told: Floats = 20_000 + wander + 20 * np.sin(60 * t_s)
        return told

    whole = Stretch(0.0, 15_000)
    lossy = replace(whole, lost=[range(4000, 4300), range(9000, 9002), range(12_000, 12_700)])
    of_each = []
    for name, stretch in (("lossy", lossy), ("whole", whole)):
        (tmp_path / name).mkdir()
        person = Played(250.2, [stretch], drifting)
        path = tmp_path / name / "20261123T040000Z-1f3a.antiphon"
        session, raws = on_grid(played.session(path, person, person))
        session.close()
        of_each.append(raws[0])
    with_holes, truth = of_each
    is_good = np.ones(len(with_holes.times), np.bool_)
    bad = [it for it in with_holes.annotations if it["description"].startswith("BAD_")]
    for it in bad:
        begin_s, end_s = it["onset"], it["onset"] + it["duration"]
        is_good &= (with_holes.times < begin_s) | (with_holes.times >= end_s)
    assert 900 < (~is_good).sum() < 1300
    high_pass = butter(2, 0.5, "highpass", fs=250, output="sos")
    off = sosfiltfilt(high_pass, with_holes.get_data() - truth.get_data(), axis=1)
    assert np.abs(off[:, is_good]).max() < 10e-6
