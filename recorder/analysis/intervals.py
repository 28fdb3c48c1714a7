"""Which stretches of a session may be compared: the intervals and pairs of marks that it has.

A set is everything of one label: intervals that anybody gave it, and what lies between the marks
"LABEL starts" and "LABEL ends". A contrast is asked for as FIRST:SECOND, or as FIRST alone, against
all the rest; without being asked, each label is compared with the rest.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder.open import OpenSession

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
    for it in session.intervals:
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


def sets_asked(known: dict[str, list[Span]], asked: tuple[str, ...]) -> list[Sets]:
    """The contrasts that are asked for; each label against the rest if none is.

    Raises:
        ValueError: there is no such label in the session, or a set against itself.
    """
    if not asked:
        return [Sets(label) for label in known]
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
