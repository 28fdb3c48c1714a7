"""When each sample of a file was, by the file's own clock: a line with as few knots as tell it.

arrivals    fitted as `antiphon refit` does: the earliest of each second lie on the line
exact       the stamps themselves, to the nanosecond
jittered    a straight line through them, for each stretch
none        at the rate that the file states
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.clock import times_from_knots
from dsp.clock_frame import SegmentReads
from dsp.refit import refit
from recorder.importing.brought import Brought, Stretch
from recorder.store.check import LARGEST_RATE_ERROR

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

NOMINAL_ERROR: Final = 2e-3  # real Cytons run 0.1 to 0.2 % fast
ANOTHER_RATE: Final = 0.05  # more is no crystal, but another rate than the file states
JUDGED_S: Final = 5.0
BURST_S: Final = 0.1  # a stamp may be so late at either end
FEW_TOGETHER: Final = 64
SHORT, BACK = 100, 24  # samples
ULPS: Final = 3
MOST_KNOTS: Final = 0.1  # of the samples: with more the stamps are noise


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """The time of samples: see dsp.clock.times_from_knots.

    Attributes:
        index, t_ns, period_ns, sigma_ns: (knots,).
    """

    index: Integers
    t_ns: Integers
    period_ns: Floats
    sigma_ns: Floats

    def times_ns(self, index: NDArray[np.int64] | Floats) -> Integers:
        """Of samples, whole or not."""
        return times_from_knots(index, self.index, self.t_ns, self.period_ns)


def with_true_rate(brought: Brought) -> Brought:
    """The same with stamps that can be used, and the rate that they say where the file's is off.

    Raises:
        ValueError: the file states another rate than its time stamps.
    """
    if any(_stands_still(it, brought.rate_hz) for it in brought.stretches):
        told = "its time stamps stand still, so only its start is known"
        stretches = _by_starts(brought)
        return replace(brought, stretches=stretches, told=(*brought.told, told))
    measured_hz, length_s = _measured_hz(brought)
    if length_s < JUDGED_S:
        return brought
    off, bursts = abs(measured_hz / brought.rate_hz - 1), BURST_S / length_s
    if off <= LARGEST_RATE_ERROR + bursts:
        return brought
    text = f"it states {brought.rate_hz:g} Hz, and by its time stamps it has {measured_hz:.2f} Hz"
    if off > ANOTHER_RATE + bursts:
        raise ValueError(text)
    return replace(brought, rate_hz=round(measured_hz, 2), told=(*brought.told, text))


def line_of(stretch: Stretch, brought: Brought) -> Line:
    """The clock of one stretch."""
    period_ns = 1e9 / brought.rate_hz
    if stretch.stamp_ns is None:
        return _nominal(stretch, brought)
    if brought.stamped == "exact" and _is_even(stretch, period_ns):
        line = exact(stretch.index, stretch.stamp_ns, period_ns, brought.start_sigma_s * 1e9)
        if len(line.index) <= max(MOST_KNOTS * len(stretch.index), 2):
            return line
    if brought.stamped == "arrivals":
        return _floor(stretch, brought)
    return _straight(stretch, brought)


def reads_of(stretch: Stretch) -> tuple[Integers, Integers]:
    """The last sample of each run of equal stamps, and its stamp, in the order of time.

    Raises:
        ValueError: there are no stamps.
    """
    if stretch.stamp_ns is None:
        raise ValueError("no time stamps")
    is_last = np.append(np.diff(stretch.stamp_ns) != 0, True)
    return stretch.index[is_last], np.maximum.accumulate(stretch.stamp_ns[is_last])


def exact(index: Integers, t_ns: Integers, period_ns: float, sigma_ns: float) -> Line:
    """Knots that give back each time to the nanosecond; `period_ns` is of one that is alone.

    A line whose times were rounded goes through a whole nanosecond only where it was bent: where
    the next run is short, it is begun a few samples earlier.
    """
    places: list[int] = []
    periods: list[float] = []
    begin = 0
    while begin < len(index):
        own_ns, length = _longest(index[begin:], t_ns[begin:])
        if length < SHORT and places and begin + length < len(index):
            begin, own_ns, length = _best(index, t_ns, places[-1] + 1, begin)
        places.append(begin)
        periods.append(own_ns or period_ns)
        begin += length
    knots = np.array(places)
    return Line(index[knots], t_ns[knots], np.array(periods), np.full(len(knots), sigma_ns))


def _best(index: Integers, t_ns: Integers, first: int, last: int) -> tuple[int, float, int]:
    """Of the places up to the last, where a run reaches farthest: place, period, samples."""
    found = []
    for begin in range(max(first, last - BACK), last + 1):
        period_ns, length = _longest(index[begin:], t_ns[begin:])
        found.append((begin + length, begin, period_ns))
    end, begin, period_ns = max(found)
    return begin, period_ns, end - begin


def _longest(index: Integers, t_ns: Integers) -> tuple[float, int]:
    """A period by which as many samples as can be follow the first, and how many; 0.0 for none."""
    together, most, period_ns = FEW_TOGETHER, 0, 0.0
    while True:
        span = (index[1:together] - index[0]).astype(np.float64)
        since_ns = (t_ns[1:together] - t_ns[0]).astype(np.float64)
        low = np.maximum.accumulate((since_ns - 0.5) / span)
        high = np.minimum.accumulate((since_ns + 0.5) / span)
        # the two only ever draw nearer, until they are as near as numbers can be
        fitting = int((low <= high + ULPS * np.spacing(high)).sum())
        if not fitting:
            return period_ns, most + 1
        middle_ns = float((low[fitting - 1] + high[fitting - 1]) / 2)
        period_ns, most = _nearest(middle_ns, span[:fitting], since_ns[:fitting])
        if most < len(span) or together >= len(index):
            return (period_ns, most + 1) if most else (0.0, 1)
        together *= 4


def _nearest(middle_ns: float, span: Floats, since_ns: Floats) -> tuple[float, int]:
    """Of the numbers next to a period, the one that tells most times to the nanosecond."""
    best = 0.0, 0
    for ulps in (0, *(sign * it for it in range(1, ULPS + 1) for sign in (1, -1))):
        period_ns = middle_ns + ulps * float(np.spacing(middle_ns))
        wrong = np.flatnonzero(np.rint(span * period_ns) != since_ns)
        if not len(wrong):
            return period_ns, len(span)
        best = max(best, (period_ns, int(wrong[0])), key=lambda it: it[1])
    return best


def _nominal(stretch: Stretch, brought: Brought) -> Line:
    period_ns = 1e9 / brought.rate_hz
    length_ns = float(stretch.index[-1]) * period_ns
    sigma_ns = brought.start_sigma_s * 1e9
    if brought.stamped == "arrivals":  # a board's, that nobody has timed
        sigma_ns += NOMINAL_ERROR * length_ns / 2
    start = np.array([stretch.begin_ns], np.int64)
    return Line(np.zeros(1, np.int64), start, np.array([period_ns]), np.array([sigma_ns]))


def _floor(stretch: Stretch, brought: Brought) -> Line:
    index, arrival_ns = reads_of(stretch)
    try:
        fitted = refit(SegmentReads(brought.rate_hz, index, arrival_ns))
    except ValueError:  # too short
        return _earliest(stretch, brought)
    line = Line(fitted.index, fitted.t_ns, fitted.period_ns, fitted.sigma_ns)
    off = np.abs(line.period_ns * brought.rate_hz * 1e-9 - 1)
    return line if off.max() <= LARGEST_RATE_ERROR else _earliest(stretch, brought)


def _earliest(stretch: Stretch, brought: Brought) -> Line:
    """At the stated rate, as early as no stamp contradicts."""
    index, arrival_ns = reads_of(stretch)
    since_ns = np.rint(index * (1e9 / brought.rate_hz)).astype(np.int64)
    start_ns = int((arrival_ns - since_ns).min())
    return _nominal(replace(stretch, begin_ns=start_ns), brought)


def _straight(stretch: Stretch, brought: Brought) -> Line:
    """Through all stamps; at the file's rate where there are too few to tell another."""
    assert stretch.stamp_ns is not None  # noqa: S101
    index, since_ns = stretch.index, (stretch.stamp_ns - stretch.stamp_ns[0]).astype(np.float64)
    period_ns = 1e9 / brought.rate_hz
    if index[-1] * period_ns >= JUDGED_S * 1e9:
        period_ns = float(np.polyfit(index - index.mean(), since_ns, 1)[0])
    off_ns = since_ns - index * period_ns
    start_ns = stretch.stamp_ns[0] + round(float(off_ns.mean()))
    sigma_ns = float(off_ns.std() / np.sqrt(len(off_ns))) + brought.start_sigma_s * 1e9
    return Line(
        np.zeros(1, np.int64), np.array([start_ns]), np.array([period_ns]), np.array([sigma_ns])
    )


