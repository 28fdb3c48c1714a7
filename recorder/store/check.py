"""Is a session file whole? Damage is a line in a report, never an exception.

Checked: the database itself, the kind and version of the file, every reference, every row by the
ledger, every block's checksum and unpacking, that each sample index between the first and the last
of a segment is in exactly one block or one gap, that every clock runs forward, what SQLite takes of
a log beside the file, and the notes. That time went by without samples is no damage: it is told,
and also where no gap tells of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate, groupby
from operator import itemgetter
from pathlib import Path

import numpy as np

from recorder.progress import Progress, no_progress
from recorder.store.beside import notes_files_of, sha256_of, stored_sha256
from recorder.store.elapsed import Stretch, absence_s, untold
from recorder.store.files import DONE, where_it_is
from recorder.store.fit import (
    another_hash,
    log_damage,
    log_of_session,
    notes_damage,
    row_damage,
)
from recorder.store.reader import SessionReader, Unreadable

Span = tuple[int, int]
_NEWEST_BLOCKS = "SELECT blocks, (SELECT max(id) FROM block) FROM session WHERE blocks IS NOT NULL"
_UNEVEN = """
SELECT count(*) FROM measure_batch JOIN series_list ON series_list.id = measure_batch.list
WHERE json_array_length(value) <> json_array_length(series)
   OR json_array_length(series) % json_array_length(clean) <> 0
   OR json_array_length(percentile) <> json_array_length(series)"""
FAULTS_REPORTED = 100
# No crystal is further from its nominal rate, and dsp.clock lets no period be, but for rounding.
LARGEST_RATE_ERROR = 0.012
ROUNDING = 1e-9
NOTES = {
    "recording": "not closed: it is being recorded, or its recorder died",
    "interrupted": "interrupted: the recording was cut short, what is here is whole",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is damaged.

    Attributes:
        kind: `file`, `database`, `rows`, `header`, `block`, `gap`, `continuity`, `clock`,
            `measure`, `log`, `notes`, `hash`.
        text: what is wrong, for people.
        board, segment: where, if it is in one.
        block: id of the block row, if it is one.
    """

    kind: str
    text: str
    board: int | None = None
    segment: int | None = None
    block: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What `verify` found.

    Attributes:
        state: of the session, or "" when not even that can be read.
        findings: what is damaged.
        notes: what is worth saying though it is no damage.
        counts: samples, missing (in gaps), blocks, gaps, measures, markers.
    """

    state: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    counts: dict[str, int]

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged, whatever the notes say."""
        return not self.findings

    @property
    def problems(self) -> tuple[str, ...]:
        """What is damaged, one line each."""
        return tuple(dict.fromkeys(finding.text for finding in self.findings))


@dataclass(slots=True)
class _Segment:
    """The spans (first index, n) of one segment of one board; late blocks are blocks.

    Blocks that join are one span. `came` is from the first of its arrivals to the last; `absences`
    the gaps of time before it.
    """

    blocks: list[Span] = field(default_factory=list)
    gaps: list[Span] = field(default_factory=list)
    came: Stretch | None = None
    absences: list[Stretch] = field(default_factory=list)

    def add_block(self, first: int, n: int) -> None:
        if self.blocks and sum(self.blocks[-1]) == first:
            first, before = self.blocks.pop()
            n += before
        self.blocks.append((first, n))

    def add_times(self, begin_ns: int, end_ns: int) -> None:
        first_ns, last_ns = self.came or (begin_ns, end_ns)
        self.came = min(first_ns, begin_ns), max(last_ns, end_ns)

    @property
    def stretches(self) -> list[Stretch]:
        """The times that are accounted for: in between its indexes are complete."""
        return [*self.absences, *([self.came] if self.came else [])]


Segments = defaultdict[tuple[int, int], _Segment]
Findings = Iterator[Finding]


