"""How far apart the values of two processors may lie, and how far they do."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

Values = Mapping[str, NDArray[np.float64]]

# Of sums of float32 in another order: 1e-8 of what is added up (dsp/synchrony.py), so 1e-6 ...
_INDICES: Final = ("faa", "parietal", "fmtheta", "occalpha")
_FORMS: Final = ("", "_se", "_rel", "_rel_se")
# ... but where it is divided by something small: a mean phase, the variance of an amplitude.
_SYNCHRONY: Final = {
    **dict.fromkeys(("plv", "accorr", "coh", "imcoh", "wpli"), 1e-6),
    **dict.fromkeys(("ccorr", "aec", "powcorr"), 1e-4),
}
BOUNDS: Final[Mapping[str, float]] = {
    **{name + form: 1e-6 for name in _INDICES for form in _FORMS},
    **_SYNCHRONY,
    "clean share": 0.0,
    "percentile": 1.0,  # one of the hundred draws that there are at least
    **{f"{kind} of a window": 1e-12 for kind in _SYNCHRONY},  # float64
    "clock rate_hz": 1e-9,
    "clock delay_ns": 1.0,
    "clock sigma_ns": 1.0,
    "clock time_ns": 2.0,  # rounded to whole ones
    "refit time_ns": 2.0,
    "refit delay_ns": 1.0,
    "refit sigma_ns": 1.0,
}


def differences(one: Values, other: Values) -> dict[str, float]:
    """The largest difference of each measure; infinite where only one has a value."""
    return {name: _largest(one[name], other[name]) for name in BOUNDS}


def too_far(found: Mapping[str, float]) -> list[str]:
    """What lies farther apart than it may, a line each."""
    return [
        f"{name}: {difference:.1e} apart, at most {BOUNDS[name]:.0e}"
        for name, difference in found.items()
        if difference > BOUNDS[name]
    ]


def _largest(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    if one.shape != other.shape or not np.array_equal(np.isfinite(one), np.isfinite(other)):
        return np.inf
    there = np.isfinite(one)
    return float(np.abs(one[there] - other[there]).max(initial=0))
