"""The same seven measures of the same second of two people, by others and by us, in one process.

`make bench-peers` builds the environment that this needs: HyPyP, mne-connectivity and SciPy beside
our `dsp`, nothing else of ours. First every formula is shown to give the same numbers; only then is
anything timed, the programs taking turns so that a busy machine is busy for all.
"""

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dsp.bands import DEFAULT_BANDS, BandFilter, SessionGrid
from dsp.pair_sums import point_rows, row_sums
from dsp.ring import Ring
from dsp.synchrony import KINDS, PairSums, window_measures
from tests.results import Row, tell

RATE_HZ = 250.0
CHANNELS = 8
HOP_S = 0.25
SEED = 20190710
BANDS_HZ = {band.name: [band.low_hz, band.high_hz] for band in DEFAULT_BANDS}
SEVEN = KINDS[:7]
IN_HYPYP = {kind: kind for kind in SEVEN} | {"imcoh": "imaginary_coh", "aec": "envelope_corr"}
AIMS = {"HyPyP": "150 x", "SciPy": "27 x"}
# What must agree before anything is timed.
TOLERANCE = 1e-12
NOTES = """\
HyPyP and MNE compute all 16 x 16 pairs, within the heads too; SciPy and we the 8 x 8 between them.
HyPyP, MNE and SciPy filter each window anew, as their interfaces want it; we keep the stream.
The filters differ (each its own design), so the formulas are compared on one set of signals.
MNE offers four of the seven measures. Our signals and a hop's sums are float32, windows float64.
Each call gives the measures of one window; for ours, a quarter of a second has been added to it.
Each figure is of the round disturbed least, on one thread; power, quality and chance left out."""

Signals = NDArray[np.complex128]
Samples = NDArray[np.float64]


def main() -> None:
    """Compare, then time; a table and the notes that make it fair."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--window-s", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    asked = parser.parse_args()
    from tests.bench import peer_programs as peers

    samples = np.random.default_rng(SEED).normal(0, 10, (2, CHANNELS, round(60 * RATE_HZ)))
    _require_agreement(peers.hypyp_measures, peers.scipy_measures)
    window = samples[..., : round(asked.window_s * RATE_HZ)]
    ours = OurHop(samples, asked.window_s)
    programs: dict[str, Callable[[], object]] = {
        "ours": ours.hop,
        "SciPy": lambda: peers.scipy_hop(window, BANDS_HZ, RATE_HZ),
        "HyPyP": lambda: peers.hypyp_hop(window, BANDS_HZ, RATE_HZ),
        "mne-connectivity": lambda: peers.mne_hop(window, BANDS_HZ, RATE_HZ),
    }
    spent = _timed(programs, asked.rounds)
    tell(
        "bench-peers",
        _rows(spent, asked.window_s),
        "antiphon.peers/1",
        as_json=asked.json,
        text=_table(spent, asked.window_s),
        window_s=asked.window_s,
        cpu_s=spent,
    )


def _rows(spent: dict[str, float], window_s: float) -> list[Row]:
    what = f"seven measures of a {window_s:g} s window, 2 x {CHANNELS} channels"
    return [Row(f"{what}: ours", f"{spent['ours'] * 1e3:.3f} ms of CPU")] + [
        Row(f"{what}: {name}", f"{seconds / spent['ours']:.0f} x ours", AIMS.get(name, ""))
        for name, seconds in spent.items()
        if name != "ours"
    ]


def _table(spent: dict[str, float], window_s: float) -> str:
    head = f"one hop, {window_s:g} s windows, 2 x {CHANNELS} channels, 3 bands, 7 measures"
    lines = [
        f"{name:<18}{seconds * 1e3:10.3f} ms CPU{seconds / spent['ours']:10.1f} x ours"
        for name, seconds in spent.items()
    ]
    return "\n".join([head, *lines, NOTES])


class OurHop:
    """Our hop, again and again, as the pipeline has it: signals, seven measures of all pairs."""

    def __init__(self, samples: Samples, window_s: float) -> None:
        hops = round(window_s / HOP_S)
        rings = [Ring(one.shape[1], CHANNELS) for one in samples]
        for ring, one in zip(rings, samples, strict=True):
            ring.write(0, np.ascontiguousarray(one.T, np.float32))
        self._filter, self._grid = BandFilter(RATE_HZ), SessionGrid(round(1e9))
        self._reads = [partial(self._filter.read, ring) for ring in rings]
        every = [(a, b) for a in range(CHANNELS) for b in range(CHANNELS)]
        self._pairs = PairSums(every, [hops] * len(DEFAULT_BANDS), SEVEN)
        self._needed = frozenset(SEVEN)
        self._turns = round(50 / HOP_S)
        self._hop = 0

    def hop(self) -> None:
        """The next hop, and its values."""
        times_ns = self._grid.hop_times_ns(self._hop % self._turns)
        self._hop += 1
        positions = np.asarray(times_ns * (RATE_HZ * 1e-9), np.float64)
        z, _ = self._filter.evaluate_each(self._reads, np.array([positions, positions]))
        rows = point_rows(z.reshape(len(z), 2 * CHANNELS, -1))
        found = row_sums(rows[:, :, :CHANNELS], rows[:, :, CHANNELS:], self._needed)
        self._pairs.add(found.reshape(*found.shape[:2], -1), len(times_ns))
        self._pairs.values()


def _require_agreement(
    of_hypyp: Callable[[Signals, str], Samples],
    of_scipy: Callable[[Signals], dict[str, Samples]],
) -> None:
    """Raise AssertionError where a formula of ours or of the SciPy program differs from HyPyP's."""
    rng = np.random.default_rng(SEED)
    z = rng.normal(size=(2, 3, CHANNELS, 500)) + 1j * rng.normal(size=(2, 3, CHANNELS, 500))
    ours, plain = window_measures(z[0], z[1]), [of_scipy(one) for one in z.swapaxes(0, 1)]
    for kind in SEVEN:
        theirs = of_hypyp(z, IN_HYPYP[kind])
        np.testing.assert_allclose(ours[kind], theirs, rtol=0, atol=TOLERANCE, err_msg=kind)
        both = np.array([one[kind] for one in plain])
        np.testing.assert_allclose(both, theirs, rtol=0, atol=TOLERANCE, err_msg=kind)
    sys.stderr.write(f"all seven formulas agree with HyPyP's within {TOLERANCE:g}\n")


def _timed(programs: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """CPU seconds of one call of each program."""
    spent: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            calls = 50 if name == "ours" else 1
            begin = time.process_time()
            for _ in range(calls):
                program()
            spent[name].append((time.process_time() - begin) / calls)
    return {name: min(seconds) for name, seconds in spent.items()}


if __name__ == "__main__":
    main()
