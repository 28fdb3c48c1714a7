"""Live traces for a screen: pairs of minimum and maximum, thinned from the history."""

from math import isfinite

import numpy as np

from recorder.wearers.lane import Lane
from recorder.wire.messages import Trace

STEP_SAMPLES = 8
MAX_STEPS = 64
# The slow mean that a trace is drawn around follows with this share of each new push.
MEAN_GAIN = np.float32(0.2)
# An electrode whose offset has changed by so much is followed at once.
FAR_UV = 5000


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
        listed: list[list[float | None]] = rounded.tolist()
        if np.isfinite(rounded).all():
            return listed
        return [[v if v is not None and isfinite(v) else None for v in one] for one in listed]

    def _follow_mean(self, samples: np.typing.NDArray[np.float32]) -> None:
        jump = samples[-1] - self._mean_uv
        if not np.abs(jump).max() <= FAR_UV:  # nor when it is not known how far
            jump[~np.isfinite(jump)] = 0
            jump[np.abs(jump) > FAR_UV] /= MEAN_GAIN
        self._mean_uv += MEAN_GAIN * jump
