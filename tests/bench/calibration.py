"""Is the chance level right? Unrelated people must be above their 95th percentile 5 % of the time.

`make calibrate`: pairs of two synthetic people who have nothing to do with each other, each pair
for as long as a session, from samples to percentiles. Takes minutes on all cores.

`make calibrate ARGS='--loss 0.01'`: the same pairs, without losses and with; both people lose the
same instants, as one disturbance of the radio takes them, which is what could look like synchrony.
"""

import sys
from collections.abc import Iterator
from functools import partial
from multiprocessing import Pool
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from dsp.bands import BandFilter, SessionGrid, band_filter
from dsp.chance import ChanceLevel, Compared
from dsp.pair_sums import lost_points, point_rows
from dsp.ring import Ring
from dsp.synchrony import PairSums
from hardware.emulated.synthetic import SyntheticDyad
from recorder.measures.pipeline import POINTS_PER_HOP
from recorder.measures.series import HOP_S, synchrony_window_s
from recorder.settings.measures import MeasureSettings
from tests.results import Row, tell

RATE_HZ = 250.0
MAINS_HZ = 50.0
PERSONS = (0, 1)
CHANNELS = 7  # the eighth of the synthetic montage is a reference
CHUNK_SAMPLES = 10_000
TOP = 95.0
BOUNDS = (0.035, 0.065)
MOST_RISE = 0.002  # by lost samples
LOSSES = 1  # of the random numbers of a seed, those of what is lost

Signals = NDArray[np.complex64]


@click.command()
@click.option("--pairs", type=click.IntRange(1), default=20, help="Unrelated pairs of people.")
@click.option("--minutes", type=click.FloatRange(6), default=45.0, help="Length of each session.")
@click.option("--seed", type=int, default=20190710, help="Of the first pair.")
@click.option("--loss", type=click.FloatRange(0, 0.5), default=0.0, help="Share that both lose.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def main(pairs: int, minutes: float, seed: int, loss: float, *, as_json: bool) -> None:
    """Share of unrelated people's values that are above the 95th percentile of their own chance."""
    without = _shares(pairs, minutes, seed, 0.0)
    whole = float(np.mean(without))
    what = f"values of unrelated people above the 95th percentile, {pairs} pairs of {minutes:g} min"
    rows = [Row(what, f"{whole:.2%}", " to ".join(f"{bound:.1%}" for bound in BOUNDS))]
    figures: dict[str, Any] = {"pooled": whole, "pairs": [round(share, 4) for share in without]}
    rise = 0.0
    if loss:
        lossy = _shares(pairs, minutes, seed, loss)
        rise = float(np.mean(lossy)) - whole
        figures |= {"pooled_with_loss": whole + rise, "pairs_with_loss": lossy}
        figure = f"{whole + rise:.2%}, {rise * 100:+.2f} points against none lost"
        aim = f"at most {MOST_RISE * 100:+.1f} points"
        rows.append(Row(f"{what}, {loss:.1%} of the samples lost by both at once", figure, aim))
    tell(
        "calibrate",
        rows,
        "antiphon.calibration/1",
        as_json=as_json,
        minutes=minutes,
        loss=loss,
        **figures,
    )
    if not BOUNDS[0] <= whole <= BOUNDS[1] or rise > MOST_RISE:
        raise SystemExit(1)


def _shares(pairs: int, minutes: float, seed: int, loss: float) -> list[float]:
    """Of every pair, on all cores."""
    one = partial(share_above, seconds=minutes * 60, loss=loss)
    with Pool() as pool:
        found = pool.imap(one, range(seed, seed + pairs))
        with click.progressbar(found, length=pairs, label="pairs", file=sys.stderr) as bar:
            return list(bar)


def share_above(seed: int, seconds: float, loss: float = 0.0) -> float:
    """Share of one unrelated pair's values, of all kinds, bands and places, above TOP."""
    dyad = SyntheticDyad(seed, coupled_s=0.0, uncoupled_s=1.0)
    taps = band_filter(RATE_HZ, mains_hz=MAINS_HZ)
    compared = Compared(
        channels=(CHANNELS, CHANNELS),
        pairs=[(channel, channel) for channel in range(CHANNELS)],
        kinds=MeasureSettings().kinds,
        window_hops=[round(synchrony_window_s(band.name) / HOP_S) for band in taps.bands],
        hop_points=POINTS_PER_HOP,
        hop_s=HOP_S,
    )
    chance = ChanceLevel(compared, np.random.default_rng(seed))
    sums = PairSums(compared.pairs, compared.window_hops, compared.kinds)
    lost = np.random.default_rng([seed, LOSSES]).random(round(seconds * RATE_HZ)) < loss
    above, known = 0, 0
    people = (_hops(dyad, person, taps, seconds, lost) for person in PERSONS)
    for (z_a, lost_a), (z_b, lost_b) in zip(*people, strict=True):
        of_a, of_b = point_rows(z_a), point_rows(z_b)
        taken = lost_points(of_a, of_b, lost_a, lost_b)
        sums.add(chance.push(of_a, of_b), POINTS_PER_HOP, taken)
        percentiles = chance.percentiles(sums.values().found)
        above += int(np.count_nonzero(percentiles > TOP))
        known += int(np.count_nonzero(np.isfinite(percentiles)))
    return above / known


def _hops(
    dyad: SyntheticDyad, person: int, taps: BandFilter, seconds: float, lost: NDArray[np.bool_]
) -> Iterator[tuple[Signals, NDArray[np.float32]]]:
    """Band signals of one person, hop by hop, and what loss took of each point."""
    grid = SessionGrid(round(1e9), points_per_hop=POINTS_PER_HOP)
    ring = Ring(2 * CHUNK_SAMPLES, CHANNELS)
    for hop in range(round(seconds / HOP_S)):
        positions = np.asarray(grid.hop_times_ns(hop) * (RATE_HZ * 1e-9), np.float64)
        while ring.newest < positions[-1] + taps.reach:
            index = np.arange(ring.newest + 1, ring.newest + 1 + CHUNK_SAMPLES)
            uv = dyad.uv(person, index / RATE_HZ)[:, :CHANNELS]
            uv[lost[index % len(lost)]] = np.nan
            ring.write(int(index[0]), uv.astype(np.float32))
        yield taps.evaluate_with_loss(partial(taps.read, ring), positions)


if __name__ == "__main__":
    main()
