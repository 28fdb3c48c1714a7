"""A session in plain characters: both frontal asymmetries, holes and marks over time.

    patient: faa alpha F4-F3; 90 s a column
      +1.2 |          **
           |   * ** *   *  *
         0 |-**-*--*-----**-*--
           |
      -1.2 |
     holes |    .     #
     marks |       1       2
           +---------+---------
            0:00      15:00

A `*` is the mean of a column, in the scale of both people. Of holes `#` are columns of which more
than half is missing, `.` those with less. A mark is how many are in its column, `+` for over nine.
Nothing but ASCII: a Linux console has it, and so has a pipe.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder.open.session import OpenSession
from recorder.store.elapsed import HALF

Floats = NDArray[np.float64]

MEASURE, BAND = "faa", "alpha"
NONE: Final = "no frontal asymmetry was measured"
HEIGHT: Final = 7  # odd, so that zero has a line of its own
MARGIN: Final = 10
LEAST_COLUMNS: Final = 20
LEAST_SCALE: Final = 0.1
TICK: Final = 10


@dataclass(frozen=True, slots=True)
class _Axis:
    """So many columns from the session's start to its end."""

    duration_s: float
    columns: int

    @property
    def column_s(self) -> float:
        return self.duration_s / self.columns

    def places(self, t_s: Floats) -> NDArray[np.intp]:
        """(n,) columns of instants; those of none at either end."""
        told: NDArray[np.intp] = (t_s / self.column_s).astype(np.intp).clip(0, self.columns - 1)
        return told

    def means(self, t_s: Floats, value: Floats) -> Floats:
        """(columns,) NaN where there is no value."""
        known = np.isfinite(value)
        places = self.places(t_s[known])
        often = np.bincount(places, minlength=self.columns)
        total = np.bincount(places, value[known], minlength=self.columns)
        return np.where(often > 0, total / np.maximum(often, 1), np.nan)

    def shares(self, spans: list[tuple[float, float]]) -> Floats:
        """(columns,) which part of each is in one of the spans, from second to second."""
        edges = np.arange(self.columns + 1) * self.column_s
        share = np.zeros(self.columns)
        for begin_s, end_s in spans:
            inside = np.minimum(edges[1:], end_s) - np.maximum(edges[:-1], begin_s)
            share += np.maximum(inside, 0.0)
        return share / self.column_s


def picture(session: OpenSession, width: int) -> list[str]:
    """Lines of at most `width` characters, but never of fewer than thirty; none of no length.

    Raises:
        ValueError: the file is damaged there.
    """
    if session.duration_s <= 0:
        return []
    axis = _Axis(session.duration_s, max(LEAST_COLUMNS, width - MARGIN - 2))
    curves = {role: _asymmetry(session, role, axis) for role in session.roles}
    scale = _scale([means for _, means in curves.values()])
    lines: list[str] = []
    for role, (name, means) in curves.items():
        lines += [f"{role}: {name or NONE}; {axis.column_s:.3g} s a column"]
        lines += _curve(means, scale) if name else []
        lines += [_row("holes", _holes(session, role, axis))]
    marks = axis.places(np.array([mark.t_s for mark in session.marks], np.float64))
    lines += [_row("marks", _counts(np.bincount(marks, minlength=axis.columns)))]
    return [line[: axis.columns + MARGIN + 2].rstrip() for line in [*lines, *_times(axis)]]


def _asymmetry(session: OpenSession, role: str, axis: _Axis) -> tuple[str, Floats]:
    """The first asymmetry that was measured of one person: its name, "" for none, and means."""
    found = session.measures(MEASURE, band=BAND, persons=(role,))
    channels = [it.channels for it in found.definitions]
    alike = [place for place, it in enumerate(channels) if it == channels[0]]  # defined anew
    means = axis.means(np.tile(found.t_s, len(alike)), found.value[:, alike].T.ravel())
    return f"{MEASURE} {BAND} {'-'.join(channels[0])}" if alike else "", means


def _scale(curves: list[Floats]) -> float:
    """What the top stands for: two digits, and all of both people is within."""
    highest = max((float(np.nanmax(np.abs(it), initial=0.0)) for it in curves), default=0.0)
    step = 10.0 ** (np.floor(np.log10(max(highest, LEAST_SCALE))) - 1)
    return float(np.ceil(max(highest, LEAST_SCALE) / step) * step)


def _curve(means: Floats, scale: float) -> Iterator[str]:
    """A row a level, the highest first."""
    half = HEIGHT // 2
    level = np.where(np.isfinite(means), np.rint(means / scale * half), half + 1)
    labels = {half: f"+{scale:.2g}", 0: "0", -half: f"-{scale:.2g}"}
    for row in range(half, -half - 1, -1):
        empty = " " if row else "-"
        yield _row(labels.get(row, ""), "".join("*" if it == row else empty for it in level))


def _holes(session: OpenSession, role: str, axis: _Axis) -> str:
    board = session.board(role)
    gaps = [it for it in session.gaps if it.board == board.id and it.cause != HALF]
    begins = [session.t_s(gap.begin_ns) for gap in gaps]
    spans = [
        (begin_s, begin_s + gap.n / board.nominal_rate_hz if gap.n else session.t_s(gap.end_ns))
        for begin_s, gap in zip(begins, gaps, strict=True)
    ]
    return "".join("#" if it > 0.5 else "." if it > 0 else " " for it in axis.shares(spans))


def _counts(counts: NDArray[np.intp]) -> str:
    return "".join(" " if not it else str(it) if it < 10 else "+" for it in counts)


def _row(label: str, signs: str) -> str:
    return f"{label:>{MARGIN - 1}} |{signs}"


def _times(axis: _Axis) -> Iterator[str]:
    """The axis, with the time below each second tick."""
    ticks = ["+" if column % TICK == 0 else "-" for column in range(axis.columns)]
    yield f"{'':{MARGIN + 1}}{''.join(ticks)}"
    told = ""
    for column in range(0, axis.columns, 2 * TICK):
        told = f"{told:{column}}{_clock(column * axis.column_s)}"
    yield f"{'':{MARGIN + 1}}{told[: axis.columns]}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
