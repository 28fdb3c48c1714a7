"""Moments of raters and of interviews, as the notes have them."""

from collections.abc import Iterable
from dataclasses import dataclass

from recorder.moments.labels import sort_of
from recorder.moments.moment import INTERVIEW, RATER, Moment, Sort
from recorder.open.joined import Since
from recorder.store.note_rows import NoteIntervalRow, NoteMarkerRow


@dataclass(frozen=True, slots=True, order=True)
class Rating:
    """A stretch of a session that somebody holds to be of interest, or of no interest.

    Attributes:
        begin_ns, end_ns: of the session's clock; the same of an instant.
        begin_s, end_s: seconds since the session started.
        sort: `interest` or `no interest`.
        text: what else was written there; "" for nothing.
        provenance: `rater` or `interview`.
        author: a rater's code; of an interview, `patient` or `therapist`.
        blind: whether the measures were out of view; None where that is not known.
    """

    begin_ns: int
    end_ns: int
    begin_s: float
    end_s: float
    sort: Sort
    text: str
    provenance: str
    author: str
    blind: bool | None

    @property
    def moment(self) -> Moment:
        """The stretch alone, without whose it is."""
        return Moment(self.begin_s, self.end_s, self.sort, self.text)


def ratings(
    stretches: Iterable[NoteIntervalRow], instants: Iterable[NoteMarkerRow], since: Since
) -> tuple[Rating, ...]:
    """All of them that nobody took back, in time; what is no moment is left to marks, intervals."""
    rows = [(it.begin_ns, it.end_ns, it) for it in stretches]
    ends: list[tuple[int, int, NoteIntervalRow | NoteMarkerRow]] = [*rows]
    ends += [(it.t_ns, it.t_ns, it) for it in instants]
    found = (
        Rating(
            begin_ns,
            end_ns,
            since.s(begin_ns),
            since.s(end_ns),
            *said,
            row.provenance,
            row.author,
            row.blind,
        )
        for begin_ns, end_ns, row in ends
        if row.provenance in (RATER, INTERVIEW) and (said := sort_of(row.label))
    )
    return tuple(sorted(found, key=lambda it: (it.begin_ns, it.end_ns, it.author, it.sort)))


def by_rater(rated: Iterable[Rating], *, blind: bool) -> dict[str, list[Moment]]:
    """The moments of each rater; those of interviews are no raters'.

    Args:
        rated: of all.
        blind: only of those raters of whom it is known that they did not see the measures.
    """
    raters = [it for it in rated if it.provenance == RATER]
    seeing = {it.author for it in raters if not it.blind}
    found: dict[str, list[Moment]] = {}
    for it in sorted(raters, key=lambda it: it.author):
        if not (blind and it.author in seeing):
            found.setdefault(it.author, []).append(it.moment)
    return found
