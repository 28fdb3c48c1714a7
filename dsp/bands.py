"""Band signals of a person at any instants: analytic, linear-phase, of equal delay in all bands.

The filter of a band is a continuous kernel, a windowed low-pass moved to the band's centre, sampled
at the distances between the samples and the instant asked for:

    g(tau) = a w(tau) sinc(width tau) exp(i 2 pi centre tau)        the band
           + b w(tau)                                               makes DC exactly zero
    z(x)   = sum over samples k of x[k] g((x - k) / rate)

so that boards of different rate, each asked through its own clock, give the same z at the same
instant. |z| is the amplitude of the rhythm in microvolts, its angle the phase; a and b are solved
for every sub-sample offset. The window is Hann's: it ends at zero, so that nothing jumps as samples
enter and leave, and it is 85 dB down at the mains, which bedside recordings are full of.

The samples are read through a bridge over short holes (dsp/bridge.py), where there is one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.bridge import MOST, REACH, Bridge, Stretch, read_bridged
from dsp.ring import Ring


@dataclass(frozen=True, slots=True)
class Band:
    """A frequency band; its edges are where the filter has fallen to about half."""

    name: str
    low_hz: float
    high_hz: float

    @property
    def centre_hz(self) -> float:
        """Middle of the band, half-way between its edges on a linear axis."""
        return (self.low_hz + self.high_hz) / 2

    @property
    def tone_hz(self) -> float:
        """Frequency at which the gain is exactly 1: the whole hertz at or below the centre.

        Half a second does not hold a flat 5 Hz wide band, so the amplitude is calibrated where
        test tones and most alpha rhythms are: 6, 10 and 21 Hz in the default bands.
        """
        return max(float(np.floor(self.centre_hz)), self.low_hz)


DEFAULT_BANDS: Final = (Band("theta", 4, 8), Band("alpha", 8, 13), Band("beta", 13, 30))


SPAN_S: Final = 0.5
LEFT_OUT: Final = "left out"
# Points that are evaluated together; the ring must hold all their samples at once.
PIECE_POINTS: Final = 40
# Whose taps and samples are copied together: more do not stay in the cache of a small machine.
POINTS_IN_CACHE: Final = 20
# Gives the samples from an index on, so many.
Reading = Callable[[int, int], Stretch]


class BandFilter:
    """All bands at once, as one matrix product.

    Args:
        rate_hz: the board's nominal rate. That its true rate is a little off moves the bands by as
            many per cent and no phase, for the kernel is symmetric.
        bands: the bands.
        span_s: length of the kernel; its half is the delay of every band.
        phases: sub-sample offsets for which taps are made. What is left, 1 / 128 sample at most, is
            turned back at the band's centre.
        bridge: over short holes; without one every missing sample is a hole.

    Attributes:
        bands: as given.
        bridge: as given.
        delay_s: how long after an instant its band signals can be computed.
        half_span: samples needed on either side of a position.
        reach: samples needed after a position, those of the bridge included.
        taps_hash: names the taps and the bridge, the same on every machine.
        missing: what is done about missing samples, in words.

    Raises:
        ValueError: a band reaches beyond half the rate.
    """

    def __init__(
        self,
        rate_hz: float,
        bands: tuple[Band, ...] = DEFAULT_BANDS,
        *,
        span_s: float = SPAN_S,
        phases: int = 64,
        bridge: Bridge | None = None,
    ) -> None:
        for band in bands:
            if not 0 < band.low_hz < band.high_hz <= rate_hz / 2:
                raise ValueError(f"{band} does not fit into {rate_hz} samples a second")
        self.bands, self.bridge = bands, bridge
        margin = 0 if bridge is None else bridge.margin
        self.delay_s = span_s / 2 + margin / rate_hz
        self.half_span = int(np.ceil(rate_hz * span_s / 2))
        self.reach = self.half_span + margin
        self._phases = phases
        self._length = 2 * self.half_span
        taps = self._design(rate_hz, span_s)
        self.taps_hash = _hash(taps, bridge)
        self.missing = LEFT_OUT
        if bridge is not None:
            self.missing = f"{bridge.definition}; at most {MOST:.0%} of {span_s:g} s"
        # Rows by part and band: BLAS multiplies them faster than columns.
        rows = taps.transpose(0, 3, 2, 1).reshape(phases, 2 * len(bands), self._length)
        self._taps = np.ascontiguousarray(rows)
        centres_hz = np.array([band.centre_hz for band in bands])
        self._turn = 2j * np.pi * centres_hz[:, None] / rate_hz

    def evaluate(self, ring: Ring, positions: NDArray[np.float64]) -> NDArray[np.complex64]:
        """Band signals at sample positions.

        Args:
            ring: the samples, in microvolts.
            positions: (points,) sample indexes, fractional, ascending, at least one.

        Returns:
            (bands, channels, points), microvolts; NaN where a sample of the support, from
            `half_span` - 1 samples before to `half_span` after the whole position, is missing and
            not bridged, or more than MOST of them is bridged.
        """
        return self.evaluate_with_loss(partial(self.read, ring), positions)[0]

    def evaluate_with_loss(
        self, read: Reading, positions: NDArray[np.float64]
    ) -> tuple[NDArray[np.complex64], NDArray[np.float32]]:
        """The same of what `read` gives, and what loss took of each point.

        Args:
            read: as `read` of this filter and a ring.
            positions: as above.

        Returns:
            The band signals; and (channels, points), the share of the support that was bridged, 1
            where there is no signal because of it or of a longer hole.
        """
        if len(positions) <= PIECE_POINTS:
            z, lost = self.evaluate_each([read], positions[None])
            return z[:, 0], lost[0]
        pieces = [
            self.evaluate_with_loss(read, positions[at : at + PIECE_POINTS])
            for at in range(0, len(positions), PIECE_POINTS)
        ]
        z, lost = (np.concatenate(parts, axis=-1) for parts in zip(*pieces, strict=True))
        return z, lost

    def evaluate_each(
        self, reads: Sequence[Reading], positions: NDArray[np.float64]
    ) -> tuple[NDArray[np.complex64], NDArray[np.float32]]:
        """The same of several people at once, whose boards are alike.

        One product for each point: the taps of its offset by the samples of all channels. A missing
        sample makes the products that it is in not a number, and no others.

        Args:
            reads: one for each person; all give as many channels.
            positions: (people, points), each as above, PIECE_POINTS at most.

        Returns:
            (bands, people, channels, points) and (people, channels, points).
        """
        base, phase, rest = self._split(positions)
        starts = base - base[:, :1]
        firsts = (base[:, 0] - self.half_span + 1).tolist()
        counts = (starts[:, -1] + self._length).tolist()
        stretches = [read(*its) for read, *its in zip(reads, firsts, counts, strict=True)]
        # In float64: where the rhythm is weak, its phase would be that of the others' rounding. One
        # person's behind the other's, so that a window begins at a row of these.
        x = np.concatenate([stretch.samples for stretch in stretches], dtype=np.float64)
        rows = starts + [[begin] for begin in accumulate(counts[:-1], initial=0)]
        with np.errstate(invalid="ignore"):
            z = self._turned(self._products(x, rows.ravel(), phase.ravel()), rest)
        known = np.isfinite(z)
        if not known.all():
            z[~known] = np.nan
        lost = np.zeros(z.shape[1:], np.float32)
        for person, stretch in enumerate(stretches):
            if stretch.spent is not None:
                lost[person] = stretch.lost(starts[person], self._length)
                if lost[person].max() == 1:
                    z[:, person, lost[person] == 1] = np.nan
        return z, lost

    def read(self, ring: Ring, first: int, n: int) -> Stretch:
        """Samples first .. first + n - 1 as the filter reads them."""
        return read_bridged(ring, first, n, self.bridge)

    def _turned(
        self, products: NDArray[np.float64], rest: NDArray[np.float64]
    ) -> NDArray[np.complex64]:
        """Real and imaginary parts (people x points, 2 x bands, channels), turned by the rest."""
        people, points = rest.shape
        split = products.reshape(people, points, 2, -1, products.shape[2])
        parts = split.transpose(2, 3, 0, 4, 1)
        z = np.empty(parts.shape[1:], np.complex64)
        z.real, z.imag = parts
        turn = np.exp(self._turn * rest.ravel()).astype(np.complex64)
        z *= turn.reshape(-1, people, 1, points)
        return z

    def _products(
        self, x: NDArray[np.float64], starts: NDArray[np.int64], phase: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """The taps of each phase by x (samples, channels) from each start on.

        (points, 2 x bands, channels)
        """
        length, channels = self._length, x.shape[1]
        shape = (len(x) - length + 1, length * channels)
        windows = np.ndarray(shape, np.float64, x, strides=x.strides)
        found = np.empty((len(starts), self._taps.shape[1], channels))
        for begin in range(0, len(starts), POINTS_IN_CACHE):
            some = slice(begin, begin + POINTS_IN_CACHE)
            own = windows[starts[some]].reshape(-1, length, channels)
            np.matmul(self._taps[phase[some]], own, out=found[some])
        return found

    def _split(
        self, positions: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Whole samples, number of the nearest offset, and what is left, in samples."""
        nearest = np.rint(positions * self._phases)
        base, phase = np.divmod(nearest.astype(np.int64), self._phases)
        return base, phase, positions - nearest / self._phases

    def _design(self, rate_hz: float, span_s: float) -> NDArray[np.float64]:
        """Taps (phases, samples, bands, real and imaginary)."""
        sample = np.arange(self._length) - (self.half_span - 1)
        offset = np.arange(self._phases)[:, None] / self._phases
        tau = (offset - sample) / rate_hz
        taps = np.stack([_kernel(band, tau, span_s) for band in self.bands], axis=2)
        return np.stack([taps.real, taps.imag], axis=3)


