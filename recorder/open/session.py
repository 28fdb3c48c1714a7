"""A session as analysts see it: the file and all notes on it, as one."""

import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from recorder.moments.consensus import Shared, consensus
from recorder.moments.moment import INTERVIEW
from recorder.music.series import MusicRow, newest
from recorder.open.band_signals import Complexes, Recipe, band_signals, recipe_of
from recorder.open.clocks import Clock, Clocks
from recorder.open.grid import Grid, OnGrid, Pair, grid_over, holes_on, on_grid, pieces
from recorder.open.joined import (
    Interval,
    Mark,
    Since,
    Told,
    Words,
    intervals,
    marks,
    words,
)
from recorder.open.labels import newest_labels, relabelled, series_relabelled
from recorder.open.native import Floats, Native, native_of, span_of
from recorder.open.rated import Rating, by_rater, ratings
from recorder.open.results import Result, Run, newest_runs
from recorder.open.slots import Hole, Slots, slots_of
from recorder.open.to_mne import time_of_day
from recorder.open.video import Video, videos
from recorder.open.wide import Measures, wide
from recorder.privacy.consent import refusing
from recorder.settings.file import load
from recorder.store.calendar import begun, utc_ns
from recorder.store.catalog import find
from recorder.store.fit import damage_seen
from recorder.store.headers import BoardHeader, ChannelHeader, Person, SessionHeader
from recorder.store.note_rows import (
    AlignmentRow,
    ConsentRow,
    NoteIntervalRow,
    NoteMarkerRow,
    RefitRow,
    RelabelRow,
    ResultRow,
    TranscriptRow,
)
from recorder.store.notes import ReadNotes
from recorder.store.reader import MeasureSeries, SessionReader
from recorder.store.rows import (
    ClockUtcRow,
    EdgeRow,
    FrameRow,
    GapRow,
    ImpedanceRow,
    QualityRow,
    RedactionRow,
    SeriesRow,
)
from recorder.store.summary import summarise
from recorder.store.timeline import Timeline

if TYPE_CHECKING:
    from mne.io import RawArray

PAIR_HZ = 250.0
BOTH = ("patient", "therapist")


