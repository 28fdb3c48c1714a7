"""Moments that several raters share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from recorder.moments.agreement import INSTANT_S
from recorder.moments.moment import SORTS, Moment, Sort


@dataclass(frozen=True, slots=True, order=True)
class Shared:
    """A stretch that enough raters hold to be of one sort, all at the same time.

    Attributes:
        begin_s, end_s: seconds since the session started.
        sort: `interest` or `no interest`.
        raters: the codes of all who do so within it.
        of: how many have rated.
    """

    begin_s: float
    end_s: float
    sort: Sort
    raters: tuple[str, ...]
    of: int


def majority(raters: int) -> int:
    """More than half, and two at least."""
    return max(raters // 2 + 1, 2)


def consensus(
    by_rater: Mapping[str, Sequence[Moment]], at_least: int | None = None
) -> tuple[Shared, ...]:
    """The stretches that `at_least` raters share, by default most of them; in time.

    An instant counts for the second that begins with it.
    """
    enough = majority(len(by_rater)) if at_least is None else at_least
    found = [shared for sort in SORTS for shared in _of_sort(by_rater, sort, enough)]
    return tuple(sorted(found))


def _of_sort(by_rater: Mapping[str, Sequence[Moment]], sort: Sort, enough: int) -> list[Shared]:
    ends_s = {
        (moment.begin_s, max(moment.end_s, moment.begin_s + _length_s(moment)), rater)
        for rater, moments in by_rater.items()
        for moment in moments
        if moment.sort == sort
    }
    found: list[Shared] = []
    for begin_s, end_s in pairwise(sorted({at for begin, end, _ in ends_s for at in (begin, end)})):
        raters = {rater for begin, end, rater in ends_s if begin <= begin_s and end_s <= end}
        if len(raters) < enough:
            continue
        last: Shared | None = None
        if found and found[-1].end_s == begin_s:
            last = found.pop()
            raters |= set(last.raters)
        first_s = begin_s if last is None else last.begin_s
        found.append(Shared(first_s, end_s, sort, tuple(sorted(raters)), len(by_rater)))
    return found


def _length_s(moment: Moment) -> float:
    return INSTANT_S if moment.end_s == moment.begin_s else 0.0
