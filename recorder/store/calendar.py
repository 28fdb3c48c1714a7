"""When on the calendar something in a session was, from its pairs of clocks.

CLOCK_MONOTONIC does not step; the time of day may have, and what it said before it was set is worth
nothing. So the pairs that were read while a server disciplined it decide; without any of those, the
pairs after the last step do. Where it steps although it is disciplined, for a leap second or when a
server corrects itself, either side has its own pairs.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recorder.store.rows import ClockUtcRow

STEP_NS = 20_000_000  # a second of slewing is 0.5 ms at most


def utc_ns(pairs: Sequence[ClockUtcRow], t_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Time of day of instants of a session.

    Args:
        pairs: of the session, oldest first; at least one.
        t_ns: (n,) CLOCK_MONOTONIC.

    Returns:
        (n,) nanoseconds since 1970-01-01 UTC. Between two pairs that are used the offset changes
        evenly, or at the later one if that is a step; before the first and after the last it stays.
    """
    t_ns = np.asarray(t_ns, np.int64)
    used = _believable(pairs)
    at_ns = np.array([pair.t_ns for pair in used], np.int64)
    offset_ns = np.array([pair.utc_ns for pair in used], np.int64) - at_ns
    after = _steps(offset_ns)
    at_ns = np.insert(at_ns, after, at_ns[after] - 1)  # until then it is what it was before
    offset_ns = np.insert(offset_ns, after, offset_ns[after - 1])
    first_ns = offset_ns[0]  # differences of offsets are small enough for float64, offsets are not
    change_ns = np.interp(t_ns - at_ns[0], at_ns - at_ns[0], offset_ns - first_ns)
    told: NDArray[np.int64] = t_ns + first_ns + np.rint(change_ns).astype(np.int64)
    return told


def begun(pairs: Sequence[ClockUtcRow], started_t_ns: int) -> tuple[int, bool]:
    """Time of day of a session's start, and whether it is certain.

    Raises:
        ValueError: the pairs are damaged.
    """
    try:
        [told] = utc_ns(pairs, np.array([started_t_ns], np.int64)).tolist()
    except OverflowError as error:
        raise ValueError(f"the pairs of clocks are damaged: {error}") from error
    return told, is_certain(pairs)


def is_certain(pairs: Sequence[ClockUtcRow]) -> bool:
    """Whether a server disciplined the time of day at some time of the session."""
    return any(pair.synchronised for pair in pairs)


def _believable(pairs: Sequence[ClockUtcRow]) -> Sequence[ClockUtcRow]:
    disciplined = [pair for pair in pairs if pair.synchronised]
    if disciplined:
        return disciplined
    steps = _steps(np.array([pair.utc_ns - pair.t_ns for pair in pairs], np.int64))
    return pairs[steps[-1] :] if len(steps) else pairs


def _steps(offset_ns: NDArray[np.int64]) -> NDArray[np.intp]:
    """Places of the pairs before which the time of day was set."""
    return np.flatnonzero(np.abs(np.diff(offset_ns)) > STEP_NS) + 1
