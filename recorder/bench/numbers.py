"""Benches of the numerics, inside one process: decoding and hops."""

import ctypes
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np

from dsp.bands import DEFAULT_BANDS
from dsp.chance import ChanceLevel, Compared
from dsp.pair_sums import point_rows, row_sums
from dsp.synchrony import KINDS, PairSums
from hardware.board import Block, BoardInfo
from hardware.cyton.frames import (
    AUX_LABELS,
    CHANNELS,
    RAIL_COUNTS,
    RATE_HZ,
    STOP_TIME,
    UV_PER_COUNT,
    FrameDecoder,
    encode_frames,
)
from hardware.emulated.synthetic import SyntheticDyad, SyntheticSource
from recorder.measures.pipeline import POINTS_PER_HOP, Pipeline
from recorder.measures.series import HOP_S, define, synchrony_window_s
from recorder.settings.board import BoardSettings
from recorder.settings.measures import MeasureSettings
from recorder.wearers.lane import Lane, find_flaws

SEED = 20190710
RATES_HZ = (250.33, 250.51)
BLOCK_SAMPLES = 10
LOOP_S = 60
# A hop is a quarter of a second, as others' are; we compute a second at once, for its values.
HOPS_PER_SECOND = 4
# Every buffer has been written all over: lags, windows and draws of the chance level.
WARM_HOPS = HOPS_PER_SECOND * 660
# By then the allocator too has found its level: it was last seen to rise at 15 000 hops.
LEVEL_HOPS = 20_000
# Of the packets, where loss is asked for: a crowded radio channel.
LOSS = 0.01
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


@dataclass(frozen=True, slots=True)
class HopCost:
    """CPU of one thread for a quarter of a second of two people, in microseconds.

    Attributes:
        hop_us: a quarter of what a second takes: median over the seconds of all runs.
        least_us: the same of the second that was disturbed least.
        worst_us: a quarter of the longest second, in which chance is drawn too.
        beside_us: of `hop_us`, what judging the signals and their chance level take, by themselves.
    """

    hop_us: float
    least_us: float
    worst_us: float
    beside_us: float


def hop_cost(runs: int, *, channels: int = CHANNELS) -> HopCost:
    """Bands, quality, power, indices, seven measures of every pair, chance level, and all values.

    A run is a hundred seconds; 16 channels are a board with a Daisy.
    """
    bench = HopBench(channels, MeasureSettings(kinds=SEVEN_KINDS, every_pair=True))
    bench.run(WARM_HOPS)
    spent_us = np.array([bench.run(HOPS_PER_SECOND) for _ in range(100 * runs)])
    beside_us = bench.quality_us(100 * runs) + _chance_us(channels, 100 * runs)
    whole = float(np.median(spent_us)), float(spent_us.min()), float(spent_us.max())
    return HopCost(*whole, beside_us)


@dataclass(frozen=True, slots=True)
class LossCost:
    """What lost packets cost, in CPU of one thread.

    Attributes:
        second_us: microseconds for a second of one board.
        more: as a share of what the same measures take where nothing is lost.
    """

    second_us: float
    more: float


def loss_cost(runs: int) -> LossCost:
    """Two benches side by side, one of which loses LOSS of its packets.

    So it is bridges, the account of what they took, and the points that stay empty. Medians over a
    hundred seconds a run.
    """
    chosen = MeasureSettings(kinds=SEVEN_KINDS, every_pair=True)
    whole, holed = HopBench(CHANNELS, chosen), HopBench(CHANNELS, chosen, loss=LOSS)
    for bench in (whole, holed):
        bench.run(WARM_HOPS)
    spent_us = [(whole.run(HOPS_PER_SECOND), holed.run(HOPS_PER_SECOND)) for _ in range(100 * runs)]
    more_us = median(with_loss - without for without, with_loss in spent_us)
    without_us = median(without for without, _ in spent_us)
    return LossCost(more_us * HOPS_PER_SECOND / len(RATES_HZ), more_us / without_us)


def _chance_us(channels: int, seconds: int) -> float:
    """The chance level of every pair by itself, of noise; for a quarter of a second."""
    windows = [round(synchrony_window_s(band.name) / HOP_S) for band in DEFAULT_BANDS]
    every = [(a, b) for a in range(channels) for b in range(channels)]
    compared = Compared((channels, channels), every, SEVEN_KINDS, windows, POINTS_PER_HOP, HOP_S)
    rng = np.random.default_rng(SEED)
    chance, pairs = ChanceLevel(compared, rng), PairSums(every, windows, SEVEN_KINDS)
    shape = (len(windows), 2 * channels, POINTS_PER_HOP)
    noise = rng.normal(size=(2, *shape)).astype(np.float32)
    rows = point_rows(noise[0] + np.complex64(1j) * noise[1])
    of_a, of_b = rows[:, :, :channels], rows[:, :, channels:]
    for _ in range(WARM_HOPS // HOPS_PER_SECOND):
        pairs.add(chance.push(of_a, of_b), POINTS_PER_HOP)
    found = pairs.values().found
    spent_us = [
        _spent_us(lambda: (chance.push(of_a, of_b), chance.percentiles(found)))
        - _spent_us(lambda: row_sums(of_a, of_b, frozenset(SEVEN_KINDS)))
        for _ in range(seconds)
    ]
    # The draws come in a few of the seconds only: their mean, not their median.
    return float(np.mean(spent_us)) / HOPS_PER_SECOND


def _spent_us(work: Callable[[], object]) -> float:
    begin_ns = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - begin_ns) / 1e3


