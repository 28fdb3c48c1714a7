"""OpenBCI GUI text, versions 1 to 6, and what GUIs made of an SD card's file.

    %OpenBCI Raw EXG Data              lines that begin with %, of which one states the sample rate
    %Number of channels = 8            from version 4 on
    Sample Index, EXG Channel 0, ...   in versions 5 and 6 a line of column names, not always right
    0, 61379.36, ...                   sample index, microvolts, accelerometer (g), and by version
                                       seven raw bytes or pins, analog inputs, time stamp, marker

Columns are parted by commas; numbers may have decimal commas where a space follows those. Where no
header states the channels, the number of columns does. A converted card's file has no rate: 250 Hz.
"""

import re
from collections.abc import Sequence

from hardware.cyton import daisy
from hardware.cyton.frames import CHANNELS, RATE_HZ
from hardware.recordings.head import Head, clock_of, number_in
from hardware.recordings.recording import require_channels
from hardware.recordings.rows import Columns, with_points

GANGLION_CHANNELS, GANGLION_HZ = 4, 200.0
ACCELEROMETER = 3
RAW = 7  # a Cyton's end byte and its six aux bytes
# Without a stated number: index and channels; 3 accelerometer; time of day; milliseconds.
_OF_COLUMNS = {
    **dict.fromkeys((9, 12, 13, 14), CHANNELS),
    **dict.fromkeys((17, 20, 21, 22), daisy.CHANNELS),
}
_OF_GANGLION = (5, 8, 9, 10)
_CHANNEL = re.compile(r"E[XE]G Channel \d+")
_FROM_A_CARD = re.compile(r"%\s*OBCI (SD Convert|Data Log)")


def is_gui(head: Head) -> bool:
    """Whether a file is one of these."""
    return bool(head.comments) or bool(head.names)


def rate_hz(head: Head) -> float:
    """As the file states it.

    Raises:
        ValueError: it does not.
    """
    stated = number_in(head.stated("Sample Rate"))
    if stated is None and any(_FROM_A_CARD.match(it.text) for it in head.comments):
        return RATE_HZ
    if stated is None:
        raise ValueError("no sample rate in its header")
    return stated


def columns_of(head: Head) -> Columns:
    """What stands in which column.

    Raises:
        ValueError: that cannot be told, or decimal commas from those between columns.
    """
    delimiter = head.delimiter
    channels = _channels(head)
    require_channels(len(channels))
    _refuse_commas(head, len(channels))
    total, commas = head.columns(delimiter), head.decimal_comma
    rows = [with_points(it.text, delimiter) if commas else it.text for it in head.rows]
    if commas:
        total = _most_columns(rows, delimiter)
    if channels[-1] >= total:
        raise ValueError(
            f"line {head.rows[0].number}: {total} columns, and channels in {len(channels)}"
        )
    fields = [row.split(delimiter) for row in rows if row.count(delimiter) == total - 1]
    clock = clock_of(fields, channels[-1] + 1)
    end, pins = _pins(head, channels, total)
    return Columns(
        total,
        0,
        channels,
        *clock,
        end=end,
        pins=pins,
        marker=_marker(head, total),
        delimiter=delimiter,
        decimal_comma=commas,
    )


def _most_columns(rows: Sequence[str], delimiter: str) -> int:
    counts = [row.count(delimiter) + 1 for row in rows]
    return max(set(counts), key=counts.count)


def _channels(head: Head) -> tuple[int, ...]:
    names = [name.strip() for name in head.names.split(head.delimiter)]
    named = tuple(at for at, name in enumerate(names) if _CHANNEL.fullmatch(name))
    if named:
        return named
    stated = number_in(head.stated("Number of channels"))
    count = _guessed(head) if stated is None else int(stated)
    return tuple(range(1, count + 1))


def _guessed(head: Head) -> int:
    total = head.columns(", " if head.decimal_comma else head.delimiter)
    if total in _OF_GANGLION and rate_hz(head) == GANGLION_HZ:
        return GANGLION_CHANNELS
    if total not in _OF_COLUMNS:
        raise ValueError("neither a number of channels in its header, nor columns that tell it")
    return _OF_COLUMNS[total]


def _refuse_commas(head: Head, channels: int) -> None:
    """Commas that part numbers from their fractions as they part columns."""
    expected = head.names.count(",") if head.names else 2 * channels
    first = head.rows[0]
    is_spaced = head.decimal_comma or head.delimiter != ","
    if not is_spaced and first.text.count(",") > expected and "." not in _no_time(first.text):
        text = "its numbers have decimal commas: write them with points, or a space between columns"
        raise ValueError(f"line {first.number}: {text}")


def _no_time(text: str) -> str:
    return text.partition(":")[0]


def _pins(head: Head, channels: tuple[int, ...], total: int) -> tuple[int | None, tuple[int, ...]]:
    """The columns of the end byte and of D11 and D12, behind the accelerometer's."""
    end = channels[-1] + 1 + ACCELEROMETER
    if len(channels) < CHANNELS or end + RAW > total:
        return None, ()
    named = "(D11)" in head.names
    return None if named else end, (end + 1, end + 2)


def _marker(head: Head, total: int) -> int | None:
    names = [name.strip() for name in head.names.split(head.delimiter)]
    is_right = len(names) == total  # of a Daisy's rows there are more names than columns
    return names.index("Marker Channel") if is_right and "Marker Channel" in names else None
