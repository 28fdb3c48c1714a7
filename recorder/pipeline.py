"""From two lanes to measures: hop by hop on one session grid, in fixed memory.

A hop is 0.25 s of grid points. It is computed as soon as both lanes have the samples it needs, or
LATENESS_NS after it was due: one person's measures go on when the other's board is gone. Synchrony
is added up a second at a time, for its values come once a second.
"""

import numpy as np
from numpy.typing import NDArray

from dsp.asymmetry import BandPower, asymmetry
from dsp.bands import SessionGrid
from dsp.chance import ChanceLevel, Compared
from dsp.synchrony import PairSums
from recorder.lane import Lane
from recorder.series import (
    ASYMMETRY_BAND,
    ASYMMETRY_WINDOW_S,
    HOP_S,
    Definitions,
    synchrony_window_s,
)
from recorder.store.rows import MeasureRows

Floats = NDArray[np.float64]

LATENESS_NS = 1_500_000_000
HOPS_PER_VALUE = round(1.0 / HOP_S)


class Pipeline:
    """Measures of two people.

    Args:
        lanes: the patient's and the therapist's.
        definitions: what is computed.
        start_ns: begin of the session grid.
        rng: draws for the chance level.
    """

    def __init__(
        self,
        lanes: tuple[Lane, Lane],
        definitions: Definitions,
        start_ns: int,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.definitions = definitions
        self._lanes = lanes
        self._grid = SessionGrid(start_ns)
        self._next_hop = 0
        bands = lanes[0].filter.bands
        self._alpha = [band.name for band in bands].index(ASYMMETRY_BAND)
        channels = (len(lanes[0].labels), len(lanes[1].labels))
        faa_hops = round(ASYMMETRY_WINDOW_S / HOP_S)
        self._powers = [BandPower(len(bands), count, faa_hops) for count in channels]
        points = self._grid.points_per_hop
        self._second = [
            np.empty((len(bands), count, HOPS_PER_VALUE * points), np.complex64)
            for count in channels
        ]
        windows_s = [synchrony_window_s(band.name) for band in bands]
        self._pairs = PairSums(definitions.pairs, [round(s) for s in windows_s], definitions.kinds)
        compared = Compared(
            channels,
            definitions.pairs,
            definitions.kinds,
            window_hops=[round(s / HOP_S) for s in windows_s],
            hop_points=points,
            hop_s=HOP_S,
        )
        self._chance = ChanceLevel(compared, rng or np.random.default_rng())
        self._batches = _batches(definitions)

    def advance(self, now_ns: int) -> bool:
        """Compute the hops that are due; True when a whole second of new values is complete.

        After a stall of the host the backlog is worked off a second at a time: polling goes on, and
        no value is left out.
        """
        while self._due(now_ns):
            self._hop()
            if self._next_hop % HOPS_PER_VALUE == 0:
                return True
        return False

    def values(self) -> list[MeasureRows]:
        """The newest value of every series, one batch for each length of window."""
        value, clean, percentile = self._newest()
        end_ns = self.end_ns
        return [
            MeasureRows(
                t_ns=end_ns - centre_ns,
                series=ids,
                value=value[rows],
                clean=clean[rows],
                percentile=percentile[rows],
            )
            for centre_ns, rows, ids in self._batches
        ]

    def clean_share(self, person: int) -> float:
        """Share of one person's last 10 s that was clean, over all channels."""
        return float(self._powers[person].clean_share()[self._alpha].mean())

    @property
    def end_ns(self) -> int:
        """The last grid point of the newest hop."""
        return self._grid.hop_end_ns(self._next_hop - 1)

    def _due(self, now_ns: int) -> bool:
        needed_ns = self._grid.hop_end_ns(self._next_hop)
        if now_ns >= needed_ns + LATENESS_NS:
            return True
        return all(lane.reaches(needed_ns) for lane in self._lanes)

    def _hop(self) -> None:
        times_ns = self._grid.hop_times_ns(self._next_hop)
        part = self._next_hop % HOPS_PER_VALUE
        self._next_hop += 1
        z_a, z_b = (self._signals(person, times_ns) for person in (0, 1))
        self._chance.push(z_a, z_b)
        for second, z in zip(self._second, (z_a, z_b), strict=True):
            second.reshape(*z.shape[:2], HOPS_PER_VALUE, -1)[:, :, part] = z
        if part == HOPS_PER_VALUE - 1:
            self._pairs.push(*self._second)

    def _signals(self, person: int, times_ns: NDArray[np.int64]) -> NDArray[np.complex64]:
        """Band signals of one person's hop, NaN where not clean; into its power too."""
        lane, ear = self._lanes[person], self.definitions.ears[person]
        z, clean = lane.bands(times_ns), lane.clean_channels(int(times_ns[-1]))
        if ear is not None:
            z -= z[:, [ear]] / 2
            clean &= clean[ear]
        self._powers[person].push(z, clean)
        z[:, ~clean] = np.nan
        return z

    def _newest(self) -> tuple[Floats, Floats, Floats]:
        """Values, clean shares and percentiles in the order of the definitions."""
        synchrony = self._pairs.values()
        chance = self._chance.percentiles(synchrony.values)
        asymmetries = [self._asymmetry(person) for person in (0, 1)]
        columns = [(value, share, np.full(len(value), np.nan)) for value, share in asymmetries]
        columns += [
            (value.ravel(), synchrony.clean_share.ravel(), chance[kind].ravel())
            for kind, value in synchrony.values.items()
        ]
        value, clean, percentile = (np.concatenate(column) for column in zip(*columns, strict=True))
        return value, clean, percentile

    def _asymmetry(self, person: int) -> tuple[Floats, Floats]:
        pairs = self.definitions.asymmetry[person]
        newest = asymmetry(self._powers[person], self._alpha, pairs)
        return newest.value, newest.clean_share


def _batches(
    definitions: Definitions,
) -> list[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """For each length of window: its half in ns, the places of its values, and their series."""
    windows_s = np.array([row.window_s for row in definitions.rows])
    ids = np.array([row.id for row in definitions.rows], np.int64)
    places = [(length, np.flatnonzero(windows_s == length)) for length in np.unique(windows_s)]
    return [(round(length * 0.5e9), rows, ids[rows]) for length, rows in places]
