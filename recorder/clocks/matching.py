"""Which edges on two paths are one pulse.

They have the same level and lie within MATCH_NS, and no other edge of the second path lies near: 60
strobes a second are never taken for others.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

HOST = "trigger"  # the path on which the host itself sees the trigger
MATCH_NS = 20_000_000

Moment = tuple[int, int]  # t_ns, level


def same_pulses(mine: Sequence[Moment], others: Sequence[Moment]) -> list[tuple[int, int]]:
    """Places (in `mine`, in `others`) of the edges that are one pulse, by the first of them."""
    if not mine or not others:
        return []
    mine_ns, my_level = columns(mine)
    others_ns, other_level = columns(others)
    found: list[tuple[int, int]] = []
    for level in (0, 1):
        places = np.flatnonzero(my_level == level)
        near = np.flatnonzero(other_level == level)
        near = near[np.argsort(others_ns[near], kind="stable")]
        first = np.searchsorted(others_ns[near], mine_ns[places] - MATCH_NS, "left")
        end = np.searchsorted(others_ns[near], mine_ns[places] + MATCH_NS, "right")
        alone = end - first == 1
        found += zip(places[alone].tolist(), near[first[alone]].tolist(), strict=True)
    return sorted(found)


def columns(moments: Sequence[Moment]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(n,) t_ns and (n,) level of moments."""
    t_ns, level = np.array(moments, np.int64).reshape(-1, 2).T
    return t_ns, level
