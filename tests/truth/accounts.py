"""The accountant: holds every stored sample, time, gap and person against what was sent.

It knows the boards (board.py) and reads the session's file; of how the one became the other it
knows nothing.
"""

from dataclasses import dataclass, field, fields
from functools import cached_property, partial
from typing import Final
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from recorder.store import reader
from recorder.store.calendar import utc_ns
from recorder.store.reader import SessionReader
from recorder.store.rows import GapRow
from tests.truth.board import TrueBoard
from tests.truth.box import CHANNELS, REST_TICK_NS, UTC_NS, Told
from tests.truth.line import SECOND, Window

SETTLED_NS: Final = 10 * SECOND  # after a segment's start or a stall
SIGMAS: Final = 3.0
# What was taken and not yet stored when a session begins or ends.
EDGE_NS: Final = 700_000_000
# From the converter to the last read before a gap: radio tries a packet again, the reader rests.
WAY_NS: Final = 150_000_000 + REST_TICK_NS
UTC_OFF_NS: Final = 5_000_000
# Samples that are unpacked at once, where exports take 8192: blocks of one length in one go.
TOGETHER: Final = 1 << 17
_WRONG: Final = (
    *("foreign", "changed", "misplaced", "twice", "unaccounted", "told_twice"),
    *("unsteady", "off_utc", "broken"),
)
_Longs = NDArray[np.int64]


@dataclass
class Account:
    """What was found, of one board or of many.

    Attributes:
        stored: samples.
        foreign: of these, under the name of somebody who did not wear the board.
        changed: that are not what was sent, or whose milliseconds are not.
        misplaced: whose index does not count the samples that were taken.
        twice: stored more than once.
        arrived: samples whose packets the host has read, while their board was recorded.
        missing: samples that were taken while the session ran, and are not stored.
        unaccounted: of these, in no gap; `told_twice`: stored all the same.
        settled: times that are to be right.
        outside: of these, further off than they say.
        worst_ms: of these, by how much.
        unsteady: times that do not increase.
        off_utc: times of day that are wrong.
        broken: files that the reader or `verify` does not like.
    """

    stored: int = 0
    foreign: int = 0
    changed: int = 0
    misplaced: int = 0
    twice: int = 0
    arrived: int = 0
    missing: int = 0
    unaccounted: int = 0
    told_twice: int = 0
    settled: int = 0
    outside: int = 0
    worst_ms: float = 0.0
    unsteady: int = 0
    off_utc: int = 0
    broken: int = 0

    def add(self, other: "Account") -> None:
        """Add what was found elsewhere."""
        for it in fields(self):
            mine, theirs = getattr(self, it.name), getattr(other, it.name)
            setattr(self, it.name, max(mine, theirs) if it.name == "worst_ms" else mine + theirs)

    @property
    def wrong(self) -> dict[str, int]:
        """What must not be, as far as there is any."""
        return {name: count for name in _WRONG if (count := getattr(self, name))}


@dataclass
class _Segment:
    number: _Longs
    index: _Longs
    t_ns: _Longs
    sigma_ns: NDArray[np.float64]

    @cached_property
    def begun(self) -> int:
        """The number of the sample at its index 0."""
        return int(np.median(self.number - self.index))


@dataclass
class _Board:
    """One board's part of a file."""

    account: Account = field(default_factory=Account)
    segments: dict[int, _Segment] = field(default_factory=dict)


def account(told: Told) -> Account:
    """Return what is right and wrong in the files of a session."""
    whole = Account()
    portions = partial(reader._portions, together=TOGETHER)
    for path in told.paths:
        with SessionReader(path) as session, mock.patch.object(reader, "_portions", portions):
            for person, board in enumerate(told.boards):
                whole.add(_account(session, person, board, told))
            whole.off_utc += _off_utc(session, told)
    return whole


def _account(session: SessionReader, person: int, board: TrueBoard, told: Told) -> Account:
    mine = _Board()
    for segment in session.segments(person):
        mine.segments[segment] = _read(session, person, segment, board, mine.account)
    _judge_times(mine, board, told.stalls)
    gaps = [gap for gap in session.gaps() if gap.board == person]
    ran = (session.header.started_t_ns, session.ended_t_ns)
    _judge_missing(mine, board, gaps, ran, told.stalls)
    mine.account.arrived = _count_arrived(told.arrived[person], board, ran)
    return mine.account


