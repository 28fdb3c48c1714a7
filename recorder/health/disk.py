"""Room on the disk: how long a recording can go on, whether one may begin, when a part must end.

    free space ─▶ usable (less the reserve) ─▶ hours, at the bytes per second measured so far
    OK            room for LOW_HOURS or more
    LOW           less: an alarm
    FULL          nothing but the reserve, or a read-only disk: an alarm, and the file is closed

The reserve is what closing a file takes: its log is copied into it once more. A session that was
cut short by the disk resumes in a new part when there is room again for RESUME_S.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

RESERVE_BYTES = 64 << 20
# With less than this a file cannot be counted upon to be closed: better to wait with it open.
CLOSING_BYTES = 8 << 20
LOW_HOURS = 2.0
RESUME_S = 600.0
# What a session needs whose length was not planned.
OPEN_ENDED_S = 2 * 3600.0
# Two boards of 8 channels, packed, with measures: above what sessions were seen to grow by.
ASSUMED_BYTES_PER_S = 30_000.0
# From then on the session's own growth is known well: its log grows in steps.
MEASURED_AFTER_S = 300.0
# Longer than a card's pauses, shorter than what the writer's queue rides out.
BROKEN_AFTER_S = 100.0
RETRY_S = 10.0


class DiskLevel(StrEnum):
    """How full the disk is."""

    OK = "ok"
    LOW = "low"
    FULL = "full"


class PartStep(StrEnum):
    """What is to be done with the file of the running session."""

    GO_ON = "go on"
    END = "end"
    BEGIN = "begin"


@dataclass(frozen=True, slots=True)
class Room:
    """What there is, and how far it goes.

    Attributes:
        free_bytes: on the disk; 0 when it is read-only.
        hours: of recording until only the reserve is left.
        level: what that means.
    """

    free_bytes: int
    hours: float
    level: DiskLevel


def free_bytes(directory: Path, statvfs: Callable[[Path], os.statvfs_result] = os.statvfs) -> int:
    """Bytes that a recorder without privileges may write where `directory` is, or will be.

    Returns:
        0 when the disk is read-only, or does not answer.
    """
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    try:
        disk = statvfs(existing)
    except OSError:
        return 0
    return 0 if disk.f_flag & os.ST_RDONLY else disk.f_bavail * disk.f_frsize


def room(free: int, bytes_per_s: float) -> Room:
    """How far `free` bytes go at this rate."""
    usable = max(free - RESERVE_BYTES, 0)
    hours = usable / bytes_per_s / 3600
    if not usable:
        return Room(free, hours, DiskLevel.FULL)
    return Room(free, hours, DiskLevel.LOW if hours < LOW_HOURS else DiskLevel.OK)


def needed_bytes(planned_s: float | None, bytes_per_s: float) -> int:
    """What must be free for a session of this length, or of none in particular, to begin."""
    length_s = OPEN_ENDED_S if planned_s is None else planned_s
    return RESERVE_BYTES + round(length_s * bytes_per_s)


def refusal(free: int, planned_s: float | None, bytes_per_s: float = ASSUMED_BYTES_PER_S) -> str:
    """Why a session must not begin, in one line for people; "" when it may."""
    needed = needed_bytes(planned_s, bytes_per_s)
    if free >= needed:
        return ""
    return (
        f"the disk has {free >> 20} MiB free, this session needs {needed >> 20} MiB:"
        " free some space, or plan a shorter session"
    )


class GrowthRate:
    """How fast a session's file grows, from its size now and then."""

    def __init__(self, bytes_per_s: float = ASSUMED_BYTES_PER_S) -> None:
        """`bytes_per_s` is what to believe until it has been measured."""
        self.bytes_per_s = bytes_per_s
        self._first: tuple[int, int] | None = None

    def observe(self, t_ns: int, size_bytes: int) -> None:
        """The file, and what lies beside it, had this size at `t_ns`."""
        if self._first is None:
            self._first = t_ns, size_bytes
        first_ns, first_bytes = self._first
        seconds, grown = (t_ns - first_ns) * 1e-9, size_bytes - first_bytes
        if seconds >= MEASURED_AFTER_S and grown > 0:
            self.bytes_per_s = grown / seconds


class PartTurns:
    """Decides when the file of a session is ended because of the disk, and when the next begins.

    A disk that fills up ends a part while there is still what closing it takes. When it cannot be
    written at all (an error, or somebody has taken the reserve, too), the part ends only after
    BROKEN_AFTER_S: until then the writer's queue rides it out, and nothing is lost.
    """

    def __init__(self) -> None:
        self._broken_since_ns: int | None = None
        self._next_try_ns = 0

    def step(self, now_ns: int, room: Room, *, recording: bool, error: str) -> PartStep:
        """What to do now.

        Args:
            now_ns: CLOCK_MONOTONIC.
            room: as just looked at.
            recording: whether a part is open; else the session waits for room.
            error: of the writer of that part, "" when it saves.
        """
        if recording:
            is_full = room.level is DiskLevel.FULL and room.free_bytes >= CLOSING_BYTES
            is_over = self._is_broken(now_ns, error) or is_full
            return PartStep.END if is_over else PartStep.GO_ON
        self._broken_since_ns = None
        if now_ns < self._next_try_ns or room.hours * 3600 < RESUME_S:
            return PartStep.GO_ON
        self._next_try_ns = now_ns + round(RETRY_S * 1e9)
        return PartStep.BEGIN

    def _is_broken(self, now_ns: int, error: str) -> bool:
        if not error:
            self._broken_since_ns = None
            return False
        if self._broken_since_ns is None:
            self._broken_since_ns = now_ns
        return now_ns - self._broken_since_ns >= BROKEN_AFTER_S * 1e9
