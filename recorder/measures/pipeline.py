"""From two lanes to measures: hop by hop on one session grid, in fixed memory.

A hop is HOP_S of grid points, and the values that they make. It is computed as soon as both lanes
have the samples it needs, or LATENESS_NS after it was due: one person's measures go on when the
other's board is gone. What is clean is decided four times a hop, part by part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import SystemRandom

import numpy as np
from numpy.typing import NDArray

from dsp.absence import Absence, clock_absence
from dsp.asymmetry import BandPower, Index, IndexSet, IndexValues
from dsp.bands import SessionGrid
from dsp.chance import ChanceLevel, Compared, Draws
from dsp.pair_sums import lost_points, point_rows
from dsp.synchrony import PairSums
from recorder.measures.brain import Brain
from recorder.measures.series import (
    HOP_S,
    INDEX_WINDOW_S,
    PARTS,
    PARTS_PER_S,
    Definitions,
    synchrony_window_s,
)
from recorder.store.rows import MeasureRows
from recorder.wearers.lane import Lane, bands_of_each, find_flaws

Floats = NDArray[np.float64]

LATENESS_NS = 1_500_000_000
POINTS_PER_HOP = 40
PART_ENDS = np.arange(1, PARTS + 1) * (POINTS_PER_HOP // PARTS) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Series of the same persons whose windows are of one length; they are stored together.

    Attributes:
        half_ns: half of their window.
        hops: from one value that is stored to the next.
        places: of the series among the definitions.
        ids: of the series.
    """

    half_ns: int
    hops: int
    places: NDArray[np.int64]
    ids: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """The newest value of every series, in the order of their definitions.

    Attributes:
        end_ns: where their windows end.
        value: (series,) NaN where there is none.
        clean: (series,) share of the window that was clean.
        percentile: (series,) within the pair's own chance level; NaN where there is none.
        batches: the series that are to be stored of this hop.
    """

    end_ns: int
    value: Floats
    clean: Floats
    percentile: Floats
    batches: Sequence[Batch]

    def rows(self) -> list[MeasureRows]:
        """As they are stored: each batch at the centre of its windows."""
        columns = (self.value, self.clean, self.percentile)
        return [
            MeasureRows(
                self.end_ns - one.half_ns, one.ids, *(column[one.places] for column in columns)
            )
            for one in self.batches
        ]


