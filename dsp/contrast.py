"""Whether an index differs between two sets of intervals, by shifting the intervals.

    value(s) = mean of x in the first set - mean of x in the second, all intervals s later

All shifts at once by two correlations, with what is missing as no weight. Values of an index
resemble their neighbours, and few intervals hold many of them: a t-test of moments against the rest
finds something in 60 to 70 of 100 sessions without any difference (tests/null), shifted labels in
five. The null is that the intervals might as well stand elsewhere. Intervals that stand where they
do for a reason, such as a baseline at the begin, differ from the rest by any drift as well.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.shift_test import ShiftFamily, Tested

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Fewer values in a set are no mean.
LEAST_VALUES: Final = 5


@dataclass(frozen=True, slots=True)
class Contrast:
    """What two sets differ by.

    Attributes:
        tested: the difference against its shifts.
        low, high: its interval of 95 %: the differences that the shifts would not contradict.
        effect: the difference in standard deviations of all values of the session.
        effect_low, effect_high: interval of the effect.
        n_first, n_second: values in each set.
    """

    tested: Tested
    low: float
    high: float
    effect: float
    effect_low: float
    effect_high: float
    n_first: int
    n_second: int


def contrast(x: Floats, first: Flags, second: Flags, family: ShiftFamily) -> Contrast | None:
    """Compare an index in two sets of intervals; None where either has too few values.

    Args:
        x: (n,) at even steps, NaN where there is no value.
        first: (n,) which values lie in the first set.
        second: (n,) in the second.
        family: of n shifts; the test is added to it.
    """
    there = np.isfinite(x)
    in_first, in_second = (int(np.count_nonzero(there & one)) for one in (first, second))
    if min(in_first, in_second) < LEAST_VALUES:
        return None
    value, points = differences(x, first, second)
    tested = family.add(value, points)
    low_chance, high_chance = tested.chance_low_high
    difference, sd = tested.value, float(np.std(x[there]))
    low, high = difference - high_chance, difference - low_chance
    scale = 1 / sd if sd > 0 else float("nan")
    return Contrast(
        tested, low, high, difference * scale, low * scale, high * scale, in_first, in_second
    )


def differences(x: Floats, first: Flags, second: Flags) -> tuple[Floats, Floats]:
    """At every circular shift of the labels: the difference, and as how many pairs it counts.

    As many as n_1 n_2 / (n_1 + n_2), on which the variance of a difference depends.
    """
    there = np.isfinite(x)
    level = x[there].mean()
    two = fft.fft(np.where(there, x - level, 0) + 1j * there)
    (sum_1, n_1), (sum_2, n_2) = (_within(two, labels) for labels in (first, second))
    with np.errstate(divide="ignore", invalid="ignore"):
        value = sum_1 / n_1 - sum_2 / n_2
        points = n_1 * n_2 / (n_1 + n_2)
    enough = np.minimum(n_1, n_2) >= LEAST_VALUES
    return np.where(enough, value, np.nan), np.where(enough, points, 0)


def _within(two: NDArray[np.complex128], labels: Flags) -> tuple[Floats, Floats]:
    """Sum and number of the values in the labels, at every shift."""
    found = fft.ifft(two * fft.fft(labels.astype(np.float64)).conj())
    return found.real, np.rint(found.imag)
