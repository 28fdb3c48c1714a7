"""A board's life in pure numpy: what it sampled when, and when the host's reads returned.

Each sample passes, in this order: the converter's oscillator, loss, a radio that repeats itself and
holds the queue meanwhile, the dongle's serial line, the adapter's latency timer, the USB frame, and
a host which wakes up a little late and sometimes stalls, and a reader: one that wakes for each
packet, or the recorder's own, which rests. `direct` leaves out all but the host: the arrivals of an
emulated board on a pseudo-terminal.

A trigger train is one for all: the host stamps its edges, each board reads its pin once a sample.

Truth is the converter's instant. Mechanisms are sourced, their sizes are assumptions.
"""

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.rest import Read, RestingReader
from tests.hardware.simulated_line import SimulatedLine

Floats = NDArray[np.float64]
UART_S = 2.865e-3  # 33 bytes at 115 200 baud
BOOT_S = 86_400.0 * 3  # the host has been up for three days
PULSE_S = 0.020  # so long the pin stays high
PACKET_BYTES = 33
WAKE_S = 0.15e-3  # a reader wakes up so late on average


@dataclass(frozen=True)
class Scene:
    """What happens to one board. Rates in ppm from nominal; times in seconds."""

    rate_hz: float = 250.0
    oscillator: str = "xtal"  # or "rc"
    ppm: float | None = None  # drawn from the oscillator's own range when None
    timer_ms: int = 1  # the adapter's latency timer; 0: no chain at all, a pseudo-terminal
    loss: float = 0.01
    dropout_s: tuple[float, float] | None = None  # from, for
    reset_s: float | None = None  # silent for 2.6 s, index begins again
    stalls: bool = True
    rests: bool = False  # read by hardware/rest.py, not packet by packet


@dataclass(frozen=True)
class Segment:
    """One segment as received: index, true instant and read stamp of every sample."""

    index: NDArray[np.int64]
    true_ns: NDArray[np.int64]
    arrival_ns: NDArray[np.int64]

    def reads(self) -> list[tuple[int, int]]:
        """(last index, stamp) of each read."""
        last = np.append(np.flatnonzero(np.diff(self.arrival_ns)), len(self.index) - 1)
        return [(int(self.index[j]), int(self.arrival_ns[j])) for j in last]


@dataclass(frozen=True)
class Train:
    """A trigger's rising edges: true instants, and the host's stamps; 0 where it missed one."""

    true_ns: NDArray[np.int64]
    host_ns: NDArray[np.int64]


@dataclass(frozen=True)
class PinEdge:
    """An edge of the train as one board saw it.

    Attributes:
        edge: its number in the train.
        at: position, among the received samples of the segment, of the first one with the pin high.
        index: that sample's index.
        width: samples back to the last one received with the pin low.
    """

    edge: int
    at: int
    index: int
    width: int


def simulate_train(length_s: float, rng: np.random.Generator) -> Train:
    """Pseudo-random intervals of 0.5 to 1.5 s; the host misses 1 % and stamps 0.5 % badly late."""
    true_s = 1 + np.cumsum(rng.uniform(0.5, 1.5, int(1.5 * length_s)))
    true_s = true_s[true_s < length_s - 1]
    late_s = 20e-6 + rng.exponential(15e-6, len(true_s))
    held_up = rng.random(len(true_s)) < 0.005
    late_s[held_up] += rng.uniform(0.1e-3, 0.5e-3, held_up.sum())
    seen = rng.random(len(true_s)) > 0.01
    return Train(_to_ns(true_s), np.where(seen, _to_ns(true_s + late_s), 0))


def pin_edges(segment: Segment, train: Train) -> list[PinEdge]:
    """Which edges a board saw during one segment, and between which of its samples."""
    first = np.searchsorted(segment.true_ns, train.true_ns)
    edges = []
    for edge, at in enumerate(first.tolist()):
        if not 0 < at < len(segment.index):
            continue
        if segment.true_ns[at] < train.true_ns[edge] + round(PULSE_S * 1e9):
            index, before = int(segment.index[at]), int(segment.index[at - 1])
            edges.append(PinEdge(edge, at, index, index - before))
    return edges


def simulate(scene: Scene, length_s: float, rng: np.random.Generator) -> list[Segment]:
    """Run one board for `length_s` and return its segments."""
    true_s = _sample_instants(scene, length_s, rng)
    index = np.arange(len(true_s))
    segment = np.zeros(len(true_s), np.int64)
    if scene.reset_s is not None:
        cut = int(np.searchsorted(true_s, scene.reset_s))
        true_s[cut:] += 2.6 + rng.uniform(0, 1 / scene.rate_hz)
        index[cut:] -= cut
        segment[cut:] = 1
    keep = (true_s < length_s) & _received(scene, true_s, rng)
    true_s, index, segment = true_s[keep], index[keep], segment[keep]
    arrival_s = _arrivals(scene, true_s, length_s, rng)
    return [
        Segment(index[segment == s], _to_ns(true_s[segment == s]), _to_ns(arrival_s[segment == s]))
        for s in np.unique(segment)
    ]


def _to_ns(seconds: Floats) -> NDArray[np.int64]:
    return np.rint((seconds + BOOT_S) * 1e9).astype(np.int64)


