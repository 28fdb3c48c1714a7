"""A vertical scale that follows the signal and yet stands still."""

from collections.abc import Sequence
from statistics import median_low

LADDER_UV = (10.0, 20.0, 30.0, 50.0, 70.0, 100.0, 150.0, 200.0, 300.0, 500.0, 1000.0, 5000.0)
# A smaller scale must be this much too large for the signal before the larger one is given up.
ROOM = 0.6


def steady_scale_uv(current_uv: float, reaches_uv: Sequence[float]) -> float:
    """The scale for channels that reach so far from zero.

    It follows the middle channel, so that one bad electrode does not flatten all others, and it
    comes down only when the middle channel would fill less than ROOM of the smaller scale.
    """
    if not reaches_uv:
        return current_uv
    middle = median_low(reaches_uv)
    if middle > current_uv:
        return _smallest_over(middle)
    return min(current_uv, _smallest_over(middle / ROOM))


def _smallest_over(reach_uv: float) -> float:
    return next((rung for rung in LADDER_UV if rung >= reach_uv), LADDER_UV[-1])
