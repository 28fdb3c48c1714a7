"""Ways to give samples a time, each on what one simulated board sent: ours, and what others do.

    raw             when the read returned
    lsl             liblsl's dejitter, the real one: the stamps go through an outlet and an inlet
    pyxdf           pyxdf's, off-line, the real one
    online          BoardClock, as the service feeds it: read by read, a tenth of a second at once;
                    the times are those given as soon as its samples had been taken in
    online_trigger  the same, and it is told the edges that host and board saw
    refit_trigger   dsp/refit.py, off-line, with the same edges

liblsl and pyxdf number samples in the order in which they arrive; ours uses the packet counter.
What others do is shown a reader that wakes for each packet; what we do, ours, which rests.
"""

import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

from dsp.clock import BoardClock, times_from_knots
from dsp.refit import NO_EDGES, Edges, SegmentReads, refit
from hardware.packets.counter import CounterUnwrapper, Run
from hardware.rest import TICK_NS
from tests.bench.clock_lsl import dejittered
from tests.bench.clock_simulator import PinEdge, Scene, Segment, Train, pin_edges, simulate

RATE_HZ = 250.0

Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """What the host has of one board: per segment, the samples by unwrapped index.

    Attributes:
        segments: with the index as it was found from the counter; true times for comparison.
        rested: the same, as the recorder's own reader reads it.
        train: the trigger.
        wrong: samples whose index was found wrong, or not found.
    """

    segments: list[Segment]
    rested: list[Segment]
    train: Train
    wrong: int


@dataclass(frozen=True, slots=True, eq=False)
class Timed:
    """The times of all samples, segment after segment, and what they cost."""

    t_ns: Times
    cpu_s: float


def receive(scene: Scene, length_s: float, train: Train, rng: np.random.Generator) -> Received:
    """Let a board live, read it in both ways, and find each packet's index from its counter."""
    again = deepcopy(rng)
    segments = simulate(scene, length_s, rng)
    rested = simulate(replace(scene, rests=True), length_s, again)
    return Received(segments, rested, train, wrong_indexes(rested))


def wrong_indexes(segments: list[Segment]) -> int:
    """How many samples of a board are given an index that is wrong, or none."""
    unwrapper = CounterUnwrapper(RATE_HZ)
    return sum(_wrong_indexes(unwrapper, segment) for segment in segments)


def _wrong_indexes(unwrapper: CounterUnwrapper, segment: Segment) -> int:
    """How many samples of a segment the unwrapper misplaces; it begins with its first packet."""
    unwrapper.begin_segment()
    found = np.full(len(segment.index), -1, np.int64)
    for start, stop in pairwise(_blocks(segment)):
        counters = segment.index[start:stop] & 255
        for place in unwrapper.feed(counters, segment.arrival_ns[start:stop]):
            if isinstance(place, Run):
                size = place.stop - place.start
                at = start + place.start
                found[at : at + size] = place.first_index + np.arange(size)
    return int(np.count_nonzero(found != segment.index - segment.index[0]))


def raw(received: Received) -> Timed:
    """The stamps themselves."""
    return Timed(_joined([segment.arrival_ns for segment in received.segments]), 0.0)


def lsl(received: Received) -> Timed:
    """Through liblsl, a stream that goes on over the board's restart."""
    begin_s = time.process_time()
    stamps = _joined([segment.arrival_ns for segment in received.segments])
    times = dejittered(stamps, RATE_HZ)
    return Timed(times, time.process_time() - begin_s)


def pyxdf(received: Received) -> Timed:
    """As pyxdf does with a stream that it loads: its own function on the stamps of one stream."""
    stamps = _joined([segment.arrival_ns for segment in received.segments])
    stream = SimpleNamespace(
        time_stamps=(stamps - stamps[0]) / 1e9, srate=RATE_HZ, tdiff=1 / RATE_HZ, segments=[]
    )
    remove_jitter = import_module("pyxdf.pyxdf")._jitter_removal
    begin_s = time.process_time()
    remove_jitter({1: stream})
    spent_s = time.process_time() - begin_s
    return Timed(stamps[0] + np.rint(stream.time_stamps * 1e9).astype(np.int64), spent_s)


