"""What anybody marked, in lanes: raters, interviews, afterwards, live, and shifts seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from recorder.open import OpenSession, Told

# In the order of the lanes; also that in which samples are held near them.
KINDS: Final = ("shared", "interview", "rater", "post", "live", "shift", "note")
LONGEST_S: Final = 120.0  # what is longer is a part of the session, not a moment of it


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant or a stretch, in seconds since the session started.

    Attributes:
        kind: of KINDS.
        who: a rater's code, or a role; "" where it is nobody's.
        label: what it is.
        begin_s, end_s: where.
        blind: whether it was marked without the measures in view; None where that is not known.
    """

    kind: str
    who: str
    label: str
    begin_s: float
    end_s: float
    blind: bool | None = None

    @property
    def lane(self) -> tuple[int, str]:
        """Where it stands among the others."""
        return KINDS.index(self.kind), self.who


def moments_of(session: OpenSession, events: Sequence[Told], *, notes: bool) -> list[Moment]:
    """All of them, in time; `events` are those of the session, with its `notes` or without."""
    found = [*_marked(session), *_seen(events, notes=notes)]
    return sorted(found, key=lambda it: (it.begin_s, it.lane, it.end_s, it.label))


def spans_of(moments: list[Moment]) -> list[tuple[float, float]]:
    """Where samples are wanted, the moments that people chose first."""
    chosen = sorted(moments, key=lambda it: (it.lane[0], it.begin_s))
    return [
        (it.begin_s, it.end_s if it.end_s - it.begin_s <= LONGEST_S else it.begin_s)
        for it in chosen
    ]


def _marked(session: OpenSession) -> Iterator[Moment]:
    for it in session.consensus():
        label = f"{it.sort}: {len(it.raters)} / {it.of}"
        yield Moment("shared", "", label, it.begin_s, it.end_s)
    roles = {person.code: person.role for person in session.header.persons if person.code}
    for mark in session.marks:
        who = roles.get(mark.author, mark.author)
        yield Moment(mark.provenance, who, mark.label, mark.t_s, mark.t_s, mark.blind)
    for span in session.intervals:
        who = roles.get(span.author, span.author)
        yield Moment(span.provenance, who, span.label, span.begin_s, span.end_s)


def _seen(events: Sequence[Told], *, notes: bool) -> Iterator[Moment]:
    for event in events:
        if event.kind == "shift":
            who, _, text = event.text.partition(": ")
            yield Moment("shift", who, text, event.t_s, event.t_s)
        elif event.kind == "note" and notes:
            yield Moment("note", "", event.text, event.t_s, event.t_s)
