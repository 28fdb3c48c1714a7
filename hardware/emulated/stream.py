"""The sample stream of an emulated Cyton: which frame is due when.

Sample p of the board's time axis is taken at origin + p / rate, exactly. A stream that is started
begins with the next sample on that axis and calls it 0; with a Daisy with the next even one, so
that a row of a recording is a pair of packets. Frames are made ahead, some at a time, and made
again when a setting changes.
"""

from collections import deque
from math import ceil

import numpy as np
from numpy.typing import NDArray

from hardware.cyton.frames import CHANNELS, FRAME_BYTES, encode_frames
from hardware.emulated.aux_bytes import AuxField
from hardware.emulated.converter import EmulatedAds
from hardware.emulated.source import PacketRun, Source

_AHEAD = 25  # frames made at a time
_SKIPPED = 3  # samples that a restart on account of a command costs

Frame = tuple[int, bytes]  # when its sample is taken (CLOCK_MONOTONIC, ns); the bytes


class TrueTime:
    """The time axis that several boards share; it begins when the first of them streams.

    Attributes:
        origin_ns: CLOCK_MONOTONIC of its zero, or None before.
    """

    def __init__(self, origin_ns: int | None = None) -> None:
        self.origin_ns = origin_ns

    def begin(self, now_ns: int) -> int:
        """Let it begin now, unless it has; return its origin."""
        if self.origin_ns is None:
            self.origin_ns = now_ns
        return self.origin_ns


