"""One person's samples on their way: from counts to a history in microvolts that knows its time."""

import math
from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dsp.bands import band_filter
from dsp.bridge import Stretch
from dsp.clock import CYTON_DELAY_NS, BoardClock, ClockFit, ClockMemory
from dsp.quality import ChannelQuality, Expected, assess, find_flaws_of_both
from dsp.ring import Ring
from hardware.board import MISSING_COUNT, Block, BoardInfo, last_of_reads

HISTORY_S = 8.0
QUALITY_S = 1.0
SPARE = 2  # samples: the bands may round their last one up
# Band signals (bands, channels, points), and what loss took of each point, (channels, points).
Bands = tuple[NDArray[np.complex64], NDArray[np.float32]]
# One a second is made, and they are fetched ten times a second: room for a long stall.
FITS_KEPT = 600


def find_flaws(lanes: Sequence["Lane"], times_ns: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
    """Flaws (times, channels) of each lane in the second that its bands at `times_ns` end with."""
    seconds = [lane.seconds(times_ns) for lane in lanes]
    if len({one[0].shape for one in seconds}) > 1:
        return [flaws for lane in lanes for flaws in find_flaws([lane], times_ns)]
    every = np.concatenate([second for one in seconds for second in one], axis=1)
    of_each = every.reshape(len(every), len(lanes), -1).swapaxes(0, 1)
    found = find_flaws_of_both(of_each, [lane.expected() for lane in lanes])
    return [flaws.reshape(len(times_ns), -1) for flaws in found]


def bands_of_each(lanes: Sequence["Lane"], times_ns: NDArray[np.int64]) -> list[Bands]:
    """What `bands` of each lane gives; at once where their boards are alike."""
    alike = len({(lane.filter, len(lane.labels)) for lane in lanes}) == 1
    if not (alike and all(lane.is_read_at_once for lane in lanes)):
        return [lane.bands(times_ns) for lane in lanes]
    positions = np.array([lane.positions(times_ns) for lane in lanes])
    z, lost = lanes[0].filter.evaluate_each([lane.read for lane in lanes], positions)
    return [(z[:, person], lost[person]) for person in range(len(lanes))]


class Lane:
    """The clock, the history and the band filter of one board. Memory is fixed at the start.

    Attributes:
        rate_hz: nominal.
        filter: of the bands that are asked for; before anything is asked for, of the usual ones.
        mains_hz: what hums here, as far as is known.
    """

    def __init__(
        self,
        info: BoardInfo,
        labels: tuple[str, ...],
        mains_hz: float,
        known: ClockMemory | None = None,
        clock: BoardClock | None = None,
    ) -> None:
        """`known` is of the clock that is made; or there is a `clock` already."""
        self.labels = labels
        self.aux_labels = info.aux_labels
        delay_ns = 0.0 if info.kind.startswith("lsl") else CYTON_DELAY_NS  # LSL's is not known
        self.clock = clock or BoardClock(info.rate_hz, known=known, delay_ns=delay_ns)
        self.ring = Ring(round(HISTORY_S * info.rate_hz), len(labels))
        self.rate_hz = info.rate_hz
        self.mains_hz = mains_hz
        self.filter = band_filter(info.rate_hz, mains_hz=mains_hz)
        self.segment = -1
        self._held: Stretch | None = None
        self._info = info
        self._fits: deque[tuple[int, ClockFit]] = deque(maxlen=FITS_KEPT)
        self._taken_out_hz: float | None = mains_hz
        delay_s = np.array(info.channel_delay_s or (0.0,) * info.channels)[: len(labels)]
        shifts = delay_s * info.rate_hz  # what was at position x stands at x + shift
        self._shifts = [(float(shift), shifts == shift) for shift in np.unique(shifts)]
        self._latest_shift = float(shifts.max(initial=0.0))
        self._quality_samples = round(QUALITY_S * info.rate_hz)

    def take(self, block: Block) -> None:
        """Add a block's samples to the history and its arrivals to the clock."""
        self.hold(block.segment, block.first_index, block.counts)
        if not (block.late or block.is_backlog):  # their arrivals say nothing of when they were
            self._observe(block)

    def hold(self, segment: int, first_index: int, counts: NDArray[np.int32]) -> None:
        """Add samples to the history: (n, channels) from `first_index` on."""
        self._held = None
        if segment != self.segment:
            self.segment = segment
            self.clock.begin_segment()
            self.ring.clear()
        self.ring.write(first_index, self._microvolts(counts))

    @property
    def is_read_at_once(self) -> bool:
        """Whether there is a clock and all channels are read at the same position."""
        return self.clock.fit is not None and len(self._shifts) == 1

    def positions(self, times_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """Where the samples of the first of the channels stand that were taken at `times_ns`."""
        return self.clock.index_at(times_ns) + self._shifts[0][0]

    def bands(self, times_ns: NDArray[np.int64]) -> Bands:
        """Band signals (bands, channels, points) at `times_ns`, and what loss took of each point.

        As dsp.bands.BandFilter.evaluate_with_loss has them: NaN where samples are missing, short
        holes being bridged. Channels that the board samples or delivers later than others are read
        that much later.
        """
        if self.clock.fit is None:
            shape = (len(self.filter.bands), len(self.labels), len(times_ns))
            return np.full(shape, np.nan, np.complex64), np.zeros(shape[1:], np.float32)
        positions, begin = self.positions(times_ns), self._shifts[0][0]
        z, lost = self.filter.evaluate_with_loss(self.read, positions)
        for shift, mine in self._shifts[1:]:
            later = self.filter.evaluate_with_loss(self.read, positions + (shift - begin))
            z[:, mine], lost[mine] = later[0][:, mine], later[1][mine]
        return z, lost

    def read(self, first: int, n: int) -> Stretch:
        """Samples as the filter reads them; those that bands and flaws share are bridged once."""
        if self._held is None or not self._held.covers(first, n):
            self._held = self.filter.read(self.ring, first, n)
        return self._held.part(first, n)

    def expect_mains(self, mains_hz: float, *, sure: bool) -> None:
        """What hums from now on; while that is not sure, both mains are kept out of a judgement.

        Without effect where the board's rate does not show these mains.
        """
        if mains_hz + 1 < self.rate_hz / 2:
            self.mains_hz = mains_hz
            self._taken_out_hz = mains_hz if sure else None

    def take_fits(self) -> list[tuple[int, ClockFit]]:
        """The clock's knots since the last call, each with its segment, oldest first."""
        fits = list(self._fits)
        self._fits.clear()
        return fits

    def reaches(self, t_ns: int) -> bool:
        """Whether the samples that the bands at `t_ns` and their bridges need have arrived."""
        margin = self.filter.reach - self.filter.half_span
        return self.ring.newest >= self._last_needed(t_ns) + margin

    def quality(self) -> ChannelQuality:
        """Contact of each channel over the last second."""
        return assess(self._second_until(self.ring.newest), **self.expected()._asdict())

    def seconds(self, times_ns: NDArray[np.int64]) -> list[NDArray[np.float32]]:
        """The second that the bands at each of `times_ns` end with: (n, channels) microvolts each.

        Of the samples as the bands read them, short holes bridged: a hole beside a blink would
        change what is seen of it. When the other board has gone silent, that is not the newest
        second.

        Args:
            times_ns: ascending, within a second or two.
        """
        newest, n = self.ring.newest, self._quality_samples
        lasts = [int(min(self._last_needed(t_ns), newest)) for t_ns in times_ns.tolist()]
        samples = self.read(lasts[0] + 1 - n, lasts[-1] - lasts[0] + n + SPARE).samples
        return [samples[last - lasts[0] : last - lasts[0] + n] for last in lasts]

    def expected(self) -> Expected:
        """What its seconds are judged by."""
        fit = self.clock.fit
        return Expected(
            rate_hz=self._info.rate_hz if fit is None else fit.rate_hz,
            rail_uv=self._info.rail_counts * self._info.uv_per_count,
            mains_hz=self._taken_out_hz,
        )

    def _last_needed(self, t_ns: int) -> float:
        """Position of the last sample that the bands at `t_ns` need."""
        fit = self.clock.fit
        if fit is None:
            return math.inf
        reach = self.filter.half_span + self._latest_shift
        return fit.index + (t_ns - fit.t_ns) / fit.period_ns + reach

    def _second_until(self, last: int) -> NDArray[np.float32]:
        return self.ring.view(last + 1 - self._quality_samples, self._quality_samples)

    def _microvolts(self, counts: NDArray[np.int32]) -> NDArray[np.float32]:
        """The montage's channels in microvolts; a railed sample is infinite."""
        counts, rail = counts[:, : len(self.labels)], self._info.rail_counts
        uv = np.multiply(counts, np.float32(self._info.uv_per_count), dtype=np.float32)
        if counts.max(initial=0) >= rail or counts.min(initial=0) <= -rail:
            uv[(counts >= rail) | (counts <= -rail)] = np.inf
            uv[counts == MISSING_COUNT] = np.nan
        return uv

    def _observe(self, block: Block) -> None:
        """Tell the clock the last index of each read, of which there are few (hardware/rest.py)."""
        for row in last_of_reads(block.arrival_ns).tolist():
            before = self.clock.fit
            self.clock.observe(block.first_index + row, int(block.arrival_ns[row]))
            if self.clock.fit is not before and self.clock.fit is not None:
                self._fits.append((self.segment, self.clock.fit))
