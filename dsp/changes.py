"""Lasting changes of the level of a series, looked for in all of it at once.

A second opinion beside dsp/moments.py, which sees only what was before. The changes are those that
make smallest

    sum over stretches of the squared deviations from their means + penalty x changes

what PELT finds (Killick, Fearnhead & Eckley 2012, J Am Stat Assoc 107:1590); a session has a few
hundred values, so that nothing need be pruned (Jackson et al. 2005). Values that resemble their
neighbours wander, and would be cut to pieces by the usual penalty; ours has their long-run variance
in it:

    penalty = PENALTY ln n x v (1 + phi) / (1 - phi)         v, phi: variance, resemblance

both from differences, in which a few changes do not show: of neighbours 2 v (1 - phi), of every
second one 2 v (1 - phi^2).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PENALTY: Final = 5.0
SHORTEST: Final = 3  # values in a stretch
MOST_ALIKE: Final = 0.9


@dataclass(frozen=True, slots=True)
class Change:
    """A change of level.

    Attributes:
        at: place of the first value after it.
        size: mean after it, up to the next change, less mean before.
    """

    at: int
    size: float


def changes(x: Floats) -> list[Change]:
    """The lasting changes of a series, (n,) with NaN where there is no value; in order."""
    places = np.flatnonzero(np.isfinite(x))
    kept = x[places]
    if len(kept) < 2 * SHORTEST:
        return []
    cuts = cheapest_cuts(kept, penalty_of(kept))
    means = [float(part.mean()) for part in np.split(kept, cuts)]
    return [
        Change(int(places[cut]), after - before)
        for cut, before, after in zip(cuts, means[:-1], means[1:], strict=True)
    ]


def penalty_of(x: Floats) -> float:
    """What a change has to save; x is (n,) without holes."""
    near, far = (float(np.mean((x[k:] - x[:-k]) ** 2)) for k in (1, 2))
    phi = min(max(far / near - 1, 0.0), MOST_ALIKE) if near > 0 else 0.0
    variance = near / (2 * (1 - phi))
    return PENALTY * float(np.log(len(x))) * variance * (1 + phi) / (1 - phi)


def cheapest_cuts(x: Floats, penalty: float, shortest: int = SHORTEST) -> list[int]:
    """Where each stretch but the first begins, when that costs least.

    Args:
        x: (n,) without holes.
        penalty: of each change; not negative.
        shortest: values in a stretch at least.
    """
    n = len(x)
    centred = x - x.mean()  # a large level would cost digits
    total, square = (np.concatenate([[0.0], np.cumsum(it)]) for it in (centred, centred * centred))
    cost = np.full(n + 1, np.inf)
    cost[0] = -penalty
    before = np.zeros(n + 1, np.int64)
    for end in range(shortest, n + 1):
        begin = np.arange(end - shortest + 1)
        spread = square[end] - square[begin] - (total[end] - total[begin]) ** 2 / (end - begin)
        of_each = cost[begin] + spread + penalty
        before[end] = np.argmin(of_each)
        cost[end] = of_each[before[end]]
    return _cuts(before, n)


def _cuts(before: NDArray[np.int64], n: int) -> list[int]:
    found: list[int] = []
    at = int(before[n])
    while at > 0:
        found.append(at)
        at = int(before[at])
    return found[::-1]
