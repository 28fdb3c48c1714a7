"""Two people who were really recorded together, with the gaps and the jitter that they have.

Muse, four channels each, 256 Hz nominal, 36 s, stamps with 26 and 45 ms of jitter.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.absence import Absence
from dsp.asymmetry import Index
from dsp.quality import Flaw
from tests.dsp.measured_person import ALPHA, THETA, Measured, grid_s, measure
from tests.places import RECORDINGS

Floats = NDArray[np.float64]

RECORDING = RECORDINGS / "dyad" / "two_wearers.npz"
RATE_HZ = 256.0
TP9, AF7, AF8, TP10 = range(4)
FULL = 10  # a value a second: from here on the window is full
INDICES = (
    Index(ALPHA, (AF8,), (AF7,)),
    Index(ALPHA, (TP10,), (TP9,)),
    Index(THETA, (AF7, AF8)),
)

pytestmark = pytest.mark.skipif(not RECORDING.exists(), reason=f"no recording at {RECORDING}")


def positions(stamps_s: Floats, times_s: Floats) -> Floats:
    """Where on the common time each sample lies by its own jittering stamp."""
    return np.interp(times_s, stamps_s, np.arange(len(stamps_s)))


def steady(stamps_s: Floats) -> Floats:
    """The same stamps without their jitter."""
    index = np.arange(len(stamps_s))
    return np.asarray(np.polyval(np.polyfit(index, stamps_s, 1), index), np.float64)


def common(stamps: list[Floats]) -> Floats:
    begin_s = max(one[0] for one in stamps) + 1.5
    return grid_s(begin_s, min(one[-1] for one in stamps) - 0.5 - begin_s)


def measured_dyad(*, jitter: bool) -> list[Measured]:
    with np.load(RECORDING) as held:
        stamps = [held["green_t"], held["orange_t"]]
        uv = [held["green_uV"].astype(np.float64), held["orange_uV"].astype(np.float64)]
    times_s = common(stamps)
    return [
        measure(
            samples,
            RATE_HZ,
            INDICES,
            times_s=times_s,
            positions=positions(one if jitter else steady(one), times_s),
        )
        for samples, one in zip(uv, stamps, strict=True)
    ]


@pytest.fixture(scope="module")
def dyad() -> list[Measured]:
    return measured_dyad(jitter=False)


def test_every_value_is_there_or_has_its_reason(dyad: list[Measured]) -> None:
    for person in dyad:
        absent = np.isnan(person.value)
        reasons = np.array([[reason is not None for reason in row] for row in person.absence])
        guards = (Absence.TALKING, Absence.DRUMMING)
        guarded = np.array([[reason in guards for reason in row] for row in person.absence])
        np.testing.assert_array_equal(absent | guarded, reasons)
        assert (person.clean_share[absent] < 0.5).all()


def test_most_of_a_usable_recording_is_used(dyad: list[Measured]) -> None:
    shares = [person.clean_share[-1] for person in dyad]
    assert np.median(shares) > 0.7
    values = np.concatenate([person.value[FULL:] for person in dyad])
    assert np.mean(np.isfinite(values)) > 0.7


def test_values_are_of_the_size_that_people_have(dyad: list[Measured]) -> None:
    for person in dyad:
        faa = person.value[:, :2]
        assert np.nanmax(np.abs(faa)) < 1.5
        theta_uv2 = np.exp(person.value[:, 2])
        assert 1 < np.nanmedian(theta_uv2) < 300
        assert 0.02 < np.nanmedian(person.standard_error[FULL:, :2]) < 0.4


def test_nothing_of_it_is_railed_flat_or_full_of_mains(dyad: list[Measured]) -> None:
    for person in dyad:
        assert not (person.flaws & (Flaw.RAILED | Flaw.FLAT | Flaw.MAINS)).any()


def test_power_does_not_depend_much_on_the_jitter_of_the_stamps(dyad: list[Measured]) -> None:
    for person, jittered in zip(dyad, measured_dyad(jitter=True), strict=True):
        both = np.isfinite(person.value) & np.isfinite(jittered.value)
        assert both.any()
        off = (jittered.value - person.value)[both]
        assert np.median(np.abs(off)) < 0.15


def test_lost_samples_stay_lost() -> None:
    with np.load(RECORDING) as held:
        uv = held["green_uV"].astype(np.float64)
    uv[3000:4000] = np.nan
    times_s = grid_s(1.0, 34.0)
    holed = measure(uv, RATE_HZ, INDICES, times_s=times_s)
    inside = (times_s * RATE_HZ > 3300).all(axis=1) & (times_s * RATE_HZ < 3800).all(axis=1)
    assert (holed.flaws[inside] == Flaw.NO_DATA).all()
    assert holed.clean_share.min() >= 0
    seventh = holed.clean_share[np.searchsorted(holed.t_s, 15.0)]
    assert (seventh < 0.7).all()
