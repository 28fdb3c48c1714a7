import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.store.timeline import Timeline

START_NS = 5_000_000_000_000


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(1, 2000), min_size=1, max_size=20),
    st.lists(st.floats(3.9e6, 4.1e6), min_size=20, max_size=20),
)
def test_a_continuous_line_of_knots_increases_with_every_sample(
    steps: list[int], periods: list[float]
) -> None:
    knots, idx, t_ns = [], 0, START_NS
    for step, period_ns in zip(steps, periods, strict=False):
        knots.append((idx, t_ns, period_ns, 0))
        idx, t_ns = idx + step, t_ns + round(step * period_ns)
    timeline = Timeline.from_knots(knots)
    assert timeline.increases()
    assert np.all(np.diff(timeline.times_ns(np.arange(-50, idx + 50))) > 0)


def test_settled_knots_put_provisional_ones_out_of_use() -> None:
    timeline = Timeline.from_knots([(0, 9, 4e6, 1), (10, START_NS, 4e6, 0), (20, 7, 4e6, 1)])
    assert timeline.settled
    assert timeline.index.tolist() == [10]
    assert timeline.times_ns(np.array([9, 11])).tolist() == [START_NS - 4e6, START_NS + 4e6]


def test_arrivals_give_the_line_below_all_of_them() -> None:
    index = np.arange(0, 500, 5)
    lateness_ns = np.random.default_rng(1).integers(1_000_000, 30_000_000, len(index))
    arrival_ns = START_NS + index * 4_000_000 + lateness_ns
    timeline = Timeline.from_arrivals(index, arrival_ns, 4e6)
    early_ns = arrival_ns - timeline.times_ns(index)
    assert early_ns.min() == 0
    assert not timeline.settled


@pytest.mark.parametrize(
    "knots",
    [
        [(0, 0, 4e6, 0), (0, 4_000_000, 4e6, 0)],
        [(0, 0, 4e6, 0), (10, 36_000_000, 4e6, 0)],
        [(0, 0, -4e6, 0)],
        [(0, 0, float("inf"), 0), (10, 40_000_000, 4e6, 0)],
    ],
)
def test_a_line_that_stands_still_or_falls_is_recognised(
    knots: list[tuple[int, int, float, int]],
) -> None:
    assert not Timeline.from_knots(knots).increases()


def test_a_line_of_nothing_is_refused() -> None:
    nothing = np.empty(0, np.int64)
    with pytest.raises(ValueError, match="needs a knot"):
        Timeline.from_knots([])
    with pytest.raises(ValueError, match="needs an arrival"):
        Timeline.from_arrivals(nothing, nothing, 4e6)