def _is_even(stretch: Stretch, period_ns: float) -> bool:
    """Whether the stamps are as far apart as a crystal's samples."""
    assert stretch.stamp_ns is not None  # noqa: S101
    steps = np.diff(stretch.stamp_ns) / np.diff(stretch.index)
    return bool(np.all(np.abs(steps / period_ns - 1) <= LARGEST_RATE_ERROR))


def _stands_still(stretch: Stretch, rate_hz: float) -> bool:
    if stretch.stamp_ns is None or len(stretch.index) < 2:
        return False
    length_s = float(stretch.index[-1]) / rate_hz
    passed_s = float(stretch.stamp_ns[-1] - stretch.stamp_ns[0]) * 1e-9
    return length_s > 1.0 and passed_s < length_s / 10


def _by_starts(brought: Brought) -> tuple[Stretch, ...]:
    return tuple(
        replace(it, stamp_ns=None, begin_ns=int(it.stamp_ns[0]))
        for it in brought.stretches
        if it.stamp_ns is not None
    )


def _measured_hz(brought: Brought) -> tuple[float, float]:
    """By the longest stretch, and how many seconds that is; what the file states without stamps."""
    timed = [it for it in brought.stretches if it.stamp_ns is not None and len(it.index) > 1]
    longest = max(timed, key=lambda it: int(it.index[-1]), default=None)
    if longest is None or longest.stamp_ns is None:
        return brought.rate_hz, 0.0
    samples, passed_ns = float(longest.index[-1]), float(longest.stamp_ns[-1] - longest.stamp_ns[0])
    return samples * 1e9 / max(passed_ns, 1.0), samples / brought.rate_hz
