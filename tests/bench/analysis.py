"""What `antiphon analyze` takes for two hours of two people: `make bench-analysis`.

The session is lived on the simulated clock, faults and all (tests/soak), put away, as what is
analysed is, and measured again; the shifts are those of noise in three bands, with holes. Seconds
are those of the processor.

python -m tests.bench.analysis [--hours 2] [--json]
"""

import sys
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path

import numpy as np

from recorder.analysis.replay import Replayed, replay
from recorder.analysis.synchrony import synchrony
from recorder.measures.series import bands_of, define
from recorder.open import open_session
from recorder.settings.board import BoardSettings
from recorder.settings.measures import MeasureSettings
from recorder.store.finish import finish
from tests.results import Row, tell
from tests.soak.day import live

SEED = 20261129
SITES = ("F3", "F4", "F7", "F8", "P3", "P4", "O1", "O2")
STEP_NS = 25_000_000
LEAST_TIMES = 500
MOST_S = {8: 10.0, 64: 60.0}  # pairs, in three bands each


def main() -> int:
    """Measure, keep and tell; 1 where it takes longer than it may."""
    parser = ArgumentParser(prog="tests.bench.analysis", description=__doc__)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    times = real_time(asked.hours)
    taken = {pairs: shifted_s(pairs, asked.hours) for pairs in MOST_S}
    told = f"{asked.hours:g} h"
    rows = [
        Row(
            f"{told} measured again, without shifts", f"{times:.0f} x real time", f"{LEAST_TIMES} x"
        )
    ]
    rows += [
        Row(
            f"{told}, {pairs} pairs in 3 bands, all shifts of 8 measures",
            f"{cpu_s:.1f} s of CPU",
            f"{MOST_S[pairs]:g} s",
        )
        for pairs, cpu_s in taken.items()
    ]
    tell(
        "bench-analysis",
        rows,
        "antiphon.bench-analysis/1",
        as_json=asked.json,
        times=times,
        taken=taken,
    )
    slow = [pairs for pairs, cpu_s in taken.items() if cpu_s > MOST_S[pairs]]
    return int(bool(slow) or times < LEAST_TIMES)


def real_time(hours: float) -> float:
    """How many seconds of a session are measured in one of the processor, reading included."""
    with tempfile.TemporaryDirectory(prefix="analysis-") as directory:
        path = finish(live(Path(directory), round(hours * 3600), SEED, look_every_s=3600).path)
        began_s = time.process_time()
        with open_session(path) as session:
            replay(session, np.random.default_rng(SEED))
            return session.duration_s / (time.process_time() - began_s)


def shifted_s(pairs: int, hours: float) -> float:
    """Every circular shift of so many pairs, and what is tested of it."""
    made = noise(hours, every_pair=pairs > len(SITES))
    began_s = time.process_time()
    found = synchrony(made, (SITES, SITES))
    taken_s = time.process_time() - began_s
    if len({(it.channels) for it in found}) != pairs:
        raise RuntimeError(f"{pairs} pairs were asked for")
    return taken_s


def noise(hours: float, *, every_pair: bool) -> Replayed:
    """Two people's band signals, with a hundred holes an hour."""
    rng = np.random.default_rng(SEED)
    chosen, board = (
        MeasureSettings(kinds=("plv",), every_pair=every_pair),
        BoardSettings(channels=SITES),
    )
    filters = bands_of(chosen, 0, 250.0, 50.0), bands_of(chosen, 1, 250.0, 50.0)
    told = define(board, board, filters, chosen=chosen)
    hops = round(hours * 3600)
    shape = (3, 2 * len(SITES), hops * 40)
    z = rng.standard_normal(shape, np.float32) + 1j * rng.standard_normal(shape, np.float32)
    for begin in rng.integers(0, shape[2], round(100 * hours)).tolist():
        z[:, int(rng.integers(2 * len(SITES))), begin : begin + 200] = np.nan
    none = np.full((hops, len(told.rows)), np.nan)
    ends = STEP_NS * (40 * np.arange(1, hops + 1) - 1)
    bands = ("theta", "alpha", "beta")
    return Replayed(
        told, 0, STEP_NS, bands, len(SITES), z.astype(np.complex64), ends, none, none, none
    )


if __name__ == "__main__":
    sys.exit(main())
