"""The session file of an import: made beside its place, whole before it has its name.

    sessions/.<id>.import-XXXXXXXX/<id>.antiphon   while it is written
    sessions/done/<id>.antiphon                    then, with its hash, as any other

Stored stamps are the file's own, so that `antiphon refit` can fit a board's clock again. What is
missing is a gap: with the cause `damage` where a row could not be read, `radio` where the file's
own counter says so, `silence` where the file has nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder import __version__
from recorder.failure import EX_IOERR, Failure
from recorder.importing.alignment import Aligned, Mapping, Timed, each_stretch
from recorder.importing.brought import Brought, Stretch
from recorder.importing.clock import Line, reads_of
from recorder.importing.measuring import measured
from recorder.open import OpenSession
from recorder.progress import Progress
from recorder.settings.board import ROLES
from recorder.settings.measures import MeasureSettings
from recorder.store.elapsed import SILENCE, UNTOLD_NS
from recorder.store.files import DONE, SUFFIX
from recorder.store.finish import finish
from recorder.store.headers import BoardHeader, ChannelHeader, Person, SessionHeader
from recorder.store.rows import (
    BlockRow,
    ClockFitRow,
    ClockUtcRow,
    EdgeRow,
    EventRow,
    GapRow,
    IntervalRow,
    MarkerRow,
    Row,
)
from recorder.store.workplace import workplace
from recorder.store.writer import SessionWriter

Integers = NDArray[np.int64]

TOGETHER: Final = 1024  # samples of a block
DAMAGE, RADIO = "damage", "radio"
PATIENCE_S: Final = 120.0
LONGEST_LABEL: Final = 100
PARTS, WRITTEN = 1000, 300  # of the work: samples, then measures


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What is to become a session.

    Attributes:
        id: of it.
        people: by role, patient first.
        parts: what was brought of each.
        aligned: their common clock.
        said: an event for each file, and of the whole.
        imported_utc_ns: now, where no file tells when it was.
    """

    id: str
    people: tuple[Person, ...]
    parts: tuple[Timed, ...]
    aligned: Aligned
    said: tuple[str, ...]
    imported_utc_ns: int

    @property
    def started_ns(self) -> int:
        """Of the session: its first sample's time."""
        return min(begin for begin, _ in self.spans)

    @property
    def ended_ns(self) -> int:
        """Its last sample's time, and a sample more."""
        periods = (round(1e9 / it.brought.rate_hz) for it in self.parts)
        return max(end + period for (_, end), period in zip(self.spans, periods, strict=True))

    @property
    def spans(self) -> list[tuple[int, int]]:
        """From each person's first sample to the last."""
        return [
            (int(first), int(last))
            for part, mapping in zip(self.parts, self.aligned.mappings, strict=True)
            for first, last in [mapping(np.array([part.begin_ns, part.end_ns], np.int64))]
        ]


