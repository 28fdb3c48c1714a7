"""A series without its slow drifts, which two people share who both get tired, or warm.

A shift in time does not tell a shared drift from a relation: of unrelated people whose alpha rises
in both, the envelopes look related in 40 of 100 tests at 5 % (tests/null). So what is slower than
SLOWER_S is taken out before envelopes are compared:

    e(t) = ln |z(t)| - drift(t)

drift: least squares of level, slope, curvature and cosines of periods down to SLOWER_S, fitted to
the means of PIECE_S, each as heavy as it has points, and drawn between their centres.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SLOWER_S: Final = 120.0
PIECE_S: Final = 6.0
SMALLEST: Final = 1e-9  # of the mean square of a shape


def without_drift(x: Floats, step_s: float, slower_s: float = SLOWER_S) -> Floats:
    """The series less its drift.

    Args:
        x: (n,) NaN where there is nothing.
        step_s: from one value to the next.
        slower_s: the shortest period that is drift.

    Returns:
        (n,) NaN where x is.
    """
    piece = min(max(round(PIECE_S / step_s), 1), max(len(x), 1))
    there = np.isfinite(x)
    if not there.any():
        return x.copy()
    x = x - x[there].mean()  # a large level would cost digits
    mean, weight = _pieces(x, piece)
    begins = np.arange(len(mean)) * piece
    places = (begins + np.minimum(begins + piece, len(x))) / (2 * len(x))
    shapes = _shapes(places, len(x) * step_s, slower_s)
    # Normal equations, for an orthogonal solution of hundreds of shapes takes a second. What holes
    # leave undetermined is kept small.
    weighted = shapes.T * weight
    square = weighted @ shapes
    square[np.diag_indices_from(square)] += SMALLEST * np.trace(square) / len(square)
    found = np.linalg.solve(square, weighted @ mean)
    at = (np.arange(len(x)) + 0.5) / len(x)
    knots = np.concatenate([[0.0], places, [1.0]])
    left: Floats = x - np.interp(at, knots, _shapes(knots, len(x) * step_s, slower_s) @ found)
    return left


def _pieces(x: Floats, piece: int) -> tuple[Floats, Floats]:
    """Mean and number of the values of each piece; 0 of none."""
    short = -len(x) % piece
    there = np.isfinite(x)
    counted = np.pad(there, (0, short)).reshape(-1, piece).sum(axis=1).astype(np.float64)
    total = np.pad(np.where(there, x, 0), (0, short)).reshape(-1, piece).sum(axis=1)
    return total / np.maximum(counted, 1), counted


def _shapes(place: Floats, length_s: float, slower_s: float) -> Floats:
    """(pieces, shapes) at places from 0 to 1."""
    t = 2 * place - 1
    cosines = np.arange(1, int(2 * length_s / slower_s) + 1)
    waves = np.cos(np.pi * place[:, None] * cosines)
    return np.hstack([np.stack([np.ones_like(t), t, t * t], axis=1), waves])
