"""Every measure and every clock of two simulated people, computed by one processor's kernels.

    python -m tests.cpu.values FILE.npz

Prints which kernels numpy and OpenBLAS have taken; the values are in the file by the names of
BOUNDS in tests/cpu/compare.py.
"""

import sys

import click
import numpy as np
from numpy.typing import NDArray

from dsp.clock import BoardClock
from dsp.refit import Edges, SegmentReads, refit
from dsp.synchrony import KINDS, window_measures
from recorder.settings.measures import MeasureSettings
from tests.bench.clock_simulator import (
    Scene,
    Segment,
    Train,
    pin_edges,
    simulate,
    simulate_train,
)
from tests.cpu.kernels import taken
from tests.dsp.clocked import feed, host_edges
from tests.recorder.measures.dyad import Dyad
from tests.recorder.scripted_board import eeg

Values = dict[str, NDArray[np.float64]]

SEED = 20261129
# The chance level is known after five minutes.
LENGTH_S, EVERY_S, REST_S = 340, 20, (40, 160)
CLOCKED_S = 240.0


def main() -> int:
    """Compute them all."""
    [file] = sys.argv[1:]
    np.savez(file, allow_pickle=False, **on_line(), **off_line(), **clocks())
    click.echo(taken())
    return 0


def on_line() -> Values:
    """From counts to what a session file is told: indices, synchrony, chance, boards' clocks."""
    patient = eeg(SEED, {"F4": 4.0, "O1": 6.0})
    therapist = eeg(SEED + 1, {"F3": 3.0, "O1": 6.0, "O2": 2.0})
    dyad = Dyad(patient, therapist, MeasureSettings(kinds=KINDS, delta=True))
    found: dict[str, list[float]] = {}
    for begin_s in range(0, LENGTH_S, EVERY_S):
        for brain in dyad.pipeline.brains:
            if begin_s == REST_S[0]:
                brain.begin_rest()
            if begin_s == REST_S[1]:
                brain.end_rest()
        dyad.go_on(begin_s, begin_s + EVERY_S)
        _read(dyad, found)
    return {name: np.array(values) for name, values in found.items()}


def _read(dyad: Dyad, found: dict[str, list[float]]) -> None:
    named = {row.id: row.name for row in dyad.pipeline.definitions.rows}
    for batch in dyad.pipeline.values().rows():
        for place, series in enumerate(batch.series.tolist()):
            found.setdefault(named[series], []).append(float(batch.value[place]))
        found.setdefault("clean share", []).extend(batch.clean.tolist())
        found.setdefault("percentile", []).extend(batch.percentile.tolist())
    for lane in dyad.lanes:
        fit = lane.clock.fit
        assert fit is not None
        known = {"rate_hz": fit.rate_hz, "delay_ns": fit.delay_ns, "sigma_ns": fit.sigma_ns}
        for name, value in known.items():
            found.setdefault(f"clock {name}", []).append(value)


def off_line() -> Values:
    """The same kinds of synchrony from whole windows of noise, in float64."""
    rng = np.random.default_rng(SEED)
    x, y = rng.normal(size=(2, 2, 3, 8, 1200))
    found = window_measures(*(x + 1j * y))
    return {f"{kind} of a window": value for kind, value in found.items()}


def clocks() -> Values:
    """Times of samples by the clock of the service, and by the one with all of it in view."""
    found: dict[str, list[float]] = {}
    for seed, scene in enumerate((Scene(oscillator="rc"), Scene(timer_ms=16))):
        rng = np.random.default_rng(SEED + seed)
        train = simulate_train(CLOCKED_S, rng)
        [segment] = simulate(scene, CLOCKED_S, rng)
        fits = feed(BoardClock(scene.rate_hz), segment.reads(), host_edges(segment, train))
        fitted = refit(_with_edges(segment, train))
        known = {
            "clock time_ns": [fit.t_ns - segment.true_ns[0] for fit in fits],
            "refit time_ns": fitted.t_ns - segment.true_ns[0],
            "refit sigma_ns": fitted.sigma_ns,
            "refit delay_ns": fitted.delay_ns,
        }
        for name, values in known.items():
            found.setdefault(name, []).extend(np.asarray(values, np.float64).tolist())
    return {name: np.array(values) for name, values in found.items()}


def _with_edges(segment: Segment, train: Train) -> SegmentReads:
    pins = [pin for pin in pin_edges(segment, train) if train.host_ns[pin.edge]]
    edges = np.array([(pin.index, pin.width, train.host_ns[pin.edge]) for pin in pins], np.int64)
    index, arrival_ns = np.array(segment.reads()).T
    return SegmentReads(250.0, index, arrival_ns, Edges(*edges.T))


if __name__ == "__main__":
    sys.exit(main())