class OpenSession(AbstractContextManager["OpenSession"]):
    """One session, read-only; `open_session` makes it. May be used as a context manager.

    Times are `t_ns`, CLOCK_MONOTONIC in nanoseconds of the recording machine, one clock for both
    people; `t_s` are seconds since the session started. Whatever reads the file raises ValueError
    where it is damaged.

    Attributes:
        path: of the session file.
        clock: which clock samples are told by, in words.
        damage: what does not fit, in one line each; () when it is whole.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._reader = SessionReader(path)
        finalize(self, self._reader.close)  # of who opens sessions and forgets them
        self._notes = ReadNotes(self._reader)
        self._clocks = Clocks(self._reader, self._notes.read(RefitRow), clock)
        self.path = self._reader.path
        self.clock = self._clocks.told
        self._labels = newest_labels(self._reader.header, self._notes.read(RelabelRow))
        self.damage = tuple(damage_seen(self._reader)) + self._notes.damage
        self._since = Since(self._reader.header.started_t_ns)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._reader.close()

    @cached_property
    def header(self) -> SessionHeader:
        """What was known when it started, with the labels that channels were given since."""
        return relabelled(self._reader.header, self._labels)

    @property
    def relabelled(self) -> tuple[str, ...]:
        """The roles whose channels were given other labels: antiphon relabel."""
        return tuple(self._labels)

    @property
    def id(self) -> str:
        """Of the session."""
        return self.header.id

    @property
    def state(self) -> str:
        """`recording`, `closed` or `interrupted`."""
        return self._reader.state

    @property
    def started_ns(self) -> int:
        """When it started, on its clock."""
        return self._since.started_ns

    @property
    def duration_s(self) -> float:
        """From start to end, so far."""
        return self._since.s(self._reader.ended_t_ns)

    def summary(self) -> dict[str, Any]:
        """The session in a few plain values: see recorder/store/summary.py."""
        return summarise(self._reader, self.header)

    @property
    def begun(self) -> tuple[int, bool]:
        """Time of day of the start, nanoseconds since 1970 UTC, and whether that is certain."""
        return begun(self.clock_pairs, self.started_ns)

    def utc_ns(self, t_ns: int) -> int:
        """Time of day of an instant, nanoseconds since 1970 UTC."""
        return int(utc_ns(self.clock_pairs, np.array([t_ns], np.int64))[0])

    def utc_text(self, t_ns: int) -> str:
        """The same as ISO 8601, with microseconds and Z."""
        return time_of_day(self.utc_ns(t_ns)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    @property
    def clock_pairs(self) -> list[ClockUtcRow]:
        """Pairs of its clock and the time of day, as they were read."""
        return self._reader.clock_pairs()

    @property
    def refits(self) -> list[RefitRow]:
        """Knots of all clocks that were fitted again afterwards."""
        return self._notes.read(RefitRow)

    def t_s(self, t_ns: int) -> float:
        """Seconds since the session started, of an instant."""
        return self._since.s(t_ns)

    # -- people and their samples --

    @property
    def consents(self) -> list[ConsentRow]:
        """What people have agreed to, or taken back, after it was recorded; oldest first."""
        return self._notes.read(ConsentRow)

    def refusing(self, what: str) -> tuple[str, ...]:
        """The roles of those who have said afterwards that they do not agree to something."""
        return refusing(self._notes.read(ConsentRow), what)

    @property
    def redactions(self) -> list[RedactionRow]:
        """What was taken out of the file, oldest first."""
        return self._reader.redactions()

    @property
    def roles(self) -> tuple[str, ...]:
        """Who has a board in it."""
        return tuple(board.role for board in self.header.boards)

    @property
    def patient(self) -> Person:
        """Code and consent. Raises LookupError when there is none."""
        return self.person("patient")

    @property
    def therapist(self) -> Person:
        """Code and consent. Raises LookupError when there is none."""
        return self.person("therapist")

    def person(self, role: str) -> Person:
        """Code and consent of one person. Raises LookupError when there is none."""
        for person in self.header.persons:
            if person.role == role:
                return person
        raise LookupError(f"{self.path}: no {role}")

    def board(self, role: str) -> BoardHeader:
        """The board of one person. Raises LookupError when there is none."""
        for board in self.header.boards:
            if board.role == role:
                return board
        raise LookupError(f"{self.path}: no board of a {role}")

    def channels(self, role: str) -> tuple[ChannelHeader, ...]:
        """The channels of one person's board: label, kind, reference, scale."""
        return self.board(role).channels

    def labels(self, role: str) -> tuple[str, ...]:
        """Of the channels of one person's board."""
        return tuple(channel.label for channel in self.channels(role))

    def native(self, role: str) -> Native:
        """One person's samples as the board sent them, nothing filled in. Reads them all."""
        return native_of(self._reader, self.board(role), self._clocks)

    def timeline(self, role: str, segment: int) -> Timeline:
        """The clock of one segment of one person's board. Raises ValueError when there is none."""
        return self._clocks.timeline(self.board(role).id, segment)

    def slots(self, role: str) -> Slots:
        """One person's samples a mean period apart, holes bridged. Raises ValueError for none."""
        board = self.board(role)
        gaps = [gap for gap in self.gaps if gap.board == board.id]
        return slots_of(self.native(role), gaps, board.nominal_rate_hz)

    def pair(self, rate: float = PAIR_HZ) -> Pair:
        """Both people on one exact grid of `rate` Hz, from the first sample to the last of either.

        Raises:
            LookupError: only one of them has a board.
            ValueError: one of them has no samples, or the rate is none.
        """
        patient, therapist = self.each_on_grid(rate, BOTH)
        holes = sorted((*patient.holes, *therapist.holes), key=lambda it: it.begin_ns)
        grid, clock = patient.grid, patient.clock
        return Pair(grid, patient.volts, therapist.volts, tuple(holes), clock)

    def each_on_grid(
        self, rate: float = PAIR_HZ, roles: tuple[str, ...] | None = None
    ) -> Iterator[OnGrid]:
        """As `pair`, one person after the other, for long sessions; of `roles`, or all there are.

        Raises:
            LookupError, ValueError: as `pair`.
        """
        grid = self.grid(rate)
        return (self._on_grid(role, grid) for role in roles or self.roles)

    def _on_grid(self, role: str, grid: Grid) -> OnGrid:
        slots = self.slots(role)
        volts = on_grid(slots, grid, self._delays_s(role))
        return OnGrid(role, grid, volts, tuple(holes_on(slots, grid)), self.clock)

    def grid(self, rate: float = PAIR_HZ) -> Grid:
        """The grid of `pair`, of who has samples; reads none.

        Raises:
            ValueError: nobody has samples, or the rate is none.
        """
        return grid_over([span for role in self.roles if (span := self.span_ns(role))], rate)

    def clock_error_ms(self, role: str) -> float | None:
        """Half of the knots of one person's recorded clock are better than this; None: unknown."""
        rows = self._reader.query(
            "SELECT sigma_ns FROM clock_fit WHERE board = ? AND NOT provisional",
            self.board(role).id,
        )
        return float(np.median([sigma for (sigma,) in rows])) / 1e6 if rows else None

    def span_ns(self, role: str) -> tuple[int, int] | None:
        """When one person's samples begin and end; None when there are none."""
        return span_of(self._reader, self.board(role), self._clocks)

    @property
    def gaps(self) -> list[GapRow]:
        """What did not arrive, as it was recorded, and why."""
        return self._reader.gaps()

    def pieces(self, slots: Slots, grid: Grid) -> Iterator[Floats]:
        """One person on a grid, (m, channels) microvolts at a time, for long sessions."""
        return pieces(slots, grid, self._delays_s(slots.role))

    def recipe(self, role: str) -> Recipe:
        """How one person's band signals were made, as far as the file tells."""
        return recipe_of(self.series, self.board(role))

    def band_signals(self, role: str, times_ns: NDArray[np.int64]) -> Complexes:
        """One person's band signals as they were measured, (bands, channels, points) at instants.

        Complex microvolts, NaN where there are none; the bands are those of `recipe`. Reads all
        samples.
        """
        return band_signals(self.native(role), self.board(role), self.recipe(role), times_ns)

    @cached_property
    def holes(self) -> tuple[Hole, ...]:
        """Where samples of either are missing, in time. Reads all samples."""
        found = [hole for role in self.roles for hole in self._holes(role)]
        return tuple(sorted(found, key=lambda hole: hole.begin_ns))

    def to_mne(self, rate: float = PAIR_HZ) -> "tuple[RawArray, RawArray]":
        """Patient and therapist as MNE's Raw, on one grid; needs the extra `mne`.

        Raises:
            ImportError, and as `pair`.
        """
        first, second = self.each_to_mne(rate, BOTH)
        return first, second

    def each_to_mne(
        self, rate: float = PAIR_HZ, roles: tuple[str, ...] | None = None
    ) -> "Iterator[RawArray]":
        """As `to_mne`, one person after the other; of `roles`, or all there are."""
        grid = self.grid(rate)
        return (self._to_mne(role, grid) for role in roles or self.roles)

    def _to_mne(self, role: str, grid: Grid) -> "RawArray":
        from recorder.open.to_mne import to_raw

        begun_at = time_of_day(self.utc_ns(grid.begin_ns))
        marked, one = (self.marks, self.intervals), self._on_grid(role, grid)
        return to_raw(one, self.board(role), self.person(role), marked, begun_at)

    # -- what was marked, noted, said, measured --

    @cached_property
    def marks(self) -> tuple[Mark, ...]:
        """Marks of the session and of all notes that nobody took back, in time."""
        return marks(self._reader.markers(), self._notes.read(NoteMarkerRow), self._since)

    @cached_property
    def intervals(self) -> tuple[Interval, ...]:
        """Intervals of the session and of all notes that nobody took back, in time."""
        return intervals(self._reader.intervals(), self._notes.read(NoteIntervalRow), self._since)

    @cached_property
    def ratings(self) -> tuple[Rating, ...]:
        """Moments of interest and of no interest of all raters and interviews, in time."""
        stretches, instants = self._notes.read(NoteIntervalRow), self._notes.read(NoteMarkerRow)
        return ratings(stretches, instants, self._since)

    @property
    def interviews(self) -> tuple[Rating, ...]:
        """Moments that patient and therapist (`author`) told of in interviews, in time."""
        return tuple(it for it in self.ratings if it.provenance == INTERVIEW)

    def consensus(self, at_least: int | None = None, *, blind: bool = True) -> tuple[Shared, ...]:
        """Moments that several raters share, in time.

        Args:
            at_least: so many raters; most of them by default.
            blind: count only raters of whom it is known that they did not see the measures.
        """
        return consensus(by_rater(self.ratings, blind=blind), at_least)

    @cached_property
    def words(self) -> tuple[Words, ...]:
        """The transcript, in time; () where somebody does not agree to one."""
        if self.refusing("transcript"):
            return ()
        return words(self._notes.read(TranscriptRow), self._since)

    @cached_property
    def events(self) -> tuple[Told, ...]:
        """What the recorder noticed, in time; `note` is what the therapist typed."""
        rows = self._reader.events()
        return tuple(Told(it.t_ns, self._since.s(it.t_ns), it.kind, it.text) for it in rows)

    @property
    def notes(self) -> tuple[Told, ...]:
        """What the therapist typed while it was recorded."""
        return tuple(it for it in self.events if it.kind == "note")

    def measures(self, name: str | None = None, **wanted: object) -> Measures:
        """Measures that were recorded, side by side, with their definitions.

        Args:
            name: of the measure, such as faa or plv; all by default.
            wanted: fields of SeriesRow that must be equal, such as band="alpha".

        Raises:
            TypeError: a series has no such field.
        """
        return wide(
            (
                found
                for found in self.each_measure(name)
                if all(getattr(found.series, key) == value for key, value in _known(wanted))
            ),
            self.started_ns,
        )

    def each_measure(self, name: str | None = None) -> Iterator[MeasureSeries]:
        """The measures that were recorded, one series after the other, for long sessions."""
        for found in self._reader.measures(name):
            series = series_relabelled(found.series, self._reader.header, self._labels)
            yield replace(found, series=series)

    @property
    def measured_ns(self) -> int | None:
        """An instant of the grid that the newest measures stand on; None without any."""
        found = self._reader.query("SELECT max(t_ns) FROM measure_batch")
        return found[0][0] if found else None

    @property
    def series(self) -> list[SeriesRow]:
        """Definitions of the measures."""
        before = self._reader.header
        return [series_relabelled(it, before, self._labels) for it in self._reader.series()]

    @property
    def quality(self) -> list[QualityRow]:
        """Contact of each channel, as it was watched."""
        return self._reader.qualities()

    @property
    def impedances(self) -> list[ImpedanceRow]:
        """Impedances that were measured, oldest first."""
        return self._reader.impedances()

    @property
    def edges(self) -> list[EdgeRow]:
        """Transitions of the trigger lines, as they were seen."""
        return self._reader.edges()

    @property
    def frames(self) -> list[FrameRow]:
        """Frames of the cameras, as they came."""
        return self._reader.frames()

    # -- what analyses found --

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """The newest run of each test of `antiphon analyze`, with its parameters and results."""
        return newest_runs(self._notes.read(ResultRow))

    @property
    def results(self) -> tuple[Result, ...]:
        """What they found, a flat row for each number."""
        return tuple(result for run in self.runs for result in run.results)

    # -- video and sound --

    @cached_property
    def music(self) -> tuple[MusicRow, ...]:
        """What the music was like, once a second, as `antiphon music` heard it last."""
        return newest(self._notes.read(ResultRow))

    @cached_property
    def videos(self) -> tuple[Video, ...]:
        """The videos that were aligned with this session, by camera."""
        return videos(self._notes.read(AlignmentRow))

    @property
    def chapters(self) -> tuple[Video, ...]:
        """The videos of the first camera, one after the other."""
        return tuple(video for video in self.videos if video.camera == self.videos[0].camera)

    def video(self, camera: str = "") -> Video:
        """The video of a camera, or one of its files by name; the only one by default.

        Raises:
            LookupError: there is none, or several and none was named.
        """
        fitting = [video for video in self.videos if camera in ("", video.camera, video.name)]
        if len(fitting) != 1:
            known = ", ".join(self._video_names()) or "none: antiphon align"
            raise LookupError(f"{self.path}: which video? aligned: {known}")
        return fitting[0]

    def _video_names(self) -> Iterator[str]:
        """Each by its camera; by its file where the camera has several."""
        cameras = [video.camera for video in self.videos]
        for video in self.videos:
            yield video.camera if cameras.count(video.camera) == 1 else video.name

    def at(self, video_s: float, camera: str = "") -> float:
        """Seconds since the session started, of a second of a video.

        Raises:
            LookupError: as `video`, or no mapping holds there.
        """
        return self.video(camera).session_s(video_s)

    def video_time(self, t_s: float, camera: str = "") -> float:
        """Second of a video, of a second since the session started; raises as `at`."""
        return self.video(camera).video_s(t_s)

    def _delays_s(self, role: str) -> Floats:
        return np.array([channel.delay_s for channel in self.channels(role)])

    def _holes(self, role: str) -> tuple[Hole, ...]:
        slots = self.slots(role)
        return slots.holes


def open_session(session: str | Path, clock: Clock = "best") -> OpenSession:
    """Open a session by its id, the beginning of one, `latest`, or its file.

    Warns of what is damaged and refuses nothing that can be read.

    Args:
        session: which one.
        clock: "recorded", as it was seen live; "refitted", as `antiphon refit` fitted it
            afterwards; "best", the refitted one where there is one.

    Raises:
        LookupError: there is no such session, or no refitted clock although it was asked for.
        ValueError: it is no session file, or there is no such clock.
        OSError: it cannot be read.
    """
    opened = OpenSession(find(load().sessions_path, str(session)), clock)
    for text in opened.damage:
        warnings.warn(f"{opened.path}: {text}", stacklevel=2)
    return opened


def _known(wanted: dict[str, object]) -> list[tuple[str, Any]]:
    for key in wanted:
        if key not in SeriesRow.__dataclass_fields__:
            raise TypeError(f"a series has no {key}: {', '.join(SeriesRow.__dataclass_fields__)}")
    return [
        (key, tuple(value) if isinstance(value, list) else value) for key, value in wanted.items()
    ]
