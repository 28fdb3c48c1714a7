"""What differs between two sets of intervals: each person's indices, and synchrony in windows.

By shifting the labels (dsp/contrast.py). A window counts where its centre lies. All series of one
contrast are corrected for each other, along the same shift of the labels.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.contrast import Contrast, contrast
from dsp.shift_test import ShiftFamily
from recorder.analysis.intervals import Sets, Span, inside
from recorder.analysis.series import Course
from recorder.analysis.words import known, p_in_words, verdict
from recorder.open import Result

TEST: Final = "contrast"
SYNCHRONY: Final = ("plv", "accorr")

Flags = NDArray[np.bool_]


def contrasts(
    courses: list[Course], spans: dict[str, list[Span]], sets: list[Sets]
) -> list[Result]:
    """Each contrast in each series, as far as both sets have values."""
    return [
        result
        for one in sets
        for result in _contrast(courses, spans[one.first], spans.get(one.second), one)
    ]


def _contrast(
    courses: list[Course], first: list[Span], second: list[Span] | None, sets: Sets
) -> list[Result]:
    if not courses:
        return []
    family = ShiftFamily(len(courses[0].values))
    found = []
    for course in courses:
        flags = _flags(course, first, second)
        if flags is not None:
            told = contrast(course.values, *flags, family)
            if told is not None:
                found.append((course, told))
    return [_result(course, told, sets, family) for course, told in found]


def _flags(
    course: Course, first: list[Span], second: list[Span] | None
) -> tuple[Flags, Flags] | None:
    """Which values are in which set; what is in both is in neither."""
    if not np.isfinite(course.values).any():
        return None
    in_first = inside(first, course.t_s)
    in_second = ~in_first if second is None else inside(second, course.t_s)
    return in_first & ~in_second, in_second & ~in_first


def _result(course: Course, told: Contrast, sets: Sets, family: ShiftFamily) -> Result:
    tested = told.tested
    p, corrected = known(tested.p), known(family.corrected(tested))
    return Result(
        TEST,
        course.row.name,
        course.row.band,
        course.row.persons,
        course.row.channels,
        known(tested.value),
        f"{sets.name}: {_in_words(told, p, corrected)}",
        unit=f"difference, {sets.name}",
        low=known(told.low),
        high=known(told.high),
        chance=known(tested.chance),
        chance_high=known(tested.chance_high),
        p=p,
        p_corrected=corrected,
        n=tested.n,
        clean=float(np.isfinite(course.values).mean()),
    )


def _in_words(told: Contrast, p: float | None, corrected: float | None) -> str:
    if p is None:
        return "too few shifts: nothing can be concluded"
    return (
        f"{verdict(corrected)}: {told.tested.value:+.3f} ({told.low:+.3f} to {told.high:+.3f}), "
        f"{told.effect:+.2f} SD ({told.effect_low:+.2f} to {told.effect_high:+.2f}) of "
        f"{told.n_first} and {told.n_second} values; p {p_in_words(p)}, "
        f"among all that were compared {p_in_words(corrected)}"
    )
