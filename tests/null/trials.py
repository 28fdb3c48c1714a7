"""What every test of recorder/analysis finds in one made-up session."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from scipy.stats import ttest_ind

from dsp.changes import changes
from dsp.every_shift import Shifting, every_shift
from dsp.shift_test import ShiftFamily
from dsp.together import TOGETHER, Whole
from recorder.analysis.contrasts import SYNCHRONY, contrasts
from recorder.analysis.dyads import compared, values
from recorder.analysis.following import LAG_S, following, segments, twos
from recorder.analysis.intervals import Sets, Span, inside
from recorder.analysis.replay import Replayed
from recorder.analysis.series import Course, courses, indices_of
from recorder.analysis.shifting import answers
from recorder.analysis.synchrony import FOR_INFERENCE, synchrony
from recorder.open import Result
from recorder.settings.board import ROLES
from tests.null.people import STEP_S
from tests.null.sessions import LABELS

MOMENT_S: Final = 40.0
MOMENTS: Final = 4
ALPHA: Final = 1
# Not for inference: that they fail is to be seen.
DESCRIBE: Final = ("coh", "imcoh", "aec")
NAIVE: Final = "t-test of moments"
CHANGED: Final = "changes: of one asymmetry"

P = dict[str, float]  # p by test; 1 where a test could not be made


def every_p(replayed: Replayed, rng: np.random.Generator, in_moments: float = 0.0) -> P:
    """The p of each test, alone and as the smallest of its family.

    In random moments the first asymmetry is higher by `in_moments` standard deviations.
    """
    indices = [it for role in ROLES for it in indices_of(replayed, 0, role)]
    moments = random_moments(rng, len(replayed.end_ns))
    indices[0] = _higher(indices[0], moments, in_moments)
    series = twos(replayed, LABELS, indices)
    found = _families("synchrony", synchrony(replayed, LABELS), FOR_INFERENCE)
    found |= _families("following", following(series), LAG_S)
    found |= _families("segments", segments(series, rng)[0], LAG_S)
    compared = [*indices, *courses(replayed, 0, SYNCHRONY)]
    told = contrasts(compared, {"moment": moments}, [Sets("moment")])
    found["contrast: one asymmetry"] = _p(told[0].p) if told else 1.0
    found["contrast: all series"] = min((_p(it.p_corrected) for it in told), default=1.0)
    found["answers"] = min((_p(it.p) for it in answers(indices)[:1]), default=1.0)
    return found | described(replayed) | _naive(indices[0], moments)


def _higher(course: Course, moments: list[Span], by_sd: float) -> Course:
    step = by_sd * np.nanstd(course.values) * inside(moments, course.t_s)
    return replace(course, values=course.values + step)


def every_dyad(made: list[Replayed]) -> Iterator[P]:
    """Of each of some sessions, against all the others, in alpha."""
    patients, therapists = (
        [[Whole(one.of_person(person)[ALPHA], STEP_S)] for one in made] for person in (0, 1)
    )
    pairs = made[0].definitions.pairs
    places = [("alpha", (LABELS[0][a], LABELS[1][b])) for a, b in pairs]
    met = [[values(mine, yours, pairs) for yours in therapists] for mine in patients]
    for own in range(len(made)):
        others = [it for it in range(len(made)) if it != own]
        people = [met[own][own], *(met[own][it] for it in others)]
        found = list(compared(ROLES, people, places))
        people = [met[own][own], *(met[it][own] for it in others)]
        turned = list(compared(ROLES[::-1], people, places))
        yield _families("dyads", found, TOGETHER) | _families("dyads, turned", turned, TOGETHER)


def described(replayed: Replayed) -> P:
    """What the measures that are told without a p would have found, in alpha."""
    a, b = (Shifting(replayed.of_person(k)[ALPHA, 0], STEP_S) for k in (0, 1))
    found = every_shift(a, b, DESCRIBE)
    return {
        f"not for inference: {kind}": _p(ShiftFamily(len(value)).add(value, found.points).p)
        for kind, value in zip(found.kinds, found.value, strict=True)
    }


def random_moments(rng: np.random.Generator, seconds: float) -> list[Span]:
    """As raters might mark them, of people they do not know."""
    begins = rng.uniform(0, seconds - MOMENT_S, MOMENTS)
    return [(float(it), float(it) + MOMENT_S) for it in begins]


def _families(test: str, results: list[Result], names: Iterable[str]) -> P:
    """Of each name, its first result in alpha, and the smallest corrected of all."""
    found = {}
    for name in names:
        own = [it for it in results if it.name == name]
        alpha = [it for it in own if it.band == "alpha"]
        found[f"{test}: {name}"] = _p(alpha[0].p) if alpha else 1.0
        if any(it.p_corrected is not None for it in own):
            corrected = min(_p(it.p_corrected) for it in own)
            found[f"{test}: {name}, all places and bands"] = corrected
    return found


def _naive(course: Course, moments: list[Span]) -> P:
    within = inside(moments, course.t_s)
    known = np.isfinite(course.values)
    p = ttest_ind(course.values[known & within], course.values[known & ~within]).pvalue
    return {NAIVE: float(p), CHANGED: 0.0 if changes(course.values[::10]) else 1.0}


def _p(p: float | None) -> float:
    return 1.0 if p is None or not np.isfinite(p) else p
