"""The synthetic dyad, of which everything is known, and what can be wrong with a recording."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.absence import Absence
from dsp.asymmetry import Index
from dsp.quality import Flaw
from hardware.emulated.synthetic import DYAD_LABELS, PATIENT, THERAPIST, SyntheticDyad, Truth
from tests.dsp.measured_person import ALPHA, THETA, Measured, grid_s, measure

Floats = NDArray[np.float64]

RATE_HZ = 250.0
LENGTH_S = 200.0
FAA, PARIETAL, FM_THETA, OCCIPITAL = range(4)


def at(label: str) -> int:
    return DYAD_LABELS.index(label)


INDICES = (
    Index(ALPHA, (at("F4"),), (at("F3"),)),
    Index(ALPHA, (at("P4"),), (at("P3"),)),
    Index(THETA, (at("Fz"),)),
    Index(ALPHA, (at("O1"), at("O2"))),
)
DYAD = SyntheticDyad(4711)


def sampled(person: int, length_s: float, rate_hz: float = RATE_HZ) -> Floats:
    return DYAD.uv(person, np.arange(round(length_s * rate_hz)) / rate_hz)


def script(person: int, truth: Truth) -> Floats:
    return truth.faa_patient if person == PATIENT else truth.faa_therapist


@pytest.fixture(scope="module", params=[PATIENT, THERAPIST], ids=["patient", "therapist"])
def followed(request: pytest.FixtureRequest) -> tuple[Measured, Truth, Floats]:
    """Some minutes of one person, the truth at the centres, and the person's script there."""
    person = request.param
    uv = sampled(person, LENGTH_S + 2)
    measured = measure(uv, RATE_HZ, INDICES, times_s=grid_s(1.0, LENGTH_S))
    truth = DYAD.truth(measured.t_s)
    return measured, truth, script(person, truth)


def full(measured: Measured) -> NDArray[np.bool_]:
    """Where the first window is over."""
    flags: NDArray[np.bool_] = measured.t_s > 6
    return flags


def test_the_script_of_the_asymmetry_is_followed(
    followed: tuple[Measured, Truth, Floats],
) -> None:
    measured, truth, scripted = followed
    faa = measured.value[:, FAA]
    for stretch in (full(measured), full(measured) & truth.coupled):
        assert np.corrcoef(faa[stretch], scripted[stretch])[0, 1] >= 0.9
    # Background that is alike on both sides pulls the asymmetry a little towards zero.
    slope = np.polyfit(scripted[full(measured)], faa[full(measured)], 1)[0]
    assert 0.75 < slope <= 1.05


def test_the_standard_error_says_how_far_off_it_is(
    followed: tuple[Measured, Truth, Floats],
) -> None:
    measured, _, scripted = followed
    rows = full(measured)
    slope, level = np.polyfit(scripted[rows], measured.value[rows, FAA], 1)
    off = measured.value[rows, FAA] - slope * scripted[rows] - level
    assert np.mean(np.abs(off) < 2 * measured.standard_error[rows, FAA]) > 0.85
    assert off.std() == pytest.approx(measured.standard_error[rows, FAA].mean(), rel=0.4)


def test_asymmetry_that_is_not_scripted_stays_where_it_is(
    followed: tuple[Measured, Truth, Floats],
) -> None:
    measured, _, scripted = followed
    parietal = measured.value[full(measured), PARIETAL]
    assert abs(parietal.mean()) < 0.1
    assert parietal.std() < 0.15
    assert abs(np.corrcoef(parietal, scripted[full(measured)])[0, 1]) < 0.5


def test_occipital_alpha_is_the_power_that_was_put_in(
    followed: tuple[Measured, Truth, Floats],
) -> None:
    measured = followed[0]
    occipital_uv2 = np.exp(measured.value[full(measured), OCCIPITAL]).mean()
    # 16 µV RMS of alpha, and of 6 µV from 0.5 to 60 Hz what is in 8 to 13 Hz.
    assert occipital_uv2 == pytest.approx(256 + 36 / np.log(120) * np.log(13 / 8), rel=0.1)


def test_clean_people_have_every_value_and_no_reason(
    followed: tuple[Measured, Truth, Floats],
) -> None:
    measured = followed[0]
    rows = np.flatnonzero(full(measured))
    assert np.isfinite(measured.value[rows]).all()
    assert {reason for row in rows for reason in measured.absence[row]} == {None}
    blinking = np.mean((measured.flaws & Flaw.BLINK) > 0, axis=0)
    assert (blinking[[at("F3"), at("F4")]] > 0.05).all()
    assert (blinking[[at("P3"), at("P4"), at("O1"), at("O2")]] < 0.01).all()
    assert np.mean((measured.flaws & ~np.uint8(Flaw.BLINK)) > 0) < 0.01


