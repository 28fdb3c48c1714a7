"""Which sample each row of a recording is: late ones where they belong, doubled ones once.

A counter tells losses shorter than its cycle; time stamps tell how often it went round in longer
ones, and that a row stands where it does not belong: there is no checksum in a text. Rows are not
taken, and told, when

    their counter or their stamp contradicts the rows on both sides
    their counter stands at another row, too, which fits better
    they repeat another row to the digit
    they are beyond the board's range, and few are

Nothing is filled in. A pause of a minute, and a header in the middle, begin a run of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hardware.recordings.recording import Recording, Unread

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# A dongle keeps 25 packets, and can bring them out of order; nothing is later than that.
REACH = 32
APART_S = 0.3  # more than bursts and a busy computer make of stamps
LONGEST_S = 60.0
SETTLED_S = 10.0  # by then a computer that was busy has caught up
NEAR = 5  # rows that are looked at where one alone may be damaged
FEW = 0.01  # of the rows: so many may be damaged; more are of another gain
REPEATED, TWICE, BEYOND, ASTRAY = (
    "repeats another row",
    "its counter stands at another row, too",
    "a channel is beyond what its board can tell",
    "its counter or time stamp fits neither the row before nor the one behind",
)


@dataclass(frozen=True, slots=True)
class Loss:
    """Samples `first` to before `first + n` of a run that no row holds; `unread`: one was bad."""

    first: int
    n: int
    unread: bool


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Rows that belong to one stretch of a recording.

    Attributes:
        rows: (n,) which rows of the recording, in the order of their samples.
        index: (n,) of their samples, from 0, increasing.
        losses: what lies between them.
        stretch: of the recording.
    """

    rows: Integers
    index: Integers
    losses: tuple[Loss, ...]
    stretch: int


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """All runs of a recording, and the rows that are in none.

    Attributes:
        runs: in order.
        left_out: rows that are in none, by line.
        stamp_s: (n,) of each row, as if the clock had never been set back; None without stamps.
        clock_set_back: whether it was.
    """

    runs: tuple[Run, ...]
    left_out: tuple[Unread, ...]
    stamp_s: Floats | None = None
    clock_set_back: bool = False


def place(recording: Recording) -> Placed:
    """Give each row its place.

    Raises:
        ValueError: there is no row left.
    """
    n = len(recording)
    counters = np.arange(n, dtype=np.int64) if recording.counters is None else recording.counters
    stamp_s = None if recording.stamps is None else recording.stamps.s
    stretch = _stretches(recording, stamp_s)
    astray, beyond = _astray(counters, stamp_s, stretch, recording), _beyond(recording)
    kept = np.flatnonzero(~(astray | beyond))
    bad = [*(it.before for it in recording.unread), *np.flatnonzero(astray | beyond).tolist()]
    counters, set_back_s = _unwound(counters[kept], stamp_s, kept, recording)
    runs: list[Run] = []
    left = [(row, ASTRAY) for row in np.flatnonzero(astray & ~beyond).tolist()]
    left += [(row, BEYOND) for row in np.flatnonzero(beyond).tolist()]
    for number in np.unique(stretch[kept]).tolist():
        own = stretch[kept] == number
        rows, index, why = _sorted_out(kept[own], counters[own], recording)
        left += why
        bad += [row for row, text in why if text == TWICE]
        parts = _parts(index, round(LONGEST_S * recording.rate_hz))
        runs += [_run(rows[it], index[it], np.array(bad, np.int64), number) for it in parts]
    if not runs:
        raise ValueError("no row that fits another one")
    lines = np.arange(1, n + 1) if recording.lines is None else recording.lines
    told = (Unread(int(lines[row]), why, row) for row, why in sorted(left))
    if stamp_s is not None:
        stamp_s = stamp_s.copy()
        stamp_s[kept] += set_back_s
    return Placed(tuple(runs), tuple(told), stamp_s, bool(np.any(set_back_s)))


def _stretches(recording: Recording, stamp_s: Floats | None) -> Integers:
    """Of each row; a later one that does not begin behind the one before is no other."""
    if recording.stretch is None:
        return np.zeros(len(recording), np.int64)
    stretch = recording.stretch.astype(np.int64)
    if stamp_s is None:
        return stretch
    for end in (np.flatnonzero(np.diff(stretch)) + 1).tolist():
        before, after = stamp_s[max(0, end - NEAR) : end], stamp_s[end : end + NEAR]
        if np.median(after) < np.median(before) - APART_S:
            stretch[end:] -= 1
    return stretch


def _astray(
    counters: Integers, stamp_s: Floats | None, stretch: Integers, recording: Recording
) -> Flags:
    """Rows that contradict the ones before and behind, which agree with each other."""
    if recording.counters is None or len(counters) < 3:
        return np.zeros(len(counters), np.bool_)
    found = _spikes(counters.astype(np.float64), REACH, stretch)
    if stamp_s is not None:
        found[[0, -1]] = False  # a loss looks the same there, and the stamps tell
        found |= _spikes(stamp_s - counters / recording.rate_hz, APART_S, stretch)
    return found


def _beyond(recording: Recording) -> Flags:
    """Rows with a value that no converter tells; none where there are many."""
    uv = recording.uv
    found: Flags = np.asarray((np.abs(uv) > recording.rail_uv).any(axis=(0, 2)), np.bool_)
    is_few = 0 < found.mean() <= FEW and bool(recording.kind)
    return found if is_few else np.zeros(len(recording), np.bool_)