class Pipeline:
    """Measures of two people.

    Args:
        lanes: the patient's and the therapist's.
        definitions: what is computed.
        start_ns: begin of the session grid.
        rng: draws for the chance level.

    Attributes:
        definitions: what is computed.
        brains: the patient's and the therapist's part.
        signals: band signals of the newest hop, (bands, channels of both, points), the patient's
            first; NaN where not clean.
    """

    def __init__(
        self,
        lanes: tuple[Lane, Lane],
        definitions: Definitions,
        start_ns: int,
        *,
        rng: Draws | None = None,
    ) -> None:
        self.definitions = definitions
        self.brains = tuple(
            Brain(lane, one) for lane, one in zip(lanes, definitions.people, strict=True)
        )
        self._lanes = lanes
        self._grid = SessionGrid(start_ns, points_per_hop=POINTS_PER_HOP)
        self._next_hop = 0
        bands = lanes[0].filter.bands
        channels = len(lanes[0].labels), len(lanes[1].labels)
        # Both people's channels stand side by side, the patient's first.
        self._of_a = channels[0]
        self.signals = np.full((len(bands), sum(channels), POINTS_PER_HOP), np.nan, np.complex64)
        of_both = _of_both(definitions, channels[0])
        self._power = BandPower(len(bands), sum(channels), round(INDEX_WINDOW_S * PARTS_PER_S))
        self._indices = IndexSet(of_both, len(bands), sum(channels))
        hops = [round(synchrony_window_s(band.name) / HOP_S) for band in bands]
        self._pairs = PairSums(definitions.pairs, hops, definitions.kinds)
        compared = Compared(
            channels,
            definitions.pairs,
            definitions.kinds,
            window_hops=hops,
            hop_points=POINTS_PER_HOP,
            hop_s=HOP_S,
        )
        self._chance = ChanceLevel(compared, rng or SystemRandom())
        self._clocks: Absence | None = None
        self._batches = _batches(definitions)

    def advance(self, now_ns: int) -> bool:
        """Compute the next hop when it is due; True when it is, and there are new values.

        After a stall of the host the backlog is worked off a hop at a time: polling goes on, and
        no value is left out.
        """
        if not self._due(now_ns):
            return False
        times_ns = self._grid.hop_times_ns(self._next_hop)
        self._next_hop += 1
        self.signals, lost = self._signals(times_ns)
        rows = point_rows(self.signals)
        of_a, of_b = rows[:, :, : self._of_a], rows[:, :, self._of_a :]
        both = lost_points(of_a, of_b, lost[: self._of_a], lost[self._of_a :])
        self._pairs.add(self._chance.push(of_a, of_b), POINTS_PER_HOP, both)
        self._share_out(self._indices.evaluate(self._power))
        self._clocks = clock_absence(*(lane.clock.sigma_ns for lane in self._lanes))
        return True

    def values(self) -> Values:
        """What the newest hop has given."""
        synchrony = self._pairs.values()
        if self._clocks is not None or any(brain.guard for brain in self.brains):
            synchrony.found.fill(np.nan)
        chance = self._chance.percentiles(synchrony.found)
        alone = [brain.columns() for brain in self.brains]
        share = synchrony.clean_share.ravel()
        value = [*(one for one, _ in alone), synchrony.found.ravel()]
        clean = [*(one for _, one in alone)] + [share] * len(chance)
        percentile = [*(np.full(len(one), np.nan) for one, _ in alone), chance.ravel()]
        return Values(
            end_ns=self.end_ns,
            value=np.concatenate(value),
            clean=np.concatenate(clean),
            percentile=np.concatenate(percentile),
            batches=[one for one in self._batches if self._next_hop % one.hops == 0],
        )

    def absence(
        self, persons: tuple[int, ...], channels: tuple[int, ...], clean_share: float
    ) -> Absence | None:
        """Why a value is left out; None where it is not known, or is not.

        Args:
            persons: whose it is, one or both.
            channels: of the one person; or one of each person's.
            clean_share: of the value.
        """
        if len(persons) == 1:
            return self.brains[persons[0]].absence(channels, clean_share)
        if self._clocks is not None:
            return self._clocks
        guard = next((brain.guard for brain in self.brains if brain.guard is not None), None)
        worse, channel = min(
            zip(self.brains, channels, strict=True), key=lambda one: one[0].clean_share_of(one[1])
        )
        return guard or worse.absence((channel,), clean_share)

    def undefined(self, kind: str, band: str, pair: tuple[int, int]) -> Absence:
        """Why a synchrony measure of enough clean data is left out."""
        bands = [one.name for one in self._lanes[0].filter.bands]
        return self._pairs.absence(kind, bands.index(band), self.definitions.pairs.index(pair))

    def clean_share(self, person: int) -> float:
        """Share of one person's last 10 s that was clean, over all channels of EEG."""
        return self.brains[person].clean_share()

    @property
    def end_ns(self) -> int:
        """The last grid point of the newest hop."""
        return self._grid.hop_end_ns(self._next_hop - 1)

    @property
    def index_centre_ns(self) -> int:
        """The centre of the newest window of the indices."""
        return self.end_ns - round(INDEX_WINDOW_S * 0.5e9)

    def _due(self, now_ns: int) -> bool:
        needed_ns = self._grid.hop_end_ns(self._next_hop)
        if now_ns >= needed_ns + LATENESS_NS:
            return True
        return all(lane.reaches(needed_ns) for lane in self._lanes)

    def _signals(
        self, times_ns: NDArray[np.int64]
    ) -> tuple[NDArray[np.complex64], NDArray[np.float32]]:
        """Band signals of both people, NaN where not clean; into the power too.

        And what loss took of each point, (channels, points).
        """
        flaws = find_flaws(self._lanes, times_ns[PART_ENDS])
        bands = bands_of_each(self._lanes, times_ns)
        each = zip(self.brains, bands, flaws, strict=True)
        signals = [brain.signals(own, its_flaws) for brain, own, its_flaws in each]
        z = np.concatenate([one for one, _, _ in signals], axis=1)
        clean = np.concatenate([one for _, one, _ in signals], axis=1)
        lost = np.concatenate([one for _, _, one in signals])
        self._power.push(z, clean, lost)
        if not clean.all():
            z.reshape(*z.shape[:2], PARTS, -1).swapaxes(1, 2)[:, ~clean] = np.nan
        return z, lost

    def _share_out(self, both: IndexValues) -> None:
        begin = 0
        for brain, one in zip(self.brains, self.definitions.people, strict=True):
            end = begin + len(one.indices)
            columns = (both.value, both.standard_error, both.clean_share)
            own = (column[begin:end] for column in columns)
            brain.take(self.index_centre_ns, IndexValues(*own))
            begin = end


def _of_both(definitions: Definitions, of_a: int) -> list[Index]:
    """The indices of both people, where the therapist's channels follow the patient's."""
    patient, therapist = definitions.people
    return [*patient.indices] + [
        Index(
            index.band,
            tuple(of_a + channel for channel in index.upper),
            tuple(of_a + channel for channel in index.lower),
        )
        for index in therapist.indices
    ]


def _batches(definitions: Definitions) -> list[Batch]:
    ids = np.array([row.id for row in definitions.rows], np.int64)
    alike: dict[tuple[float, float, tuple[str, ...]], list[int]] = {}
    for place, row in enumerate(definitions.rows):
        alike.setdefault((row.window_s, row.hop_s, row.persons), []).append(place)
    return [
        Batch(round(window_s * 0.5e9), round(hop_s / HOP_S), np.array(places), ids[places])
        for (window_s, hop_s, _), places in sorted(alike.items())
    ]
