"""The last minutes of one measure, for a small strip."""

from collections import deque

KEPT_S = 300.0
# A value a second, and some to spare: older ones fall out on their own.
KEPT_VALUES = 600

Span = tuple[float, float]


class History:
    """Values by session time; starts again when a session does."""

    def __init__(self) -> None:
        self._values: deque[tuple[float, float]] = deque(maxlen=KEPT_VALUES)
        self._newest_s = 0.0

    def add(self, t_s: float, value: float | None) -> None:
        """Note that the measure was `value` at `t_s`; None leaves a hole."""
        if t_s < self._newest_s:
            self._values.clear()
        self._newest_s = t_s
        if value is not None:
            self._values.append((t_s, value))

    def spans(self, columns: int) -> list[Span | None]:
        """The last KEPT_S in `columns` equal stretches: lowest and highest of each, or None."""
        spans: list[Span | None] = [None] * columns
        begin_s = self._newest_s - KEPT_S
        for t_s, value in self._values:
            column = int((t_s - begin_s) / KEPT_S * columns)
            if t_s > begin_s:
                column = min(column, columns - 1)
                low, high = spans[column] or (value, value)
                spans[column] = (min(low, value), max(high, value))
        return spans
