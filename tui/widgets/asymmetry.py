"""Frontal asymmetry of one person: the value, what it stands on, and its last minutes."""

import math
from collections import deque
from collections.abc import Sequence
from itertools import zip_longest
from textwrap import wrap

import msgspec

from recorder.wire.messages import Course, Measure, Measures
from tui import braille
from tui.braille import Span
from tui.language import _
from tui.patch import Patch
from tui.picture import MARK
from tui.signs import PLAIN, QUIET
from tui.widgets.line import Line, Part
from tui.wording import basis, signed, with_error

KEPT_S = 300.0
# A value a second, and some to spare: older ones fall out on their own.
KEPT_VALUES = 600
# ln(right) - ln(left) of almost everyone lies within this.
SCALE = 1.0
LEAST_ROWS = 2
MOST_ROWS = 10
TEXT_WIDTH = 23
AXIS_WIDTH = 6
AXIS = (f"{KEPT_S / 60:.0f} min", f"   ±{SCALE:.0f}")
BAND = "alpha"
NOTHING = Measures(0.0, [])


class History:
    """Error bands of a measure by session time; starts again when a session does."""

    def __init__(self) -> None:
        self._bands: deque[tuple[float, Span]] = deque(maxlen=KEPT_VALUES)
        self._newest_s = 0.0

    def add(self, t_s: float, band: Span | None) -> None:
        """Note that the measure lay within `band` at `t_s`; None leaves a hole."""
        if t_s < self._newest_s:
            self._bands.clear()
        self._newest_s = t_s
        if band is not None:
            self._bands.append((t_s, band))

    def recall(self, points: Sequence[tuple[float, float, float | None]]) -> None:
        """Take in how it went before the first of its own: time, value, standard error."""
        own_s = self._bands[0][0] if self._bands else math.inf
        for t_s, value, error in reversed(points):
            if t_s < own_s:
                self._bands.appendleft((t_s, _band(value, error)))

    def spans(self, columns: int) -> list[Span | None]:
        """The last KEPT_S in `columns` equal stretches: lowest and highest of each, or None."""
        spans: list[Span | None] = [None] * columns
        for t_s, band in self._bands:
            column = self.column(t_s, columns)
            if column is not None:
                low, high = spans[column] or band
                spans[column] = (min(low, band[0]), max(high, band[1]))
        return spans

    def column(self, t_s: float, columns: int) -> int | None:
        """Which of `columns` stretches `t_s` falls into; None when it is not of the last KEPT_S."""
        age_s = self._newest_s - t_s
        if not 0 <= age_s < KEPT_S:
            return None
        return min(columns - 1, int((1 - age_s / KEPT_S) * columns))


