"""Is a session file whole? Damage is a line in a report, never an exception.

Checked: the database itself, the kind and version of the file, every reference, every block's
checksum and unpacking, that each sample index between the first and the last of a segment is in
exactly one block or one gap, and that every clock runs forward.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from recorder.progress import Progress, no_progress
from recorder.store.reader import SessionReader

Span = tuple[int, int]
FAULTS_REPORTED = 100
NOTES = {
    "recording": "not closed: it is being recorded, or its recorder died",
    "interrupted": "interrupted: the recording was cut short, what is here is whole",
}


@dataclass(frozen=True, slots=True)
class Report:
    """What `verify` found.

    Attributes:
        state: of the session, or "" when not even that can be read.
        problems: one line each.
        notes: what is worth saying though it is no damage.
        counts: samples, missing (in gaps), blocks, gaps, measures, markers.
    """

    state: str
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    counts: dict[str, int]

    @property
    def ok(self) -> bool:
        """Nothing is damaged."""
        return not self.problems


@dataclass(slots=True)
class _Segment:
    """The spans (first index, n) of one segment of one board; late blocks are blocks."""

    blocks: list[Span] = field(default_factory=list)
    gaps: list[Span] = field(default_factory=list)


Segments = defaultdict[tuple[int, int], _Segment]


def verify(path: Path, progress: Progress = no_progress) -> Report:
    """Check a session file from end to end.

    Args:
        path: the file.
        progress: called with (blocks checked, blocks in all).

    Raises:
        FileNotFoundError: there is no such file.
    """
    try:
        session = SessionReader(path)
    except FileNotFoundError:
        raise
    except (ValueError, OSError) as error:
        return Report("", (str(error),), (), {})
    with session:
        return _verify(session, progress)


def _verify(session: SessionReader, progress: Progress) -> Report:
    segments: Segments = defaultdict(_Segment)
    steps = (
        _database_problems(session),
        _header_problems(session),
        _block_problems(session, segments, progress),
        _gap_problems(session, segments),
        _continuity_problems(segments),
        _clock_problems(session),
    )
    problems = dict.fromkeys(problem for step in steps for problem in _lines(step))
    state, counts = _read_counts(session)
    notes = [NOTES[state]] if state in NOTES else []
    if refused := counts.pop("refused", 0):
        notes.append(f"{refused} rows could not be stored: see the events of kind refused")
    return Report(state, tuple(problems), tuple(notes), counts | _span_counts(segments))


def _lines(step: Iterator[str]) -> Iterator[str]:
    """The problems a step finds; that it cannot go on is one more."""
    try:
        yield from step
    except ValueError as error:
        yield " ".join(str(error).split())


def _read_counts(session: SessionReader) -> tuple[str, dict[str, int]]:
    """State and counts of rows; as good as nothing where damage, reported by now, forbids it."""
    try:
        [counted] = session.query(
            "SELECT (SELECT count(*) FROM block), (SELECT count(*) FROM gap),"
            " (SELECT count(*) FROM measure), (SELECT count(*) FROM marker_live),"
            " (SELECT count(*) FROM event WHERE kind = 'refused')"
        )
        names = ("blocks", "gaps", "measures", "markers", "refused")
        return session.state, dict(zip(names, counted, strict=True))
    except ValueError:
        return "", {}


def _database_problems(session: SessionReader) -> Iterator[str]:
    for (text,) in session.query(f"PRAGMA quick_check({FAULTS_REPORTED})"):
        if text != "ok":
            yield from (f"database: {line}" for line in text.splitlines())
    for table, row, parent, _ in session.query("PRAGMA foreign_key_check"):
        yield f"{table}: row {row} refers to no {parent}"


def _header_problems(session: SessionReader) -> Iterator[str]:
    for board in session.boards():
        if not board.channels:
            yield f"board {board.id}: has no channels"


def _block_problems(
    session: SessionReader, segments: Segments, progress: Progress
) -> Iterator[str]:
    session.boards()  # without them no block can be unpacked: one problem, not one for each block
    ids = session.query("SELECT id FROM block ORDER BY id")
    for done, (block_id,) in enumerate(ids, start=1):
        try:
            block = session.block(block_id)
        except ValueError as error:
            yield str(error)
        else:
            segments[block.board, block.segment].blocks.append((block.first_index, len(block)))
        progress(done, len(ids))


def _gap_problems(session: SessionReader, segments: Segments) -> Iterator[str]:
    for gap in session.gaps():
        if gap.n < 0 or gap.end_ns < gap.begin_ns:
            yield f"gap: board {gap.board} segment {gap.segment}: ends before it begins"
        elif gap.n and gap.cause != "half":  # of a half, the other is there
            segments[gap.board, gap.segment].gaps.append((gap.first_index, gap.n))


def _continuity_problems(segments: Segments) -> Iterator[str]:
    """Every index is in one block or in one gap: what came late is in no gap any more."""
    for (board, number), segment in sorted(segments.items()):
        place = f"board {board} segment {number}"
        for first, end in _overlaps(segment.blocks):
            yield f"{place}: samples {first} to {end - 1} are there twice"
        for first, end in _overlaps(segment.blocks + segment.gaps):
            yield f"{place}: samples {first} to {end - 1} are in a gap and there, or there twice"
        for first, end in _holes(segment.blocks + segment.gaps):
            yield f"{place}: samples {first} to {end - 1} are missing without a gap"


def _overlaps(spans: Iterable[Span]) -> Iterator[Span]:
    """Stretches (first, end) that belong to two spans."""
    end: int | None = None
    for first, n in sorted(spans):
        if end is not None and first < end:
            yield first, min(end, first + n)
        end = first + n if end is None else max(end, first + n)


def _holes(spans: Iterable[Span]) -> Iterator[Span]:
    """Stretches (first, end) between spans that belong to none."""
    end: int | None = None
    for first, n in sorted(spans):
        if end is not None and first > end:
            yield end, first
        end = first + n if end is None else max(end, first + n)


def _clock_problems(session: SessionReader) -> Iterator[str]:
    known = session.query("SELECT DISTINCT board, segment FROM clock_fit ORDER BY 1, 2")
    for board, segment in known:
        if not session.timeline(board, segment).increases():
            yield f"board {board} segment {segment}: the clock does not run forward"


def _span_counts(segments: Segments) -> dict[str, int]:
    kept = [n for segment in segments.values() for _, n in segment.blocks]
    gaps = [n for segment in segments.values() for _, n in segment.gaps]
    return {"samples": sum(kept), "missing": sum(gaps)}
