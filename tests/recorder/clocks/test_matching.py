"""An edge has its like on the other path, or nobody's."""

from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.clocks.matching import MATCH_NS, Moment, same_pulses

MS = 1_000_000
START_NS = 3_000_000_000_000_000  # 35 days after a boot
MOMENTS = st.lists(
    st.tuples(st.integers(0, 40).map(lambda step: START_NS + 5 * MS * step), st.integers(0, 1)),
    max_size=8,
)


def one_by_one(mine: list[Moment], others: list[Moment]) -> list[tuple[int, int]]:
    """As the definition says it."""
    found = []
    for place, (t_ns, level) in enumerate(mine):
        near = [
            at
            for at, (other_ns, other_level) in enumerate(others)
            if other_level == level and abs(other_ns - t_ns) <= MATCH_NS
        ]
        found += [(place, near[0])] if len(near) == 1 else []
    return found


@settings(max_examples=200, deadline=None)
@given(MOMENTS, MOMENTS)
def test_it_does_what_its_definition_says(mine: list[Moment], others: list[Moment]) -> None:
    assert same_pulses(mine, others) == one_by_one(mine, others)


def test_the_edge_of_the_reach_is_within_it() -> None:
    mine = [(START_NS, 1)]
    assert same_pulses(mine, [(START_NS + MATCH_NS, 1)]) == [(0, 0)]
    assert same_pulses(mine, [(START_NS + MATCH_NS + 1, 1)]) == []


def test_a_strobe_of_60_hz_is_never_taken_for_another() -> None:
    strobe = [(START_NS + number * 1_000_000_000 // 60, 1) for number in range(60)]
    assert same_pulses(strobe[20:40], strobe) == []
