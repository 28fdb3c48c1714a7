"""Both people on one exact grid: the same instants, a rate that is exact, no drift.

Each person's samples stand on the session's clock by a line of their own; between them a windowed
sinc tells (dsp/resampling.py). Of a channel that its board samples later than the others, that is
taken into account.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.resampling import TAPS, resampled
from recorder.open.slots import Hole, Slots

Floats = NDArray[np.float64]

TOGETHER: Final = 1 << 16
# Of a person who is not there yet, or no more, while the other one is.
NOT_THERE: Final = "not there"


@dataclass(frozen=True, slots=True)
class Grid:
    """n instants, 1 / rate_hz apart, the first at begin_ns of the session's clock."""

    begin_ns: int
    rate_hz: float
    n: int

    def since_begin_ns(self, begin: int = 0, end: int | None = None) -> Floats:
        """(m,) nanoseconds from the first instant to those from `begin` to before `end`."""
        order = np.arange(begin, self.n if end is None else end, dtype=np.float64)
        return order * (1e9 / self.rate_hz)

    @property
    def t_ns(self) -> NDArray[np.int64]:
        """(n,) int64, the instants by the session's clock."""
        times: NDArray[np.int64] = self.begin_ns + np.rint(self.since_begin_ns()).astype(np.int64)
        return times


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Both people on one grid. Unpacks into two arrays: `patient, therapist = session.pair()`.

    Attributes:
        grid: its instants.
        patient, therapist: (channels, n) float64 volts, holes bridged by a straight line.
        holes: of both, in time; what is in them is no signal.
        clock: which clock the instants are of.
    """

    grid: Grid
    patient: Floats
    therapist: Floats
    holes: tuple[Hole, ...]
    clock: str

    def __iter__(self) -> Iterator[Floats]:
        return iter((self.patient, self.therapist))


def grid_over(people: list[Slots], rate_hz: float) -> Grid:
    """The grid from the first sample of either to the last of either.

    Raises:
        ValueError: the rate is none, or there is nobody.
    """
    if not (0 < rate_hz < np.inf):
        raise ValueError(f"{rate_hz:g} Hz is no rate")
    if not people:
        raise ValueError("there is nobody")
    begin_ns = min(int(slots.t_ns[0]) for slots in people)
    end_ns = max(int(slots.t_ns[-1]) for slots in people)
    return Grid(begin_ns, rate_hz, int((end_ns - begin_ns) * 1e-9 * rate_hz) + 1)


def pieces(slots: Slots, grid: Grid, delay_s: Floats) -> Iterator[Floats]:
    """One person's microvolts on a grid, (m, channels) at a time.

    `delay_s` is (channels,): what a channel was at t stands at the sample of t + delay.
    """
    t0_ns = int(slots.t_ns[0])
    since_ns = (slots.t_ns - t0_ns).astype(np.float64)
    order = np.arange(len(slots), dtype=np.float64)
    for begin in range(0, grid.n, TOGETHER):
        wanted_ns = grid.since_begin_ns(begin, min(begin + TOGETHER, grid.n)) + (
            grid.begin_ns - t0_ns
        )
        out = np.empty((len(wanted_ns), slots.counts.shape[1]))
        for delay in np.unique(delay_s):
            alike = np.flatnonzero(delay_s == delay)
            places = np.interp(wanted_ns + delay * 1e9, since_ns, order)
            out[:, alike] = _near(slots, places, alike, grid.rate_hz)
        yield out


def on_grid(slots: Slots, grid: Grid, delay_s: Floats) -> Floats:
    """One person on a grid: (channels, n) volts."""
    volts = np.empty((slots.counts.shape[1], grid.n))
    begin = 0
    for piece in pieces(slots, grid, delay_s):
        np.multiply(piece.T, 1e-6, out=volts[:, begin : begin + len(piece)])
        begin += len(piece)
    return volts


def holes_on(slots: Slots, grid: Grid) -> list[Hole]:
    """One person's holes, and where the grid goes beyond the samples; in time."""
    begin_ns, end_ns = grid.begin_ns, grid.begin_ns + round((grid.n - 1) / grid.rate_hz * 1e9)
    first_ns, last_ns = int(slots.t_ns[0]), int(slots.t_ns[-1])
    period_ns = 1e9 / slots.rate_hz
    ends = [(begin_ns, first_ns), (last_ns + round(period_ns), end_ns)]
    beyond = [
        Hole(slots.role, begin, end, NOT_THERE, round((end - begin) / period_ns))
        for begin, end in ends
        if end - begin > period_ns
    ]
    return sorted([*slots.holes, *beyond], key=lambda hole: hole.begin_ns)


def _near(slots: Slots, places: Floats, channels: NDArray[np.intp], rate_hz: float) -> Floats:
    """The same as from all samples, from those around the places."""
    ratio = rate_hz / slots.rate_hz
    margin = int(TAPS / min(1.0, ratio)) + 2
    low = max(0, int(places.min()) - margin)
    some = slots.counts[low : int(places.max()) + margin]
    return resampled(some[:, channels] * slots.scale[channels], places - low, ratio)