def write(
    made: Made, sessions: Path, chosen: MeasureSettings | None, progress: Progress
) -> tuple[Path, str]:
    """Write the session, with these measures or without any.

    Returns:
        Where it is, and why there are no measures, "" where there are.

    Raises:
        FileExistsError: it is there already: the same files were imported before.
        OSError: it cannot be written.
        Failure: the disk does not keep up.
    """
    sessions.mkdir(mode=0o750, parents=True, exist_ok=True)
    path = sessions / f"{made.id}{SUFFIX}"
    for there in (path, path.parent / DONE / path.name):
        if there.exists():
            raise FileExistsError(f"{there}: these files were imported before")
    with workplace(sessions, made.id, "import") as place:
        new = place / path.name
        writer = SessionWriter.create(new, _header(made))
        samples = sum(it.brought.samples for it in made.parts)
        share = PARTS if chosen is None else WRITTEN
        _put_all(writer, _rows(made), lambda done: progress(share * done // max(samples, 1), PARTS))
        unmeasured = "" if chosen is None else _measure(writer, chosen, progress)
        writer.close(made.ended_ns, timeout_s=PATIENCE_S)
        new.rename(path)
    return finish(path), unmeasured


def _put_all(writer: SessionWriter, rows: Iterable[Row], told: Callable[[int], None]) -> None:
    """Put rows as fast as the disk takes them; `told` is how many samples were among them."""
    samples = 0
    for row in rows:
        while not writer.put(row):
            _require_saved(writer)
        if isinstance(row, BlockRow):
            samples += len(row)
            told(samples)


def _require_saved(writer: SessionWriter) -> None:
    if not writer.flush(PATIENCE_S):
        raise Failure(f"{writer.path}: {writer.error or 'the disk is slow'}", EX_IOERR)


def _measure(writer: SessionWriter, chosen: MeasureSettings, progress: Progress) -> str:
    """Measure what is stored; why that cannot be done, or ""."""
    _require_saved(writer)

    def told(done: int, total: int) -> None:
        progress(WRITTEN + (PARTS - WRITTEN) * done // max(total, 1), PARTS)

    try:
        with OpenSession(writer.path, "recorded") as session:
            _put_all(writer, measured(session, chosen, told), lambda _: None)
    except ValueError as error:
        return str(error)
    return ""


def _header(made: Made) -> SessionHeader:
    utc_ns = made.aligned.utc_ns
    created_ns = made.imported_utc_ns if utc_ns is None else utc_ns + made.started_ns
    return SessionHeader(
        id=made.id,
        created_utc_ns=created_ns,
        boot_id="",
        software_version=__version__,
        template="",
        planned_duration_s=None,
        started_t_ns=made.started_ns,
        clock_synchronised=False,
        persons=made.people,
        boards=tuple(
            _board(place, role, part.brought)
            for place, (role, part) in enumerate(zip(ROLES, made.parts, strict=True))
        ),
    )


def _board(place: int, role: str, brought: Brought) -> BoardHeader:
    columns = zip(brought.labels, brought.references, brought.delays_s, brought.kinds, strict=True)
    return BoardHeader(
        id=place,
        role=role,
        kind=brought.kind,
        port="",
        serial="",
        firmware="",
        nominal_rate_hz=brought.rate_hz,
        uv_per_count=brought.uv_per_count,
        rail_counts=brought.rail_counts,
        aux_labels=brought.aux_labels,
        channels=tuple(
            ChannelHeader(label, "uV", brought.uv_per_count, reference, delay_s, kind)
            for label, reference, delay_s, kind in columns
        ),
        provenance=brought.provenance,
    )


def _rows(made: Made) -> Iterator[Row]:
    """Everything of the session, but for its header."""
    if made.aligned.utc_ns is not None:
        utc_ns = made.aligned.utc_ns + made.started_ns
        yield ClockUtcRow(made.started_ns, utc_ns, synchronised=False)
    for text in made.said:
        yield EventRow(made.started_ns, "import", text)
    for board, (part, mapping) in enumerate(zip(made.parts, made.aligned.mappings, strict=True)):
        yield from _board_rows(board, part, mapping)
        yield from _absences(board, part, mapping, (made.started_ns, made.ended_ns))
        yield from _edges(board, part, mapping)
    yield from _notes(made)


def _board_rows(board: int, part: Timed, mapping: Mapping) -> Iterator[Row]:
    for segment, (stretch, own) in enumerate(zip(part.brought.stretches, part.lines, strict=True)):
        line = mapping.line(own)
        yield from _knots(board, segment, line)
        for loss in stretch.losses:
            begin_ns, end_ns = line.times_ns(
                np.array([loss.first - 1, loss.first + loss.n], np.int64)
            ).tolist()
            cause = DAMAGE if loss.unread else RADIO
            yield GapRow(board, segment, loss.first, loss.n, cause, begin_ns, end_ns)
        yield from _blocks(board, segment, stretch, line, mapping)


def _knots(board: int, segment: int, line: Line) -> Iterator[Row]:
    for index, t_ns, period_ns, sigma_ns in zip(
        line.index.tolist(),
        line.t_ns.tolist(),
        line.period_ns.tolist(),
        line.sigma_ns.tolist(),
        strict=True,
    ):
        yield ClockFitRow(board, segment, index, t_ns, period_ns, 0.0, sigma_ns, provisional=False)


def _blocks(
    board: int, segment: int, stretch: Stretch, line: Line, mapping: Mapping
) -> Iterator[Row]:
    index = stretch.index
    ends = (np.flatnonzero(np.diff(index) != 1) + 1).tolist()
    read_at, read_ns = _reads(stretch, line, mapping)
    for begin, end in pairwise([0, *ends, len(index)]):
        for first in range(begin, end, TOGETHER):
            some = slice(first, min(first + TOGETHER, end))
            low, high = int(index[some.start]), int(index[some.stop - 1])
            own = slice(*np.searchsorted(read_at, [low, high + 1]).tolist())
            at, ns = read_at[own], read_ns[own]
            if not len(at) or at[-1] != high:  # the rest of its read comes in a later block
                at = np.append(at, high)
                ns = np.append(ns, line.times_ns(np.array([high], np.int64)))
            yield BlockRow(
                board,
                segment,
                low,
                np.ascontiguousarray(stretch.counts[some]),
                np.ascontiguousarray(stretch.aux[some]),
                at,
                ns,
            )


def _reads(stretch: Stretch, line: Line, mapping: Mapping) -> tuple[Integers, Integers]:
    """As arrivals: the file's stamps, each where a run of equal ones ends; else the first time."""
    if stretch.stamp_ns is None:
        first = stretch.index[:1]
        return first, line.times_ns(first)
    index, stamp_ns = reads_of(stretch)
    return index, mapping(stamp_ns)


def _absences(
    board: int, part: Timed, mapping: Mapping, session: tuple[int, int]
) -> Iterator[GapRow]:
    """Time of the session in which the file has nothing: before, between and after stretches."""
    until_ns, ended_ns = session
    spans = [
        mapping(line.times_ns(np.array([0, stretch.index[-1]], np.int64))).tolist()
        for stretch, line in zip(part.brought.stretches, part.lines, strict=True)
    ]
    for segment, (begin_ns, end_ns) in enumerate([*spans, (ended_ns, ended_ns)]):
        between = 0 < segment < len(spans)
        if begin_ns > until_ns and (between or begin_ns - until_ns >= UNTOLD_NS):
            yield GapRow(board, segment, 0, 0, SILENCE, until_ns, begin_ns)
        until_ns = max(until_ns, end_ns)


def _edges(board: int, part: Timed, mapping: Mapping) -> Iterator[EdgeRow]:
    for pin in part.brought.aux_labels:
        found = [
            (t_ns, level)
            for level in (1, 0)
            for line, places in each_stretch(part, pin, level)
            for t_ns in mapping(line.times_ns(places)).tolist()
        ]
        for number, (t_ns, level) in enumerate(sorted(found)):
            yield EdgeRow(f"{ROLES[board]} {pin}", number, t_ns, level)


def _notes(made: Made) -> Iterator[Row]:
    """Marks and intervals of both files, each once: one file has them for both people."""
    noted = {
        (
            *mapping(np.array([it.begin_ns, it.end_ns], np.int64)).tolist(),
            it.label,
        ): part.brought.form
        for part, mapping in zip(made.parts, made.aligned.mappings, strict=True)
        for it in part.brought.notes
    }
    for (begin_ns, end_ns, text), form in sorted(noted.items()):
        label = " ".join(text.split())[:LONGEST_LABEL] or "mark"
        if end_ns > begin_ns:
            yield IntervalRow(begin_ns, end_ns, label, source=form, made_t_ns=end_ns)
        else:
            yield MarkerRow(begin_ns, label, source=form, made_t_ns=begin_ns)
