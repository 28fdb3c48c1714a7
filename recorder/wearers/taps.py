"""Taps on a board, or on the cap it is on: the board itself moved, or most electrodes at once.

By them people are asked which board is whose. A tap may be carried to the other board by a table,
and whoever taps wears a cap, too: TapTest says only what is clear.
"""

from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hardware.board import MISSING_COUNT, Block, BoardInfo

LEAST_TAPS: Final = 3
# Somebody touches a cable: so many times as often, and once more, a board is hit that is tapped.
_TIMES_AS_MANY: Final = 2
_TIMES_AS_STRONG: Final = 2.0
_ONE_TAP_NS: Final = 200_000_000
_TOGETHER_NS: Final = 300_000_000
_ACCEL_TAP_COUNTS: Final = 800  # 0.1 g
_ELECTRODE_TAP_UV: Final = 100.0
_TIMES_USUAL: Final = 4.0
_USUAL_BLOCKS: Final = 50


class TapEar:
    """Listens to one board; `strength` is to be asked of each block as it comes.

    Electrodes are compared with themselves a period of the mains before: hum is no tap.
    """

    def __init__(self, info: BoardInfo, mains_hz: float = 50.0) -> None:
        self._info = info
        self._period = max(1, round(info.rate_hz / mains_hz))
        self._usual_uv: deque[float] = deque(maxlen=_USUAL_BLOCKS)
        self._before = np.zeros((0, info.channels), np.int64)
        self._next = (-1, 0)

    @property
    def hears(self) -> bool:
        """Whether its electrodes move at all: of a cap that is off, or flat, nothing is heard."""
        return median(self._usual_uv) > 0 if self._usual_uv else False

    def strength(self, block: Block) -> float:
        """How strongly it was tapped, in times of the weakest tap: from 1 on it was."""
        return max(self._jolt(block), self._jump(block))

    def _jolt(self, block: Block) -> float:
        """By the accelerometer, where the board sends it."""
        jolt = 0
        for axis, label in enumerate(self._info.aux_labels):
            moved = block.aux[block.aux[:, axis] != MISSING_COUNT, axis].astype(np.int64)
            if label.startswith("accel") and len(moved):
                jolt = max(jolt, int(np.ptp(moved)))
        return jolt / _ACCEL_TAP_COUNTS

    def _jump(self, block: Block) -> float:
        """By the electrodes: what the middle one of them moves by at once."""
        counts = self._joined(block)
        if len(counts) <= self._period:
            return 0.0
        steps = np.abs(counts[self._period :] - counts[: -self._period])
        step_uv = float(np.median(steps, axis=1).max()) * self._info.uv_per_count
        usual_uv = median(self._usual_uv) if self._usual_uv else step_uv
        self._usual_uv.append(step_uv)
        return step_uv / max(_ELECTRODE_TAP_UV, _TIMES_USUAL * usual_uv)

    def _joined(self, block: Block) -> NDArray[np.int64]:
        """The block's samples after the last ones before, where nothing is missing between."""
        whole = block.counts[(block.counts != MISSING_COUNT).all(axis=1)].astype(np.int64)
        follows = self._next == (block.segment, block.first_index)
        joined = np.concatenate([self._before, whole]) if follows else whole
        self._before = joined[-self._period :]
        self._next = block.segment, block.first_index + len(block)
        return joined


@dataclass(slots=True)
class _Tap:
    """One tap, however long it rang; `t_ns` is when it was heard last."""

    t_ns: int
    strength: float


class TapTest:
    """Two boards are listened to while one of them is tapped; `hear` is for each block."""

    def __init__(self, infos: tuple[BoardInfo, BoardInfo], mains_hz: float) -> None:
        self._ears = tuple(TapEar(info, mains_hz) for info in infos)
        self._heard: tuple[list[_Tap], list[_Tap]] = ([], [])

    def hear(self, person: int, block: Block) -> None:
        """What one board sent."""
        strength = self._ears[person].strength(block)
        if strength < 1 or block.late or block.is_backlog:
            return
        taps, t_ns = self._heard[person], int(block.arrival_ns[-1])
        if taps and t_ns - taps[-1].t_ns < _ONE_TAP_NS:
            taps[-1] = _Tap(t_ns, max(strength, taps[-1].strength))
        else:
            taps.append(_Tap(t_ns, strength))

    @property
    def taps(self) -> tuple[int, int]:
        """How many there were of each board that the other one was not hit by as hard."""
        patient, therapist = self._heard
        return _own(patient, therapist), _own(therapist, patient)

    @property
    def tapped(self) -> int | None:
        """Which of the two boards was tapped; None where that is not clear."""
        if not all(ear.hears for ear in self._ears):
            return None
        taps = self.taps
        most = int(taps[1] > taps[0])
        is_clear = taps[most] >= max(LEAST_TAPS, _TIMES_AS_MANY * taps[1 - most] + 1)
        return most if is_clear else None


def _own(mine: list[_Tap], theirs: list[_Tap]) -> int:
    return sum(
        all(
            tap.strength > _TIMES_AS_STRONG * other.strength
            for other in theirs
            if abs(other.t_ns - tap.t_ns) <= _TOGETHER_NS
        )
        for tap in mine
    )
