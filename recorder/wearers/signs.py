"""Signs by which a board that was away is known again, and the tap that tells people which it is.

The surest first; what one sign speaks against is not settled by a weaker one:

    milliseconds   the board counts them since it was switched on: if they went on, it is the one
    rate           no two boards run alike: measured anew, against what was known, by 5 sigma
    places         both dongles lost power in the same moment, so nobody has moved them
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from math import hypot
from typing import Final

import numpy as np

from hardware.board import MISSING_COUNT, Block, BoardInfo, Device, Gap
from recorder.wearers.taps import TapEar

TAP_TOLD_NS: Final = 5_000_000_000
# How late milliseconds may arrive; by how much the host's clock and a board's quartz may part.
_LATE_MS: Final = 150.0
_DRIFT: Final = 2e-4
_OTHERWISE: Final = 2.0  # times as far off as what still fits: that does not fit
_SURE_SIGMAS: Final = 5.0
_ALIKE_SIGMAS: Final = 4.0
_RATE_DRIFT: Final = 30e-6  # relative: what a board's rate changes by while it is away
_RATE_AFTER_NS: Final = 2_500_000_000  # a rate measured for less is a guess
_RATE_UNTIL_NS: Final = 6_000_000_000  # for so long it may yet speak against the places
_TENTH_NS: Final = 100_000_000
_LEAST_TENTHS: Final = 20
_TOGETHER_NS: Final = 500_000_000


class Answer(StrEnum):
    """Who is who, after both were away."""

    SAME = "same"
    EXCHANGED = "exchanged"


@dataclass(slots=True)
class Known:
    """What is known of one person's board.

    Attributes:
        serial: of its dongle, or "".
        port: where it was found last.
        device: what was behind that; None when nobody has looked.
        place: where the dongle is plugged in, or "".
        born_ms: when the board was switched on, by the host's clock; None if it does not tell.
        heard_ns: arrival of its newest sample.
        rate: in Hz and its standard deviation, as measured; None before.
    """

    serial: str
    port: str
    device: Device | None = None
    place: str = ""
    born_ms: float | None = None
    heard_ns: int = 0
    rate: tuple[float, float] | None = None


class Trial:
    """What a board shows of itself in one segment, while it is not known whose it is.

    Attributes:
        before: the gap that led up to the segment, if there was one.
        first_ns, newest_ns: arrival of its first and its newest sample; 0 before.
        end: one past the highest index that was not taken.
        tapped_ns: when the board was tapped last.
    """

    def __init__(self, info: BoardInfo, before: Gap | None) -> None:
        self.info = info
        self.before = before
        self.born_ms: float | None = None
        self.first_ns = self.newest_ns = 0
        self.end = 0
        self.tapped_ns: int | None = None
        self._rate = _RateLine(info.rate_hz)
        self._ear = TapEar(info)

    @property
    def age_ns(self) -> int:
        """For how long it has been heard."""
        return self.newest_ns - self.first_ns

    @property
    def is_tapped(self) -> bool:
        """Whether it was tapped in the last seconds."""
        return self.tapped_ns is not None and self.newest_ns < self.tapped_ns + TAP_TOLD_NS

    @property
    def rate(self) -> tuple[float, float] | None:
        """In Hz and its standard deviation, as measured since it came back; None before 2.5 s."""
        return self._rate.fit() if self.age_ns >= _RATE_AFTER_NS else None

    def look(self, block: Block) -> None:
        """See what a block tells of its board."""
        self.first_ns = self.first_ns or int(block.arrival_ns[0])
        self.newest_ns = int(block.arrival_ns[-1])
        if self._ear.strength(block) >= 1:
            self.tapped_ns = self.newest_ns
        if block.late or block.is_backlog:
            return
        if self.born_ms is None:
            self.born_ms = born_ms(block, self.info.aux_labels)
        self._rate.take(block)

    def drop(self, event: Block | Gap) -> None:
        """This is not taken."""
        count = event.count if isinstance(event, Gap) else len(event)
        self.end = max(self.end, event.first_index + count)


class _RateLine:
    """The rate of some seconds: a straight line through the earliest arrival of each 0.1 s.

    A session's clock (dsp/clock.py) is right for hours, and modest in its first seconds.
    """

    def __init__(self, nominal_hz: float) -> None:
        self._period_ns = 1e9 / nominal_hz
        self._earliest: deque[tuple[float, float]] = deque(maxlen=300)  # nominal time, how late
        self._tenth = -1
        self._begin_ns = 0

    def take(self, block: Block) -> None:
        """Keep the earliest of its arrivals, if it is the earliest of its tenth of a second."""
        self._begin_ns = self._begin_ns or int(block.arrival_ns[0])
        nominal_ns = (block.first_index + np.arange(len(block))) * self._period_ns
        late_ns = (block.arrival_ns - self._begin_ns) - nominal_ns
        row = int(late_ns.argmin())
        found, tenth = (float(nominal_ns[row]), float(late_ns[row])), nominal_ns[-1] // _TENTH_NS
        if tenth > self._tenth:
            self._tenth = int(tenth)
            self._earliest.append(found)
        elif found[1] < self._earliest[-1][1]:
            self._earliest[-1] = found

    def fit(self) -> tuple[float, float] | None:
        """The rate in Hz and its standard deviation."""
        if len(self._earliest) < _LEAST_TENTHS:
            return None
        at_ns, late_ns = np.array(self._earliest).T
        at_ns = at_ns - at_ns.mean()
        for _ in range(2):
            slope, offset = np.polyfit(at_ns, late_ns, 1)
            off_ns = late_ns - slope * at_ns - offset
            kept = off_ns <= 3 * off_ns.std()  # an arrival can only be late
            at_ns, late_ns, off_ns = at_ns[kept], late_ns[kept], off_ns[kept]
        sigma = 2 * off_ns.std() / np.sqrt(np.square(at_ns).sum())  # neighbours are alike
        rate_hz = float(1e9 / (self._period_ns * (1 + slope)))
        return rate_hz, rate_hz * float(sigma)


def on_for_s(block: Block, labels: tuple[str, ...]) -> float | None:
    """How long the board had been switched on when it sent a block; None if it does not tell."""
    if "board_ms" not in labels:
        return None
    ms = block.aux[:, labels.index("board_ms")].astype(np.int64)
    told = ms[(ms != 0) & (ms != MISSING_COUNT)]
    return int(told[-1]) % 2**32 / 1e3 if len(told) else None


def born_ms(block: Block, labels: tuple[str, ...]) -> float | None:
    """When the board was switched on, in ms of the host's clock; None if it does not tell."""
    if "board_ms" not in labels:
        return None
    ms = block.aux[:, labels.index("board_ms")].astype(np.int64)
    told = (ms != 0) & (ms != MISSING_COUNT)
    if not told.any():
        return None
    return float((block.arrival_ns[told] / 1e6 - ms[told] % 2**32).min())