def _read(
    session: SessionReader, person: int, segment: int, board: TrueBoard, found: Account
) -> _Segment:
    """Read a segment; what each sample claims to be is compared with what it is."""
    parts = list(session.samples(person, segment))
    index = np.concatenate([it.index for it in parts])
    counts = np.concatenate([it.counts for it in parts])
    aux = np.concatenate([it.aux for it in parts])
    own = counts[:, 1] == board.who
    number = counts[:, 0].astype(np.int64)
    found.stored += len(index)
    found.foreign += int((~own).sum())
    number = np.where(own, number, -1)
    sent = own & (number >= 0) & (number < len(board.taken_ns))
    right = np.zeros(len(index), np.bool_)
    right[sent] = (counts[sent] == board.counts(number[sent])[:, : len(CHANNELS)]).all(axis=1)
    right[sent] &= aux[sent, -1].astype(np.uint32) == board.ms(number[sent]).astype(np.uint32)
    found.changed += int((own & ~right).sum())
    shift = number[right] - index[right]
    if len(shift):
        found.misplaced += int((shift != np.median(shift)).sum())
    t_ns = session.times_ns(person, segment, index)
    found.unsteady += int((np.diff(t_ns) <= 0).sum() + (np.diff(index) <= 0).sum())
    sigma_ns = _sigma_ns(session, person, segment, index)
    return _Segment(number[right], index[right], t_ns[right], sigma_ns[right])


def _sigma_ns(
    session: SessionReader, person: int, segment: int, index: _Longs
) -> NDArray[np.float64]:
    """Return (n,) what the file says of how far its times may be off."""
    knots = session.query(
        "SELECT idx, sigma_ns, provisional FROM clock_fit WHERE board = ? AND segment = ?"
        " ORDER BY idx",
        person,
        segment,
    )
    knots = [knot for knot in knots if not knot[2]] or knots
    if not knots:
        return np.full(len(index), np.inf)
    at = np.searchsorted([knot[0] for knot in knots], index, "right") - 1
    return np.array([knot[1] for knot in knots])[np.maximum(at, 0)]


def _judge_times(mine: _Board, board: TrueBoard, stalls: list[Window]) -> None:
    found = mine.account
    for segment in mine.segments.values():
        taken_ns = board.taken_ns[segment.number]
        if not len(taken_ns):
            continue
        settled = taken_ns >= taken_ns[0] + SETTLED_NS
        for begin_ns, end_ns in stalls:
            settled &= (taken_ns < begin_ns - SECOND) | (taken_ns >= end_ns + SETTLED_NS)
        off_ns = np.abs(segment.t_ns - taken_ns)[settled]
        outside = off_ns > SIGMAS * segment.sigma_ns[settled]
        found.settled += int(settled.sum())
        found.outside += int(outside.sum())
        found.worst_ms = max(found.worst_ms, float(off_ns.max(initial=0)) * 1e-6)


def _judge_missing(
    mine: _Board, board: TrueBoard, gaps: list[GapRow], ran: Window, stalls: list[Window]
) -> None:
    """Each sample that was taken while the session ran is stored once, or in a gap."""
    found, taken_ns = mine.account, board.taken_ns
    times = np.zeros(len(taken_ns), np.int64)
    for segment in mine.segments.values():
        np.add.at(times, segment.number, 1)
    found.twice += int((times > 1).sum())
    in_gap = np.zeros(len(taken_ns), np.bool_)
    for gap in gaps:
        if gap.n:
            in_gap[_in_counted(gap, mine, len(taken_ns))] = True
    found.told_twice += int((in_gap & (times > 0)).sum())
    for gap in gaps:
        if not gap.n:
            in_gap |= (taken_ns >= gap.begin_ns - WAY_NS) & (taken_ns <= gap.end_ns)
    during = (taken_ns >= ran[0] + EDGE_NS) & (taken_ns < ran[1] - EDGE_NS)
    missing = during & (times == 0)
    found.missing += int(missing.sum())
    found.unaccounted += int((missing & ~in_gap).sum())


def _in_counted(gap: GapRow, mine: _Board, samples: int) -> slice:
    """Return which samples a gap says are missing."""
    segment = mine.segments.get(gap.segment)
    if segment is None or not len(segment.number):
        return slice(0)
    first = gap.first_index + segment.begun
    return slice(max(first, 0), max(min(first + gap.n, samples), 0))


def _count_arrived(number: _Longs, board: TrueBoard, ran: Window) -> int:
    number = np.unique(number[number >= 0])
    taken_ns = board.taken_ns[number]
    return int(((taken_ns >= ran[0]) & (taken_ns < ran[1])).sum())


def _off_utc(session: SessionReader, told: Told) -> int:
    """Return whether the session's end is at another time of day than its clock had then."""
    ended_ns = session.ended_t_ns
    steps_ns = sum(step for when_ns, step in told.steps if when_ns <= ended_ns)
    settled = all(not ended_ns - 3 * SECOND < when_ns <= ended_ns for when_ns, _ in told.steps)
    [told_ns] = utc_ns(session.clock_pairs(), np.array([ended_ns], np.int64)).tolist()
    return int(settled and abs(told_ns - (UTC_NS + ended_ns + steps_ns)) > UTC_OFF_NS)
