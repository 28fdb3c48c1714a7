"""Live traces for a screen: pairs of minimum and maximum, filtered for the eye and thinned.

Half a second late, for the filter is symmetric. Nobody filters while nobody looks.
"""

from math import isfinite

import numpy as np

from dsp.display import DisplayFilter
from recorder.wearers.lane import Lane
from recorder.wire.messages import Trace

STEP_SAMPLES = 8
MAX_STEPS = 64


class TraceThinner:
    """Thins one lane's history; remembers how far it has been shown."""

    def __init__(self, role: str, lane: Lane, rate_hz: float) -> None:
        self._role = role
        self._lane = lane
        self._step_s = STEP_SAMPLES / rate_hz
        self._filter = DisplayFilter(rate_hz)
        self._segment = -1
        self._next_step = 0

    def new_points(self) -> Trace | None:
        """Everything since the last call, or None when no whole step has arrived."""
        end_step = max(0, self._lane.ring.newest + 1 - self._filter.half) // STEP_SAMPLES
        if self._lane.segment != self._segment:
            self._segment = self._lane.segment
            self._next_step = max(0, end_step - MAX_STEPS)
        first_step = max(self._next_step, end_step - MAX_STEPS)
        if end_step <= first_step:
            return None
        self._next_step = end_step
        return Trace(
            role=self._role,
            segment=self._segment,
            first_step=first_step,
            step_s=self._step_s,
            labels=list(self._lane.labels),
            uv=self._thinned(first_step, end_step),
        )

    def _thinned(self, first_step: int, end_step: int) -> list[list[float | None]]:
        """Minimum and maximum of each step, a list per channel, tenths of a microvolt."""
        steps, half = end_step - first_step, self._filter.half
        first, n = first_step * STEP_SAMPLES - half, steps * STEP_SAMPLES + 2 * half
        filtered = self._filter.apply(self._lane.ring.view(first, n))
        cut = filtered.reshape(steps, STEP_SAMPLES, -1)
        extremes = np.empty((cut.shape[2], steps, 2))
        np.minimum.reduce(cut, axis=1, out=extremes[..., 0].T)
        np.maximum.reduce(cut, axis=1, out=extremes[..., 1].T)
        rounded = np.rint(extremes.reshape(-1, 2 * steps) * 10) / 10
        listed: list[list[float | None]] = rounded.tolist()
        if np.isfinite(rounded).all():
            return listed
        return [[v if v is not None and isfinite(v) else None for v in one] for one in listed]