def sign(trial: Trial, own: Known, other: Known | None) -> Answer | None:
    """Return what a board that came back at the port of `own` is taken for; None: no telling."""
    by_ms = _by_milliseconds(trial, own, other)
    if by_ms is not None:
        return by_ms
    off = _sigmas_off(trial, own), _sigmas_off(trial, other)
    by_rate = _told_apart(off[0], off[1], _ALIKE_SIGMAS, _SURE_SIGMAS)
    if by_rate is not None:
        return by_rate
    is_ripe = off[0] is None or trial.age_ns >= _RATE_UNTIL_NS
    is_against = off[0] is not None and off[0] > _ALIKE_SIGMAS
    may_speak = own.rate is None or (is_ripe and trial.rate is not None and not is_against)
    return _by_place(trial, own, other) if may_speak else None


def _by_milliseconds(trial: Trial, own: Known, other: Known | None) -> Answer | None:
    """Boards that were switched on at different times are told apart for as long as they are on."""
    off = _times_late(trial, own), _times_late(trial, other)
    return _told_apart(off[0], off[1], 1.0, _OTHERWISE)


def _told_apart(
    off_own: float | None, off_other: float | None, fits: float, fits_not: float
) -> Answer | None:
    """It is the one that fits if the other one does not; of whom nothing is known does not."""
    own_fits = off_own is not None and off_own <= fits
    other_fits = off_other is not None and off_other <= fits
    if own_fits and (off_other is None or off_other > fits_not):
        return Answer.SAME
    if other_fits and (off_own is None or off_own > fits_not):
        return Answer.EXCHANGED
    return None


def _times_late(trial: Trial, known: Known | None) -> float | None:
    """By how many times what may be its milliseconds differ from those that would have gone on."""
    if known is None or known.born_ms is None or trial.born_ms is None:
        return None
    off_ms = abs((trial.born_ms - known.born_ms + 2**31) % 2**32 - 2**31)
    return off_ms / (_LATE_MS + _DRIFT * (trial.first_ns - known.heard_ns) / 1e6)


def _sigmas_off(trial: Trial, known: Known | None) -> float | None:
    if known is None or known.rate is None or trial.rate is None:
        return None
    (now_hz, now_sigma_hz), (then_hz, then_sigma_hz) = trial.rate, known.rate
    return abs(now_hz - then_hz) / hypot(now_sigma_hz, then_sigma_hz, _RATE_DRIFT * then_hz)


def _by_place(trial: Trial, own: Known, other: Known | None) -> Answer | None:
    """Where nobody has moved them: the dongles were pulled out one by one, else."""
    if other is None or not (own.place and other.place) or own.place == other.place:
        return None
    if abs(own.heard_ns - other.heard_ns) > _TOGETHER_NS:
        return None
    return {own.place: Answer.SAME, other.place: Answer.EXCHANGED}.get(trial.info.place)
