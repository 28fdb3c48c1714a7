"""A stretch of time with a text, as a file of another program has it."""

from dataclasses import dataclass
from math import isfinite

LONGEST_TIME = 40  # characters


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """One of them.

    Attributes:
        begin_s, end_s: in the file's own seconds; the same of an instant.
        text: what it says.
        tier: which row of the file it is in, or who speaks; "" where there is none.
    """

    begin_s: float
    end_s: float
    text: str
    tier: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a file holds.

    Attributes:
        spans: in the order of the file.
        media: name of the video that its seconds are of; "" where it does not say.
        session: id of the session that it says it is of; "" where it does not say.
        in_session_s: whether its seconds are those since the session started; else of a video.
        ours: the tiers that were in it when it left us.
    """

    spans: tuple[Span, ...]
    media: str = ""
    session: str = ""
    in_session_s: bool = False
    ours: tuple[str, ...] = ()


def clock(seconds: float) -> str:
    """As people tell it: 1:02:03.5."""
    if not isfinite(seconds):
        return str(seconds)
    tenths = round(abs(seconds) * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{'-' if seconds < 0 else ''}{head}:{tenths // 10:02d}.{tenths % 10}"


def seconds_of(text: str) -> float:
    """Seconds from 12.5, 12,5, 1:02.5 or 00:01:02,500.

    Raises:
        ValueError: it is no time.
    """
    if len(text) > LONGEST_TIME:
        raise ValueError(f"{text.strip()!r:.40} is no time")
    parts = text.strip().replace(",", ".").split(":")
    if len(parts) > 3 or not all(part.isdecimal() and part.isascii() for part in parts[:-1]):
        raise ValueError(f"{text.strip()!r:.40} is no time")
    try:
        last_s = float(parts[-1])
    except ValueError as error:
        raise ValueError(f"{text.strip()!r:.40} is no time") from error
    if not isfinite(last_s) or (len(parts) > 1 and not 0 <= last_s < 60):
        raise ValueError(f"{text.strip()!r:.40} is no time")
    minutes, hours = (*(float(part) for part in parts[-2::-1]), 0.0, 0.0)[:2]
    return last_s + 60 * minutes + 3600 * hours
