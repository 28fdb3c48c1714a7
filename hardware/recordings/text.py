"""Text files of OpenBCI's GUI, of BrainFlow and of SD cards, as recordings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hardware.cyton import daisy
from hardware.cyton.frames import CHANNELS, GAIN, RATE_HZ, UV_PER_COUNT
from hardware.recordings import brainflow, gui
from hardware.recordings.arrays import numbered
from hardware.recordings.card import CardRows, is_card
from hardware.recordings.counting import Counted, of_cyton, of_daisy, of_ganglion
from hardware.recordings.head import (
    COMMENT,
    NAMES,
    Head,
    Placed,
    head_of,
    is_header,
    number_in,
    stated,
)
from hardware.recordings.lines import NO_TEXT, Told, lines_of
from hardware.recordings.recording import Recording, Stamps
from hardware.recordings.rows import Columns, Rows

GANGLION = "ganglion"
# 1.2 V over (2**23 - 1), 1.5 and a gain of 51; in BrainFlow's ganglion_native
GANGLION_UV_PER_COUNT = 1.2e6 / (8388607 * 1.5 * 51)
HEAD_LINES = 400
# End bytes of packets whose aux bytes are pins, with board milliseconds or without.
PINS_FOLLOW = (0xC1, 0xC5, 0xC6)
_DAY_S = 86_400.0

Lines = Iterator[tuple[int, list[str]]]


def read_text(path: Path, told: Told) -> Recording:
    """Read one.

    Raises:
        ValueError: it holds something else; the text says where.
    """
    chunks = lines_of(path, told)
    number, first = next(chunks, (1, []))
    placed = [Placed(number + at, text) for at, text in enumerate(first[:HEAD_LINES])]
    lines = chain([(number, first)], chunks)
    head = head_of(placed)
    if is_card([it.text for it in head.rows]):
        return _read_card(lines)
    if not head.rows:
        raise ValueError("no samples in it")
    try:
        return _read_rows(head, lines)
    except ValueError as error:
        if any(NO_TEXT in it.text or "\0" in it.text for it in head.rows[:1]):
            raise ValueError("not text") from error
        raise


def _read_card(lines: Lines) -> Recording:
    rows = CardRows()
    for number, some in lines:
        rows.take([Placed(number + at, text) for at, text in enumerate(some)])
    return rows.recording()


def _read_rows(head: Head, lines: Lines) -> Recording:
    if gui.is_gui(head):
        columns, rate_hz = gui.columns_of(head), gui.rate_hz(head)
    else:
        head = brainflow.without_names(head)
        if not head.rows:
            raise ValueError("no samples in it")
        columns, rate_hz = brainflow.columns_of(head)
    taken = _Taken(head, columns)
    for number, some in lines:
        taken.take(number, some)
    if not taken.rows.size and not taken.rows.unread_rows:
        raise ValueError("no samples in it")
    if taken.rows.unread_rows > taken.rows.size:
        raise ValueError(_unreadable(taken.rows))
    return _recording(taken, _Stated(rate_hz, number_in(head.stated("Gain"))))


def _unreadable(rows: Rows) -> str:
    of_all = rows.unread_rows + rows.size
    return f"{rows.unread[0]}; so are {rows.unread_rows} of its {of_all} rows"


class _Taken:
    """Gives rows to `Rows`, and looks at what stands between them.

    Attributes:
        rows: that were read.
        begins: of rows, by number, those before which a header stood once more.
    """

    def __init__(self, head: Head, columns: Columns) -> None:
        self.rows = Rows(columns)
        self.begins: list[int] = []
        self._head = head
        self._comments: list[Placed] = []  # of the header that is just read

    def take(self, number: int, lines: Sequence[str]) -> None:
        """Take the next lines of the file, the first of which is `number`."""
        numbers: list[int] = []
        texts: list[str] = []
        for at, text in enumerate(lines):
            if not text.strip():
                continue
            if self._is_between_rows(Placed(number + at, text)):
                self.rows.take(numbers, texts)
                numbers, texts = [], []
                self._look_at(Placed(number + at, text))
                continue
            self._comments = []
            numbers.append(number + at)
            texts.append(text)
        self.rows.take(numbers, texts)

    def _is_between_rows(self, line: Placed) -> bool:
        text = line.text.lstrip()
        return text.startswith((COMMENT, NAMES)) or brainflow.is_names(line, self._head)

    def _look_at(self, line: Placed) -> None:
        if line.text.startswith(COMMENT) and not is_header(line.text):
            self.rows.refuse(line.number, f"begins with {COMMENT}, and is no header")
            return
        if self.rows.size and (not self.begins or self.begins[-1] != self.rows.size):
            self.begins.append(self.rows.size)
        self._comments.append(line)
        for name in ("Number of channels", "Sample Rate"):
            first, now = (number_in(it) for it in (self._head.stated(name), self._said(name)))
            if now is not None and first is not None and now != first:
                text = f"a second header says {name} = {now:g}, the first {first:g}"
                raise ValueError(f"line {line.number}: {text}: part the file there")

    def _said(self, name: str) -> str:
        return stated([it.text for it in self._comments], name)


@dataclass(frozen=True, slots=True)
class _Stated:
    """What the header says of all rows."""

    rate_hz: float
    gain: float | None


def _recording(taken: _Taken, said: _Stated) -> Recording:
    rows, columns = taken.rows, taken.rows.columns
    table, channels = rows.table(), len(columns.channels)
    raw = table[:, 0].astype(np.int64)
    after_unread = np.zeros(len(raw) + 1, np.bool_)
    after_unread[[it.before for it in rows.unread]] = True
    kind = _kind(channels, said.rate_hz)
    counted = _counted(kind, raw, after_unread[:-1])
    recording = Recording(
        numbered(channels),
        said.rate_hz,
        counted.counters,
        table[None, :, 1 : 1 + channels],
        kind=kind,
        provenance="text",
        uv_per_count=GANGLION_UV_PER_COUNT if kind == GANGLION else UV_PER_COUNT,
        cycle=counted.cycle,
        stretch=_stretches(len(raw), taken.begins),
        lines=rows.lines(),
        stamps=_stamps(columns, table, rows.day_s()),
        pins=_pins(columns, table),
        marks=tuple(_marks(columns, table)),
        unread=tuple(rows.unread),
        unread_rows=rows.unread_rows,
    )
    return recording if said.gain in (None, GAIN) else recording.at_gain(said.gain or GAIN)


def _kind(channels: int, rate_hz: float) -> str:
    if channels == gui.GANGLION_CHANNELS and rate_hz == gui.GANGLION_HZ:
        return GANGLION
    is_daisy = channels > CHANNELS and rate_hz <= RATE_HZ / 2
    return daisy.KIND if is_daisy else "cyton"


def _counted(kind: str, raw: NDArray[np.int64], after_unread: NDArray[np.bool_]) -> Counted:
    if kind == GANGLION:
        return of_ganglion(raw, after_unread)
    return of_daisy(raw) if kind == daisy.KIND else of_cyton(raw)


def _stretches(n: int, begins: Sequence[int]) -> NDArray[np.int32]:
    stretch = np.zeros(n, np.int32)
    for begin in begins:
        stretch[begin:] += 1
    return stretch


def _column(columns: Columns, table: NDArray[np.float64], column: int) -> NDArray[np.float64]:
    read: NDArray[np.float64] = table[:, columns.used.index(column)]
    return read


def _stamps(
    columns: Columns, table: NDArray[np.float64], day_s: NDArray[np.float64]
) -> Stamps | None:
    if columns.stamp is not None:
        return Stamps(_column(columns, table, columns.stamp) / columns.stamps_a_second)
    if columns.day is None:
        return None
    midnights = np.cumsum(np.diff(day_s, prepend=day_s[:1]) < -_DAY_S / 2)
    return Stamps(day_s + midnights * _DAY_S, of_day=True)


def _pins(columns: Columns, table: NDArray[np.float64]) -> dict[str, NDArray[np.bool_]]:
    """D11 and D12, where the raw bytes are pins; one of a Daisy's is the mean of two packets'."""
    if not columns.pins or not len(table):
        return {}
    if columns.end is not None:
        ends = _column(columns, table, columns.end)
        if np.isin(ends, PINS_FOLLOW).mean() <= 0.5:
            return {}
    levels = (_column(columns, table, column) > 0 for column in columns.pins)
    return dict(zip(("D11", "D12"), levels, strict=True))


def _marks(columns: Columns, table: NDArray[np.float64]) -> Iterator[tuple[int, str]]:
    if columns.marker is not None:
        values = _column(columns, table, columns.marker)
        for row in np.flatnonzero(values).tolist():
            yield row, f"marker {values[row]:g}"
