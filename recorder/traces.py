"""Live traces for a screen: pairs of minimum and maximum, thinned from the history."""

import math

import numpy as np

from recorder.lane import Lane
from recorder.messages import Trace

STEP_SAMPLES = 8
MAX_STEPS = 64
# The slow mean that a trace is drawn around follows with this share of each new push.
MEAN_GAIN = 0.2


class TraceThinner:
    """Thins one lane's history; remembers how far it has been shown."""

    def __init__(self, role: str, lane: Lane, rate_hz: float) -> None:
        self._role = role
        self._lane = lane
        self._step_s = STEP_SAMPLES / rate_hz
        self._mean_uv = np.zeros(len(lane.labels), np.float32)
        self._segment = -1
        self._next_step = 0

    def new_points(self) -> Trace | None:
        """Everything since the last call, or None when no whole step has arrived."""
        end_step = (self._lane.ring.newest + 1) // STEP_SAMPLES
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
        steps = end_step - first_step
        samples = self._lane.ring.view(first_step * STEP_SAMPLES, steps * STEP_SAMPLES)
        cut = samples.reshape(steps, STEP_SAMPLES, -1)
        self._follow_mean(samples)
        extremes = np.stack([cut.min(axis=1), cut.max(axis=1)], axis=1) - self._mean_uv
        rounded = np.round(extremes.reshape(2 * steps, -1).T.astype(np.float64), 1)
        return [[v if math.isfinite(v) else None for v in channel] for channel in rounded.tolist()]

    def _follow_mean(self, samples: np.typing.NDArray[np.float32]) -> None:
        newest = samples[-1]
        jump = newest - self._mean_uv
        far = np.abs(jump) > 5000  # an electrode's offset has changed: follow at once
        gain = np.where(far, 1.0, MEAN_GAIN).astype(np.float32)
        self._mean_uv += np.where(np.isfinite(jump), gain * jump, 0).astype(np.float32)
