"""Benches of the numerics, inside one process: decoding and hops."""

import gc
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import psutil

from dsp.chance import HISTORY_S
from dsp.synchrony import KINDS
from hardware.board import Block, BoardInfo
from hardware.cyton import (
    AUX_LABELS,
    CHANNELS,
    RAIL_COUNTS,
    RATE_HZ,
    STOP_TIME,
    UV_PER_COUNT,
    FrameDecoder,
    encode_frames,
)
from hardware.synthetic import SyntheticDyad, SyntheticSource
from recorder.config import Person
from recorder.lane import Lane
from recorder.pipeline import Pipeline
from recorder.series import HOP_S, Choice, define

SEED = 20190710
RATES_HZ = (250.33, 250.51)
BLOCK_SAMPLES = 10
LOOP_S = 60
BATCH_HOPS = 8
# Both halves of the chance level's memory, and the windows.
WARM_HOPS = round((2 * HISTORY_S + 60) / HOP_S)
# All of dsp.synchrony but power correlation, as others offer them.
SEVEN_KINDS = KINDS[:7]


def decode_mb_per_s(runs: int) -> float:
    """A clean stream in portions of 40 ms, as the reader thread decodes it."""
    frames = 25_000
    rng = np.random.default_rng(SEED)
    counts = rng.integers(-(2**23), 2**23, (frames, CHANNELS), np.int32)
    aux = rng.integers(0, 256, (frames, 6)).astype(np.uint8)
    stream = encode_frames(np.arange(frames), counts, aux, STOP_TIME)
    portions = [stream[at : at + 330] for at in range(0, len(stream), 330)]
    return median(len(stream) / 1e6 / _decoding_s(portions) for _ in range(runs))


def hop_us(runs: int, *, channels: int = CHANNELS, every_pair: bool = False) -> float:
    """One hop of two people: bands, quality, measures and chance level, values once a second.

    Args:
        runs: the median of so many is taken.
        channels: 8, or 16 as with a Daisy.
        every_pair: seven measures of all pairs of channels, instead of the default.
    """
    choice = Choice(kinds=SEVEN_KINDS, every_pair=True) if every_pair else Choice()
    bench = HopBench(channels, choice)
    bench.run(400)
    return median(bench.run(400) for _ in range(runs))


def rss_growth_kib(hops: int, progress: Callable[[int], None]) -> float:
    """Resident memory gained over `hops` hops, after the windows and the chance level have filled.

    The first HISTORY_S make the memory that is fixed then resident.
    """
    bench = HopBench(CHANNELS, Choice())
    bench.run(WARM_HOPS)
    gc.collect()
    before = psutil.Process().memory_info().rss
    for done in range(0, hops, 1000):
        bench.run(1000)
        progress(done + 1000)
    gc.collect()
    return (psutil.Process().memory_info().rss - before) / 1024


class HopBench:
    """A pipeline fed with a minute of synthetic EEG, again and again, on a clock of its own.

    Args:
        channels: of each person.
        choice: of measures.
    """

    def __init__(self, channels: int, choice: Choice) -> None:
        dyad = SyntheticDyad(SEED, daisy=channels > CHANNELS)
        person = Person(channels=dyad.labels)
        self._minutes = [
            SyntheticSource(dyad, place, rate_hz).packets(0, round(LOOP_S * rate_hz))[1]
            for place, rate_hz in enumerate(RATES_HZ)
        ]
        self._lanes = (_lane(dyad.labels), _lane(dyad.labels))
        definitions = define(person, person, self._lanes[0].filter, choice=choice)
        rng = np.random.default_rng(SEED)
        self._pipeline = Pipeline(self._lanes, definitions, start_ns=0, rng=rng)
        self._sent = [0, 0]
        self._hops = 0

    def run(self, hops: int, *, computing: bool = True) -> float:
        """Go on for so many hops, which are computed some seconds at a time.

        The clock of CPU time is a system call that costs as much as half a hop.

        Args:
            hops: a multiple of BATCH_HOPS.
            computing: False delivers the samples and computes nothing.

        Returns:
            Microseconds of CPU that the pipeline took for one of them.
        """
        spent_ns = 0
        for _ in range(hops // BATCH_HOPS):
            self._hops += BATCH_HOPS
            now_ns = round((self._hops + 2) * HOP_S * 1e9)
            for place in (0, 1):
                self._deliver(place, now_ns)
            if computing:
                begin_ns = time.process_time_ns()
                self._compute(now_ns)
                spent_ns += time.process_time_ns() - begin_ns
        return spent_ns / hops / 1e3

    def _compute(self, now_ns: int) -> None:
        while self._pipeline.advance(now_ns):
            self._pipeline.values()

    def _deliver(self, place: int, now_ns: int) -> None:
        """Blocks of 40 ms, up to now."""
        minute, lane, rate_hz = self._minutes[place], self._lanes[place], RATES_HZ[place]
        while (self._sent[place] + BLOCK_SAMPLES) / rate_hz * 1e9 <= now_ns:
            first = self._sent[place]
            index = np.arange(first, first + BLOCK_SAMPLES)
            arrival_ns = np.rint(index * (1e9 / rate_hz)).astype(np.int64) + 8_000_000
            counts = minute[index % len(minute)]
            lane.take(Block(0, first, counts, np.zeros((BLOCK_SAMPLES, 3), np.int32), arrival_ns))
            self._sent[place] += BLOCK_SAMPLES


def _lane(labels: tuple[str, ...]) -> Lane:
    info = BoardInfo(
        kind="cyton",
        port="",
        serial="",
        firmware="",
        rate_hz=RATE_HZ,
        channels=len(labels),
        uv_per_count=UV_PER_COUNT,
        rail_counts=RAIL_COUNTS,
        aux_labels=AUX_LABELS,
    )
    return Lane(info, labels, mains_hz=50.0)


def _decoding_s(portions: list[bytes]) -> float:
    decoder = FrameDecoder()
    begin = time.perf_counter()
    for portion in portions:
        decoder.feed(portion)
    return time.perf_counter() - begin
