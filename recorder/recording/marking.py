"""Marks and intervals of a session that is being recorded: listed, taken back, put right.

Nothing is deleted: a mark is taken back by a row, and one that is put right is a new row beside the
one that takes the old one back. The new row is written first: what dies in between leaves both.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from recorder.companions.running import FROM_LSL
from recorder.settings.measures import REST_BEGINS, REST_ENDS
from recorder.store.reader import SessionReader
from recorder.store.rows import IntervalRow, MarkerRow

MarkRow = MarkerRow | IntervalRow
NO_SUCH = "no such mark in this part of the session: it was taken back, or put right, meanwhile"


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written, in this order.

    Attributes:
        what: the mark or interval that it is about, as it was.
        rows: to be written.
    """

    what: MarkRow
    rows: list[MarkRow]


@dataclass(frozen=True, slots=True)
class Marked:
    """What stands in a session's file and was not taken back, by the time that is marked."""

    markers: list[MarkerRow]
    intervals: list[IntervalRow]

    def mark(self, kind: str, key: int) -> MarkRow:
        """The mark or interval with this id. Raises LookupError: there is none (any more)."""
        rows: list[MarkRow] = [*(self.markers if kind == "mark" else self.intervals)]
        for row in rows:
            if row.id == key:
                return row
        raise LookupError(NO_SUCH)

    def newest(self) -> MarkRow:
        """What a person did last. Raises LookupError: nothing yet.

        Marks of a stream are another program's.
        """
        rows: list[MarkRow] = [*self.markers, *self.intervals]
        own = [row for row in rows if row.source != FROM_LSL]
        if not own:
            raise LookupError("nothing has been marked yet")
        return max(own, key=lambda row: (row.made_t_ns or 0, row.id or 0))

    def open_interval(self, label: str) -> IntervalRow:
        """The one that is on with this label, or the newest with "". Raises LookupError: none."""
        on = [it for it in self.intervals if it.end_ns is None and label in ("", it.label)]
        if not on:
            raise LookupError(f"{label} is not on" if label else "nothing is on that could end")
        return on[-1]

    def is_on(self, label: str) -> bool:
        """Whether an interval with this label has begun and not ended."""
        return any(it.end_ns is None and it.label == label for it in self.intervals)


def read(path: Path) -> Marked:
    """What stands in the file at `path`. Blocks.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    with SessionReader(path) as file:
        return Marked(file.markers(), file.interval_rows())


def withdrawal(row: MarkRow, now_ns: int) -> Change:
    """Take a mark, or all of an interval, back."""
    return Change(row, [_undoing(row, now_ns)])


def undo(row: MarkRow, now_ns: int) -> Change:
    """Take back what was done last: of an interval that has ended its end, and it is on again."""
    if isinstance(row, MarkerRow) or row.end_ns is None or row.ends is None:
        return withdrawal(row, now_ns)
    again = replace(row, end_ns=None, ends=None, made_t_ns=now_ns, id=None)
    return Change(row, [again, _undoing(row, now_ns)])


def correction(row: MarkRow, label: str, earlier_ns: int, since_ns: int, now_ns: int) -> Change:
    """Put right what a mark says, and when it was: of an interval, when it ended, or began.

    Raises:
        ValueError: it would be before the session at `since_ns`, or end before it begins; or it
            begins or ends a baseline.
    """
    if {row.label, label} & {REST_BEGINS, REST_ENDS}:
        raise ValueError(
            "a baseline cannot be put right afterwards: take it back, and make another"
        )
    new = _earlier(row, earlier_ns)
    new = replace(new, label=label, made_t_ns=now_ns, id=None)
    begin_ns = new.t_ns if isinstance(new, MarkerRow) else new.begin_ns
    if begin_ns < since_ns:
        raise ValueError("nothing was recorded yet then")
    return Change(row, [new, _undoing(row, now_ns)])


def end_of(row: IntervalRow, end_ns: int, now_ns: int) -> IntervalRow:
    """The row that takes the place of one that is on, from `end_ns` on over.

    Raises:
        ValueError: it would end before it began.
    """
    if end_ns < row.begin_ns:
        raise ValueError(f"{row.label} began only after that")
    return replace(row, end_ns=end_ns, ends=row.id, made_t_ns=now_ns, id=None)


def _earlier(row: MarkRow, earlier_ns: int) -> MarkRow:
    if isinstance(row, MarkerRow):
        return replace(row, t_ns=row.t_ns - earlier_ns)
    if row.end_ns is None:
        return replace(row, begin_ns=row.begin_ns - earlier_ns)
    if row.end_ns - earlier_ns < row.begin_ns:
        raise ValueError(f"{row.label} began only after that")
    return replace(row, end_ns=row.end_ns - earlier_ns, ends=None)


def _undoing(row: MarkRow, now_ns: int) -> MarkRow:
    """Its text is not told again: what takes a name back must not hold it."""
    if isinstance(row, MarkerRow):
        return MarkerRow(row.t_ns, "", undoes=row.id, made_t_ns=now_ns)
    return IntervalRow(row.begin_ns, row.end_ns, "", undoes=row.id, made_t_ns=now_ns)
