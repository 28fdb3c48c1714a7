"""Shifts of series in which they are known, and how many are found where there are none."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsp.asymmetry import Index
from dsp.moments import FALSE_SHIFTS, WINDOW_NS, Shift, ShiftWatch
from hardware.emulated.synthetic import DYAD_LABELS, PATIENT, SyntheticDyad
from tests.dsp.measured_person import ALPHA, grid_s, measure

Floats = NDArray[np.float64]

SESSION = 270  # windows of 10 s in 45 min
TIMES_NS = np.arange(SESSION, dtype=np.int64) * WINDOW_NS


def find_shifts(times_ns: NDArray[np.int64], x: Floats) -> list[Shift]:
    """All shifts of a session, as a watch tells them one after the other."""
    told = map(ShiftWatch().push, times_ns.tolist(), x.tolist())
    return [shift for shift in told if shift is not None]


def session(phi: float, rng: np.random.Generator) -> Floats:
    """A series of unit variance without any shift."""
    x = rng.standard_normal(SESSION + 50)
    for at in range(1, len(x)):
        x[at] = phi * x[at - 1] + math.sqrt(1 - phi * phi) * x[at]
    return x[50:]


def stepped(rng: np.random.Generator, size: float, at: int = 120) -> Floats:
    x = session(0.0, rng)
    x[at:] += size
    return x


def neighbours(x: Floats) -> float:
    away = x - x.mean()
    return float((away[1:] * away[:-1]).sum() / (away * away).sum())


@pytest.fixture(scope="module")
def realistic_phi() -> float:
    """How alike neighbouring 10 s values of frontal asymmetry are in the synthetic dyad."""
    at = DYAD_LABELS.index
    uv = SyntheticDyad(99).uv(PATIENT, np.arange(202 * 250) / 250)
    faa = measure(
        uv,
        250.0,
        (Index(ALPHA, (at("F4"),), (at("F3"),)),),
        times_s=grid_s(1.0, 200.0),
        hops_per_value=40,
    ).value[1:, 0]
    return neighbours(faa)


def test_asymmetry_resembles_what_it_was_before(realistic_phi: float) -> None:
    assert 0.3 < realistic_phi < 0.8


def test_false_shifts_are_as_rare_as_stated_in_twenty_realistic_sessions(
    realistic_phi: float,
) -> None:
    rng = np.random.default_rng(20)
    found = sum(len(find_shifts(TIMES_NS, session(realistic_phi, rng))) for _ in range(20))
    # Twenty sessions at the stated rate stay below this in 98 of 100 cases (Poisson).
    assert found <= 20 * FALSE_SHIFTS + 2 * math.sqrt(20 * FALSE_SHIFTS)


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.5, 0.7])
def test_false_shifts_are_as_rare_as_stated_over_many_sessions(phi: float) -> None:
    rng = np.random.default_rng(21)
    found = [len(find_shifts(TIMES_NS, session(phi, rng))) for _ in range(120)]
    assert 0.05 < np.mean(found) <= FALSE_SHIFTS + 2 * math.sqrt(FALSE_SHIFTS / 120)


def test_white_noise_taken_for_overlapping_windows_does_not_raise_the_rate() -> None:
    rng = np.random.default_rng(22)
    times_ns = np.arange(2700, dtype=np.int64) * 1_000_000_000
    found = []
    for _ in range(20):
        smooth = np.convolve(rng.standard_normal(2709), np.ones(10), "valid")
        found.append(len(find_shifts(times_ns, smooth)))
    assert np.mean(found) <= FALSE_SHIFTS + 2 * math.sqrt(FALSE_SHIFTS / 20)


@pytest.mark.parametrize("size", [2.0, -2.0])
def test_a_lasting_shift_is_found_where_it_is(size: float) -> None:
    rng = np.random.default_rng(23)
    found = [find_shifts(TIMES_NS, stepped(rng, size)) for _ in range(60)]
    near = [[shift for shift in one if abs(shift.t_ns / WINDOW_NS - 119.5) <= 6] for one in found]
    # The sum may have been on its way already: a tenth is marked more than a minute early.
    assert np.mean([len(one) == 1 for one in near]) > 0.8
    shifts = [one[0] for one in near if one]
    assert {shift.direction for shift in shifts} == {int(math.copysign(1, size))}
    assert np.median([shift.t_ns / WINDOW_NS for shift in shifts]) == pytest.approx(119.5, abs=1)
    assert np.median([shift.size for shift in shifts]) == pytest.approx(size, rel=0.2)


def test_a_shift_is_told_about_a_minute_late() -> None:
    rng = np.random.default_rng(24)
    late = []
    for _ in range(40):
        watch = ShiftWatch()
        told = [
            watch.push(int(t), float(v)) for t, v in zip(TIMES_NS, stepped(rng, 2.0), strict=True)
        ]
        late.append(next(k for k in range(120, SESSION) if told[k] is not None) - 119)
    assert np.median(late) <= 8


def test_a_second_shift_is_found_from_the_new_level() -> None:
    rng = np.random.default_rng(26)
    x = stepped(rng, 3.0, 80)
    x[160:] -= 3.0
    directions = [shift.direction for shift in find_shifts(TIMES_NS, x)]
    assert directions == [1, -1]


@given(st.floats(0.01, 100), st.floats(-1000, 1000))
@settings(deadline=None, max_examples=15)
def test_shifts_do_not_depend_on_unit_and_level(scale: float, level: float) -> None:
    x = stepped(np.random.default_rng(27), 3.0)
    plain, scaled = find_shifts(TIMES_NS, x), find_shifts(TIMES_NS, x * scale + level)
    assert [shift.t_ns for shift in plain] == [shift.t_ns for shift in scaled]
    np.testing.assert_allclose(
        [shift.size * scale for shift in plain], [shift.size for shift in scaled], rtol=1e-6
    )


def test_windows_without_a_value_do_not_make_shifts() -> None:
    rng = np.random.default_rng(28)
    found = []
    for _ in range(60):
        x = session(0.5, rng)
        x[rng.random(SESSION) < 0.3] = np.nan
        x[100:130] = np.inf
        found.append(len(find_shifts(TIMES_NS, x)))
    assert np.mean(found) <= FALSE_SHIFTS + 2 * math.sqrt(FALSE_SHIFTS / 60)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, 0.7])
def test_nothing_and_sameness_have_no_shifts(value: float) -> None:
    assert find_shifts(TIMES_NS, np.full(SESSION, value)) == []


def test_a_short_session_has_no_shifts() -> None:
    x = np.concatenate([np.zeros(8), np.full(8, 5.0)]) + np.random.default_rng(29).normal(
        0, 0.1, 16
    )
    assert find_shifts(TIMES_NS[:16], x) == []


def test_memory_does_not_grow() -> None:
    watch = ShiftWatch()
    x = np.random.default_rng(30).standard_normal(3000).tolist()
    tracemalloc.start()
    try:
        for k in range(100):
            watch.push(k * WINDOW_NS, x[k])
        before = tracemalloc.get_traced_memory()[0]
        for k in range(100, 3000):
            watch.push(k * WINDOW_NS, x[k])
        assert tracemalloc.get_traced_memory()[0] - before < 2000
    finally:
        tracemalloc.stop()
