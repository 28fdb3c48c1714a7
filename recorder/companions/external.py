"""Numbers of other instruments beside the EEG: a heart rate, a slider, up to 25 a second each.

Each becomes a series of the session with the name and the unit that its sender gave it. Its values
are stored as they come, at the time they came or at the time their sender stamped them with. Where
the two are far apart, a series beside it has them at the time they came.
"""

import numpy as np

from hardware.lsl.stamps import FAR_NS
from recorder.store.rows import MeasureRows, Row, SeriesRow

RATE_LIMIT_HZ = 25.0
SERIES_LIMIT = 64
FIRST_ID = 1_000_000  # those before are the measures'


class TooMany(ValueError):
    """More values a second, or more series, than are taken; the message is one line."""


class ExternalSeries:
    """The external series of one session; `first_id` is the first id that is free."""

    def __init__(self, first_id: int = FIRST_ID) -> None:
        self._next_id = first_id
        self._known: dict[tuple[str, str], _Series] = {}

    def rows(
        self, t_ns: int, name: str, unit: str, value: float, arrival_ns: int | None = None
    ) -> list[Row]:
        """What is to be stored of one value; the first of a series brings its definition along.

        Args:
            t_ns: when it was.
            name: of the series.
            unit: of the series.
            value: what it was.
            arrival_ns: when it came, if its sender says when it was.

        Raises:
            TooMany: it is one too many, and is not taken.
        """
        came_ns = t_ns if arrival_ns is None else arrival_ns
        if abs(came_ns - t_ns) <= FAR_NS:
            return self._stored(t_ns, t_ns, name, unit, value)
        return [
            *self._stored(came_ns, t_ns, name, unit, value),
            *self._stored(came_ns, came_ns, f"{name}: at arrival", unit, value),
        ]

    def _stored(self, came_ns: int, t_ns: int, name: str, unit: str, value: float) -> list[Row]:
        defined: list[Row] = []
        series = self._known.get((name, unit))
        if series is None:
            series = self._new(name, unit)
            defined = [_definition(series.id, name, unit)]
        if not series.takes(came_ns):
            text = f"{name}: more than {RATE_LIMIT_HZ:.0f} values a second: send fewer"
            raise TooMany(text)
        return [*defined, _value(series.id, t_ns, value)]

    def _new(self, name: str, unit: str) -> "_Series":
        if len(self._known) >= SERIES_LIMIT:
            raise TooMany(f"{name}: a session takes {SERIES_LIMIT} external series, no more")
        series = self._known[name, unit] = _Series(self._next_id)
        self._next_id += 1
        return series


class Allowance:
    """How many values one series may still bring: a second's worth at once, then `rate_hz`."""

    def __init__(self, rate_hz: float = RATE_LIMIT_HZ) -> None:
        self._rate_hz = self._left = rate_hz
        self._newest_ns: int | None = None

    def takes(self, t_ns: int) -> bool:
        """Whether one that comes at `t_ns` may be taken; counts it if so."""
        since_ns = 0 if self._newest_ns is None else t_ns - self._newest_ns
        self._newest_ns = max(t_ns, self._newest_ns or t_ns)
        self._left = min(self._rate_hz, self._left + max(0, since_ns) * 1e-9 * self._rate_hz)
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


class _Series(Allowance):
    def __init__(self, number: int) -> None:
        super().__init__()
        self.id = number


def _definition(number: int, name: str, unit: str) -> SeriesRow:
    formula = f"as received, in {unit}" if unit else "as received, without a unit"
    return SeriesRow(id=number, name=name, formula=formula, unit=unit)


def _value(number: int, t_ns: int, value: float) -> MeasureRows:
    unknown = np.full(1, np.nan)
    ids, values = np.array([number], np.int64), np.array([value])
    return MeasureRows(t_ns, ids, values, unknown, unknown, as_sent=True)