def _kernel(band: Band, tau: NDArray[np.float64], span_s: float) -> NDArray[np.complex128]:
    """g(tau), (offsets, samples), with a and b solved for each offset.

    Two linear equations: the response to exp(i 2 pi f t) is 2 at f = tone (an analytic signal has
    the positive half of the spectrum twice) and 0 at f = 0.
    """
    window = np.where(np.abs(tau) < span_s / 2, np.cos(np.pi * tau / span_s) ** 2, 0)
    moved = np.sinc((band.high_hz - band.low_hz) * tau) * np.exp(2j * np.pi * band.centre_hz * tau)
    shapes = window[:, None] * np.stack([moved, np.ones_like(moved)], axis=1)
    tones_hz = np.array([band.tone_hz, 0])
    waves = np.exp(-2j * np.pi * tones_hz[:, None] * tau[:, None])
    weights = np.linalg.solve(waves @ shapes.swapaxes(1, 2), np.array([[2], [0]]))
    kernel: NDArray[np.complex128] = (shapes * weights).sum(axis=1)
    return kernel


def _hash(taps: NDArray[np.float64], bridge: Bridge | None) -> str:
    numbers = [np.rint(taps * 1e9).ravel()]
    if bridge is not None:
        kernel = np.rint(np.array(bridge.kernel) * 1e9)
        numbers += [kernel, np.array([bridge.longest, REACH, MOST * 1e9])]
    return sha256(np.concatenate(numbers).astype("<i8").tobytes()).hexdigest()[:16]


