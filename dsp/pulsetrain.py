"""A pseudo-random train of pulses, found again in any list of times.

    known = offset + seen * (1 + drift)

`known` are the pulses as they were emitted, `seen` what some other clock saw of them: lights in a
video, beeps in its sound, the strobe log of a camera. Either list may lack pulses and hold others.

A short run of the seen pulses is held against all known ones: of the differences known - seen, the
true offset has one for each pulse that is in both, wherever it lies; all others are spread evenly.
From such a run the line is fitted and grown to both sides, so that drift does not blur the search.

How surely the place is not a chance one is bounded. If the lists have nothing to do with each
other, each seen pulse lies near a known one with the probability `p` with which any instant does,
so that `m` matches or more among `n` have at most the probability exp(-n D(m/n || p)) (Chernoff), D
the relative entropy of two coins. That times the number of offsets and drifts tried is the false
alarm probability.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Times = NDArray[np.float64]

MAX_DRIFT: Final = 200e-6
DRIFT_SIGMA: Final = 100e-6  # of a quartz, generously; holds the slope of a short list
RUN: Final = 64  # pulses of one search: about a minute, in which drift is 13 ms
PEAKS_OF_RUN: Final = 8
PLACES: Final = 8
MOST_TURNS: Final = 200  # enough for a hole of eight hours
FEWEST: Final = 8
LEAST: Final = 0.3  # of the seen pulses is the train's: of 80 % twice over, 64 % is left

FALSE_ALARM: Final = 1e-6  # a mapping less sure than this is refused,
RIVAL_ALARM: Final = 1e-3  # and one beside which another place is surer than this
RIVAL_S: Final = 0.25  # two places this far apart are not one
# With intervals even from 0.5 to 1.5 s the density of pulses a given time after a pulse is at most
# 1.5 times the mean: a regular list, whose every pulse waits for that time, meets so many.
UNEVEN: Final = 1.5


@dataclass(frozen=True, slots=True)
class Mapping:
    """Where a list of times lies in the train.

    Attributes:
        offset_s: the train's time at 0 of the list.
        drift_ppm: how much faster the train's time runs.
        residual_s: root mean square distance of the matched pulses.
        matched: how many pulses are in both.
        false_alarm: bound of the probability that an unrelated list fits as well somewhere.
    """

    offset_s: float
    drift_ppm: float
    residual_s: float
    matched: int
    false_alarm: float

    def to_known(self, seen_s: Times) -> Times:
        """Times of the list as times of the train."""
        return self.offset_s + seen_s * (1 + self.drift_ppm * 1e-6)


@dataclass(frozen=True, slots=True)
class NotFound:
    """There is no mapping that could be trusted; `reason` is for people."""

    reason: str
    matched: int = 0
    false_alarm: float = 1.0


class _Line(NamedTuple):
    offset: float
    slope: float

    def at(self, seen: Times) -> Times:
        return self.offset + seen * (1 + self.slope)

    def shift(self, seen: float) -> float:
        return self.offset + self.slope * seen


class _Place(NamedTuple):
    """A run of `seen` may lie here: about `middle` of it, known - seen is about `shift`."""

    score: float
    middle: float
    reach: float
    shift: float
    within: float


class _Fit(NamedTuple):
    line: _Line
    residual: Times
    false_alarm: float
    trials: int


def find(
    known_s: ArrayLike, seen_s: ArrayLike, *, within_s: float = 0.03, lists: int = 1
) -> Mapping | NotFound:
    """Find a known train in a list of times.

    Up to 20 % of the pulses may be missing on either side, and as many may be strangers. The offset
    may be anything, the drift up to 200 ppm.

    Args:
        known_s: (n,) when the pulses were emitted, in seconds.
        seen_s: (m,) the list.
        within_s: how far a seen pulse may be off.
        lists: how many lists are looked at; all count as attempts to be fooled by chance.

    Returns:
        The mapping, its false alarm probability at most 1e-6; or why there is none.

    Raises:
        ValueError: a time is not finite, or `within_s` is not positive.
    """
    known, seen = _sorted(known_s), _sorted(seen_s)
    if not within_s > 0:
        raise ValueError("within_s must be positive")
    for name, times in (("train has", known), ("list has", seen)):
        if len(times) < FEWEST:
            return NotFound(f"the {name} {len(times)} pulses; {FEWEST} are the fewest")
    lines = (_grow(known, seen, place, within_s) for place in _places(known, seen, within_s))
    fits = [_judge(known, seen, line, within_s, lists) for line in lines if line is not None]
    return _decide(sorted(fits, key=lambda fit: fit.false_alarm), seen)


def _sorted(times_s: ArrayLike) -> Times:
    times = np.unique(np.asarray(times_s, np.float64))
    if not np.isfinite(times).all():
        raise ValueError("all times must be finite")
    return times


def _decide(fits: list[_Fit], seen: Times) -> Mapping | NotFound:
    """The best of the fits, unless it may be chance or has a rival."""
    if not fits:
        return NotFound("nowhere in the train do more of the pulses fit than by chance")
    best, matched = fits[0], len(fits[0].residual)
    if best.false_alarm > FALSE_ALARM:
        reason = f"{matched} of {best.trials} pulses fit at the best place, as chance may have it"
        return NotFound(reason, matched, best.false_alarm)
    middle = float(seen.mean())
    for rival in fits[1:]:
        apart_s = abs(rival.line.shift(middle) - best.line.shift(middle))
        if rival.false_alarm < RIVAL_ALARM and apart_s > RIVAL_S:
            reason = "the pulses fit at several places: their intervals are too regular"
            return NotFound(reason, matched, best.false_alarm)
    residual_s = float(np.sqrt(np.mean(best.residual**2)))
    line = best.line
    return Mapping(line.offset, line.slope * 1e6, residual_s, matched, best.false_alarm)


# Where it may be.


def _places(known: Times, seen: Times, within: float) -> list[_Place]:
    """The most promising places of all runs."""
    runs = np.array_split(seen, math.ceil(len(seen) / RUN))
    places = [place for run in runs for place in _peaks(known, run, within)]
    return sorted(places, reverse=True)[:PLACES]


def _peaks(known: Times, run: Times, within: float) -> Iterator[_Place]:
    """The fullest pairs of neighbouring bins among the differences known - seen."""
    reach = (run[-1] - run[0]) / 2
    width = within + MAX_DRIFT * reach
    lowest = known[0] - run[-1]
    full = np.zeros(int((known[-1] - run[0] - lowest) / width) + 2, np.int32)
    for pulse in run:
        full[((known - (pulse + lowest)) / width).astype(np.intp)] += 1
    pairs = full[:-1] + full[1:]
    fullest = min(PEAKS_OF_RUN, len(pairs))
    for at in np.argpartition(pairs, -fullest)[-fullest:]:
        shift = float(lowest + (at + 1) * width)
        yield _Place(float(pairs[at]), float(run[0] + reach), float(reach), shift, float(width))


# How the line runs there.


def _grow(known: Times, seen: Times, place: _Place, within: float) -> _Line | None:
    """The line through a place, fitted to ever more of the list; None when nothing fits."""
    line = _Line(place.shift, 0.0)
    reach, near = place.reach, place.within
    longest = float(max(seen[-1] - place.middle, place.middle - seen[0]))
    for _ in range(3 + math.ceil(math.log2(max(1.0, longest / max(reach, 1e-9))))):
        some = seen[np.abs(seen - place.middle) <= reach * (1 + 1e-9)]
        turned = _turned(line, place.middle, reach, near)
        line = max(turned, key=lambda one: len(_match(known, some, one, near)[0]))
        fitted = _fitted(known, some, line, near)
        if fitted is None or abs(fitted.slope) > 1.5 * MAX_DRIFT:
            return None
        if near > within and len(_match(known, some, fitted, within)[0]) < LEAST * len(some):
            return None  # most places end here, at their first fit
        line = fitted
        near, reach = within, min(2 * reach, longest)
    return line


def _turned(line: _Line, middle: float, reach: float, within: float) -> list[_Line]:
    """The line, and others through its middle: across a long hole its slope is too uncertain."""
    steps = min(MOST_TURNS, int(MAX_DRIFT * reach / within))
    slopes = [line.slope, *(step * within / reach for step in range(-steps, steps + 1) if steps)]
    return [_Line(line.shift(middle) - slope * middle, slope) for slope in slopes]


def _fitted(known: Times, seen: Times, line: _Line, within: float) -> _Line | None:
    """Least squares through what `line` matches, the slope held by what a quartz may do."""
    at, which = _match(known, seen, line, within)
    if len(at) < FEWEST // 2:
        return None
    shift = known[which] - seen[at]
    x = seen[at] - seen[at].mean()
    doubt = (within / 2 / DRIFT_SIGMA) ** 2
    slope = float(x @ (shift - shift.mean()) / (x @ x + doubt))
    return _Line(float(shift.mean() - slope * seen[at].mean()), slope)


def _match(
    known: Times, seen: Times, line: _Line, within: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs (of seen, of known) within reach of each other; a known pulse is given to one only."""
    expected = line.at(seen)
    after = np.clip(np.searchsorted(known, expected), 1, len(known) - 1)
    which = after - (expected - known[after - 1] < known[after] - expected)
    distance = np.abs(known[which] - expected)
    at = np.argsort(distance, kind="stable")
    at = at[distance[at] <= within]
    _, first = np.unique(which[at], return_index=True)
    return at[first], which[at[first]]


