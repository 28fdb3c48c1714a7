"""A session as tables, but for samples and the values of measures: what csv and Parquet share.

    session     what it is, by which clock it is told, the software that recorded it
    people      who by code, what was agreed to, the board of each
    channels    of each board
    series      what each measure is: formula, band, window, reference, version
    markers, intervals, words      joined with all notes, without what was taken back
    notes       what the therapist typed while it was recorded
    events      what the recorder noticed
    gaps        what did not arrive, and why
    clock       time of day: between two rows linearly, before and after all at the nearest offset
    quality, impedance             contact of each channel
    edges, frames                  of trigger lines and cameras
    alignment   where the session is in each camera's video
    music       what a recording's sound was like, once a second
    refit       knots of the clocks that were fitted again
    redactions  what was taken out of the session for good

Times are CLOCK_MONOTONIC in nanoseconds, the same for both people. The clock table tells them as
nanoseconds since 1970-01-01 UTC; `synchronised` is 1 where a server disciplined it at that time,
and no row with 1 means that the time of day is not certain.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from math import isnan

import numpy as np

from recorder.open import OpenSession
from recorder.store.calendar import utc_ns
from recorder.store.note_rows import RefitRow
from recorder.store.rows import GapRow, ImpedanceRow, QualityRow, SeriesRow

Cell = str | int | float | None
Row = tuple[Cell, ...]
OfBoard = GapRow | QualityRow | ImpedanceRow | RefitRow


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; None where there is nothing. Units are in the names of the columns."""

    name: str
    columns: tuple[str, ...]
    rows: Sequence[Row]


def tables(session: OpenSession) -> Iterator[Table]:
    """All of them that have a row."""
    return (table for table in all_tables(session) if table.rows)


def all_tables(session: OpenSession) -> Iterator[Table]:
    """All of them, also without rows."""
    yield _session(session)
    yield _people(session)
    yield _channels(session)
    yield _of("series", session.series, " ".join(it.name for it in fields(SeriesRow)))
    yield _of("markers", session.marks, "t_ns label provenance author")
    yield _of("intervals", session.intervals, "begin_ns end_ns label provenance author")
    yield _of("words", session.words, "begin_ns end_ns speaker text source")
    yield _of("notes", session.notes, "t_ns text")
    noticed = (event for event in session.events if event.kind != "note")
    yield _of("events", noticed, "t_ns kind text")
    yield _of_boards(session, "gaps", session.gaps, "segment first_index n cause begin_ns end_ns")
    yield _clock(session)
    contact = "t_ns channel state mains_share peak_to_peak_uv"
    yield _of_boards(session, "quality", session.quality, contact)
    yield _of_boards(session, "impedance", session.impedances, "t_ns channel kohm")
    yield _of("edges", session.edges, "source seq t_ns level")
    yield _of("frames", session.frames, "camera seq t_ns")
    yield _alignment(session)
    yield _music(session)
    fitted = "segment idx t_ns period_ns sigma_ns made_utc_ns method version"
    yield _of_boards(session, "refit", session.refits, fitted)
    yield _of("redactions", session.redactions, "made_utc_ns what role replaced_sha256")


def _alignment(session: OpenSession) -> Table:
    columns = ("begin_s", "end_s", "offset_s", "drift_ppm", "residual_ms", "matched", "seen")
    rows = [
        (video.camera, video.name, video.sha256, *_cells(piece, columns))
        for video in session.videos
        for piece in video.pieces
    ]
    return Table("alignment", ("camera", "name", "sha256", *columns), rows)


def _session(session: OpenSession) -> Table:
    header, (begun_utc_ns, is_certain) = session.header, session.begun
    told: dict[str, object] = {
        "id": session.id,
        "state": session.state,
        "clock": session.clock,
        "started_ns": session.started_ns,
        "begun_utc_ns": begun_utc_ns,
        "begun_is_certain": is_certain,
        "duration_s": session.duration_s,
        "planned_duration_s": header.planned_duration_s,
        "template": header.template,
        "software_version": header.software_version,
        "boot_id": header.boot_id,
        "created_utc_ns": header.created_utc_ns,
        "clock_synchronised": header.clock_synchronised,
    }
    return Table("session", tuple(told), [tuple(map(_cell, told.values()))])


def _people(session: OpenSession) -> Table:
    person = ("role", "code", "consent_record", "consent_video", "consent_share")
    board = ("kind", "port", "serial", "firmware", "nominal_rate_hz", "uv_per_count", "rail_counts")
    boards = {role: session.board(role) for role in session.roles}
    rows = [
        _cells(one, person) + (_cells(boards[one.role], board) if one.role in boards else _NO_BOARD)
        for one in session.header.persons
    ]
    return Table("people", person + board, rows)


_NO_BOARD: Row = (None,) * 7


def _channels(session: OpenSession) -> Table:
    columns = ("label", "kind", "unit", "reference", "delay_s", "scale")
    rows = [(role, *_cells(it, columns)) for role in session.roles for it in session.channels(role)]
    return Table("channels", ("role", *columns), rows)


def _clock(session: OpenSession) -> Table:
    pairs = session.clock_pairs
    told_ns = utc_ns(pairs, np.array([pair.t_ns for pair in pairs], np.int64)).tolist()
    rows = [(p.t_ns, told, int(p.synchronised)) for p, told in zip(pairs, told_ns, strict=True)]
    return Table("clock", ("t_ns", "utc_ns", "synchronised"), rows)


def _music(session: OpenSession) -> Table:
    columns = ("loudness_lufs", "brightness_hz", "notes_per_s", "pulse_clarity")
    rows = [
        (session.started_ns + round(it.t_s * 1e9), *_cells(it, columns)) for it in session.music
    ]
    return Table("music", ("t_ns", *columns), rows)


def _of(name: str, rows: Iterable[object], columns: str) -> Table:
    names = tuple(columns.split())
    return Table(name, names, [_cells(row, names) for row in rows])


def _of_boards(session: OpenSession, name: str, rows: Iterable[OfBoard], columns: str) -> Table:
    """As `_of`, with a role for the board's number and a label for the channel's."""
    boards = session.header.boards
    roles = {board.id: board.role for board in boards}
    labels = {(it.id, k): channel.label for it in boards for k, channel in enumerate(it.channels)}
    names = tuple(columns.split())
    told: list[Row] = []
    for row in rows:
        cells = _cells(row, names)
        if isinstance(row, QualityRow | ImpedanceRow):
            label = labels.get((row.board, row.channel), "")
            cells = tuple(
                label if it == "channel" else cell for it, cell in zip(names, cells, strict=True)
            )
        told.append((roles.get(row.board, ""), *cells))
    return Table(name, ("role", *names), told)


def _cells(row: object, columns: tuple[str, ...]) -> Row:
    return tuple([_cell(getattr(row, it)) for it in columns])


def _cell(value: object) -> Cell:
    """A number or a word; several words joined with +."""
    if isinstance(value, tuple):
        return "+".join(map(str, value))
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float) and isnan(value):
        return None
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"no cell: {value!r}")