@lru_cache(maxsize=8)
def band_filter(
    rate_hz: float,
    bands: tuple[Band, ...] = DEFAULT_BANDS,
    span_s: float = SPAN_S,
    *,
    mains_hz: float,
) -> BandFilter:
    """The BandFilter of these arguments, with its bridge, made once.

    Making it takes 10 ms, and on a small machine 150, in which a loop of samples would stand still.
    """
    return BandFilter(rate_hz, bands, span_s=span_s, bridge=Bridge(rate_hz, mains_hz))


@dataclass(frozen=True, slots=True)
class SessionGrid:
    """The instants at which the band signals of both people are evaluated.

    Attributes:
        start_ns: CLOCK_MONOTONIC of the first point.
        step_ns: between points; 25 ms is 40 points a second, enough for bands up to 17 Hz wide.
        points_per_hop: points that are computed together.
    """

    start_ns: int
    step_ns: int = 25_000_000
    points_per_hop: int = 10

    @property
    def hop_ns(self) -> int:
        """From one hop to the next."""
        return self.step_ns * self.points_per_hop

    def hop_end_ns(self, k: int) -> int:
        """The last instant of hop k."""
        return self.start_ns + (k + 1) * self.hop_ns - self.step_ns

    def hop_times_ns(self, k: int) -> NDArray[np.int64]:
        """Instants of hop k, counted from 0: (points_per_hop,) int64."""
        return self.start_ns + k * self.hop_ns + self.step_ns * np.arange(self.points_per_hop)
