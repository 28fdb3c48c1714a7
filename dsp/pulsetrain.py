"""A pseudo-random train of pulses, found again in any list of times.

    known = offset + seen * (1 + drift)

`known` are the pulses as they were emitted, `seen` what some other clock saw of them: lights in a
video, beeps in its sound, the strobe log of a camera. Either list may lack pulses and hold others,
and where frames were lost in the middle, offset jumps: the list lies in the train in pieces.

A short run of the seen pulses is held against all known ones: of the differences known - seen, the
true offset has one for each pulse that is in both, wherever it lies; all others are spread evenly.
From such a run the line is fitted and grown to both sides, so that drift does not blur the search.
Where it holds is the stretch of the list with the most pulses on it and the fewest beside it. What
is left over on either side is held against the train in the same way.

How surely the place is not a chance one is bounded. If the lists have nothing to do with each
other, each seen pulse lies near a known one with the probability `p` with which any instant does,
so that `m` matches or more among `n` have at most the probability exp(-n D(m/n || p)) (Chernoff), D
the relative entropy of two coins. That times the number of offsets, drifts and stretches tried is
the false alarm probability. Beside a piece that is sure, a near offset is tried before a far one.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsp.steps import Steps, stepped

Times = NDArray[np.float64]
Where = NDArray[np.intp]

MAX_DRIFT: Final = 200e-6
DRIFT_SIGMA: Final = 100e-6  # of a quartz, generously; holds the slope of a short list
RUN: Final = 48  # pulses of one search: less than a minute, in which drift is 10 ms
SHORT_RUN: Final = 16  # where the drift may be anything
# Rates told wrongly: 29.97 as 30, 24 as 25; more is slow motion or a time-lapse.
WIDEST_DRIFT: Final = 0.06
PEAKS_OF_RUN: Final = 8
PLACES: Final = 8
MOST_TURNS: Final = 200  # enough for a hole of eight hours
FEWEST: Final = 8
LEAST: Final = 0.3  # of the seen pulses is the train's: of 80 % twice over, 64 % is left
LEAST_OF_SHORT: Final = 0.5  # of a short run, which finds as many by chance somewhere
USUAL: Final = 0.6  # of the seen pulses is the train's where a line holds

# So much less likely has a run of misses made it that a line holds on: a dozen of them.
DROP: Final = 10.0

# A known pulse that was not seen says less, for a light may be hidden for any time.
UNSEEN: Final = 0.2
MOST_UNSEEN: Final = 8.0

FALSE_ALARM: Final = 1e-6  # a mapping less sure than this is refused,
PERHAPS: Final = 1e-2  # so sure must the surest piece of it be by itself,
BESIDE_ALARM: Final = 1e-4  # and a piece beside one that is sure, less sure than this,
RIVAL_ALARM: Final = 1e-3  # and one beside which another place is surer than this
RIVAL_S: Final = 0.25  # two places this far apart are not one
# With intervals even from 0.5 to 1.5 s the density of pulses a given time after a pulse is at most
# 1.5 times the mean: a regular list, whose every pulse waits for that time, meets so many.
UNEVEN: Final = 1.5
# Offsets and drifts are counted in steps of this share of `within`; between two of them a pulse may
# be farther off by as much each.
GRID: Final = 0.25


@dataclass(frozen=True, slots=True)
class Piece:
    """Where a stretch of a list of times lies in the train.

    Attributes:
        begin_s: the first pulse of the list that is the train's, by the list's clock.
        end_s: the last one.
        offset_s: the train's time at 0 of the list.
        drift_ppm: how much faster the train's time runs.
        residual_s: root mean square distance of the matched pulses.
        matched: how many pulses are in both.
        seen: how many are in the list, from begin to end.
        false_alarm: bound of the probability that an unrelated list fits as well somewhere, in
            all its pieces.
    """

    begin_s: float
    end_s: float
    offset_s: float
    drift_ppm: float
    residual_s: float
    matched: int
    seen: int
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
    slope: float
    doubt: float  # how far the slope may be off


class _Fit(NamedTuple):
    """A line, and the pulses of the list from `first` to before `end` that it explains."""

    line: _Line
    first: int
    end: int
    hits: Where  # of the list, sorted
    false_alarm: float

    def moved(self, by: int) -> "_Fit":
        return self._replace(first=self.first + by, end=self.end + by, hits=self.hits + by)


def any_drift(within_s: float) -> Times:
    """Drifts to try when the rate may be told wrongly, for `find`."""
    most = math.ceil(WIDEST_DRIFT / _doubt_of_short_runs(within_s))
    drifts: Times = np.linspace(-WIDEST_DRIFT, WIDEST_DRIFT, 2 * most + 1)
    return drifts


def _doubt_of_short_runs(within_s: float) -> float:
    return 2 * within_s / (SHORT_RUN / 2)


def find(
    known_s: ArrayLike,
    seen_s: ArrayLike,
    *,
    within_s: float = 0.03,
    lists: int = 1,
    drifts: ArrayLike = (0.0,),
    least_step_s: float = 0.01,
) -> tuple[Piece, ...] | NotFound:
    """Find a known train in a list of times.

    Up to 20 % of the pulses may be missing on either side, and as many may be strangers. The offset
    may be anything.

    Args:
        known_s: (n,) when the pulses were emitted, in seconds.
        seen_s: (m,) the list.
        within_s: how far a seen pulse may be off.
        lists: how many lists are looked at; all count as attempts to be fooled by chance.
        drifts: tried; the true one is within 200e-6 of one of them, or between two of several.
        least_step_s: where offset jumps by less, there is no new piece.

    Returns:
        The pieces, in order, of one drift, their false alarm probability at most 1e-6; or why
        there are none.

    Raises:
        ValueError: a time is not finite, or `within_s` is not positive.
    """
    known, seen = _sorted(known_s), _sorted(seen_s)
    if not within_s > 0:
        raise ValueError("within_s must be positive")
    for name, times in (("train has", known), ("list has", seen)):
        if len(times) < FEWEST:
            return NotFound(f"the {name} {len(times)} pulses; {FEWEST} are the fewest")
    tried = np.asarray(drifts, np.float64)
    search = _Search(known, within_s, least_step_s)
    fits = search.fits(seen, tried, lists)
    if not fits:
        return NotFound("nowhere in the train do more of the pulses fit than by chance")
    found = search.all_of(seen, fits[0])
    false_alarm = math.prod(fit.false_alarm for fit in found)
    refused = _refused(fits, false_alarm, seen, search)
    return refused or search.pieces(seen, found, false_alarm)


def _sorted(times_s: ArrayLike) -> Times:
    times = np.unique(np.asarray(times_s, np.float64))
    if not np.isfinite(times).all():
        raise ValueError("all times must be finite")
    return times


def _refused(
    fits: Sequence[_Fit], false_alarm: float, seen: Times, search: "_Search"
) -> NotFound | None:
    """Why the best of the fits is none: it may be chance, or has a rival."""
    best = fits[0]
    matched, length = len(best.hits), best.end - best.first
    if false_alarm > FALSE_ALARM:
        told = f"{matched} of {length} pulses fit at the best place"
        chance = search.chance(best.line.at(seen[best.first : best.end]))
        if matched < 0.8 * length or false_alarm >= 1 or chance >= 1:
            return NotFound(f"{told}, as chance may have it", matched, false_alarm)
        more = math.ceil(math.log(FALSE_ALARM / false_alarm) / math.log(chance))
        reason = f"{told}, too few to be sure: {matched + more} would do"
        return NotFound(reason, matched, false_alarm)
    middle = float(seen[best.hits].mean())
    for rival in fits[1:]:
        both = np.intersect1d(best.hits, rival.hits)
        apart_s = abs(rival.line.shift(middle) - best.line.shift(middle))
        if rival.false_alarm < RIVAL_ALARM and apart_s > RIVAL_S and 2 * len(both) > matched:
            reason = "the pulses fit at several places: their intervals are too regular"
            return NotFound(reason, matched, false_alarm)
    return None


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """A train that lists are held against."""

    known: Times
    within: float
    least_step: float

    def fits(
        self, seen: Times, drifts: Times, lists: float, beside: _Fit | None = None
    ) -> list[_Fit]:
        """Lines through the most promising places of the list, the surest first."""
        fits = []
        for place in self._places(seen, drifts):
            line = self._grow(seen, place)
            if line is not None:
                fits.append(self._judge(seen, line, self._tried(seen, line, drifts, lists, beside)))
        return sorted(fits, key=lambda fit: fit.false_alarm)

    def all_of(self, seen: Times, best: _Fit) -> list[_Fit]:
        """With the best fit, what lies before and after it; each has pulses of its own."""
        return [*self._rest(seen, best)] if best.false_alarm < PERHAPS else [best]

    def pieces(self, seen: Times, fits: Sequence[_Fit], false_alarm: float) -> tuple[Piece, ...]:
        """The fits with one drift, and as few steps as explain them."""
        steps = self._stepped(seen, fits)
        for _ in range(2):  # the first lines may have missed pulses
            lines = [_Line(offset, steps.slope) for offset in steps.offsets]
            steps = self._stepped(seen, [*self._between(seen, steps.first_x, lines)])
        told = self._told(seen, steps, false_alarm)
        return tuple(piece for piece in told if piece.matched >= FEWEST // 2)

    # Where it may be.

    def _places(self, seen: Times, drifts: Times) -> list[_Place]:
        """The most promising places of all runs."""
        length = RUN if len(drifts) == 1 else SHORT_RUN
        runs = np.array_split(seen, math.ceil(len(seen) / length))
        places = [place for run in runs for place in self._peaks(run, drifts)]
        return sorted(places, reverse=True)[:PLACES]

    def _peaks(self, run: Times, drifts: Times) -> Iterator[_Place]:
        """The fullest pairs of neighbouring bins among the differences known - seen."""
        middle, reach = float(run[0] + run[-1]) / 2, float(run[-1] - run[0]) / 2
        doubt = MAX_DRIFT if len(drifts) == 1 else float(drifts[1] - drifts[0]) / 2
        width = self.within + doubt * reach
        by_chance = 2 * width * len(run) * len(self.known) / float(np.ptp(self.known))
        least = (LEAST if len(drifts) == 1 else LEAST_OF_SHORT) * len(run)
        for drift in drifts:
            turned = run + drift * (run - middle)
            lowest = self.known[0] - turned.max()
            bins = (((self.known - lowest)[:, None] - turned) / width).astype(np.intp)
            full = np.bincount(bins.ravel(), minlength=2)
            pairs = full[:-1] + full[1:]
            full_enough = np.flatnonzero(pairs >= least)
            for at in full_enough[np.argsort(-pairs[full_enough])[:PEAKS_OF_RUN]]:
                shift = float(lowest + (at + 1) * width)
                score = (float(pairs[at]) - by_chance) / math.sqrt(by_chance)
                yield _Place(score, middle, reach, shift, width, float(drift), doubt)

    # How the line runs there.

    def _grow(self, seen: Times, place: _Place) -> _Line | None:
        """The line through a place, fitted to ever more of the list; None when nothing fits."""
        line = _Line(place.shift - place.slope * place.middle, place.slope)
        reach, near = place.reach, place.within
        longest = float(max(seen[-1] - place.middle, place.middle - seen[0]))
        for _ in range(3 + math.ceil(math.log2(max(1.0, longest / max(reach, 1e-9))))):
            some = seen[np.abs(seen - place.middle) <= reach * (1 + 1e-9)]
            turned = _turned(line, place.middle, reach, near)
            line = max(turned, key=lambda one: len(self._match(some, one, near)[0]))
            fitted = self._fitted(some, line, near, place)
            if fitted is None or abs(fitted.slope - place.slope) > 1.5 * place.doubt:
                return None if near > self.within else line  # so far it held
            matched = len(self._match(some, fitted, self.within)[0])
            if near > self.within and matched < LEAST * len(some):
                return None  # most places end here, at their first fit
            line = fitted
            near, reach = self.within, min(2 * reach, longest)
        return line

    def _fitted(self, seen: Times, line: _Line, within: float, place: _Place) -> _Line | None:
        """Least squares where `line` holds, the slope held by what a quartz may do."""
        at, which = self._match(seen, line, within)
        first, end = self._stretch(seen, line, at)
        inside = (at >= first) & (at < end)
        at, which = at[inside], which[inside]
        if len(at) < FEWEST // 2:
            return None
        shift = self.known[which] - seen[at]
        x = seen[at] - seen[at].mean()
        sigma = DRIFT_SIGMA if place.doubt <= MAX_DRIFT else place.doubt
        doubt = (within / 2 / sigma) ** 2
        slope = float((x @ (shift - shift.mean()) + doubt * place.slope) / (x @ x + doubt))
        return _Line(float(shift.mean() - slope * seen[at].mean()), slope)

    def _match(self, seen: Times, line: _Line, within: float) -> tuple[Where, Where]:
        """Pairs (of seen, of known) near each other, by seen; a known pulse is given only once."""
        expected = line.at(seen)
        after = np.minimum(
            np.maximum(np.searchsorted(self.known, expected), 1), len(self.known) - 1
        )
        which = after - (expected - self.known[after - 1] < self.known[after] - expected)
        distance = np.abs(self.known[which] - expected)
        at = np.flatnonzero(distance <= within)
        if (np.diff(which[at]) > 0).all():
            return at, which[at]  # none is near two
        at = at[np.argsort(distance[at], kind="stable")]
        _, first = np.unique(which[at], return_index=True)
        return at[first], which[at[first]]

    # How surely it is not chance.

    def _judge(self, seen: Times, line: _Line, tried: float) -> _Fit:
        hits, _ = self._match(seen, line, self.within)
        first, end = self._stretch(seen, line, hits)
        hits = hits[(hits >= first) & (hits < end)]
        tail = _tail(len(hits), end - first, self.chance(line.at(seen[first:end])))
        stretches = len(seen) * (len(seen) + 1) / 2
        return _Fit(line, first, end, hits, min(1.0, tried * stretches * tail))

    def _tried(
        self, seen: Times, line: _Line, drifts: Times, lists: float, beside: _Fit | None
    ) -> float:
        """How many lines were tried; beside another one, those that are nearer to it."""
        step = GRID * self.within
        span = float(seen[-1] - seen[0])
        if beside is not None:
            middle = float(seen.mean())
            return 1 + 2 * abs(line.shift(middle) - beside.line.shift(middle)) / step
        widest = float(np.ptp(drifts)) + 2 * MAX_DRIFT
        offsets = (float(self.known[-1] - self.known[0]) + span) / step
        return lists * offsets * (1 + widest * span / step)

    def chance(self, expected: Times) -> float:
        """With which probability an unrelated pulse is near a known one, about there."""
        if not len(expected):
            return 1.0
        reach = (1 + 2 * GRID) * self.within
        first, last = expected[0] - reach, expected[-1] + reach
        there = self.known[(self.known > first) & (self.known < last)]
        if not len(there):
            there = self.known
            first, last = there[0] - reach, there[-1] + reach
        covered = np.minimum(np.diff(there), 2 * reach).sum() + 2 * reach
        return min(1.0, UNEVEN * float(covered / (last - first)))

    def _stretch(
        self, seen: Times, line: _Line, hits: Where, drop: float = DROP
    ) -> tuple[int, int]:
        """The run of the list, from and to before, that is likeliest to be the train's.

        By the sum of log likelihood ratios of each pulse, hit or missed, and of the known ones that
        were not seen: the greatest of any run in which it never falls by more than `drop`.
        """
        expected = line.at(seen)
        chance = min(max(self.chance(expected), 1e-6), 0.5)
        passed = np.searchsorted(self.known, expected)
        unseen = np.maximum(np.diff(passed, prepend=passed[:1]) - 1, 0)
        worth = math.log((1 - USUAL) / (1 - chance)) - np.minimum(UNSEEN * unseen, MOST_UNSEEN)
        worth[hits] += math.log(USUAL / chance) - math.log((1 - USUAL) / (1 - chance))
        _, first, end = _worthiest(worth, drop)
        return first, end

    # What lies before and after a piece, and how it hangs together.

    def _rest(self, seen: Times, found: _Fit) -> Iterator[_Fit]:
        """What was found, with all that is found before and after it, in order."""
        yield from self._beside(seen[: found.first], found, 0)
        yield found
        yield from self._beside(seen[found.end :], found, found.end)

    def _beside(self, seen: Times, found: _Fit, by: int) -> Iterator[_Fit]:
        if len(seen) < FEWEST // 2:
            return
        same = self._judge(seen, found.line, 1.0)
        others = self.fits(seen, np.array([found.line.slope]), 1.0, found)
        best = min([same, *others], key=lambda fit: fit.false_alarm)
        if best.false_alarm <= BESIDE_ALARM:
            yield from (fit.moved(by) for fit in self._rest(seen, best))

    def _stepped(self, seen: Times, fits: Sequence[_Fit]) -> Steps:
        """One drift for all, and the steps between them that are there."""
        pairs = [self._match(seen[fit.first : fit.end], fit.line, self.within) for fit in fits]
        at = np.concatenate([hits + fit.first for fit, (hits, _) in zip(fits, pairs, strict=True)])
        which = np.concatenate([which for _, which in pairs])
        firsts = np.cumsum([0, *(len(hits) for hits, _ in pairs)])[:-1]
        is_usual = abs(fits[0].line.slope) < 3 * DRIFT_SIGMA
        doubt = DRIFT_SIGMA if is_usual else WIDEST_DRIFT
        return stepped(seen[at], self.known[which] - seen[at], firsts, self.least_step, doubt)

    def _between(self, seen: Times, first_x: Times, lines: Sequence[_Line]) -> Iterator[_Fit]:
        """Where in the list each of the lines holds; `first_x` is the first pulse on each."""
        begins = [0, *np.searchsorted(seen, first_x[1:] - 1e-9), len(seen)]
        for line, begin, end in zip(lines, begins, begins[1:], strict=False):
            hits, _ = self._match(seen[begin:end], line, self.within)
            if not len(hits):
                continue
            first, last = self._stretch(seen[begin:end], line, hits, math.inf)
            hits = hits[(hits >= first) & (hits < last)]
            fit = _Fit(line, int(hits[0]), int(hits[-1]) + 1, hits, 0.0)
            yield fit.moved(int(begin))

    def _told(self, seen: Times, steps: Steps, false_alarm: float) -> Iterator[Piece]:
        begins = np.searchsorted(seen, steps.first_x - 1e-9)
        ends = np.searchsorted(seen, steps.last_x + 1e-9)
        for begin, end, offset in zip(begins, ends, steps.offsets, strict=True):
            line = _Line(float(offset), steps.slope)
            some = seen[begin:end]
            at, which = self._match(some, line, self.within)
            off = self.known[which] - line.at(some[at])
            rms = float(np.sqrt(np.mean(off**2))) if len(at) else 0.0
            yield Piece(
                begin_s=float(some[0]),
                end_s=float(some[-1]),
                offset_s=line.offset,
                drift_ppm=line.slope * 1e6,
                residual_s=rms,
                matched=len(at),
                seen=len(some),
                false_alarm=false_alarm,
            )


def _turned(line: _Line, middle: float, reach: float, within: float) -> list[_Line]:
    """The line, and others through its middle: across a long hole its slope is too uncertain."""
    steps = min(MOST_TURNS, int(MAX_DRIFT * reach / within))
    turns = (step * within / reach for step in range(-steps, steps + 1) if step)
    slopes = [line.slope, *(line.slope + turn for turn in turns)]
    return [_Line(line.shift(middle) - slope * middle, slope) for slope in slopes]


def _worthiest(worth: Times, drop: float) -> tuple[float, int, int]:
    """The greatest sum of a run without a fall of more than `drop` in it, and that run."""
    sums = np.concatenate([[0.0], np.cumsum(worth)])
    end = int(np.argmax(sums - np.minimum.accumulate(sums)))
    first = int(np.argmin(sums[: end + 1]))
    fallen = np.flatnonzero(np.maximum.accumulate(sums[first:end]) - sums[first:end] > drop)
    if not len(fallen):
        return float(sums[end] - sums[first]), first, end
    middle = first + int(fallen[0])
    after, begin, until = _worthiest(worth[middle:], drop)
    return max(_worthiest(worth[:middle], drop), (after, begin + middle, until + middle))


def _tail(matched: int, trials: int, chance: float) -> float:
    """Chernoff's bound of P(at least `matched` of `trials` independent ones succeed)."""
    share = matched / trials if trials else 0.0
    if share <= chance:
        return 1.0
    entropy = share * math.log(share / chance)
    if share < 1:
        entropy += (1 - share) * math.log((1 - share) / (1 - chance))
    return math.exp(-trials * entropy)