def online(received: Received) -> Timed:
    """BoardClock without any trigger."""
    return _live(received, with_edges=False)


def online_trigger(received: Received) -> Timed:
    """BoardClock with the trigger."""
    return _live(received, with_edges=True)


def refit_trigger(received: Received) -> Timed:
    """The off-line fit with the trigger."""
    times, spent_s = [], 0.0
    for segment in received.rested:
        last = _last_of_reads(segment)
        edges = _seen_by_both(segment, received.train)
        columns = [(edge.index, edge.width, t_ns) for edge, t_ns in edges]
        reads = SegmentReads(
            RATE_HZ,
            segment.index[last],
            segment.arrival_ns[last],
            Edges(*np.array(columns, np.int64).T) if columns else NO_EDGES,
        )
        begin_s = time.process_time()
        fitted = refit(reads)
        times.append(times_from_knots(segment.index, fitted.index, fitted.t_ns, fitted.period_ns))
        spent_s += time.process_time() - begin_s
    return Timed(_joined(times), spent_s)


METHODS: dict[str, Callable[[Received], Timed]] = {
    "raw": raw,
    "lsl": lsl,
    "pyxdf": pyxdf,
    "online": online,
    "online_trigger": online_trigger,
    "refit_trigger": refit_trigger,
}


def _live(received: Received, *, with_edges: bool) -> Timed:
    clock = BoardClock(RATE_HZ)
    times, spent_s = [], 0.0
    for segment in received.rested:
        clock.begin_segment()
        blocks = _blocks(segment)
        edges: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        for edge, t_ns in _seen_by_both(segment, received.train) if with_edges else ():
            at = bisect_right(blocks, edge.at) - 1
            edges[at].append((edge.index, edge.width, t_ns))
        parts = [_reads(segment, start, stop) for start, stop in pairwise(blocks)]
        begin_s = time.process_time()
        times += [_take(clock, reads, edges[at], index) for at, (reads, index) in enumerate(parts)]
        spent_s += time.process_time() - begin_s
    return Timed(_joined(times), spent_s)


def _take(
    clock: BoardClock,
    reads: list[tuple[int, int]],
    edges: list[tuple[int, int, int]],
    index: NDArray[np.int64],
) -> Times:
    """One block on its way: its reads, the edges found in it, the times of its samples."""
    for last, arrival_ns in reads:
        clock.observe(last, arrival_ns)
    for at, width, t_ns in edges:
        clock.anchor(at, t_ns, width=width)
    return clock.time_ns(index)


def _blocks(segment: Segment) -> list[int]:
    """Where the samples of two ticks begin, which are decoded together; and the end."""
    pairs = segment.arrival_ns // (2 * TICK_NS)
    return [0, *(np.flatnonzero(np.diff(pairs)) + 1).tolist(), len(pairs)]


def _reads(
    segment: Segment, start: int, stop: int
) -> tuple[list[tuple[int, int]], NDArray[np.int64]]:
    """Of a block, (last index, stamp) of its reads, and its samples' indexes."""
    index, arrival_ns = segment.index[start:stop], segment.arrival_ns[start:stop]
    last = np.append(np.diff(arrival_ns) != 0, True)
    return list(zip(index[last].tolist(), arrival_ns[last].tolist(), strict=True)), index


def _last_of_reads(segment: Segment) -> NDArray[np.int64]:
    return np.append(np.flatnonzero(np.diff(segment.arrival_ns)), len(segment.index) - 1)


def _seen_by_both(segment: Segment, train: Train) -> list[tuple[PinEdge, int]]:
    """Edges that the board and the host saw, with the host's stamps."""
    edges = ((edge, int(train.host_ns[edge.edge])) for edge in pin_edges(segment, train))
    return [(edge, t_ns) for edge, t_ns in edges if t_ns]


def _joined(parts: list[Times]) -> Times:
    joined: Times = np.concatenate(parts)
    return joined
