"""Whether two paths of one trigger see opposite levels: one is wired, or set, the wrong way round.

What is compared is for how much of the time both are at the same level. A rise may be as near to
the other path's fall as to its rise, as long as the clocks are not exact; a path that is low most
of the time and one that is high are told apart all the same.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recorder.clocks.matching import MATCH_NS, Moment, columns

SPAN_NS = 20_000_000_000  # a wire that has been put right is seen after so long
IDLE_NS = 300_000_000  # a path was as long at the level before its first edge, and after its last
SHIFTS_NS = sorted(range(-MATCH_NS, MATCH_NS + 1, MATCH_NS // 4), key=abs)
MOSTLY, HARDLY = 0.8, 0.5


def are_opposite(mine: Sequence[Moment], others: Sequence[Moment], pulses: int = 1) -> bool:
    """Whether two paths are mostly at opposite levels, and hardly at the same, moved by ±20 ms.

    Args:
        mine: edges of one path, all that are known of the last 20 s and perhaps more.
        others: those of the other.
        pulses: so many times both must have risen and fallen; a path that only rises tells nothing.
    """
    paths = [columns(path) for path in (mine, others) if path]
    if len(paths) < 2:
        return False
    begin_ns = max(int(t_ns.min()) for t_ns, _ in paths) - IDLE_NS
    end_ns = min(int(t_ns.max()) for t_ns, _ in paths) + IDLE_NS
    begin_ns = max(begin_ns, end_ns - SPAN_NS)
    for t_ns, level in paths:
        counted = level[(t_ns >= begin_ns) & (t_ns <= end_ns)]
        if min(np.count_nonzero(counted), np.count_nonzero(counted == 0)) < pulses:
            return False
    least = 1.0
    for shift_ns in SHIFTS_NS:
        share = _share(paths[0], paths[1], shift_ns, begin_ns, end_ns)
        if share > HARDLY:  # the usual case, at the first look
            return False
        least = min(least, share)
    return least <= 1 - MOSTLY


_Path = tuple[NDArray[np.int64], NDArray[np.int64]]


def _share(mine: _Path, other: _Path, shift_ns: int, begin_ns: int, end_ns: int) -> float:
    """Share of the time in which both are at the same level, with the other moved."""
    shifted = other[0] + shift_ns
    t_ns = np.clip(np.concatenate([mine[0], shifted, [begin_ns, end_ns]]), begin_ns, end_ns)
    t_ns = np.unique(t_ns)
    same = _level(mine[0], mine[1], t_ns[:-1]) == _level(shifted, other[1], t_ns[:-1])
    return float(np.diff(t_ns)[same].sum() / (end_ns - begin_ns))


def _level(
    edge_ns: NDArray[np.int64], level: NDArray[np.int64], t_ns: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The level at each instant: the last edge's, before the first edge the other one."""
    order = np.argsort(edge_ns, kind="stable")
    after = np.concatenate([1 - level[order[:1]], level[order]])
    found: NDArray[np.int64] = after[np.searchsorted(edge_ns[order], t_ns, "right")]
    return found