class AsymmetryView(Line):
    """Some rows for each channel pair: in words, and as a strip of its last minutes.

    The strip is the value's error band, above its middle where right is larger; an upright line is
    where a shift began, a short one from above where something was marked.
    """

    def __init__(self, role: str, patch: Patch, marks_s: Sequence[float] = ()) -> None:
        """`marks_s` is when something was marked; whoever gives it adds to it."""
        super().__init__(patch)
        self._role = role
        self._marks_s = marks_s
        self._histories: dict[str, History] = {}
        self._newest = NOTHING

    def on_mount(self) -> None:
        """Say that a value will come."""
        self.forget()

    def on_resize(self) -> None:
        """There is room for more or less."""
        self._draw()

    def forget(self) -> None:
        """Take the values away: no newer ones come."""
        self._newest = NOTHING
        self.show(f"{_('asymmetry')} —\n{_('no value now')}")

    def recall(self, courses: Sequence[Course]) -> None:
        """Take in how this person's went before this screen looked; drawn with the next value."""
        for course in courses:
            if course.who == self._role:
                self._histories.setdefault(course.where, History()).recall(course.points)

    def show_measures(self, measures: Measures) -> None:
        """Show this person's frontal asymmetry, as many pairs as there is room for."""
        own = [v for v in measures.values if v.who == self._role and v.band == BAND]
        for value in (v for v in own if v.kind == "faa"):
            history = self._histories.setdefault(value.where, History())
            history.add(measures.t_s - value.window_s / 2, _error_band(value))
        self._newest = msgspec.structs.replace(measures, values=own)
        self._draw()

    def _draw(self) -> None:
        pairs = [value for value in self._newest.values if value.kind == "faa"]
        pairs = pairs[: max(1, self.size.height // LEAST_ROWS)]
        at_rest = {v.where: v for v in self._newest.values if v.kind == "faa_rel"}
        rows = max(LEAST_ROWS, min(MOST_ROWS, self.size.height // max(1, len(pairs))))
        parts: list[Part] = []
        for value in pairs:
            texts = _texts(value, at_rest.get(value.where), rows)
            parts += _side_by_side(value, texts, self._strip(value.where, rows))
        if parts:
            self.show(*parts[:-1])

    def _strip(self, where: str, rows: int) -> list[str]:
        """The last minutes of a pair, where in them a shift of it began, and what was marked."""
        history = self._histories[where]
        cells = max(1, self.size.width - TEXT_WIDTH - AXIS_WIDTH)
        strip = _picture(history.spans(braille.COLUMNS_PER_CELL * cells), rows)
        for shift in self._newest.shifts:
            place = history.column(shift.t_s, cells)
            if place is not None and (shift.who, shift.where) == (self._role, where):
                strip = [row[:place] + MARK + row[place + 1 :] for row in strip]
        for t_s in self._marks_s:
            if (place := history.column(t_s, cells)) is not None:
                strip[0] = strip[0][:place] + MARK + strip[0][place + 1 :]
        return strip


def _error_band(measure: Measure) -> Span | None:
    """One standard error to either side; the value itself where the error is not known."""
    if measure.value is None:
        return None
    return _band(measure.value, measure.error)


def _band(value: float, error: float | None) -> Span:
    return value - (error or 0.0), value + (error or 0.0)


def _texts(measure: Measure, at_rest: Measure | None, rows: int) -> list[str]:
    """What stands below the value; in one long line where there are not enough rows."""
    more = []
    if at_rest is not None and at_rest.value is not None:
        more = [_("vs rest {value}").format(value=with_error(at_rest))]
    lines = [*wrap(basis(measure), TEXT_WIDTH - 1), *more]
    return lines if len(lines) < rows else [", ".join((basis(measure), *more))]


def _side_by_side(measure: Measure, texts: Sequence[str], strip: Sequence[str]) -> list[Part]:
    """Words and strip; words that are too long for that are worth more than the strip."""
    name, value = f"{measure.where[:9]} ", signed(measure.value)
    words = [name + with_error(measure), *texts]
    if max(map(len, words)) <= TEXT_WIDTH:
        words = [
            text.ljust(TEXT_WIDTH) + axis.ljust(AXIS_WIDTH) + dots
            for text, axis, dots in zip_longest(words, AXIS, strip, fillvalue="")
        ]
    rest = "\n".join(words)[len(name + value) :]
    return [name, (value, f"bold {PLAIN}"), (rest, QUIET), "\n"]


def _picture(spans: Sequence[Span | None], rows: int) -> list[str]:
    """Every band as a bar, on a dotted line at zero: the side can be seen without a colour."""
    dots = braille.DOTS_PER_ROW * rows
    zero = braille.column_mask(0.0, 0.0, scale=SCALE, dots=dots)
    line = [zero, 0] * (len(spans) // braille.COLUMNS_PER_CELL)
    bars = [0 if s is None else braille.column_mask(*s, scale=SCALE, dots=dots) for s in spans]
    masks = [bar | dot for bar, dot in zip(bars, line, strict=True)]
    return ["".join(row) for row in braille.rows(masks, rows)]
