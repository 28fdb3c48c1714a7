"""Windows of time that come back each week, in the local time of the box.

    Mon..Fri 09:00-17:00     Sat,Sun 10:30-12:00     22:00-06:00

Days as systemd writes them; without any, every day. One that goes past midnight belongs to the day
on which it begins. systemd's calendar itself has moments and no windows: the dash is ours.
"""

import re
from dataclasses import dataclass
from datetime import datetime

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SHAPE = re.compile(r"(?:([A-Za-z.,]+) +)?(\d\d):(\d\d)-(\d\d):(\d\d)")
DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """From `begin` to before `end`, minutes of the day, on `days` (0 is Monday)."""

    days: frozenset[int]
    begin: int
    end: int

    def holds(self, moment: datetime) -> bool:
        """Whether `moment`, in local time, lies in the window."""
        minute, day = moment.hour * 60 + moment.minute, moment.weekday()
        if self.begin < self.end:
            return day in self.days and self.begin <= minute < self.end
        evening = day in self.days and minute >= self.begin
        morning = (day - 1) % 7 in self.days and minute < self.end
        return evening or morning


def parse(text: str) -> Window:
    """The window that `text` describes.

    Raises:
        ValueError: it describes none.
    """
    shape = SHAPE.fullmatch(text.strip())
    if shape is None:
        raise ValueError(f"{text!r}: write it like Mon..Fri 09:00-17:00")
    days, *figures = shape.groups()
    begin_hour, begin_minute, end_hour, end_minute = map(int, figures)
    begin, end = begin_hour * 60 + begin_minute, end_hour * 60 + end_minute
    if max(begin_minute, end_minute) > 59 or begin >= DAY_MINUTES or end > DAY_MINUTES:
        raise ValueError(f"{text!r}: no such time of day")
    return Window(frozenset(_days(days) if days else range(7)), begin, end)


def _days(text: str) -> set[int]:
    return {day for part in text.split(",") for day in _run(part)}


def _run(part: str) -> list[int]:
    """One day, or all from one to another: Sat..Mon are three."""
    names = part.split("..")
    if len(names) > 2 or not all(name.capitalize() in DAYS for name in names):
        raise ValueError(f"{part!r}: days are {', '.join(DAYS)}, or Mon..Fri")
    first, last = (DAYS.index(name.capitalize()) for name in (names[0], names[-1]))
    return [(first + step) % 7 for step in range((last - first) % 7 + 1)]