def rss_growth_kib(hops: int, progress: Callable[[int], None]) -> float:
    """Private memory gained over `hops` hops, after LEVEL_HOPS of them."""
    bench = HopBench(CHANNELS, MeasureSettings(kinds=SEVEN_KINDS, every_pair=True))
    bench.run(LEVEL_HOPS)
    before_kib = _private_kib()
    for done in range(0, hops, 1000):
        bench.run(1000)
        progress(done + 1000)
    return _private_kib() - before_kib


def _private_kib() -> float:
    """Memory that this process alone has written, without what the allocator only keeps."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    rollup = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    return float(next(line.split()[1] for line in rollup.splitlines() if "Private_Dirty" in line))


class HopBench:
    """A pipeline fed with a minute of synthetic EEG, again and again, on a clock of its own.

    Args:
        channels: of each person.
        chosen: measures.
        loss: share of the packets that do not arrive.
    """

    def __init__(self, channels: int, chosen: MeasureSettings, *, loss: float = 0.0) -> None:
        dyad = SyntheticDyad(SEED, daisy=channels > CHANNELS)
        person = BoardSettings(channels=dyad.labels)
        self._minutes = [
            SyntheticSource(dyad, place, rate_hz).packets(0, round(LOOP_S * rate_hz))[1]
            for place, rate_hz in enumerate(RATES_HZ)
        ]
        self._lanes = (_lane(dyad.labels), _lane(dyad.labels))
        filters = self._lanes[0].filter, self._lanes[1].filter
        definitions = define(person, person, filters, chosen=chosen)
        rng = np.random.default_rng(SEED)
        self._pipeline = Pipeline(self._lanes, definitions, start_ns=0, rng=rng)
        self._loss, self._radio = loss, np.random.default_rng(SEED)
        self._sent = [0, 0]
        self._seconds = 0

    def run(self, hops: int, *, computing: bool = True) -> float:
        """Go on for so many hops of a quarter of a second, which are computed a second at a time.

        Args:
            hops: a multiple of HOPS_PER_SECOND.
            computing: False delivers the samples and computes nothing.

        Returns:
            Microseconds of CPU of this thread that the pipeline took for one of them.
        """
        spent_ns = 0
        for _ in range(hops // HOPS_PER_SECOND):
            self._seconds += 1
            now_ns = round((self._seconds + 0.5) * 1e9)
            for place in (0, 1):
                self._deliver(place, now_ns)
            if computing:
                begin_ns = time.thread_time_ns()
                while self._pipeline.advance(now_ns):
                    self._pipeline.values().rows()
                spent_ns += time.thread_time_ns() - begin_ns
        return spent_ns / hops / 1e3

    def quality_us(self, seconds: int) -> float:
        """Judging both people's signals by itself, again and again; for a quarter of a second."""
        ends_ns = np.arange(self._seconds - 1, self._seconds, 0.25) * 1e9
        at = ends_ns.astype(np.int64)
        spent_us = [_spent_us(lambda: find_flaws(self._lanes, at)) for _ in range(seconds)]
        return median(spent_us) / HOPS_PER_SECOND

    def _deliver(self, place: int, now_ns: int) -> None:
        """Blocks of 40 ms, up to now."""
        minute, lane, rate_hz = self._minutes[place], self._lanes[place], RATES_HZ[place]
        while (self._sent[place] + BLOCK_SAMPLES) / rate_hz * 1e9 <= now_ns:
            first = self._sent[place]
            index = np.arange(first, first + BLOCK_SAMPLES)
            arrival_ns = np.rint(index * (1e9 / rate_hz)).astype(np.int64) + 8_000_000
            counts = minute[index % len(minute)]
            for part in self._arrived():
                aux = np.zeros((len(counts[part]), 3), np.int32)
                lane.take(Block(0, first + part.start, counts[part], aux, arrival_ns[part]))
            lane.take_fits()
            self._sent[place] += BLOCK_SAMPLES

    def _arrived(self) -> list[slice]:
        """The parts of a block that the radio has brought."""
        lost = self._radio.random(BLOCK_SAMPLES) < self._loss
        edges = [-1, *np.flatnonzero(lost).tolist(), BLOCK_SAMPLES]
        return [slice(a + 1, b) for a, b in pairwise(edges) if b > a + 1]


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
