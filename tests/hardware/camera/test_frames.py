"""Frames are put on the host's clock, whatever their own stamps count from."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.camera.frames import HOLD_NS, FrameClock

S, MS = 1_000_000_000, 1_000_000
BOOTED_NS = 5000 * S


def placed(stamps_ns: list[int], arrivals_ns: list[int]) -> list[int]:
    clock, times_ns = FrameClock(arrivals_ns[0]), list[int]()
    for stamp_ns, arrival_ns in zip(stamps_ns, arrivals_ns, strict=True):
        clock.add([stamp_ns], arrival_ns)
        times_ns += clock.take(arrival_ns)
    return times_ns + clock.take_all()


def true_times(n: int, rate_hz: float = 25.0) -> list[int]:
    return [BOOTED_NS + round(k * 1e9 / rate_hz) for k in range(n)]


def delayed(times_ns: list[int], seed: int, at_least_ms: float) -> list[int]:
    """When reports of these frames arrive: in order, mostly a little late, sometimes very."""
    rng = np.random.default_rng(seed)
    late_ns = rng.exponential(10 * MS, len(times_ns)) + at_least_ms * MS
    late_ns[rng.random(len(times_ns)) < 0.01] += 300 * MS
    return [int(it) for it in np.maximum.accumulate(np.array(times_ns) + late_ns)]


def test_stamps_of_the_hosts_clock_are_taken_as_they_are() -> None:
    times_ns = true_times(500)
    assert placed(times_ns, delayed(times_ns, 1, 30)) == times_ns


@pytest.mark.parametrize("zero_ns", [0, 123 * S, -7 * S, 1_700_000_000 * S])
def test_other_stamps_are_late_by_the_quickest_report_only(zero_ns: int) -> None:
    times_ns = true_times(1500)
    stamps_ns = [t_ns - BOOTED_NS + zero_ns for t_ns in times_ns]
    errors_ns = np.array(placed(stamps_ns, delayed(times_ns, 2, 5))) - np.array(times_ns)
    assert errors_ns.min() >= 5 * MS
    assert errors_ns.max() < 7 * MS


def test_a_start_that_brings_a_bunch_of_frames_does_not_make_them_late() -> None:
    times_ns = true_times(100)
    stamps_ns = [t_ns - BOOTED_NS for t_ns in times_ns]
    opened_ns = BOOTED_NS + 700 * MS  # until then the program was still opening its output
    arrivals_ns = [max(t_ns + 5 * MS, opened_ns) for t_ns in times_ns]
    errors_ns = np.array(placed(stamps_ns, arrivals_ns)) - np.array(times_ns)
    assert np.abs(errors_ns - 5 * MS).max() <= 1


def test_a_program_whose_clock_drifts_is_followed() -> None:
    times_ns = true_times(25 * 3600, rate_hz=25.0)
    stamps_ns = [round((t_ns - BOOTED_NS) * (1 - 100e-6)) for t_ns in times_ns]  # 0.36 s an hour
    errors_ns = np.array(placed(stamps_ns, delayed(times_ns, 3, 5))) - np.array(times_ns)
    assert errors_ns.min() > -2 * MS
    assert errors_ns.max() < 12 * MS


def test_frames_are_held_for_2_s_and_no_longer() -> None:
    clock = FrameClock(BOOTED_NS)
    clock.add([BOOTED_NS], BOOTED_NS + 3)
    clock.add([BOOTED_NS + 40 * MS], BOOTED_NS + 40 * MS + 3)
    assert clock.take(BOOTED_NS + HOLD_NS + 2) == []
    assert clock.take(BOOTED_NS + HOLD_NS + 3) == [BOOTED_NS]
    assert clock.take_all() == [BOOTED_NS + 40 * MS]
    assert clock.take_all() == []


def test_it_knows_when_something_came_last_and_by_which_clock() -> None:
    clock = FrameClock(BOOTED_NS)
    assert clock.newest_ns == BOOTED_NS
    clock.add([], BOOTED_NS + S)
    assert clock.newest_ns == BOOTED_NS
    clock.add([BOOTED_NS + S], BOOTED_NS + 2 * S)
    assert clock.newest_ns == BOOTED_NS + 2 * S
    clock.take_all()
    assert clock.on_host_clock
    clock.add([77], BOOTED_NS + 3 * S)
    clock.take_all()
    assert not clock.on_host_clock


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-(10**12), 10**12), st.integers(0, 3 * S)), min_size=1, max_size=50
    )
)
def test_times_grow_strictly_whatever_a_program_says(reports: list[tuple[int, int]]) -> None:
    arrivals_ns = [int(it) for it in BOOTED_NS + np.cumsum([wait_ns for _, wait_ns in reports])]
    times_ns = placed([stamp_ns for stamp_ns, _ in reports], arrivals_ns)
    assert len(times_ns) == len(reports)
    assert all(after > before for before, after in pairwise(times_ns))
