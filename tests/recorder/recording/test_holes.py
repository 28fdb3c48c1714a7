from hypothesis import given
from hypothesis import strategies as st

from recorder.recording.holes import Holes

SPANS = st.tuples(st.integers(0, 120), st.integers(1, 40))


def begun(index: int = 0) -> Holes:
    holes = Holes()
    holes.begin(0, index)
    return holes


def indexes(holes: Holes) -> list[int]:
    return [index for first, end in holes.remaining() for index in range(first, end)]


@given(st.lists(SPANS), st.integers(0, 50))
def test_what_remains_is_what_was_neither_recorded_nor_explained(
    spans: list[tuple[int, int]], begin: int
) -> None:
    holes = begun(begin)
    known: set[int] = set()
    for first, n in spans:
        holes.fill(begin + first, n)
        known |= set(range(begin + first, begin + first + n))
    end = max(known, default=begin)
    assert indexes(holes) == [index for index in range(begin, end) if index not in known]


def test_an_explanation_may_come_before_or_after_what_follows_the_hole() -> None:
    holes = begun()
    holes.fill(0, 10)
    holes.fill(10, 5)  # dropped by a full queue: explained at once
    holes.fill(15, 10)
    assert holes.remaining() == []
    holes.fill(30, 10)
    assert holes.remaining() == [(25, 30)]
    holes.fill(25, 5)  # lost in the air: explained when no late packet can come any more
    assert holes.remaining() == []


def test_nothing_belongs_to_a_session_that_has_recorded_nothing() -> None:
    assert not Holes().holds(0, 0)
    assert not Holes().holds(3, 100)


def test_what_comes_before_the_first_sample_does_not_belong_to_the_session() -> None:
    holes = begun(100)
    assert not holes.holds(0, 99)
    assert holes.holds(0, 100)


def test_a_later_segment_belongs_to_the_session_from_its_first_index() -> None:
    holes = begun(100)
    assert holes.holds(1, 0)
    assert not Holes().holds(1, 0)


def test_a_new_segment_begins_without_holes() -> None:
    holes = begun()
    holes.fill(10, 5)
    holes.begin(1, 0)
    assert holes.remaining() == []
    assert not holes.holds(0, 3)
