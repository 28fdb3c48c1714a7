"""What a person's indices are at rest, from windows that do not overlap.

A value over 10 s is compared with values over 10 s: the mean of their logarithms lies a little
below the logarithm of the mean, so a baseline of one long average would not be zero at rest.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.asymmetry import IndexValues

Floats = NDArray[np.float64]

# 50 s: with about as much clean data the internal consistency of frontal asymmetry comes near 0.9
# (Towers & Allen 2009, Psychophysiology 46:132).
MIN_WINDOWS: Final = 5
MIN_CLEAN: Final = 0.5  # of the whole stretch


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """A person at rest; all (indices,).

    Attributes:
        mean: of the windows' values; NaN where there were fewer than MIN_WINDOWS, or less than
            MIN_CLEAN of the stretch was clean.
        sd: standard deviation of the windows' values; NaN likewise.
        n: windows with a value.
        clean_share: mean clean share of all windows, those without a value included.
    """

    mean: Floats
    sd: Floats
    n: NDArray[np.int64]
    clean_share: Floats


class BaselineStretch:
    """Takes in a stretch of rest; a few numbers for each index are all it keeps.

    Args:
        indices: how many.
        window_ns: length of the windows that the values are of.
    """

    def __init__(self, indices: int, window_ns: int = 10_000_000_000) -> None:
        self._window_ns = window_ns
        self._taken_ns: int | None = None
        self._windows = 0
        self._clean = np.zeros(indices)
        self._n = np.zeros(indices, np.int64)
        self._mean = np.zeros(indices)
        self._squares = np.zeros(indices)

    def push(self, t_ns: int, values: IndexValues) -> None:
        """Take in the values of a window; one that overlaps the last one taken is left out.

        Args:
            t_ns: centre of the window.
            values: as dsp.asymmetry.IndexSet gives them.
        """
        if self._taken_ns is not None and t_ns < self._taken_ns + self._window_ns:
            return
        self._taken_ns = t_ns
        self._windows += 1
        self._clean += values.clean_share
        known = np.isfinite(values.value)
        self._n += known
        away = np.where(known, values.value - self._mean, 0)
        self._mean += away / np.maximum(self._n, 1)
        self._squares += away * np.where(known, values.value - self._mean, 0)

    def baseline(self) -> Baseline:
        """What was taken in so far."""
        clean_share = self._clean / max(self._windows, 1)
        enough = (self._n >= MIN_WINDOWS) & (clean_share >= MIN_CLEAN)
        sd = np.sqrt(self._squares / np.maximum(self._n - 1, 1))
        return Baseline(
            np.where(enough, self._mean, np.nan),
            np.where(enough, sd, np.nan),
            self._n.copy(),
            clean_share,
        )


def from_baseline(values: IndexValues, baseline: Baseline) -> IndexValues:
    """How far the values are from the baseline; NaN where there is none.

    The standard error is that of the difference: what is not known of the baseline's mean counts.
    """
    unsure = baseline.sd**2 / np.maximum(baseline.n, 1)
    return IndexValues(
        values.value - baseline.mean,
        np.sqrt(values.standard_error**2 + unsure),
        values.clean_share,
    )
