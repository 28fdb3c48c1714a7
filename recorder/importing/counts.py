"""Microvolts as a board's counts, and what a count is worth where no board tells."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hardware.board import MISSING_COUNT
from hardware.cyton.frames import RAIL_COUNTS

Floats = NDArray[np.float64]

FINEST_UV: Final = 1e-3
WHOLE: Final = 1e-4  # of a count: so near to one is one


def counts_of(uv: Floats, uv_per_count: float, rail: int = RAIL_COUNTS) -> NDArray[np.int32]:
    """Whole counts, MISSING_COUNT for NaN.

    Raises:
        ValueError: a value is beyond the rails.
    """
    counts = np.rint(uv / uv_per_count)
    if np.abs(counts).max(initial=0, where=np.isfinite(counts)) > rail + 1:
        most = np.nanmax(np.abs(uv))
        limit = (rail + 1) * uv_per_count
        raise ValueError(f"{most:.1f} µV, where the board ends at {limit:.1f}: give its --gain")
    return np.where(np.isnan(counts), MISSING_COUNT, counts).astype(np.int32)


def are_counts(uv: Floats, uv_per_count: float) -> bool:
    """Whether all values are whole counts."""
    known = uv[np.isfinite(uv)] / uv_per_count
    return bool(len(known)) and bool(np.abs(known - np.rint(known)).max() < WHOLE)


def finest_for(uv: Floats) -> float:
    """What a count is worth where 24 bits are to hold all values; a nanovolt at least."""
    most_uv = float(np.abs(uv).max(initial=0.0, where=np.isfinite(uv)))
    doublings = np.ceil(np.log2(max(most_uv / (FINEST_UV * RAIL_COUNTS), 1.0)))
    return float(FINEST_UV * 2**doublings)