SHORT_S = 20.0


def spoilt(change: Callable[[Floats], None], person: int = PATIENT) -> Measured:
    """Twenty seconds of somebody to whom something was done."""
    uv = sampled(person, SHORT_S + 2)
    change(uv)
    return measure(uv, RATE_HZ, INDICES, times_s=grid_s(1.0, SHORT_S))


def setting(value: float, *labels: str) -> Callable[[Floats], None]:
    def change(uv: Floats) -> None:
        uv[:, [at(label) for label in labels]] = value

    return change


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (np.nan, Absence.NO_DATA),
        (np.inf, Absence.RAILED),
        (-np.inf, Absence.RAILED),
        (187_500.0, Absence.RAILED),
        (0.0, Absence.FLAT),
    ],
)
def test_a_bad_channel_takes_its_own_values_away_and_no_others(
    value: float, reason: Absence
) -> None:
    untouched, bad = spoilt(lambda _: None), spoilt(setting(value, "F4", "O2"))
    assert np.isnan(bad.value[:, [FAA, OCCIPITAL]]).all()
    assert bad.absence[-1] == [reason, None, None, reason]
    np.testing.assert_allclose(
        bad.value[:, [PARIETAL, FM_THETA]], untouched.value[:, [PARIETAL, FM_THETA]], rtol=1e-5
    )


@pytest.mark.parametrize(
    ("value", "reason"), [(np.nan, Absence.NO_DATA), (0.0, Absence.FLAT), (np.inf, Absence.RAILED)]
)
def test_somebody_who_is_not_there_has_no_values(value: float, reason: Absence) -> None:
    gone = spoilt(setting(value, *DYAD_LABELS))
    assert np.isnan(gone.value).all()
    assert gone.absence[-1] == [reason] * 4


def test_theta_that_is_added_is_found_in_the_midline() -> None:
    def hum(uv: Floats) -> None:
        uv[:, at("Fz")] += 30 * np.sin(2 * np.pi * 6 * np.arange(len(uv)) / RATE_HZ)

    untouched, humming = spoilt(lambda _: None), spoilt(hum)
    theta_uv2 = np.exp([one.value[-1, FM_THETA] for one in (untouched, humming)])
    assert theta_uv2[1] - theta_uv2[0] == pytest.approx(450, rel=0.15)


def test_before_the_window_is_half_full_that_is_the_reason() -> None:
    early = spoilt(lambda _: None)
    assert early.absence[0] == [Absence.NOT_YET] * 4
    assert np.isnan(early.value[0]).all()


def test_talking_takes_all_values_away() -> None:
    def talk(uv: Floats) -> None:
        muscle = np.random.default_rng(5).normal(0, 40, (len(uv), 5))
        uv[:, :5] += muscle * (np.sin(2 * np.pi * 0.4 * np.arange(len(uv)) / RATE_HZ) > 0)[:, None]

    assert spoilt(talk).absence[-1] == [Absence.TALKING] * 4


def test_drumming_takes_all_values_away() -> None:
    def drum(uv: Floats) -> None:
        beat = np.arange(len(uv)) / RATE_HZ % 0.6
        uv += (400 * np.exp(-beat / 0.1) * np.sin(2 * np.pi * 6 * beat))[:, None]

    assert spoilt(drum).absence[-1] == [Absence.DRUMMING] * 4


def test_single_lost_samples_take_the_points_away_that_need_them() -> None:
    def lose(uv: Floats) -> None:
        uv[::60] = np.nan

    lost = spoilt(lose)
    assert np.isnan(lost.value).all()
    assert lost.absence[-1] == [Absence.NO_DATA] * 4


@pytest.mark.parametrize("off", [0.98, 1.02])
def test_a_board_two_per_cent_off_gives_the_same_values(off: float) -> None:
    rate_hz = RATE_HZ * off
    uv = sampled(PATIENT, SHORT_S + 3, rate_hz)
    times_s = grid_s(1.0, SHORT_S)
    measured = measure(uv, RATE_HZ, INDICES, times_s=times_s, positions=times_s * rate_hz)
    straight = spoilt(lambda _: None)
    np.testing.assert_allclose(measured.value[-1], straight.value[-1], atol=0.1)


@pytest.mark.parametrize("rate_hz", [125.0, 200.0, 256.0])
def test_other_boards_give_the_same_values(rate_hz: float) -> None:
    uv = sampled(THERAPIST, SHORT_S + 2, rate_hz)
    measured = measure(uv, rate_hz, INDICES, times_s=grid_s(1.0, SHORT_S))
    straight = spoilt(lambda _: None, THERAPIST)
    np.testing.assert_allclose(measured.value[-1], straight.value[-1], atol=0.06)
