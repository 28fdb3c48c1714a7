"""Room on the disk: how long a recording can go on, and whether one may begin.

    free space ─▶ usable (less the reserve) ─▶ hours, at the bytes per second measured so far
    OK            room for LOW_HOURS or more
    LOW           less: an alarm
    FULL          nothing but the reserve, or a read-only disk: an alarm, and the file is closed

The reserve is what closing a file takes: its log is copied into it once more.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

RESERVE_BYTES = 64 << 20
LOW_HOURS = 2.0
# What a session needs whose length was not planned.
OPEN_ENDED_S = 2 * 3600.0
# Two boards of 8 channels, packed, with measures: above what sessions were seen to grow by.
ASSUMED_BYTES_PER_S = 30_000.0


class DiskLevel(StrEnum):
    """How full the disk is: no word, an alarm, no recording."""

    OK = "ok"
    LOW = "low"
    FULL = "full"


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
    shorter = "" if planned_s is None else ", or record for less time"
    return (
        f"the disk has {free >> 20} MiB free, this session needs {needed >> 20} MiB:"
        f" free some space{shorter}"
    )