class SampleStream:
    """Frames at their instants, from a source.

    Args:
        source: the samples.
        rate_hz: the board's true rate.
        true_time: the axis shared with other boards.
        d11_edges_s: when pin D11 goes on, off, on and so on, in seconds of true time.

    Attributes:
        ads: the inputs; call `remake` after a change to them.
        aux: the aux bytes; call `remake` after a change to them.
        begin_ns: the instant of sample 0, or None while there is no stream.
        power_on_ns: the zero of the board's own milliseconds.
        starts: how often the counter began at 0.
        lost: samples that the source does not have.
        late: packets that the source has behind later ones.
    """

    def __init__(
        self,
        source: Source,
        rate_hz: float,
        ads: EmulatedAds,
        *,
        true_time: TrueTime,
        d11_edges_s: tuple[float, ...],
    ) -> None:
        self.ads = ads
        self.aux = AuxField()
        self.begin_ns: int | None = None
        self.power_on_ns = 0
        self.starts = self.lost = self.late = 0
        self._source = source
        self._rate_hz = self._true_rate_hz = rate_hz
        self._true_time = true_time
        self._d11_edges_s = np.array(d11_edges_s, np.float64)
        self._origin_ns = 0
        self._first = 0  # sample 0 of this stream on the board's time axis
        self._head = 0  # the highest sample so far, on that axis
        self._row = 0  # of the source, of the next frame
        self._ready: deque[tuple[int, int, bytes]] = deque()  # instant, sample, frame

    def start(self, now_ns: int) -> None:
        """Begin at counter 0 with the next sample."""
        self._origin_ns = self._true_time.begin(now_ns)
        self._begin(ceil((now_ns - self._origin_ns) * self._rate_hz / 1e9))

    def stop(self) -> None:
        """End the stream, if there is one."""
        self.begin_ns = None
        self._ready.clear()

    def restart(self, now_ns: int) -> None:
        """Begin again, if there is a stream, as it happens when a setting is changed in it."""
        if self.begin_ns is not None:
            self._begin(ceil((now_ns - self._origin_ns) * self._rate_hz / 1e9) + _SKIPPED)

    def hurry(self, factor: float) -> None:
        """From the next sample on, take them so many times as fast as the board should."""
        following = self._head + 1
        due_ns = int(self._instants_ns(np.array([following]))[0])
        self._rate_hz = factor * self._true_rate_hz
        self._origin_ns += due_ns - int(self._instants_ns(np.array([following]))[0])
        self._ready.clear()

    def remake(self) -> None:
        """Make the frames again that were made ahead: a setting has changed."""
        self._ready.clear()

    @property
    def next_ns(self) -> int | None:
        """When the next frame is due, or None without a stream."""
        if self.begin_ns is None:
            return None
        if not self._ready:
            self._make()
        return self._ready[0][0]

    def take(self, until_ns: int) -> list[Frame]:
        """Return the frames due until then, oldest first."""
        taken: list[Frame] = []
        while self.begin_ns is not None:
            if not self._ready:
                self._make()
            due_ns, sample, frame = self._ready[0]
            if due_ns > until_ns:
                break
            self._ready.popleft()
            self._row += 1
            if sample >= self._first:  # a late one from before the start is not of this stream
                self._count(sample)
                taken.append((due_ns, frame))
        return taken

    def _begin(self, first: int) -> None:
        first += first % 2 if self.ads.has_daisy else 0
        self._first = first
        self._head = first - 1
        self._row = self._source.first_at(first)
        self.begin_ns = self._origin_ns + round(first * 1e9 / self._rate_hz)
        self.starts += 1
        self._ready.clear()

    def _count(self, sample: int) -> None:
        """Keep the tally of what the source lacks, and do what is done once."""
        self.aux.first_has_gone()
        if sample > self._head:
            self.lost += sample - self._head - 1
            self._head = sample
        else:
            self.lost -= 1
            self.late += 1

    def _make(self) -> None:
        """Make the next frames."""
        samples, carried = self._carried()
        instants_ns = self._instants_ns(samples)
        counters = samples - self._first
        ms = (instants_ns - self.power_on_ns) // 1_000_000
        aux = self.aux.octets(counters, self._d11(samples), ms)
        octets = encode_frames(counters, carried, aux, self.aux.stops(len(samples)))
        # A late packet is sent when the later one before it does.
        due_ns = np.maximum.accumulate(instants_ns).tolist()
        for at, (due, sample) in enumerate(zip(due_ns, samples.tolist(), strict=True)):
            self._ready.append((due, sample, octets[at * FRAME_BYTES : (at + 1) * FRAME_BYTES]))

    def _carried(self) -> PacketRun:
        """Return the next samples' numbers, and (n, 8) what their packets carry."""
        if not self.ads.has_daisy:
            samples, counts = self._source.packets(self._row, _AHEAD)
            return samples, self.ads.convert(counts, samples - self._first)
        samples, counts = self._source.packets(self._row - 1, 1 + _AHEAD)
        counters = samples - self._first
        return samples[1:], interleave(self.ads.convert(counts, counters), counters)

    def _instants_ns(self, samples: NDArray[np.int64]) -> NDArray[np.int64]:
        since_ns: NDArray[np.int64] = np.rint(samples * (1e9 / self._rate_hz)).astype(np.int64)
        return since_ns + self._origin_ns

    def _d11(self, samples: NDArray[np.int64]) -> NDArray[np.bool_]:
        edges_passed = np.searchsorted(self._d11_edges_s, samples / self._rate_hz, side="right")
        return np.asarray(edges_passed % 2 == 1)


def interleave(counts: NDArray[np.int32], counters: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return what each packet but the first carries: one half of the mean with the sample before.

    This is hardware/cyton/daisy.py, the other way round. The mean is the firmware's, of whole
    numbers towards zero. The first packet of a stream has no sample before it; here it is zero.

    Args:
        counts: (n, 16) of consecutive samples.
        counters: (n,) of their packets, 0 for the first of the stream.

    Returns:
        (n - 1, 8): channels 1-8 in odd packets, 9-16 in even ones.
    """
    sums = counts[1:].astype(np.int64) + counts[:-1]
    means = np.trunc(sums / 2).astype(np.int32)
    is_odd = counters[1:, None] % 2 == 1
    halves = np.where(is_odd, means[:, :CHANNELS], means[:, CHANNELS:])
    return np.where(counters[1:, None] == 0, 0, halves).astype(np.int32)
