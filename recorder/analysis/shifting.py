"""Shifts of the asymmetries once more, the other's answers, and a second opinion on the shifts.

The shifts are found as while it was recorded (dsp/moments.py: what came before decides), and once
more with all of the series in view (dsp/changes.py). How often a shift of one person was followed
by one of the other in the same direction within a minute is counted, in both directions, against
the other's shifted along the session: smooth series answer each other often by chance, and few
shifts make few counts, so that p is rather too large than too small.
"""

from collections.abc import Iterator
from typing import Final

from dsp.answer import ChancePairs, chance_pairs
from dsp.changes import Change, changes
from dsp.moments import WINDOW_NS, Shift, ShiftWatch
from recorder.analysis.series import Course, both
from recorder.analysis.words import known, p_in_words, verdict
from recorder.measures.series import HOP_S
from recorder.open import Result

ANSWERS: Final = "answers"
CHANGES: Final = "changes"
NEAR_S: Final = 60.0
WINDOW_S: Final = WINDOW_NS / 1e9


def answers(indices: list[Course]) -> list[Result]:
    """How often each person's shifts were answered, per site and direction."""
    return [
        _answered(leader, follower)
        for mine, yours in both(indices, "faa")
        for leader, follower in ((mine, yours), (yours, mine))
    ]


def shifts_of(course: Course) -> list[Shift]:
    """The shifts of one index, as they would have been marked."""
    watch = ShiftWatch()
    told = zip((course.t_s * 1e9).astype("int64").tolist(), course.values.tolist(), strict=True)
    return [shift for t_ns, value in told if (shift := watch.push(t_ns, value)) is not None]


def _answered(leader: Course, follower: Course) -> Result:
    first, last = int(leader.t_s[0] * 1e9), int(leader.t_s[-1] * 1e9)
    theirs, others = shifts_of(leader), shifts_of(follower)
    found = chance_pairs(theirs, others, (first, last), within_s=NEAR_S)
    expected = known(found.expected)
    p = None if expected is None else found.p
    who = leader.row.persons[0], follower.row.persons[0]
    return Result(
        ANSWERS,
        leader.row.name,
        leader.row.band,
        who,
        leader.row.channels,
        float(found.observed),
        _answers_in_words(who, len(theirs), found, p),
        unit="answers",
        chance=expected,
        p=p,
        n=len(theirs),
    )


def _answers_in_words(
    who: tuple[str, str], shifts: int, found: ChancePairs, p: float | None
) -> str:
    if not shifts:
        return f"the {who[0]} has no shift: nothing to answer"
    if p is None:
        return "the session is too short: nothing can be concluded"
    return (
        f"{verdict(p)}: the {who[1]} answers {found.observed} of {shifts} shifts of the {who[0]} "
        f"within {NEAR_S:.0f} s, by chance {found.expected:.1f}; p {p_in_words(p)}"
    )


def second_opinion(indices: list[Course]) -> Iterator[Result]:
    """Every lasting change of an asymmetry, and whether it was marked as a shift as well."""
    for course in indices:
        if course.row.name == "faa":
            marked = [shift.t_ns / 1e9 for shift in shifts_of(course)]
            step = round(WINDOW_S / HOP_S)
            for change in changes(course.values[::step]):
                yield _change(course, change, step, marked)


def _change(course: Course, change: Change, step: int, marked: list[float]) -> Result:
    at_s = float(course.t_s[change.at * step]) - WINDOW_S / 2
    near = any(abs(it - at_s) <= NEAR_S for it in marked)
    said = "marked as a shift, too" if near else "not marked as a shift"
    way = "up" if change.size > 0 else "down"
    return Result(
        CHANGES,
        course.row.name,
        course.row.band,
        course.row.persons,
        course.row.channels,
        change.size,
        f"{way} by {abs(change.size):.2f} at {at_s:.0f} s; {said}",
        unit="change of level",
        begin_s=at_s,
        end_s=at_s,
        for_inference=False,
    )
