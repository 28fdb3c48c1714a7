"""What people marked, wrote and said: of session file and notes, each told once, in time."""

from collections.abc import Iterable
from dataclasses import dataclass

from recorder.store.note_rows import NoteIntervalRow, NoteMarkerRow, TranscriptRow
from recorder.store.rows import MarkerRow

LIVE = "live"


@dataclass(frozen=True, slots=True)
class Mark:
    """An instant that somebody marked.

    Attributes:
        t_ns: that instant.
        t_s: seconds since the session started.
        label: what it is.
        provenance: live, post or rater.
        author: a code; "" of the people in the session.
        blind: whether it was marked without the measures in view; None where that is not known.
    """

    t_ns: int
    t_s: float
    label: str
    provenance: str
    author: str
    blind: bool | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch that somebody marked; as Mark, from begin to end."""

    begin_ns: int
    end_ns: int
    begin_s: float
    end_s: float
    label: str
    provenance: str
    author: str


@dataclass(frozen=True, slots=True)
class Words:
    """A line of what was said, by whom (a role or a code), and where the line comes from."""

    begin_ns: int
    end_ns: int
    begin_s: float
    end_s: float
    speaker: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Told:
    """Something that the recorder noticed or a person typed while it recorded; as EventRow."""

    t_ns: int
    t_s: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Since:
    """Seconds since a session started."""

    started_ns: int

    def s(self, t_ns: int) -> float:
        """Of an instant of the session's clock."""
        return (t_ns - self.started_ns) / 1e9


def marks(
    live: Iterable[MarkerRow], noted: Iterable[NoteMarkerRow], since: Since
) -> tuple[Mark, ...]:
    """The marks of both that nobody took back."""
    found = [Mark(it.t_ns, since.s(it.t_ns), it.label, it.provenance, "") for it in live]
    found += [Mark(it.t_ns, since.s(it.t_ns), it.label, it.provenance, it.author) for it in noted]
    return tuple(sorted(found, key=lambda mark: mark.t_ns))


def intervals(
    live: Iterable[tuple[int, int, str, str]], noted: Iterable[NoteIntervalRow], since: Since
) -> tuple[Interval, ...]:
    """The intervals of both that nobody took back; `live` are begin, end, label, provenance."""
    rows = [(*row, "") for row in live]
    rows += [(it.begin_ns, it.end_ns, it.label, it.provenance, it.author) for it in noted]
    return tuple(
        Interval(begin_ns, end_ns, since.s(begin_ns), since.s(end_ns), *others)
        for begin_ns, end_ns, *others in sorted(rows)
    )


def words(rows: Iterable[TranscriptRow], since: Since) -> tuple[Words, ...]:
    """What was said; of one source the newest lines count."""
    newest: dict[str, int] = {}
    told = [*rows]
    for row in told:
        newest[row.source] = max(newest.get(row.source, 0), row.made_utc_ns)
    return tuple(
        Words(
            it.begin_ns,
            it.end_ns,
            since.s(it.begin_ns),
            since.s(it.end_ns),
            it.speaker,
            it.text,
            it.source,
        )
        for it in told
        if it.made_utc_ns == newest[it.source]
    )
