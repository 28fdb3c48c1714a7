"""BrainFlow's rows as csv, by its own file streamer, by brainHat, or by a program of one's own.

    columns  board             0   then              then                    time stamp  marker
    24, 23   Cyton             n   8 channels (uV)   3 accel 7 raw 3 analog  22          23 or none
    32, 31   Cyton + Daisy     n   16 channels (uV)  3 accel 7 raw 3 analog  30          31 or none
    15       Ganglion          n   4 channels (uV)   3 accel 5 resistance    13          14

Columns are parted by tabs, commas or semicolons; a first line of names or of column numbers may be
there. brainHat writes the formatted time in the place of the marker.
"""

from collections.abc import Sequence
from typing import NamedTuple

from hardware.cyton import daisy
from hardware.cyton.frames import CHANNELS, RATE_HZ
from hardware.recordings.gui import GANGLION_CHANNELS, GANGLION_HZ
from hardware.recordings.head import Head, Placed, clock_of, most
from hardware.recordings.rows import Columns, with_points

CYTON_MARKER = 23


class _Form(NamedTuple):
    channels: int
    rate_hz: float
    end: int | None
    marker: int | None


_DAISY_HZ = RATE_HZ / 2
_FORMS = {
    15: _Form(GANGLION_CHANNELS, GANGLION_HZ, None, 14),
    23: _Form(CHANNELS, RATE_HZ, 12, None),
    24: _Form(CHANNELS, RATE_HZ, 12, CYTON_MARKER),
    31: _Form(daisy.CHANNELS, _DAISY_HZ, 20, None),
    32: _Form(daisy.CHANNELS, _DAISY_HZ, 20, 31),
}


def without_names(head: Head) -> Head:
    """The head without a first line that names the columns, or numbers them."""
    if not head.rows:
        return head
    first = head.rows[0].text.split(head.delimiter)
    is_numbered = [_number(it) for it in first] == list(range(len(first)))
    if len(first) > 1 and (is_numbered or all(_number(it) is None for it in first)):
        return Head(head.comments, head.rows[0].text, head.rows[1:])
    return head


def columns_of(head: Head) -> tuple[Columns, float]:
    """What stands in which column, and the rate in Hz.

    Raises:
        ValueError: it is none of these forms.
    """
    delimiter, total = head.delimiter, head.columns(head.delimiter)
    if total not in _FORMS:
        *some, last = (str(number) for number in _FORMS)
        first = head.rows[0]
        told = f"{total} columns, {', '.join(some)} or {last} expected"
        raise ValueError(f"line {first.number}: {told}")
    form, commas = _FORMS[total], head.decimal_comma
    rows = [with_points(it.text, delimiter) if commas else it.text for it in head.rows]
    fields = [row.split(delimiter) for row in rows if row.count(delimiter) == total - 1]
    columns = Columns(
        total,
        0,
        tuple(range(1, form.channels + 1)),
        *clock_of(fields, form.channels + 1),
        end=form.end,
        pins=() if form.end is None else (form.end + 1, form.end + 2),
        marker=form.marker if _is_numeric(fields, form.marker) else None,
        delimiter=delimiter,
        decimal_comma=commas,
    )
    return columns, form.rate_hz


def is_names(first: Placed, head: Head) -> bool:
    """Whether a line is the one of names that the file begins with, once more."""
    return bool(head.names) and first.text == head.names


def _is_numeric(fields: Sequence[Sequence[str]], column: int | None) -> bool:
    return column is not None and most(_number(row[column]) is not None for row in fields)


def _number(text: str) -> float | None:
    """With a point or a comma."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