def verify(path: Path, progress: Progress = no_progress) -> Report:
    """Check a session file from end to end; again, when it is put away meanwhile.

    `progress` is told (blocks checked, blocks in all).

    Raises:
        FileNotFoundError: there is no such file.
    """
    try:
        return _report(path, progress)
    except FileNotFoundError:
        if (put_away := where_it_is(path)) == path:
            raise
        return _report(put_away, progress)


def _report(path: Path, progress: Progress) -> Report:
    try:
        session = SessionReader(path)
    except FileNotFoundError:
        raise
    except (ValueError, OSError) as error:
        return Report("", (Finding("file", str(error)),), (), {})
    with session:
        return _verify(session, progress)


def _verify(session: SessionReader, progress: Progress) -> Report:
    segments: Segments = defaultdict(_Segment)
    steps = {
        "database": _database_findings(session),
        "rows": (Finding("rows", text) for text in row_damage(session)),
        "header": _header_findings(session),
        "block": _block_findings(session, segments, progress),
        "gap": _gap_findings(session, segments),
        "continuity": _continuity_findings(segments),
        "clock": clock_findings(session),
        "measure": _measure_findings(session),
        "log": (Finding("log", text) for text in log_damage(session.path)),
        "notes": _notes_findings(session),
        "hash": _hash_findings(session),
    }
    findings = dict.fromkeys(
        finding for kind, step in steps.items() for finding in _findings(kind, step)
    )
    state, counts = _read_counts(session)
    notes = [NOTES[state]] if state in NOTES else []
    if refused := counts.pop("refused", 0):
        notes.append(f"{refused} rows could not be stored: see the events of kind refused")
    with suppress(ValueError):  # where the header is damaged, which has been found
        notes += _what_is_not_known(session)
        notes += _elapsed_notes(session, segments)
    return Report(state, tuple(findings), tuple(notes), counts | _span_counts(segments))


def _findings(kind: str, step: Findings) -> Findings:
    """What a step finds; that it cannot go on is one more."""
    try:
        yield from step
    except ValueError as error:
        yield Finding(kind, " ".join(str(error).split()))


def _what_is_not_known(session: SessionReader) -> Iterator[str]:
    log = log_of_session(session.path)
    if log is not None and log.is_torn:
        yield "its last second is not read: torn when the power went, or damaged since"


def _notes_findings(session: SessionReader) -> Findings:
    for notes in notes_files_of(session.path):
        for text in notes_damage(notes):
            yield Finding("notes", text)


def _read_counts(session: SessionReader) -> tuple[str, dict[str, int]]:
    """State and counts of rows; as good as nothing where damage, reported by now, forbids it."""
    try:
        [counted] = session.query(
            "SELECT (SELECT count(*) FROM block), (SELECT count(*) FROM gap),"
            " (SELECT coalesce(sum(json_array_length(value)), 0) FROM measure_batch),"
            " (SELECT count(*) FROM marker_live),"
            " (SELECT count(*) FROM event WHERE kind = 'refused')"
        )
        names = ("blocks", "gaps", "measures", "markers", "refused")
        return session.state, dict(zip(names, counted, strict=True))
    except ValueError:
        return "", {}


def _database_findings(session: SessionReader) -> Findings:
    for (text,) in session.query(f"PRAGMA quick_check({FAULTS_REPORTED})"):
        if text != "ok":
            yield from (Finding("database", f"database: {line}") for line in text.splitlines())
    for table, row, parent, _ in session.query("PRAGMA foreign_key_check"):
        yield Finding("database", f"{table}: row {row} refers to no {parent}")


def _header_findings(session: SessionReader) -> Findings:
    for board in session.boards():
        if not board.channels:
            yield Finding("header", f"board {board.id}: has no channels", board.id)
    if session.state != "recording" and session.ended_t_ns < session.header.started_t_ns:
        yield Finding("header", "session: ends before it begins")
    for counted, newest in session.query(_NEWEST_BLOCKS):
        if counted != newest:
            text = f"session: the newest of its {counted} blocks is missing; {newest} is there"
            yield Finding("header", text)