def _spikes(values: Floats, apart: float, stretch: Integers) -> Flags:
    """Where a value is farther from both its neighbours than these are from each other.

    The first and the last have one neighbour, which must agree with the next.
    """
    steps = np.diff(values)
    joined = np.diff(stretch) == 0
    is_far = (np.abs(steps) > apart) & joined
    found = np.zeros(len(values), np.bool_)
    returns = np.abs(values[2:] - values[:-2]) <= apart
    found[1:-1] = is_far[:-1] & is_far[1:] & returns
    found[0] = is_far[0] and not is_far[1] and not found[1]
    found[-1] = is_far[-1] and not is_far[-2] and not found[-2]
    return found


def _unwound(
    counters: Integers, stamp_s: Floats | None, kept: Integers, recording: Recording
) -> tuple[Integers, Floats]:
    """The counters with the rounds that only the stamps tell; how far the clock was set back."""
    cycle, set_back_s = recording.cycle, np.zeros(len(kept))
    if stamp_s is None or not cycle or recording.counters is None or len(kept) < 2:
        return counters, set_back_s
    behind = (stamp_s[kept] - stamp_s[kept[0]]) * recording.rate_hz - counters
    rounds, jumps = _rounds(behind, recording)
    level = np.concatenate([[0], np.cumsum(rounds)])
    changes = np.flatnonzero(rounds).tolist()
    for place, end in pairwise([*changes, len(rounds)]):
        if rounds[place] < 0 and _are_others(
            (place, end), counters + level * cycle, kept, recording
        ):
            level[place + 1 :] += level[place] - level[place + 1]
            set_back_s[place + 1 :] -= jumps[place] / recording.rate_hz
    return counters + level * cycle, set_back_s


def _rounds(behind: Floats, recording: Recording) -> tuple[Integers, Floats]:
    """How often the counter went round in each step, beyond what it tells itself; not rounded.

    `behind` are the samples that a counter lacks by its row's stamp. A computer that was busy
    writes late, and then catches up: the least of the next seconds counts.
    """
    jumps = np.zeros(len(behind) - 1)
    settled = round(SETTLED_S * recording.rate_hz)
    places = np.flatnonzero(np.abs(np.diff(behind)) > recording.cycle / 2).tolist()
    for before, place, after in zip(
        [-1, *places], places, [*places[1:], len(behind) - 1], strict=False
    ):
        was = behind[max(before + 1, place + 1 - settled) : place + 1].min()
        now = behind[place + 1 : min(after + 1, place + 1 + settled)].min()
        jumps[place] = now - was
    return np.rint(jumps / recording.cycle).astype(np.int64), jumps


def _are_others(
    between: tuple[int, int], counters: Integers, kept: Integers, recording: Recording
) -> bool:
    """Whether the rows behind a place, up to an end, take the numbers of other rows before it.

    Or numbers from long before all of these. Rows that were moved, or stand there twice, do
    neither: the clock was set back.
    """
    place, end = between
    earlier, later = counters[: place + 1], counters[place + 1 : end + 1]
    _, before, behind = np.intersect1d(earlier, later, return_indices=True)
    if not len(before):
        return bool(later.max() < earlier.min() - LONGEST_S * recording.rate_hz)
    uv = recording.uv[:, kept]
    same = (uv[:, before] == uv[:, place + 1 + behind]).all(axis=(0, 2))
    return bool(same.mean() < 0.5)


def _sorted_out(
    rows: Integers, counters: Integers, recording: Recording
) -> tuple[Integers, Integers, list[tuple[int, str]]]:
    """Rows and counters in order, each counter once; the rows that are left out, and why."""
    fits = _fitting(counters)
    order = np.lexsort((-fits, counters))
    rows, counters = rows[order], counters[order]
    again = np.append(False, np.diff(counters) == 0)
    first = np.maximum.accumulate(np.where(again, 0, np.arange(len(rows))))
    left = []
    for place in np.flatnonzero(again).tolist():
        one, other = rows[place], rows[first[place]]
        is_same = np.array_equal(recording.uv[:, one], recording.uv[:, other], equal_nan=True)
        left.append((int(one), REPEATED if is_same else TWICE))
    return rows[~again], counters[~again], left


def _fitting(counters: Integers) -> Integers:
    """To how many of its neighbours in the file each row is the next."""
    follows = (np.diff(counters) == 1).astype(np.int64)
    fits: Integers = np.append(0, follows) + np.append(follows, 0)
    return fits


def _parts(counters: Integers, longest: int) -> list[slice]:
    """Where a pause is too long to count samples in it, another part begins."""
    ends = (np.flatnonzero(np.diff(counters) > longest) + 1).tolist()
    edges = [0, *ends, len(counters)]
    return [slice(begin, end) for begin, end in pairwise(edges) if end > begin]


def _run(rows: Integers, counters: Integers, bad: Integers, stretch: int) -> Run:
    index = counters - counters[0]
    return Run(rows, index, tuple(_losses(rows, index, bad)), stretch)


def _losses(rows: Integers, index: Integers, bad: Integers) -> Iterator[Loss]:
    for place in np.flatnonzero(np.diff(index) > 1).tolist():
        low, high = sorted((int(rows[place]), int(rows[place + 1])))
        unread = bool(((bad > low) & (bad <= high)).any())
        first = int(index[place]) + 1
        yield Loss(first, int(index[place + 1]) - first, unread)
