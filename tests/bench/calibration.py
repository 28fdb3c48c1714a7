"""Is the chance level right? Unrelated people must be above their 95th percentile 5 % of the time.

`make calibrate`: pairs of two synthetic people who have nothing to do with each other, each pair
for as long as a session, from samples to percentiles. Takes minutes on all cores.
"""

import sys
from collections.abc import Iterator
from functools import partial
from multiprocessing import Pool

import click
import numpy as np
from numpy.typing import NDArray

from dsp.bands import BandFilter, SessionGrid
from dsp.chance import ChanceLevel, Compared
from dsp.pair_sums import point_rows
from dsp.ring import Ring
from dsp.synchrony import PairSums
from hardware.emulated.synthetic import SyntheticDyad
from recorder.measures.pipeline import POINTS_PER_HOP
from recorder.measures.series import HOP_S, synchrony_window_s
from recorder.settings.measures import MeasureSettings
from tests.results import Row, tell

RATE_HZ = 250.0
PERSONS = (0, 1)
CHANNELS = 7  # the eighth of the synthetic montage is a reference
CHUNK_SAMPLES = 10_000
TOP = 95.0
BOUNDS = (0.035, 0.065)

Signals = NDArray[np.complex64]


@click.command()
@click.option("--pairs", type=click.IntRange(1), default=20, help="Unrelated pairs of people.")
@click.option("--minutes", type=click.FloatRange(6), default=45.0, help="Length of each session.")
@click.option("--seed", type=int, default=20190710, help="Of the first pair.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def main(pairs: int, minutes: float, seed: int, *, as_json: bool) -> None:
    """Share of unrelated people's values that are above the 95th percentile of their own chance."""
    one = partial(share_above, seconds=minutes * 60)
    with Pool() as pool:
        found = pool.imap(one, range(seed, seed + pairs))
        with click.progressbar(found, length=pairs, label="pairs", file=sys.stderr) as bar:
            shares = list(bar)
    pooled = float(np.mean(shares))
    what = f"values of unrelated people above the 95th percentile, {pairs} pairs of {minutes:g} min"
    tell(
        "calibrate",
        [Row(what, f"{pooled:.2%}", " to ".join(f"{bound:.1%}" for bound in BOUNDS))],
        "antiphon.calibration/1",
        as_json=as_json,
        pooled=pooled,
        pairs=[round(share, 4) for share in shares],
        minutes=minutes,
    )
    if not BOUNDS[0] <= pooled <= BOUNDS[1]:
        raise SystemExit(1)


def share_above(seed: int, seconds: float) -> float:
    """Share of one unrelated pair's values, of all kinds, bands and places, above TOP."""
    dyad = SyntheticDyad(seed, coupled_s=0.0, uncoupled_s=1.0)
    band_filter = BandFilter(RATE_HZ)
    windows_s = [synchrony_window_s(band.name) for band in band_filter.bands]
    compared = Compared(
        channels=(CHANNELS, CHANNELS),
        pairs=[(channel, channel) for channel in range(CHANNELS)],
        kinds=MeasureSettings().kinds,
        window_hops=[round(s / HOP_S) for s in windows_s],
        hop_points=POINTS_PER_HOP,
        hop_s=HOP_S,
    )
    chance = ChanceLevel(compared, np.random.default_rng(seed))
    sums = PairSums(compared.pairs, compared.window_hops, compared.kinds)
    above, known = 0, 0
    people = (_hops(dyad, person, band_filter, seconds) for person in PERSONS)
    for z_a, z_b in zip(*people, strict=True):
        sums.add(chance.push(point_rows(z_a), point_rows(z_b)), POINTS_PER_HOP)
        percentiles = chance.percentiles(sums.values().found)
        above += int(np.count_nonzero(percentiles > TOP))
        known += int(np.count_nonzero(np.isfinite(percentiles)))
    return above / known


def _hops(
    dyad: SyntheticDyad, person: int, band_filter: BandFilter, seconds: float
) -> Iterator[Signals]:
    """Band signals of one person, hop by hop."""
    grid, ring = (
        SessionGrid(round(1e9), points_per_hop=POINTS_PER_HOP),
        Ring(2 * CHUNK_SAMPLES, CHANNELS),
    )
    for hop in range(round(seconds / HOP_S)):
        positions = np.asarray(grid.hop_times_ns(hop) * (RATE_HZ * 1e-9), np.float64)
        while ring.newest < positions[-1] + band_filter.half_span:
            index = np.arange(ring.newest + 1, ring.newest + 1 + CHUNK_SAMPLES)
            uv = dyad.uv(person, index / RATE_HZ)[:, :CHANNELS]
            ring.write(int(index[0]), uv.astype(np.float32))
        yield band_filter.evaluate(ring, positions)


if __name__ == "__main__":
    main()
