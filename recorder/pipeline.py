"""From two lanes to measures: hop by hop on one session grid, in fixed memory.

A hop is 0.25 s of grid points. It is computed as soon as both lanes have the samples it needs, or
LATENESS_NS after it was due: one person's measures go on when the other's board is gone.
"""

import numpy as np
from numpy.typing import NDArray

from dsp.asymmetry import BandPower, asymmetry
from dsp.bands import SessionGrid
from dsp.synchrony import PairSums
from recorder.lane import Lane
from recorder.series import (
    ASYMMETRY_BAND,
    ASYMMETRY_WINDOW_S,
    HOP_S,
    SYNCHRONY_KINDS,
    SYNCHRONY_WINDOW_S,
    Definitions,
)
from recorder.store.rows import MeasureRows

LATENESS_NS = 1_500_000_000
HOPS_PER_VALUE = round(1.0 / HOP_S)


class Pipeline:
    """Measures of two people; `lanes` are the patient's and the therapist's."""

    def __init__(self, lanes: tuple[Lane, Lane], definitions: Definitions, start_ns: int) -> None:
        self.definitions = definitions
        self._clean = [lane.clean_channels(start_ns) for lane in lanes]
        self._lanes = lanes
        self._grid = SessionGrid(start_ns)
        self._next_hop = 0
        bands = lanes[0].filter.bands
        self._alpha = [band.name for band in bands].index(ASYMMETRY_BAND)
        faa_hops = round(ASYMMETRY_WINDOW_S / HOP_S)
        self._powers = [BandPower(len(bands), len(lane.labels), faa_hops) for lane in lanes]
        pair_hops = [round(SYNCHRONY_WINDOW_S[band.name] / HOP_S) for band in bands]
        self._pairs = PairSums(definitions.pairs, pair_hops)
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
        value, clean = self._newest()
        end_ns = self.end_ns
        return [
            MeasureRows(
                t_ns=end_ns - centre_ns,
                series=ids,
                value=value[rows],
                clean=clean[rows],
                percentile=np.full(len(ids), np.nan),
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
        self._next_hop += 1
        # In turn: a judgement covers a second, which is more than two hops and their filters.
        turn = self._next_hop % 2
        self._clean[turn] = self._lanes[turn].clean_channels(int(times_ns[-1]))
        z_a, z_b = (lane.bands(times_ns) for lane in self._lanes)
        clean_a, clean_b = self._clean
        self._powers[0].push(z_a, clean_a)
        self._powers[1].push(z_b, clean_b)
        self._pairs.push(z_a, z_b, clean_a, clean_b)

    def _newest(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Values and clean shares in the order of the definitions."""
        synchrony = self._pairs.values()
        kinds = [getattr(synchrony, kind).ravel() for kind in SYNCHRONY_KINDS]
        shares = [synchrony.clean_share.ravel()] * len(SYNCHRONY_KINDS)
        asymmetries = [self._asymmetry(person) for person in (0, 1)]
        value = np.concatenate([value for value, _ in asymmetries] + kinds)
        clean = np.concatenate([clean for _, clean in asymmetries] + shares)
        return value, clean

    def _asymmetry(self, person: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
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