def _block_findings(session: SessionReader, segments: Segments, progress: Progress) -> Findings:
    session.boards()  # without them no block can be unpacked: one finding, not one for each block
    sizes = session.block_sizes()
    for done, block in enumerate(session.each_block(sizes), start=1):
        if isinstance(block, Unreadable):
            yield Finding("block", block.problem, block=block.block_id)
        else:
            segment, arrival_ns = segments[block.board, block.segment], block.arrival_ns
            segment.add_block(block.first_index, len(block))
            segment.add_times(int(arrival_ns.min()), int(arrival_ns.max()))
        progress(done, len(sizes[0]))


def _gap_findings(session: SessionReader, segments: Segments) -> Findings:
    for gap in session.gaps():
        if gap.n < 0 or gap.end_ns < gap.begin_ns:
            text = f"gap: board {gap.board} segment {gap.segment}: ends before it begins"
            yield Finding("gap", text, gap.board, gap.segment)
        elif gap.cause != "half":  # of a half, the other is there
            segment = segments[gap.board, gap.segment]
            if gap.n:
                segment.gaps.append((gap.first_index, gap.n))
                segment.add_times(gap.begin_ns, gap.end_ns)
            else:
                segment.absences.append((gap.begin_ns, gap.end_ns))


def _continuity_findings(segments: Segments) -> Findings:
    """Every index is in one block or in one gap: what came late is in no gap any more."""
    for (board, segment), spans in sorted(segments.items()):
        for text in _discontinuities(spans):
            yield Finding("continuity", f"board {board} segment {segment}: {text}", board, segment)


def _discontinuities(spans: _Segment) -> Iterator[str]:
    first, _ = min(spans.blocks + spans.gaps, default=(0, 0))
    if first < 0:
        yield f"begins with sample {first}, and the first there can be is 0"
    for first, end in _overlaps(spans.blocks):
        yield f"samples {first} to {end - 1} are there twice"
    for first, end in _overlaps(spans.blocks + spans.gaps):
        yield f"samples {first} to {end - 1} are in a gap and there, or there twice"
    for first, end in holes(spans.blocks + spans.gaps):
        yield f"samples {first} to {end - 1} are missing without a gap"


def _overlaps(spans: Iterable[Span]) -> list[Span]:
    """Stretches (first, end) that belong to two spans."""
    return [(first, min(end, first + n)) for end, (first, n) in _joints(spans) if first < end]


def holes(spans: Iterable[Span]) -> list[Span]:
    """Stretches (first, end) between spans that belong to none."""
    return [(end, first) for end, (first, _) in _joints(spans) if first > end]


def _joints(spans: Iterable[Span]) -> Iterator[tuple[int, Span]]:
    """Each span but the first, in order, and where those before it end."""
    ordered = sorted(spans)
    ends = accumulate((first + n for first, n in ordered), max)
    return zip(ends, ordered[1:], strict=False)


def clock_findings(session: SessionReader) -> Findings:
    """Clocks that do not run forward, or have settled where no crystal can be; with their segment.

    Raises:
        ValueError: the file is damaged there.
    """
    for board, segment in session.query("SELECT DISTINCT board, segment FROM clock_fit"):
        if not session.timeline(board, segment).increases():
            text = f"board {board} segment {segment}: the clock does not run forward"
            yield Finding("clock", text, board, segment)
    yield from _rate_findings(session)


