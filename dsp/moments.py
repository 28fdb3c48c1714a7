"""Moments at which an index of one person shifts, from values of windows that do not overlap.

Each value is predicted from the one before and from the level since the last shift; what the
prediction misses is turned into a standard normal score w and summed on either side (CUSUM):

    miss = (x_k - level) - phi (x_k-1 - level')         phi: resemblance of neighbours
    w    = normal score of miss / (s sqrt(1 + 1 / n))   n values, s: how far others were missed
    up   = max(0, up + w - K)      down = max(0, down - w - K)      a shift where one passes H

Level, phi and s are learnt as the session goes, from the values before, so that no baseline is
needed; a shift makes the level be learnt anew. The shift began where its sum last was zero, half a
window back, which is why it is known only about a minute after, and marked as provisional.

Sources: CUSUM of what a first-order model misses, Alwan & Roberts 1988, J Bus Econ Stat 6:87;
self-starting by normal scores, Hawkins 1987, The Statistician 36:299; Student's t to normal,
Wallace 1959, Ann Math Stat 30:1124.
"""

from dataclasses import dataclass
from math import copysign, isfinite, log1p, sqrt
from typing import Final

WINDOW_NS: Final = 10_000_000_000
# Half of the shift that is looked for, in standard deviations, as is usual: K for 1 SD.
K: Final = 0.5
# At most FALSE_SHIFTS in 45 min of a series without any, simulated for resemblances of 0 to 0.7
# (tests/dsp/test_moments.py holds it). H of 5 would give 0.6, H of 6 would give 0.2.
H: Final = 5.5
FALSE_SHIFTS: Final = 0.4
# Before phi and s are known, and before a new level is.
FIRST_WINDOWS: Final = 18
LEVEL_WINDOWS: Final = 4
RESEMBLANCE: Final = (0.0, 0.9)


@dataclass(frozen=True, slots=True)
class Shift:
    """A lasting change of an index, provisional: the whole session may tell otherwise.

    Attributes:
        t_ns: where it began, between two windows; of shifts of 2 SD, nine in ten are marked within
            a minute of it, the others earlier.
        direction: 1 up, -1 down.
        size: mean since it began less mean before, in the units of the index.
    """

    t_ns: int
    direction: int
    size: float


class ShiftWatch:
    """Watches one index of one person; a few numbers are all it keeps.

    Args:
        window_ns: length of the windows that the values are of.
    """

    def __init__(self, window_ns: int = WINDOW_NS) -> None:
        self._window_ns = window_ns
        self._taken_ns: int | None = None
        self._last: float | None = None
        self._spread = _Spread()
        self._level = _Level()
        self._up = _Side(1)
        self._down = _Side(-1)

    def push(self, t_ns: int, value: float) -> Shift | None:
        """Take in a value, and tell the shift that it makes certain.

        Args:
            t_ns: centre of its window. A value whose window overlaps the last one taken is left
                out, so that a value a second does as well as one for each window.
            value: NaN where there is none.
        """
        if self._taken_ns is not None and t_ns < self._taken_ns + self._window_ns:
            return None
        self._taken_ns = t_ns
        before, self._last = self._last, value if isfinite(value) else None
        if before is None or self._last is None:
            return None
        shift = self._judge(t_ns, before, value)
        if shift is None:
            self._spread.add(*self._level.add(before, value))
        return shift

    def _judge(self, t_ns: int, before: float, value: float) -> Shift | None:
        if self._level.n < LEVEL_WINDOWS or self._spread.n < FIRST_WINDOWS:
            return None
        score = self._spread.score(*self._level.away(before, value), self._level.n)
        for side in (self._up, self._down):
            if side.add(t_ns, value, score):
                return self._begin_anew(side)
        return None

    def _begin_anew(self, side: "_Side") -> Shift:
        shift = Shift(side.began_ns - self._window_ns // 2, side.sign, side.size(self._level))
        self._up, self._down, self._level = _Side(1), _Side(-1), _Level()
        return shift


class _Level:
    """Mean of the values since the last shift, and of those before each of them."""

    def __init__(self) -> None:
        self.n = 0
        self.before = self.value = 0.0

    def away(self, before: float, value: float) -> tuple[float, float]:
        return before - self.before, value - self.value

    def add(self, before: float, value: float) -> tuple[float, float, float]:
        """Take in a pair; how far it was away, and by what their squares count (Welford)."""
        away_before, away = self.away(before, value)
        weight = self.n / (self.n + 1)
        self.n += 1
        self.before += away_before / self.n
        self.value += away / self.n
        return away_before, away, weight


class _Spread:
    """How values scatter about their level and resemble the one before, over the whole session."""

    def __init__(self) -> None:
        self.n = -1  # phi costs one
        self._square_before = self._product = self._square = 0.0

    def add(self, before: float, value: float, weight: float) -> None:
        self.n += weight > 0  # each level costs one
        self._square_before += weight * before * before
        self._product += weight * before * value
        self._square += weight * value * value

    def score(self, before: float, value: float, level_n: int) -> float:
        """Normal score of how far `value` is from its prediction."""
        phi = self._phi()
        missed = self._square - phi * (2 * self._product - phi * self._square_before)
        s = sqrt(max(missed, 0.0) / self.n * (1 + 1 / level_n))
        return _normal_score((value - phi * before) / s, self.n) if s > 0 else 0.0

    def _phi(self) -> float:
        if self._square_before <= 0:
            return 0.0
        raw = self._product / self._square_before
        # What few values make it too small by (Marriott & Pope 1954, Biometrika 41:390).
        low, high = RESEMBLANCE
        return min(max(raw + (1 + 4 * raw) / (self.n + 1), low), high)


class _Side:
    """The sum on one side, and the values that made it."""

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.began_ns = 0
        self._sum = 0.0
        self._n = 0
        self._total = self._newest = 0.0

    def add(self, t_ns: int, value: float, score: float) -> bool:
        """Take in a score; whether the sum passes H."""
        if self._sum == 0:
            self.began_ns, self._n, self._total = t_ns, 0, 0.0
        self._sum = max(0.0, self._sum + self.sign * score - K)
        self._n += 1
        self._total += value
        self._newest = value
        return self._sum > H

    def size(self, level: _Level) -> float:
        """Mean of what made the sum less mean of what was before; both but the newest are in it."""
        others = self._n - 1
        before = level.n * level.value - (self._total - self._newest)
        return self._total / self._n - before / (level.n - others)


def _normal_score(t: float, freedom: int) -> float:
    """The normal score as rare as Student's t, to a few thousandths (Wallace 1959)."""
    factor = (8 * freedom + 1) / (8 * freedom + 3)
    return copysign(factor * sqrt(freedom * log1p(t * t / freedom)), t)
