import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.moments.consensus import Shared, consensus, majority
from recorder.moments.moment import SORTS, Moment, Sort

A: Sort = "interest"
B: Sort = "no interest"


def test_what_two_of_three_share_is_shared_from_the_later_begin_to_the_earlier_end() -> None:
    raters = {
        "R1": [Moment(10, 20, A), Moment(40, 50, B)],
        "R2": [Moment(15, 30, A), Moment(41, 45, A)],
        "R3": [Moment(18, 25, A), Moment(60, 60, B)],
    }
    assert consensus(raters) == (Shared(15, 25, A, ("R1", "R2", "R3"), 3),)
    assert consensus(raters, 3) == (Shared(18, 20, A, ("R1", "R2", "R3"), 3),)


def test_an_instant_counts_for_the_second_that_begins_with_it() -> None:
    raters = {"R1": [Moment(5, 5, A)], "R2": [Moment(5.5, 9, A)]}
    assert consensus(raters) == (Shared(5.5, 6, A, ("R1", "R2"), 2),)


def test_one_rater_shares_nothing() -> None:
    assert consensus({"R1": [Moment(1, 2, A)]}) == ()
    assert consensus({}) == ()
    assert [majority(n) for n in (1, 2, 3, 4, 5)] == [2, 2, 2, 3, 3]


seconds = st.integers(0, 40)
moments = st.lists(
    st.builds(
        lambda at, length, sort: Moment(at, at + length, sort),
        seconds,
        st.integers(1, 9),
        st.sampled_from(SORTS),
    ),
    max_size=5,
)


@settings(deadline=None, max_examples=30)
@given(st.dictionaries(st.sampled_from(["R1", "R2", "R3", "R4"]), moments), st.integers(2, 4))
def test_it_is_where_so_many_are_and_nowhere_else(
    raters: dict[str, list[Moment]], at_least: int
) -> None:
    found = consensus(raters, at_least)
    for sort in SORTS:
        for middle in np.arange(0.5, 50):
            count = sum(
                any(it.sort == sort and it.begin_s < middle < it.end_s for it in of_rater)
                for of_rater in raters.values()
            )
            shared = [it for it in found if it.sort == sort and it.begin_s < middle < it.end_s]
            assert len(shared) == (count >= at_least)