def _rate_findings(session: SessionReader) -> Findings:
    rates_hz = {board.id: board.nominal_rate_hz for board in session.boards()}
    settled = session.query(
        "SELECT board, segment, period_ns, sigma_ns FROM clock_fit"
        " WHERE NOT provisional ORDER BY 1, 2"
    )
    for (board, segment), knots in groupby(settled, itemgetter(0, 1)):
        nominal_hz = rates_hz.get(board)
        if nominal_hz and not _is_crystal([knot[2:] for knot in knots], nominal_hz):
            text = f"the clock is more than {LARGEST_RATE_ERROR:.1%} off its nominal rate"
            yield Finding("clock", f"board {board} segment {segment}: {text}", board, segment)


def _is_crystal(knots: list[tuple[object, object]], nominal_hz: float) -> bool:
    """Whether the clock runs as a crystal does, but for where it makes up for a known error.

    There its line bends, by what its sigma admits at most: a second's worth of it in a second.
    """
    if not all(isinstance(value, float | int) for knot in knots for value in knot):
        return False
    period_ns, sigma_ns = np.array(knots, np.float64).T
    off = np.abs(period_ns * nominal_hz * 1e-9 - 1) - ROUNDING
    admitted = LARGEST_RATE_ERROR + sigma_ns * 1e-9
    return bool(np.median(off) <= LARGEST_RATE_ERROR and np.all(off <= admitted))


def _elapsed_notes(session: SessionReader, segments: Segments) -> Iterator[str]:
    """How long there are no samples of a person, and where no gap says so, of an ended session.

    Raises:
        ValueError: the file is damaged there.
    """
    started_ns, ended_ns = session.header.started_t_ns, session.ended_t_ns
    for board in session.boards() if session.state != "recording" else ():
        mine = [spans for (place, _), spans in sorted(segments.items()) if place == board.id]
        if absent_s := sum(absence_s(it, started_ns, ended_ns) for s in mine for it in s.absences):
            yield f"{board.role}: no data for {absent_s:.1f} s, in gaps of time"
        stretches = [stretch for spans in mine for stretch in spans.stretches]
        for begin_ns, end_ns in untold(stretches, started_ns, ended_ns):
            where_s, length_s = (begin_ns - started_ns) * 1e-9, (end_ns - begin_ns) * 1e-9
            text = f"{length_s:.1f} s from {where_s:.1f} s on are in no gap"
            yield f"{board.role}: no data, and {text}"


def _measure_findings(session: SessionReader) -> Findings:
    unknown = (
        "SELECT DISTINCT one.value FROM series_list, json_each(series_list.series) AS one"
        " WHERE one.value IS NULL OR one.value NOT IN (SELECT id FROM series)"
    )
    for (series,) in session.query(unknown):
        yield Finding("measure", f"measure: values of no known series: {series!r:.40}")
    [(uneven,)] = session.query(_UNEVEN)
    if uneven:
        yield Finding("measure", f"measure: {uneven} rows are not as long as their lists of series")
    if count := sum(_strange_values(session)):
        yield Finding("measure", f"measure: {count} values are no numbers")


def _strange_values(session: SessionReader) -> Iterator[int]:
    """How many values of each column are no numbers; by the view it would take minutes a day."""
    values = "measure_batch, json_each(measure_batch.{0}) AS one WHERE one.type"
    for column in ("value", "clean", "percentile"):
        strange = f"SELECT count(*) FROM {values} NOT IN ('real', 'integer', 'null')"  # noqa: S608
        [(count,)] = session.query(strange.format(column))
        yield count


def _hash_findings(session: SessionReader) -> Findings:
    """The file is as it was when it was put away; one that has not been has no hash."""
    stored = stored_sha256(session.path)
    if stored is None and session.path.parent.name == DONE:
        yield Finding("hash", f"{session.path}: put away, but its hash is not beside it")
    elif stored is not None and stored != sha256_of(session.path):
        yield Finding("hash", another_hash(session.path))


def _span_counts(segments: Segments) -> dict[str, int]:
    kept = [n for segment in segments.values() for _, n in segment.blocks]
    gaps = [n for segment in segments.values() for _, n in segment.gaps]
    return {"samples": sum(kept), "missing": sum(gaps)}
