"""A straight line with steps in it: one slope, and an offset for each piece.

A camera that loses frames and writes the rest at a constant rate puts all that follows earlier. A
step is where a line in two pieces leaves so much less of the squares than one in one piece that
noise cannot explain it; the greatest is taken first, until there is none. Of what is then found
those go again that are too small to be steps, or that another slope explains as well.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Where = NDArray[np.intp]

# Of the squares, times the noise's: chance does that once in 1e8 places.
GAIN: Final = 36.0
RUN: Final = 64  # points of a piece to begin with: many small steps look like a slope from afar
FEWEST: Final = 4  # points on either side of a step
MOST: Final = 2000
MAD_TO_SIGMA: Final = 1.4826


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """y = offset + slope x, the offset of each piece.

    Attributes:
        slope: of all pieces.
        offsets: (k,) of each.
        first_x: (k,) where each begins.
        last_x: (k,) and where it ends.
    """

    slope: float
    offsets: Values
    first_x: Values
    last_x: Values


def stepped(x: Values, y: Values, firsts: Where, least: float, slope_sigma: float) -> Steps:
    """Fit a line with as few steps as explain it.

    Args:
        x: (n,) increasing.
        y: (n,) at each.
        firsts: the first points of the pieces that are known of, 0 among them.
        least: no step is smaller.
        slope_sigma: how far from 0 the slope usually is; keeps few points from making up one.
    """
    cuts = sorted({int(first) for first in firsts} | set(range(0, len(x) - RUN, RUN)))
    while len(cuts) < MOST and (cut := _next_cut(x, y, cuts, least)):
        cuts = sorted([*cuts, cut])
    while len(cuts) > 1 and (needless := _needless(x, y, cuts, least)):
        cuts.remove(needless)
    cuts = _settled(x, y, cuts)
    _, _, left = _fit(x, y, cuts)
    slope, offsets, _ = _fit(x, y, cuts, (_noise(left) / slope_sigma) ** 2)
    lasts = [*(cut - 1 for cut in cuts[1:]), len(x) - 1]
    return Steps(slope, offsets, x[cuts], x[lasts])


def _fit(
    x: Values, y: Values, cuts: list[int], flat: float = 1e-12
) -> tuple[float, Values, Values]:
    """Slope, offsets, what they leave; `flat` are the squares of x that say the slope is 0."""
    counts = np.diff([*cuts, len(x)])
    x_mean, y_mean = (np.add.reduceat(one, cuts) / counts for one in (x, y))
    from_x, from_y = x - np.repeat(x_mean, counts), y - np.repeat(y_mean, counts)
    slope = float(from_x @ from_y) / float(from_x @ from_x + flat)
    return slope, y_mean - slope * x_mean, from_y - slope * from_x


def _noise(left: Values) -> float:
    """Standard deviation from one point to the next, which steps and slope do not change."""
    jumps = np.abs(np.diff(left))
    return max(MAD_TO_SIGMA * float(np.median(jumps)) / np.sqrt(2), 1e-6) if len(jumps) else 1e-6


def _enough(left: Values, least: float) -> float:
    """What a step must explain: more than noise does, and than a few strangers in a row."""
    return GAIN * max(_noise(left), least / 2) ** 2


def _next_cut(x: Values, y: Values, cuts: list[int], least: float) -> int | None:
    """Where one step more helps most; None when it is no more than noise."""
    _, _, left = _fit(x, y, cuts)
    counts = np.diff([*cuts, len(x)])
    from_x = x - np.repeat(np.add.reduceat(x, cuts) / counts, counts)
    spread = max(float(from_x @ from_x), 1e-12)
    enough = _enough(left, least)
    best = None
    for cut, count in zip(cuts, counts, strict=True):
        at = np.arange(FEWEST, count - FEWEST + 1)
        if not len(at):
            continue
        some = slice(cut, cut + count)
        # the step, centred in its piece and freed of the slope
        along = np.cumsum(left[some])[at - 1]
        tilted = np.cumsum(from_x[some])[at - 1]
        squares = np.maximum(at * (count - at) / count - tilted**2 / spread, 1e-9)
        gain = along**2 / squares
        if gain.max() > enough:
            enough, best = float(gain.max()), int(cut + at[np.argmax(gain)])
    return best


def _needless(x: Values, y: Values, cuts: list[int], least: float) -> int | None:
    """The step without which least is lost, among those that are too small or but noise."""
    _, offsets, left = _fit(x, y, cuts)
    squares, enough = float(left @ left), _enough(left, least)
    best = None
    for cut, step in zip(cuts[1:], np.abs(np.diff(offsets)), strict=True):
        _, _, without = _fit(x, y, [one for one in cuts if one != cut])
        lost = float(without @ without) - squares
        if (step < least or lost < enough) and (best is None or lost < best[0]):
            best = lost, cut
    return best and best[1]


def _settled(x: Values, y: Values, cuts: list[int]) -> list[int]:
    """Each step where it leaves least, the others staying where they are."""
    slope, _, _ = _fit(x, y, cuts)
    settled = [0]
    for end in [*cuts[2:], len(x)][: len(cuts) - 1]:
        first = settled[-1]
        level = y[first:end] - slope * x[first:end]
        level -= level.mean()
        at = np.arange(1, len(level))
        explained = np.cumsum(level)[:-1] ** 2 * len(level) / (at * (len(level) - at))
        settled.append(first + int(at[np.argmax(explained)]))
    return settled
