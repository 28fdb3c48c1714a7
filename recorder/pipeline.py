"""From two lanes to measures: hop by hop on one session grid, in fixed memory.

A hop is 0.25 s of grid points. It is computed as soon as both lanes have the samples it needs, or
LATENESS_NS after it was due: one person's measures go on when the other's board is gone.
"""

import numpy as np
from numpy.typing import NDArray

from dsp.asymmetry import BandPower, faa
from dsp.bands import SessionGrid
from dsp.quality import ChannelQuality
from dsp.synchrony import PairSums
from recorder.lane import Lane
from recorder.series import Definitions

LATENESS_NS = 1_500_000_000
HOPS_PER_VALUE = 4
# After a long stall of the host the backlog is worked off in portions, so that polling goes on.
HOPS_PER_CALL = 8


class Pipeline:
    """Measures of two people. `patient` is person a, `therapist` person b."""

    def __init__(self, patient: Lane, therapist: Lane, definitions: Definitions) -> None:
        self.definitions = definitions
        self.quality: list[ChannelQuality | None] = [None, None]
        self._lanes = (patient, therapist)
        self._grid: SessionGrid | None = None
        self._next_hop = 0
        self._powers = [definitions.band_power(lane.labels) for lane in self._lanes]
        self._pairs = definitions.pair_sums()
