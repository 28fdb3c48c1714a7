"""The only place that reads the time of day. All other time is CLOCK_MONOTONIC."""

import ctypes
import time
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path

# adjtimex(2): a zeroed struct timex only asks; the answer TIME_ERROR means "not synchronised".
TIMEX_BYTES = 256
TIME_ERROR = 5


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def utc_ns() -> int:
    """Nanoseconds since 1970-01-01 UTC, as this machine believes; it may be wrong and may step."""
    return time.time_ns()


def utc_text(utc_ns: int) -> str:
    """`utc_ns` as ISO 8601 with seconds and Z."""
    return datetime.fromtimestamp(utc_ns // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def local_time(utc_ns: int, zone: tzinfo | None = None) -> datetime:
    """`utc_ns` in `zone`, or in the zone that the box has now: it may be set while we run."""
    if hasattr(time, "tzset"):  # Windows looks by itself
        time.tzset()
    return datetime.fromtimestamp(utc_ns // 1_000_000_000, zone)


def boot_id() -> str:
    """The kernel's name for this boot: CLOCK_MONOTONIC values compare only within one."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def synchronised() -> bool:
    """Whether the kernel believes that something disciplines the time of day (adjtimex(2)).

    Only Linux can be asked; of any other system it is not known, which is no.
    """
    try:
        ask = _libc().adjtimex
    except (AttributeError, OSError, TypeError):
        return False
    state: int = ask(ctypes.create_string_buffer(TIMEX_BYTES))
    return 0 <= state < TIME_ERROR
