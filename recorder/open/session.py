"""A session as analysts see it: the file and all notes on it, as one."""

import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recorder.open.clocks import Clock, Clocks
from recorder.open.grid import Grid, Pair, grid_over, holes_on, on_grid, pieces
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
from recorder.open.native import Floats, Native, native_of
from recorder.open.slots import Hole, Slots, slots_of
from recorder.open.video import Video, videos
from recorder.open.wide import Measures, wide
from recorder.settings.file import load
from recorder.store.calendar import begun, utc_ns
from recorder.store.catalog import find
from recorder.store.fit import damage_seen
from recorder.store.headers import BoardHeader, ChannelHeader, Person
from recorder.store.notes import (
    AlignmentRow,
    NoteIntervalRow,
    NoteMarkerRow,
    ReadNotes,
    RefitRow,
    TranscriptRow,
)
from recorder.store.reader import SessionReader
from recorder.store.rows import EdgeRow, FrameRow, ImpedanceRow, QualityRow, SeriesRow

if TYPE_CHECKING:
    from mne.io import RawArray

PAIR_HZ = 250.0


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
        self._notes = ReadNotes(self._reader)
        self._clocks = Clocks(self._reader, self._notes.read(RefitRow), clock)
        self.path = self._reader.path
        self.clock = self._clocks.told
        self.damage = tuple(damage_seen(self._reader)) + self._notes.damage
        self._since = Since(self._reader.header.started_t_ns)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._reader.close()

    @property
    def id(self) -> str:
        """Of the session."""
        return self._reader.header.id

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

    @property
    def begun(self) -> tuple[int, bool]:
        """Time of day of the start, nanoseconds since 1970 UTC, and whether that is certain."""
        return begun(self._reader.clock_pairs(), self.started_ns)

    def utc_ns(self, t_ns: int) -> int:
        """Time of day of an instant, nanoseconds since 1970 UTC."""
        return int(utc_ns(self._reader.clock_pairs(), np.array([t_ns], np.int64))[0])

    def t_s(self, t_ns: int) -> float:
        """Seconds since the session started, of an instant."""
        return self._since.s(t_ns)

    # -- people and their samples --

    @property
    def roles(self) -> tuple[str, ...]:
        """Who has a board in it."""
        return tuple(board.role for board in self._reader.boards())

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
        for person in self._reader.header.persons:
            if person.role == role:
                return person
        raise LookupError(f"{self.path}: no {role}")

    def board(self, role: str) -> BoardHeader:
        """The board of one person. Raises LookupError when there is none."""
        for board in self._reader.boards():
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

    def slots(self, role: str) -> Slots:
        """One person's samples a mean period apart, holes bridged. Raises ValueError for none."""
        board = self.board(role)
        gaps = [gap for gap in self._reader.gaps() if gap.board == board.id]
        return slots_of(self.native(role), gaps, board.nominal_rate_hz)

    def pair(self, rate: float = PAIR_HZ) -> Pair:
        """Both people on one exact grid of `rate` Hz, from the first sample to the last of either.

        Raises:
            LookupError: only one of them has a board.
            ValueError: one of them has no samples, or the rate is none.
        """
        both = [self.slots(role) for role in ("patient", "therapist")]
        grid = grid_over(both, rate)
        volts = [on_grid(slots, grid, self._delays_s(slots.role)) for slots in both]
        holes = sorted(
            (hole for slots in both for hole in holes_on(slots, grid)), key=lambda it: it.begin_ns
        )
        return Pair(grid, volts[0], volts[1], tuple(holes), self.clock)

    def pieces(self, slots: Slots, grid: Grid) -> Iterator[Floats]:
        """One person on a grid, (m, channels) microvolts at a time, for long sessions."""
        return pieces(slots, grid, self._delays_s(slots.role))

    @cached_property
    def holes(self) -> tuple[Hole, ...]:
        """Where samples of either are missing, in time. Reads all samples."""
        found = [hole for role in self.roles for hole in self._holes(role)]
        return tuple(sorted(found, key=lambda hole: hole.begin_ns))

    def to_mne(self, rate: float = PAIR_HZ) -> "tuple[RawArray, RawArray]":
        """Patient and therapist as MNE's Raw, on one grid; needs the extra `analysis`.

        Raises:
            ImportError, and as `pair`.
        """
        from recorder.open.to_mne import time_of_day, to_raw

        pair = self.pair(rate)
        begun_at = time_of_day(self.utc_ns(pair.grid.begin_ns))
        marked = self.marks, self.intervals
        first, second = (
            to_raw(pair, volts, self.board(role), self.person(role), marked, begun_at)
            for role, volts in (("patient", pair.patient), ("therapist", pair.therapist))
        )
        return first, second

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
    def words(self) -> tuple[Words, ...]:
        """The transcript, in time."""
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
                for found in self._reader.measures(name)
                if all(getattr(found.series, key) == value for key, value in _known(wanted))
            ),
            self.started_ns,
        )

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

    # -- video --

    @cached_property
    def videos(self) -> tuple[Video, ...]:
        """The videos that were aligned with this session, by camera."""
        return videos(self._notes.read(AlignmentRow))

    def video(self, camera: str = "") -> Video:
        """The video of a camera; the only one by default.

        Raises:
            LookupError: there is none, or several and none was named.
        """
        fitting = [video for video in self.videos if camera in ("", video.camera)]
        if len(fitting) != 1:
            known = ", ".join(video.camera for video in self.videos) or "none: antiphon align"
            raise LookupError(f"{self.path}: which video? aligned: {known}")
        return fitting[0]

    def at(self, video_s: float, camera: str = "") -> float:
        """Seconds since the session started, of a second of a video."""
        return self.video(camera).session_s(video_s)

    def video_time(self, t_s: float, camera: str = "") -> float:
        """Second of a video, of a second since the session started."""
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
