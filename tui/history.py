"""The last minutes of one measure, for a small strip."""

from collections import deque

from tui.braille import Span

KEPT_S = 300.0
# A value a second, and some to spare: older ones fall out on their own.
KEPT_VALUES = 600


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
