from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import signal

from hardware.cyton.frames import RAIL_COUNTS, UV_PER_COUNT
from hardware.emulated.synthetic import (
    DAISY_LABELS,
    DYAD_LABELS,
    PATIENT,
    THERAPIST,
    Course,
    Step,
    SyntheticDyad,
    SyntheticSource,
)

FS = 250.0
DYAD = SyntheticDyad(7)
F3, F4, O1 = (DYAD_LABELS.index(label) for label in ("F3", "F4", "O1"))
Array = NDArray[np.float64]


def seconds(begin: float, end: float) -> Array:
    return np.arange(int(begin * FS), int(end * FS)) / FS


def analytic_alpha(uv: Array) -> NDArray[np.complex128]:
    sos = signal.butter(4, (8, 13), "bandpass", fs=FS, output="sos")
    band = signal.sosfiltfilt(sos, uv - uv.mean(axis=0), axis=0)
    return np.asarray(signal.hilbert(band, axis=0))


def plv(first: NDArray[np.complex128], second: NDArray[np.complex128]) -> float:
    return float(abs(np.mean(np.exp(1j * (np.angle(first) - np.angle(second))))))


def windows(x: Array, length_s: float) -> Array:
    size = int(length_s * FS)
    return x[: len(x) // size * size].reshape(-1, size, *x.shape[1:])


@pytest.mark.parametrize("person", [PATIENT, THERAPIST])
def test_band_power_finds_the_scripted_asymmetry_again(person: int) -> None:
    t = seconds(0, 600)
    alpha = analytic_alpha(DYAD.uv(person, t))
    power = windows(np.square(np.abs(alpha)), 10).mean(axis=1)
    truth = DYAD.truth(t)
    script = truth.faa_patient if person == PATIENT else truth.faa_therapist
    expected = windows(script, 10).mean(axis=1)
    found = np.log(power[:, F4] / power[:, F3])
    assert np.corrcoef(found, expected)[0, 1] >= 0.9
    assert np.abs(found - expected).mean() < 0.15
    assert 0.4 < np.abs(script).max() <= 0.6


def test_alpha_locks_while_coupled_and_not_otherwise() -> None:
    t = seconds(0, 480)
    patient = analytic_alpha(DYAD.uv(PATIENT, t))
    therapist = analytic_alpha(DYAD.uv(THERAPIST, t))
    coupled = DYAD.truth(t).coupled
    inside = [slice(int((k + 15) * FS), int((k + 45) * FS)) for k in range(0, 480, 60)]
    values = {bool(coupled[s][0]): [] for s in inside}  # type: dict[bool, list[float]]
    for s in inside:
        assert len(set(coupled[s])) == 1
        for channel in (F3, F4, O1):
            values[bool(coupled[s][0])].append(plv(patient[s, channel], therapist[s, channel]))
    assert min(values[True]) > 0.8
    assert np.mean(values[False]) < 0.3
    assert max(values[False]) < 0.5


@pytest.mark.parametrize("lag_s", [0.0, 0.015, -0.02])
def test_the_therapists_alpha_comes_the_stated_time_later(lag_s: float) -> None:
    dyad = SyntheticDyad(3, uncoupled_s=0, lag_s=lag_s)
    t = seconds(5, 65)
    patient = analytic_alpha(dyad.uv(PATIENT, t))[:, O1]
    therapist = analytic_alpha(dyad.uv(THERAPIST, t))[:, O1]
    phase = np.angle(np.mean(patient * therapist.conj()))
    frequency = np.median(np.diff(np.unwrap(np.angle(patient)))) * FS / (2 * np.pi)
    assert phase / (2 * np.pi * frequency) == pytest.approx(lag_s, abs=0.001)


def test_alpha_stands_out_of_the_background_and_levels_are_those_of_people() -> None:
    uv = DYAD.uv(PATIENT, seconds(0, 120))
    hz, density = signal.welch(uv - uv.mean(axis=0), FS, nperseg=1000, axis=0)
    alpha = density[(hz > 9) & (hz < 11)].mean(axis=0)
    beside = density[(hz > 14) & (hz < 20)].mean(axis=0)
    assert (alpha[:7] > 5 * beside[:7]).all()  # all but the ear
    assert (np.abs(uv).max(axis=0) < 30_000).all()
    assert (np.ptp(uv, axis=0) < 1_000).all()


def test_blinks_are_on_the_forehead_only() -> None:
    uv = DYAD.uv(PATIENT, seconds(0, 60))
    slow = signal.sosfiltfilt(
        signal.butter(2, (0.5, 5), "bandpass", fs=FS, output="sos"), uv - uv.mean(axis=0), axis=0
    )
    peaks, _ = signal.find_peaks(slow[:, F3], height=35, distance=int(FS))
    assert len(peaks) == 12  # one in each slot of 5 s
    assert np.abs(slow[:, O1]).max() < 35


@given(cuts=st.lists(st.integers(1, 700), max_size=8, unique=True))
@settings(max_examples=30, deadline=None)
def test_a_block_does_not_depend_on_how_it_is_cut(cuts: list[int]) -> None:
    source = SyntheticSource(DYAD, THERAPIST, 250.51)
    counters, whole = source.packets(40_000, 700)
    edges = [0, *sorted(cuts), 700]
    pieces = [source.packets(40_000 + a, b - a) for a, b in pairwise(edges) if b > a]
    np.testing.assert_array_equal(np.concatenate([c for c, _ in pieces]), counters)
    np.testing.assert_array_equal(np.concatenate([x for _, x in pieces]), whole)


def test_boards_of_different_rates_sample_the_same_person() -> None:
    slow, fast = (SyntheticSource(DYAD, PATIENT, rate_hz) for rate_hz in (250.0, 500.0))
    np.testing.assert_array_equal(slow.packets(0, 100)[1], fast.packets(0, 199)[1][::2])


def test_counts_are_microvolts_over_the_step_of_the_converter() -> None:
    _, counts = SyntheticSource(DYAD, PATIENT, FS).packets(0, 500)
    uv = DYAD.uv(PATIENT, np.arange(500) / FS)
    assert np.abs(counts * UV_PER_COUNT - uv).max() <= 0.5001 * UV_PER_COUNT
    assert np.abs(counts).max() < RAIL_COUNTS


def test_the_seed_makes_the_people() -> None:
    t = seconds(10, 11)
    np.testing.assert_array_equal(SyntheticDyad(7).uv(PATIENT, t), DYAD.uv(PATIENT, t))
    assert not np.array_equal(SyntheticDyad(8).uv(PATIENT, t), DYAD.uv(PATIENT, t))
    assert not np.array_equal(DYAD.uv(THERAPIST, t), DYAD.uv(PATIENT, t))


@pytest.mark.parametrize("person", [PATIENT, THERAPIST])
def test_with_a_daisy_the_same_people_wear_eight_electrodes_more(person: int) -> None:
    wide, t = SyntheticDyad(7, daisy=True), seconds(10, 70)
    uv = wide.uv(person, t)
    assert len(set(wide.labels)) == len(DAISY_LABELS) == 16
    assert SyntheticSource(wide, person, FS).labels == DAISY_LABELS
    assert DYAD.labels == DAISY_LABELS[:8]
    np.testing.assert_array_equal(uv[:, :8], DYAD.uv(person, t))
    np.testing.assert_array_equal(wide.truth(t).faa_therapist, DYAD.truth(t).faa_therapist)
    hz, density = signal.welch(uv - uv.mean(axis=0), FS, nperseg=1000, axis=0)
    alpha, beside = (density[(hz > a) & (hz < b)].mean(axis=0) for a, b in ((9, 11), (14, 20)))
    assert (alpha[8:] > 3 * beside[8:]).all()
    background = np.corrcoef(density[(hz > 25) & (hz < 45)].T)
    assert np.abs(background[np.triu_indices(16, 1)]).max() < 0.9  # no electrode is another's copy


def test_band_power_finds_the_asymmetry_between_f8_and_f7_too() -> None:
    f7, f8 = DAISY_LABELS.index("F7"), DAISY_LABELS.index("F8")
    t = seconds(0, 300)
    wide = SyntheticDyad(7, daisy=True)
    power = windows(np.square(np.abs(analytic_alpha(wide.uv(PATIENT, t)))), 10).mean(axis=1)
    expected = windows(wide.truth(t).faa_patient, 10).mean(axis=1)
    assert np.corrcoef(np.log(power[:, f8] / power[:, f7]), expected)[0, 1] >= 0.85


@pytest.mark.parametrize("stretches", [(0.0, 0.0), (-1.0, 5.0), (5.0, -1.0)])
def test_stretches_that_make_no_sequence_are_refused(stretches: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="make no sequence"):
        SyntheticDyad(1, coupled_s=stretches[0], uncoupled_s=stretches[1])


def test_a_step_goes_up_for_a_while_and_only_in_its_person() -> None:
    course = Course(swing=0.0, steps=(Step(THERAPIST, 20.0, 1.2, for_s=30.0),))
    truth = SyntheticDyad(1, course=course).truth(np.array([10.0, 20.0, 30.0, 49.0, 60.0]))
    assert truth.faa_patient.tolist() == [0.0] * 5
    assert truth.faa_therapist == pytest.approx([0.0, 0.6, 1.2, 1.2, 0.0])
