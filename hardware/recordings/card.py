"""The file of a Cyton's SD card, in hexadecimal.

    %START AT                               or %STOP AT; below it, the board's milliseconds
    00010C2B
    00,00346E,006BF5, ... ,FFB0,0E60,03B0   counter, 8 or 16 channels of 24 bits, perhaps aux words
    %Total time mS:                         the end; behind it stands what was there before

Counts are those of the converter, 250 a second, with a Daisy, too.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from hardware.cyton import daisy
from hardware.cyton.frames import CHANNELS, RATE_HZ, UV_PER_COUNT
from hardware.recordings.counting import of_cyton
from hardware.recordings.head import Placed
from hardware.recordings.recording import Recording, Unread
from hardware.recordings.rows import TOLD

_ROW = re.compile(
    r"[0-9A-F]{2}((?:,[0-9A-F]{6}){8}){1,2}(?:,[0-9A-F]{4}|,[0-9A-F]{8}){0,4},?", re.IGNORECASE
)
_MARK = re.compile(r"%\s*ST(ART|OP) AT", re.IGNORECASE)
_MILLIS = re.compile(r"[0-9A-F]{1,8}", re.IGNORECASE)
_END = re.compile(r"%\s*Total time", re.IGNORECASE)


def is_card(rows: Sequence[str]) -> bool:
    """Whether the first rows are a card's."""
    return any(_ROW.fullmatch(row.strip()) for row in rows[:5])


class CardRows:
    """Takes the lines of a card's file, in order."""

    def __init__(self) -> None:
        self._counters: list[int] = []
        self._counts: list[list[int]] = []
        self._lines: list[int] = []
        self._stretches: list[int] = []
        self._unread: list[Unread] = []
        self._unread_rows = 0
        self._channels = 0
        self._stretch = 0
        self._mark = ""  # the newest line that began with %
        self._stopped_ms: int | None = None
        self._pauses_s: dict[int, float] = {}
        self._has_ended = False

    def take(self, lines: Sequence[Placed]) -> None:
        """Take the next lines.

        Raises:
            ValueError: rows of 8 and of 16 channels, one behind the other.
        """
        for line in lines:
            text = line.text.strip()
            if not self._has_ended and text:
                self._take_one(Placed(line.number, text))

    def recording(self) -> Recording:
        """All that was read.

        Raises:
            ValueError: there is no row.
        """
        if not self._counts:
            raise ValueError("no samples in it")
        counts = np.array(self._counts, np.int64)
        counts[counts >= 1 << 23] -= 1 << 24
        counted = of_cyton(np.array(self._counters, np.int64))
        kind = "cyton" if self._channels == CHANNELS else daisy.KIND
        return Recording(
            tuple(f"EXG{number}" for number in range(1, self._channels + 1)),
            RATE_HZ,
            counted.counters,
            (counts.astype(np.float64) * UV_PER_COUNT)[None],
            kind=kind,
            provenance="counts",
            cycle=counted.cycle,
            stretch=np.array(self._stretches, np.int32),
            lines=np.array(self._lines, np.int64),
            pauses_s=self._pauses_s,
            unread=tuple(self._unread),
            unread_rows=self._unread_rows,
        )

    def _take_one(self, line: Placed) -> None:
        if line.text.startswith("%"):
            self._has_ended = _END.match(line.text) is not None
            self._mark = line.text
        elif _ROW.fullmatch(line.text):
            self._take_row(line)
        elif self._mark and _MILLIS.fullmatch(line.text):
            self._take_millis(int(line.text, 16))
        else:
            self._refuse(line.number, "no row of hexadecimal digits")

    def _take_row(self, line: Placed) -> None:
        counter, *fields = line.text.split(",")
        channels = [int(field, 16) for field in _sixes(fields)]
        self._channels = self._channels or len(channels)
        if len(channels) != self._channels:
            self._refuse(line.number, f"{len(channels)} channels where {self._channels} belong")
            return
        self._mark = ""
        self._counters.append(int(counter, 16))
        self._counts.append(channels)
        self._lines.append(line.number)
        self._stretches.append(self._stretch)

    def _take_millis(self, millis: int) -> None:
        """The board was started or stopped; behind rows a stretch begins."""
        is_stop = "stop" in self._mark.lower()
        if self._counts and self._stretches[-1] == self._stretch:
            self._stretch += 1
        if not is_stop and self._stopped_ms is not None and millis >= self._stopped_ms:
            self._pauses_s[self._stretch] = (millis - self._stopped_ms) / 1000
        self._stopped_ms = millis if is_stop else None
        self._mark = ""

    def _refuse(self, line: int, why: str) -> None:
        self._unread_rows += 1
        if len(self._unread) < TOLD:
            self._unread.append(Unread(line, why, len(self._counts)))


def _sixes(fields: Sequence[str]) -> Iterator[str]:
    """The channels, which have six digits each; aux words behind them have other lengths."""
    for field in fields[: daisy.CHANNELS]:
        if len(field) != 6:
            return
        yield field