# How surely it is not chance.


def _judge(known: Times, seen: Times, line: _Line, within: float, lists: int) -> _Fit:
    at, which = _match(known, seen, line, within)
    expected = line.at(seen)
    inside = expected[(expected >= known[0] - within) & (expected <= known[-1] + within)]
    residual = known[which] - expected[at]
    span = float(seen[-1] - seen[0])
    offsets = (float(known[-1] - known[0]) + span) / within
    tried = lists * offsets * (1 + 2 * MAX_DRIFT * span / within)
    tail = _tail(len(at), len(inside), _chance(known, inside, within))
    return _Fit(line, residual, min(1.0, tried * tail), len(inside))


def _chance(known: Times, inside: Times, within: float) -> float:
    """With which probability an unrelated pulse is near a known one, about where `inside` is.

    Offsets and drifts are counted in steps of `within`; between two of them a pulse may be farther
    off by as much again, so that the reach is twice `within` to either side.
    """
    if not len(inside):
        return 1.0
    first, last = inside[0] - 2 * within, inside[-1] + 2 * within
    there = known[(known > first) & (known < last)]
    covered = np.minimum(np.diff(there), 4 * within).sum() + 4 * within
    return min(1.0, UNEVEN * float(covered / (last - first)))


def _tail(matched: int, trials: int, chance: float) -> float:
    """Chernoff's bound of P(at least `matched` of `trials` independent ones succeed)."""
    share = matched / trials if trials else 0.0
    if share <= chance:
        return 1.0
    entropy = share * math.log(share / chance)
    if share < 1:
        entropy += (1 - share) * math.log((1 - share) / (1 - chance))
    return math.exp(-trials * entropy)
