"""How clean a person's last window was, and why a value cannot be given.

Each hop leaves a byte per channel, its flaws, and what lost packets took of its points; a window is
the last of these, so the memory is fixed. Loss is no flaw of a channel: it has a reason of its own,
given when it took more of the window than any flaw.

Two rules. A channel that was clean in less than half of its window gives no value (MIN_CLEAN). And
while a person talks, chews or drums, that person gives no value at all: what of it stays under the
limits of dsp.quality is muscle that looks like alpha or beta (Goncharova et al. 2003), or movement
that both people share, which looks like synchrony of their envelopes (measured: 84 % of windows
above the 95th percentile of chance).

    broad      a hop in which at least half of the channels with data show muscle or movement
    guarded    a window of which at least a quarter of the hops is broad

A blink reaches most frontal channels at once and is not broad; what looks like one in every channel
is no blink, for the ear and the back of the head hardly see the eyes. Both shares are choices, not
findings: a quarter of 10 s is more than a cough and less than a sentence.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.absence import Absence
from dsp.asymmetry import MIN_CLEAN
from dsp.quality import Flaw

BROAD_CHANNELS: Final = 0.5
GUARDED_HOPS: Final = 0.25

_BITS: Final = 8
# A row that no hop has filled yet; no Flaw uses this bit.
_NOT_YET: Final = 1 << (_BITS - 1)
# By bit.
_REASONS: Final = (*(Absence[flaw.name or ""] for flaw in Flaw), Absence.NOT_YET)


class CleanWindow:
    """The flaws of one person's channels over the last hops.

    Args:
        channels: number of channels.
        window_hops: length of the window.
    """

    def __init__(self, channels: int, window_hops: int) -> None:
        self._flaws = np.full((window_hops, channels), _NOT_YET, np.uint8)
        # Of each hop's points: the share that loss took, and the share that has no signal for it.
        self._lost = np.zeros((2, window_hops, channels))
        # Of each hop: broad, and broad by muscle, by movement.
        self._broad = np.zeros((window_hops, 3), np.bool_)
        self._hops = 0

    def push(self, flaws: NDArray[np.uint8], lost: NDArray[np.floating] | None = None) -> None:
        """Take in a hop, or several that follow each other.

        Args:
            flaws: (channels,), or (hops, channels) of several; as of dsp.quality.find_flaws.
            lost: (channels, points), what loss took of the points of all these hops; as of
                dsp.bands.BandFilter.evaluate_with_loss.
        """
        rows = flaws.reshape(-1, self._flaws.shape[1])
        places = (self._hops + np.arange(len(rows))) % len(self._flaws)
        self._flaws[places] = rows
        self._lost[:, places] = 0
        if lost is not None and lost.any():
            of_hop = lost.reshape(len(lost), len(rows), -1)
            points = of_hop.shape[2]
            self._lost[0, places] = of_hop.sum(axis=2).T / points
            if lost.max() == 1:
                self._lost[1, places] = (of_hop == 1).sum(axis=2).T / points
        self._broad[places] = _broad(rows) if rows.any() else False
        self._hops += len(rows)

    def clean_share(self) -> NDArray[np.float64]:
        """Share of the window in which each channel was clean, less what loss took, (channels,).

        It grows from 0 while the first window fills; its mean is that of the person.
        """
        share: NDArray[np.float64] = np.where(self._flaws, 0, 1 - self._lost[0]).mean(axis=0)
        return share

    def guard(self) -> Absence | None:
        """TALKING or DRUMMING while the person does so, as the module's text defines it."""
        broad, muscle, movement = self._broad.sum(axis=0).tolist()
        if broad < GUARDED_HOPS * len(self._broad):
            return None
        return Absence.TALKING if muscle >= movement else Absence.DRUMMING

    def absence(self, channels: Sequence[int], clean_share: float) -> Absence | None:
        """Why a value has to be left out; None when it need not.

        Args:
            channels: those that the value is made of.
            clean_share: of the value, as dsp.asymmetry gives it.
        """
        guarded = self.guard()
        if guarded is not None:
            return guarded
        if clean_share >= MIN_CLEAN:
            return None
        return self._main_reason(channels)

    def _main_reason(self, channels: Sequence[int]) -> Absence:
        """What spoilt most hops of the worst of the channels."""
        worst = min(channels, key=lambda channel: float(self.clean_share()[channel]))
        bits = np.unpackbits(self._flaws[:, [worst]], axis=1, bitorder="little")
        often = np.count_nonzero(bits, axis=0)
        if self._lost[1, :, worst].sum() > often.max():
            return Absence.LOSS
        return _REASONS[int(often.argmax())] if often.any() else Absence.NO_DATA


# What each number of flaws counts for: a channel with data; showing muscle; movement; movement or
# a blink; muscle or movement.
_SHOWN: Final = np.array(
    [
        [
            not number & Flaw.NO_DATA,
            number & Flaw.MUSCLE,
            number & Flaw.MOVEMENT,
            number & (Flaw.MOVEMENT | Flaw.BLINK),
            number & (Flaw.MUSCLE | Flaw.MOVEMENT),
        ]
        for number in range(_NOT_YET)
    ]
).astype(np.bool_)


def _broad(flaws: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Of each hop: whether it is broad, and by muscle, and by movement; (hops, 3)."""
    worn, by_muscle, moving, swinging, spoilt = _SHOWN[flaws].sum(axis=1).T
    half = BROAD_CHANNELS * worn
    muscle = by_muscle >= half
    movement = (moving >= half) | (swinging == worn)
    broad = (worn > 0) & ((spoilt >= half) | movement)
    return np.stack([broad, broad & muscle, broad & movement], axis=1)