def _sample_instants(scene: Scene, length_s: float, rng: np.random.Generator) -> Floats:
    n = int(length_s * scene.rate_hz * 1.02)
    t = np.arange(n) / scene.rate_hz
    if scene.oscillator == "xtal":
        ppm = rng.uniform(-50, 50) if scene.ppm is None else scene.ppm
        course = ppm + 5 * np.exp(-t / 600) + 2 * np.sin(2 * np.pi * t / 1700 + rng.uniform(0, 6))
    else:
        ppm = rng.uniform(-5000, 5000) if scene.ppm is None else scene.ppm
        course = ppm + 300 * np.exp(-t / 600) + np.cumsum(rng.normal(0, 0.02, n))
    if scene.timer_ms == 0:
        course = np.full(n, ppm)
    periods = 1 / (scene.rate_hz * (1 + course * 1e-6))
    return 0.5 + rng.uniform(0, 1 / scene.rate_hz) + np.cumsum(periods)


def _received(scene: Scene, true_s: Floats, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Loss in bursts of three on average, and one dropout."""
    lost = np.zeros(len(true_s) + 60, bool)
    for start in np.flatnonzero(rng.random(len(true_s)) < scene.loss / 3):
        lost[start : start + rng.geometric(1 / 3)] = True
    lost = lost[: len(true_s)]
    if scene.dropout_s is not None:
        start_s, length_s = scene.dropout_s
        lost |= (true_s >= start_s) & (true_s < start_s + length_s)
    return ~lost


def _arrivals(scene: Scene, true_s: Floats, length_s: float, rng: np.random.Generator) -> Floats:
    if scene.timer_ms == 0:
        # The emulator's own scheduling, then ours.
        sent = np.maximum.accumulate(true_s + rng.exponential(0.3e-3, len(true_s)))
        return _host(scene, sent, length_s, rng)
    return _host(scene, _adapter(_radio(true_s, rng), scene.timer_ms, rng), length_s, rng)


def _radio(true_s: Floats, rng: np.random.Generator) -> Floats:
    delay = UART_S + 1e-3 + np.abs(rng.normal(0, 0.1e-3, len(true_s)))
    repeated = rng.random(len(true_s)) < 0.02
    delay[repeated] += np.minimum(rng.exponential(0.020, repeated.sum()), 0.100)
    in_order = np.maximum.accumulate(true_s + delay)
    # A serial line: each packet waits for the one before, end(j) = max(in(j), end(j - 1)) + UART_S.
    steps = np.arange(len(in_order)) * UART_S
    end: Floats = np.maximum.accumulate(in_order - steps) + steps + UART_S
    return end


def _adapter(at: Floats, timer_ms: int, rng: np.random.Generator) -> Floats:
    tick = timer_ms * 1e-3 * (1 + rng.uniform(-50e-6, 50e-6))
    phase = rng.uniform(0, tick)
    flushed = phase + np.ceil((at - phase) / tick) * tick
    return np.ceil(flushed * 1000) / 1000 + 0.15e-3


def _host(scene: Scene, at: Floats, length_s: float, rng: np.random.Generator) -> Floats:
    ready, which = np.unique(np.rint(at * 1e6).astype(np.int64), return_inverse=True)
    woken = ready / 1e6 + rng.exponential(WAKE_S, len(ready))
    begins = np.arange(0, length_s if scene.stalls else 0, 60.0)
    spans = [(minute + rng.uniform(0, 60), rng.uniform(0.05, 0.3)) for minute in begins]
    stalls = [(begin, begin + span) for begin, span in spans]
    if scene.rests:
        [apart] = rng.spawn(1)
        return _rested(ready[which] / 1e6, _Host(stalls, apart))
    for begin, end in stalls:
        woken[(woken >= begin) & (woken < end)] = end
    return np.maximum.accumulate(woken)[which]


class _Host:
    """When a process that is to run at some time does run: a little late, and not in a stall."""

    def __init__(self, stalls: list[tuple[float, float]], rng: np.random.Generator) -> None:
        self._begins_ns, self._ends_ns = _to_ns(np.array(stalls).reshape(-1, 2)).T.tolist()
        self._rng = rng

    def woken_ns(self, due_ns: int) -> int:
        at_ns = due_ns + round(1e9 * self._rng.exponential(WAKE_S))
        stall = bisect_right(self._begins_ns, at_ns) - 1
        return max(at_ns, self._ends_ns[stall]) if stall >= 0 else at_ns


def _rested(ready_s: Floats, host: _Host) -> Floats:
    """Return when the recorder's own reader has read each of these packets."""
    ends = PACKET_BYTES * np.arange(1, len(ready_s) + 1)
    boot_ns, ready_ns = round(BOOT_S * 1e9), _to_ns(ready_s)
    line = SimulatedLine(bytes(ends[-1]), ends, ready_ns, now_ns=boot_ns, woken_ns=host.woken_ns)
    reader, reads = RestingReader(line, PACKET_BYTES, lambda: line.now_ns), list[Read]()
    while not line.is_read:
        reads += reader.read(PACKET_BYTES)
    sizes = [len(octets) // PACKET_BYTES for octets, _ in reads]
    stamps = np.array([stamp_ns for _, stamp_ns in reads])
    return np.repeat(stamps / 1e9 - BOOT_S, sizes)
