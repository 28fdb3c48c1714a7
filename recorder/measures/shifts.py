"""Shifts of each person's frontal asymmetry, and the other's answer two minutes later.

A shift is told about a minute after it began, provisionally; its answer when everything that counts
for it has been measured, ANSWER_S after it began. Both are rows of the session's events, and the
newest are told to the screen. Histories and lists are of a fixed length.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.answer import Answer, ChancePairs, Following, answer, chance_pairs
from dsp.moments import FALSE_SHIFTS, Shift, ShiftWatch
from recorder.measures.series import HOP_S, OnePerson
from recorder.settings.board import ROLES
from recorder.store.rows import EventRow

Floats = NDArray[np.float64]

HISTORY_S: Final = 900
ANSWER_S: Final = 120.0
# Of each person; what is compared with chance is from the last hour.
KEPT: Final = 32
COMPARED_NS: Final = 3_600_000_000_000
DEFINITION: Final = (
    "provisional; CUSUM of values 10 s apart against what came before, "
    f"at most {FALSE_SHIFTS} false ones in 45 min of one series"
)


@dataclass(slots=True)
class Moment:
    """A shift of one person, and how the other answered once that is known.

    Attributes:
        person: 0 the patient, 1 the therapist.
        where: the channels, such as F4-F3.
        shift: what was seen.
        answer: in words; "" before it is known.
    """

    person: int
    where: str
    shift: Shift
    answer: str = ""


@dataclass(frozen=True, slots=True)
class _Watched:
    """One series that is watched: whose, its place among the indices, its channels."""

    person: int
    place: int
    where: str
    watch: ShiftWatch


class Shifts:
    """Watches every frontal asymmetry of both people.

    Args:
        people: what is computed of each.
    """

    def __init__(self, people: tuple[OnePerson, OnePerson]) -> None:
        self.moments: deque[Moment] = deque(maxlen=KEPT)
        self._watched = [
            _Watched(person, place, "-".join((*index.upper, *index.lower)), ShiftWatch())
            for person, one in enumerate(people)
            for place, index in enumerate(one.named)
            if index.name == "faa" and index.band == "alpha"
        ]
        self._past = np.full((len(self._watched), round(HISTORY_S / HOP_S)), np.nan)
        self._waiting: deque[tuple[_Watched, Moment]] = deque(maxlen=KEPT)
        self._shifts: dict[tuple[int, str], deque[Shift]] = {
            (one.person, one.where): deque(maxlen=KEPT) for one in self._watched
        }
        self._begin_ns: int | None = None

    def push(self, t_ns: int, values: Sequence[Floats]) -> list[EventRow]:
        """Take in each person's indices around `t_ns`; what there is to write down."""
        if self._begin_ns is None:
            self._begin_ns = t_ns
        self._past[:, :-1] = self._past[:, 1:]
        rows = []
        for number, one in enumerate(self._watched):
            value = float(values[one.person][one.place])
            self._past[number, -1] = value
            shift = one.watch.push(t_ns, value)
            if shift is not None:
                rows.append(self._found(one, shift))
        while self._waiting and t_ns >= self._waiting[0][1].shift.t_ns + ANSWER_S * 1e9:
            rows += self._answered(t_ns, *self._waiting.popleft())
        return rows

    def _found(self, one: _Watched, shift: Shift) -> EventRow:
        moment = Moment(one.person, one.where, shift)
        self.moments.append(moment)
        self._waiting.append((one, moment))
        self._shifts[one.person, one.where].append(shift)
        way = "up" if shift.direction > 0 else "down"
        text = f"{ROLES[one.person]}: FAA {one.where} {way} by {abs(shift.size):.2f} ({DEFINITION})"
        return EventRow(shift.t_ns, "shift", text)

    def _answered(self, t_ns: int, one: _Watched, moment: Moment) -> list[EventRow]:
        """The other's answer in the same place; none where the other has no such place."""
        numbers = {(each.person, each.where): k for k, each in enumerate(self._watched)}
        other = numbers.get((1 - one.person, one.where))
        if other is None:
            return []
        centre = self._past.shape[1] - 1 - round((t_ns - moment.shift.t_ns) * 1e-9 / HOP_S)
        mine = numbers[one.person, one.where]
        x, y = self._known(mine, other)
        skipped = self._past.shape[1] - len(x)
        found = answer(x, y, centre - skipped, step_s=HOP_S)
        pairs = self._pairs(t_ns, one)
        moment.answer = _in_words(ROLES[1 - one.person], found, pairs)
        who = f"{ROLES[one.person]}: FAA {one.where}"
        return [EventRow(moment.shift.t_ns, "answer", f"{who}: {moment.answer}")]

    def _known(self, mine: int, other: int) -> tuple[Floats, Floats]:
        """Both series from the first value of either on: before it there is nothing to shift."""
        both = self._past[[mine, other]]
        known = np.flatnonzero(np.isfinite(both).any(axis=0))
        first = int(known[0]) if len(known) else 0
        return both[0, first:], both[1, first:]

    def _pairs(self, t_ns: int, one: _Watched) -> ChancePairs:
        begin_ns = max(self._begin_ns or 0, t_ns - COMPARED_NS)
        mine, others = (
            [shift for shift in self._shifts[person, one.where] if shift.t_ns >= begin_ns]
            for person in (one.person, 1 - one.person)
        )
        return chance_pairs(mine, others, (begin_ns, t_ns))


def _in_words(other: str, found: Answer, pairs: ChancePairs) -> str:
    return (
        f"the {other} is behind {_following(found.other_follows)}; "
        f"is ahead {_following(found.other_leads)}; "
        f"shifts answered within 60 s: {pairs.observed}, "
        f"by chance {pairs.expected:.1f} (p {pairs.p:.2f})"
    )


def _following(one: Following | None) -> str:
    if one is None:
        return "by an unknown time (too much is missing)"
    return (
        f"by {one.lag_s:.0f} s ({one.low_s:.0f} to {one.high_s:.0f} s), "
        f"r {one.r:+.2f}, p {one.p:.2f}"
    )
