from hypothesis import given
from hypothesis import strategies as st

from recorder.recording.unsaved import DISK, UnsavedGaps
from recorder.store.rows import GapRow


def gap(first: int, n: int, cause: str = DISK, *, board: int = 0, segment: int = 0) -> GapRow:
    return GapRow(board, segment, first, n, cause, 1000 + first, 1000 + first + n)


def handed_over(unsaved: UnsavedGaps) -> list[GapRow]:
    taken: list[GapRow] = []

    def take(row: GapRow) -> bool:
        taken.append(row)
        return True

    unsaved.hand_over(take)
    assert not unsaved
    return taken


@st.composite
def stalls(draw: st.DrawFn) -> list[GapRow]:
    """A stretch cut into pieces, of which every other is the disk's, in any order."""
    sizes = draw(st.lists(st.integers(1, 9), min_size=1, max_size=12))
    pieces, first = [], 0
    for place, n in enumerate(sizes):
        pieces.append(gap(first, n, "radio" if place % 2 else DISK))
        first += n
    return draw(st.permutations(pieces))


@given(stalls())
def test_a_stall_becomes_one_row_whatever_was_lost_within_it(pieces: list[GapRow]) -> None:
    unsaved = UnsavedGaps()
    for piece in pieces:
        unsaved.add(piece)
    n = sum(piece.n for piece in pieces)
    assert handed_over(unsaved) == [gap(0, n)]


def test_gaps_that_do_not_touch_stay_apart() -> None:
    apart = [gap(0, 10), gap(11, 5), gap(16, 4, segment=1), gap(16, 4, board=1)]
    unsaved = UnsavedGaps()
    for piece in apart:
        unsaved.add(piece)
    assert handed_over(unsaved) == apart


def test_losses_of_other_causes_keep_them_and_are_not_joined() -> None:
    unsaved = UnsavedGaps()
    unsaved.add(gap(0, 10, "radio"))
    unsaved.add(gap(10, 10, "silence"))
    assert [row.cause for row in handed_over(unsaved)] == ["radio", "silence"]


def test_a_stretch_of_time_is_never_joined() -> None:
    time_only = gap(0, 0, "unplugged", segment=1)
    unsaved = UnsavedGaps()
    unsaved.add(time_only)
    unsaved.add(gap(0, 50, segment=1))
    assert handed_over(unsaved) == [time_only, gap(0, 50, segment=1)]


def test_what_is_not_taken_waits() -> None:
    unsaved = UnsavedGaps()
    unsaved.add(gap(0, 10))
    unsaved.add(gap(20, 10))
    room = iter([True, False])
    assert unsaved.hand_over(lambda _: next(room))
    assert not unsaved.hand_over(lambda _: False)
    assert handed_over(unsaved) == [gap(20, 10)]
