"""Ways to give samples a time, each on what one simulated board sent: ours, and what others do.

    raw             when the read returned
    lsl             liblsl's dejitter, the real one: the stamps go through an outlet and an inlet
    pyxdf           pyxdf's, off-line, the real one
    online          BoardClock, as the service feeds it: read by read, a block of 40 ms at a time;
                    the times are those given as soon as the block had been taken in
    online_trigger  the same, and it is told the edges that host and board saw
    refit_trigger   dsp/refit.py, off-line, with the same edges

liblsl and pyxdf number samples in the order in which they arrive; ours uses the packet counter.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

from dsp.clock import BoardClock, times_from_knots
from dsp.refit import NO_EDGES, Edges, SegmentReads, refit
from hardware.packets.counter import CounterUnwrapper, Run
from tests.bench.clock_lsl import dejittered
from tests.bench.clock_simulator import PinEdge, Segment, Train, pin_edges

RATE_HZ = 250.0
BLOCK = 10  # samples: 40 ms, which the reader thread hands on at once
BATCH = 25  # packets that are unwrapped at once

Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """What the host has of one board: per segment, the samples by unwrapped index.

    Attributes:
        segments: with the index as it was found from the counter; true times for comparison.
        train: the trigger.
        wrong: samples whose index was found wrong, or not found.
    """

    segments: list[Segment]
    train: Train
    wrong: int


@dataclass(frozen=True, slots=True, eq=False)
class Timed:
    """The times of all samples, segment after segment, and what they cost."""

    t_ns: Times
    cpu_s: float


def receive(segments: list[Segment], train: Train) -> Received:
    """Find each packet's index again from its counter of 8 bits."""
    unwrapper = CounterUnwrapper(RATE_HZ)
    wrong = sum(_wrong_indexes(unwrapper, segment) for segment in segments)
    return Received(segments, train, wrong)


def _wrong_indexes(unwrapper: CounterUnwrapper, segment: Segment) -> int:
    """How many samples of a segment the unwrapper misplaces; it begins with its first packet."""
    unwrapper.begin_segment()
    found = np.full(len(segment.index), -1, np.int64)
    for start in range(0, len(found), BATCH):
        part = slice(start, start + BATCH)
        counters = segment.index[part] & 255
        for place in unwrapper.feed(counters, segment.arrival_ns[part]):
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
    for segment in received.segments:
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
    for segment in received.segments:
        clock.begin_segment()
        edges: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        for edge, t_ns in _seen_by_both(segment, received.train) if with_edges else ():
            edges[edge.at // BLOCK].append((edge.index, edge.width, t_ns))
        blocks = _blocks(segment)
        begin_s = time.process_time()
        times += [_take(clock, reads, edges[at], index) for at, (reads, index) in enumerate(blocks)]
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


def _blocks(segment: Segment) -> list[tuple[list[tuple[int, int]], NDArray[np.int64]]]:
    """Of each block, (last index, stamp) of its reads, and its samples' indexes."""
    ends = np.append(np.diff(segment.arrival_ns) != 0, True)
    ends[BLOCK - 1 :: BLOCK] = True  # what is read across two blocks is shown with each
    last = np.flatnonzero(ends)
    reads = list(zip(segment.index[last].tolist(), segment.arrival_ns[last].tolist(), strict=True))
    starts = range(0, len(segment.index), BLOCK)
    cuts = [*np.searchsorted(last, starts).tolist(), len(last)]
    return [
        (reads[begin:end], segment.index[start : start + BLOCK])
        for start, (begin, end) in zip(starts, pairwise(cuts), strict=True)
    ]


def _last_of_reads(segment: Segment) -> NDArray[np.int64]:
    return np.append(np.flatnonzero(np.diff(segment.arrival_ns)), len(segment.index) - 1)


def _seen_by_both(segment: Segment, train: Train) -> list[tuple[PinEdge, int]]:
    """Edges that the board and the host saw, with the host's stamps."""
    edges = ((edge, int(train.host_ns[edge.edge])) for edge in pin_edges(segment, train))
    return [(edge, t_ns) for edge, t_ns in edges if t_ns]


def _joined(parts: list[Times]) -> Times:
    joined: Times = np.concatenate(parts)
    return joined
