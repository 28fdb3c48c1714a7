"""Which stretches of a session may be compared: the intervals and pairs of marks that it has.

A set is everything of one label: intervals that anybody gave it, and what lies between the marks
"LABEL starts" and "LABEL ends". The moments of raters make the sets `interest` and `no interest`:
what most of those raters share who did not see the measures; where there is no such thing, all that
was rated, and moments_used says so, for whoever has seen the measures may have marked what they
show. A contrast is asked for as FIRST:SECOND, or as FIRST alone, against all the rest; without
being asked, moments of interest are compared with those of none, and each label with the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder.moments.consensus import Shared
from recorder.moments.labels import sort_of
from recorder.moments.moment import RATER, SORTS
from recorder.open import OpenSession, Rating

STARTS: Final = " starts"
ENDS: Final = " ends"
REST: Final = "the rest"

Span = tuple[float, float]  # begin and end, seconds since the session started


@dataclass(frozen=True, slots=True)
class Sets:
    """Two sets of intervals by their labels; an empty second one is all the rest."""

    first: str
    second: str = ""

    @property
    def name(self) -> str:
        """As people say it."""
        return f"{self.first} against {self.second or REST}"


def spans_of(session: OpenSession) -> dict[str, list[Span]]:
    """All sets of a session, by label."""
    found: dict[str, list[Span]] = {}
    moments: Sequence[Shared | Rating] = session.consensus() or _rated(session)
    for moment in moments:
        found.setdefault(moment.sort, []).append((moment.begin_s, moment.end_s))
    for it in session.intervals:
        if sort_of(it.label) is None:
            found.setdefault(it.label, []).append((it.begin_s, it.end_s))
    begun: dict[str, float] = {}
    for mark in session.marks:
        if mark.label.endswith(STARTS):
            begun[mark.label.removesuffix(STARTS)] = mark.t_s
        elif mark.label.endswith(ENDS):
            label = mark.label.removesuffix(ENDS)
            if label in begun:
                found.setdefault(label, []).append((begun.pop(label), mark.t_s))
    for label, begin_s in begun.items():  # nobody said when it ended
        found.setdefault(label, []).append((begin_s, session.duration_s))
    return found


def moments_used(session: OpenSession) -> str:
    """Whose moments `interest` and `no interest` are."""
    if session.consensus():
        return "shared by most of the raters who did not see the measures"
    raters = {it.author for it in _rated(session)}
    return f"all of {len(raters)} raters, not shared by several blind ones" if raters else "none"


def _rated(session: OpenSession) -> list[Rating]:
    return [it for it in session.ratings if it.provenance == RATER and it.end_s > it.begin_s]


def sets_asked(known: dict[str, list[Span]], asked: tuple[str, ...]) -> list[Sets]:
    """The contrasts that are asked for; each label against the rest if none is.

    Raises:
        ValueError: there is no such label in the session, or a set against itself.
    """
    if not asked:
        both = [Sets(*SORTS)] if set(SORTS) <= set(known) else []
        return both + [Sets(label) for label in known]
    found = []
    for words in asked:
        first, _, second = words.partition(":")
        for label in filter(None, (first, second)):
            if label not in known:
                labels = ", ".join(known) or "none"
                raise ValueError(f"contrast {words!r}: no interval is called {label!r}: {labels}")
        if not first or first == second:
            raise ValueError(f"contrast {words!r}: FIRST:SECOND, two different labels, or FIRST")
        found.append(Sets(first, second))
    return found


def inside(spans: list[Span], t_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which instants lie in one of the spans."""
    within = np.zeros(len(t_s), np.bool_)
    for begin_s, end_s in spans:
        within |= (t_s >= begin_s) & (t_s < end_s)
    return within
