"""Moments as rows of the notes, which are added and taken back, never changed."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from recorder.moments.labels import label_of, sort_of
from recorder.moments.moment import Moment
from recorder.spans.span import clock
from recorder.store.note_rows import NoteIntervalRow, NoteMarkerRow

MomentRow = NoteIntervalRow | NoteMarkerRow


def rows_of(
    moments: Iterable[Moment], started_ns: int, first: NoteMarkerRow
) -> list[NoteIntervalRow | NoteMarkerRow]:
    """A row for each; `first` says whose they are and how and when they came to be."""
    return [_row(moment, started_ns, first) for moment in moments]


def _row(moment: Moment, started_ns: int, whose: NoteMarkerRow) -> MomentRow:
    begin_ns, end_ns = (started_ns + round(s * 1e9) for s in (moment.begin_s, moment.end_s))
    label = label_of(moment)
    if begin_ns == end_ns:
        return replace(whose, t_ns=begin_ns, label=label)
    return NoteIntervalRow(
        begin_ns,
        end_ns,
        label,
        whose.provenance,
        whose.author,
        whose.made_utc_ns,
        blind=whose.blind,
    )


def span_of(row: MomentRow) -> tuple[int, int]:
    """From when to when; of an instant the same twice."""
    if isinstance(row, NoteIntervalRow):
        return row.begin_ns, row.end_ns
    return row.t_ns, row.t_ns


def moments_by(rows: Iterable[MomentRow], provenance: str, author: str) -> list[MomentRow]:
    """Those rows that are moments of one rater or interview."""
    wanted = (provenance, author)
    return [it for it in rows if (it.provenance, it.author) == wanted and sort_of(it.label)]


def taking_back(rows: Iterable[MomentRow], made_utc_ns: int) -> list[MomentRow]:
    """Rows that take these back."""
    return [replace(row, undoes=row.id, id=None, made_utc_ns=made_utc_ns) for row in rows]


def require_apart(moments: Sequence[Moment]) -> None:
    """See that one person holds no stretch to be something twice. Raises ValueError."""
    for one, other in pairwise(sorted(moments)):
        if other.begin_s < one.end_s or other == one:
            where = [f"{clock(it.begin_s)} to {clock(it.end_s)}" for it in (one, other)]
            text = f"{where[0]} ({one.sort}) and {where[1]} ({other.sort}) overlap"
            raise ValueError(f"{text}: a stretch is rated once")
