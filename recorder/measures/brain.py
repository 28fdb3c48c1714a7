"""One person's part of the measures: band signals, how clean they are, power, indices, baseline."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.absence import Absence
from dsp.asymmetry import MIN_CLEAN, IndexValues
from dsp.baseline import Baseline, BaselineStretch, from_baseline
from dsp.guard import CleanWindow
from dsp.quality import Flaw
from recorder.measures.series import INDEX_WINDOW_S, PARTS_PER_S, OnePerson
from recorder.wearers.lane import Bands, Lane

Floats = NDArray[np.float64]

# Of each index, in this order: its value, its standard error, and both less what they are at rest.
FORMS: Final = 4


class Brain:
    """What is known of one person's brain, second by second.

    Args:
        lane: the person's samples.
        one: what is computed of them.

    Attributes:
        guard: TALKING or DRUMMING while the person does so, as of the newest hop.
        values: the newest of the indices; none when guarded.
        at_rest: the newest baseline; None before there is one.
    """

    def __init__(self, lane: Lane, one: OnePerson) -> None:
        self.guard: Absence | None = None
        self.at_rest: Baseline | None = None
        none = np.full(len(one.indices), np.nan)
        self.values = IndexValues(none, none, np.zeros(len(none)))
        self._one = one
        self._window = CleanWindow(len(lane.labels), round(INDEX_WINDOW_S * PARTS_PER_S))
        self._stretch: BaselineStretch | None = None
        self._reasons: dict[tuple[int, ...], Absence | None] = {}  # of the newest hop
        self._clean_share: float | None = None  # of the newest hop, once somebody has asked

    def signals(
        self, bands: Bands, flaws: NDArray[np.uint8]
    ) -> tuple[NDArray[np.complex64], NDArray[np.bool_], NDArray[np.float32]]:
        """Band signals (bands, channels, points) of a hop; which are clean, (PARTS, channels).

        A point that a hole reaches is NaN. Third is what loss took of each, (channels, points).

        Args:
            bands: of the lane.
            flaws: of the seconds that its parts end with, (PARTS, channels).
        """
        z, lost = bands
        if self._one.ear is not None:
            z -= z[:, [self._one.ear]] / 2
            flaws |= flaws[:, [self._one.ear]]
            lost = np.maximum(lost, lost[self._one.ear])
        if self._one.others:
            flaws[:, self._one.others] = Flaw.NO_DATA
        self._window.push(flaws, lost)
        self._reasons.clear()
        self._clean_share = None
        self.guard = self._window.guard()
        return z, flaws == 0, lost

    def take(self, centre_ns: int, values: IndexValues) -> None:
        """Take the indices over the window around `centre_ns`; into the baseline too."""
        if self.guard is not None:
            values.value.fill(np.nan)
            values.standard_error.fill(np.nan)
        self.values = values
        if self._stretch is not None:
            self._stretch.push(centre_ns, values)

    def columns(self) -> tuple[Floats, Floats]:
        """Every FORM of every index, and the clean shares: (FORMS x indices,) each."""
        own, none = self.values, np.full(len(self._one.indices), np.nan)
        value = [own.value, own.standard_error, none, none]
        if self.at_rest is not None:
            away = from_baseline(own, self.at_rest)
            value[2:] = [away.value, away.standard_error]
        return np.concatenate(value), np.tile(own.clean_share, FORMS)

    def absence(self, channels: tuple[int, ...], clean_share: float) -> Absence | None:
        """Why a value of these channels is left out, or None; for indices and for synchrony."""
        if self.guard is not None or clean_share >= MIN_CLEAN:
            return self.guard
        if channels not in self._reasons:
            self._reasons[channels] = self._window.absence(channels, clean_share)
        return self._reasons[channels]

    def clean_share_of(self, channel: int) -> float:
        """Share of the last 10 s in which one channel was clean."""
        return float(self._window.clean_share()[channel])

    def clean_share(self) -> float:
        """Share of the window that was clean, over all channels of EEG."""
        if self._clean_share is None:
            share = np.delete(self._window.clean_share(), self._one.others)
            self._clean_share = float(share.mean()) if len(share) else 0.0
        return self._clean_share

    def begin_rest(self) -> None:
        """A stretch of rest begins: the windows from now on make the next baseline."""
        self._stretch = BaselineStretch(len(self._one.indices))

    def forget_rest(self) -> None:
        """There was no rest: neither the stretch that has begun counts nor the newest baseline."""
        self.at_rest = self._stretch = None

    def end_rest(self) -> Baseline | None:
        """What the stretch has given; None where none had begun."""
        if self._stretch is None:
            return None
        self.at_rest, self._stretch = self._stretch.baseline(), None
        return self.at_rest
