"""Packets of other boards on one radio channel: told from the board's own, and never stored.

A packet is the board's own if it continues its counter and its milliseconds (track.py).
Three that continue each other instead are another board's; what continues nothing is nobody's.

Boards that heard one `b` count together, at rates that differ a little, so their counters drift
through each other; their milliseconds run since each was switched on. For some seconds a packet
may fit both: then it belongs to the board whose time it continues. If that says nothing either,
for they were switched on within a tenth of a second, there is no telling: a doubt, never a guess.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hardware.board_fault import BoardFault, FaultKind
from hardware.packets.track import Heard, Steps, Track

CROWDED_NS: Final = 10_000_000_000  # so long after its last packet another board is still told of
_MEETING_NS: Final = 2_000_000_000  # two boards so soon after the start: which one was meant?
_ALIKE_MS: Final = 100.0  # what radio, adapter and host may hold up one packet longer than another
_SAME_MS: Final = 150.0  # two times at which a board was switched on, each known as well as that
_REMEMBERED_NS: Final = 3600_000_000_000
_SURE: Final = 3  # packets that continue each other are a board: two may by chance
_MOST: Final = 4  # boards that are followed
_RIGHT: Final = (0.8, 1.25)  # times the nominal rate: that is not what is wrong
_LONG_STEP_MS: Final = 100  # from a packet to the next: something else lies between
_FAR: Final = 25  # packets; the dongle keeps no more
_ORDERLY: Final = 0.8  # share of counters that follow each other: then it is one board

CROWDED = (
    "another board is heard on this radio channel: switch it off, or move one of the two boards "
    "and its dongle to another channel"
)
NOBODYS = (
    "what comes looks like packets but is no board's stream: switch off other boards near, and "
    "this one off and on"
)
JUMPED = "the board's counter and its milliseconds do not go on together: it is opened again"


@dataclass(slots=True)
class _Other:
    """Another board, once enough packets continue each other."""

    track: Track
    since_ns: int
    packets: int = 1

    @property
    def is_board(self) -> bool:
        return self.packets >= _SURE


class _Birth(NamedTuple):
    """When a board was switched on, by the host's clock and modulo 2**32 ms; told at `t_ns`."""

    at_ms: float
    t_ns: int

    def off_ms(self, other: "_Birth") -> float:
        return abs((self.at_ms - other.at_ms + 2**31) % 2**32 - 2**31)


class Strangers:
    """Tells the packets of one board from all others, where packets carry milliseconds.

    Attributes:
        counted: packets of other boards.
        nobodys: packets that continue no board's.
        doubt: why nothing more can be taken from this stream, or None.
        newest_ns: arrival of the newest packet, whosever it is.
    """

    def __init__(self, rate_hz: float, modulus: int) -> None:
        self.counted = self.nobodys = 0
        self.doubt: BoardFault | None = None
        self._rate_hz = rate_hz
        self._modulus = modulus
        self._others: list[_Other] = []
        self._births: list[_Birth] = []  # of other boards, heard in earlier streams
        self._own_birth: _Birth | None = None
        self.newest_ns = 0
        self._began_ns = 0
        self._aliens = 0  # packets in this stream that the board does not send
        self._crowded_ns: int | None = None  # when another board was heard last
        self._unowned = 0  # packets since the last own one

    @property
    def crowded(self) -> bool:
        """Whether another board has been heard lately."""
        heard_ns = self._crowded_ns
        return heard_ns is not None and self.newest_ns < heard_ns + CROWDED_NS

    @property
    def _boards(self) -> list[_Other]:
        return [it for it in self._others if it.is_board]

    def begin(self, now_ns: int) -> None:
        """The stream begins anew: whose it is must show again."""
        self._began_ns = now_ns
        births = [_birth(other.track) for other in self._others if other.is_board]
        own = self._own_birth  # which may have begun to count anew
        births = [it for it in births if own is None or it.off_ms(own) > _SAME_MS]
        self._births = [*self._births, *births][-_MOST:]
        self._others = []
        self._unowned = self._aliens = 0
        self.doubt = None

    def sift(
        self, heard: Heard, own: Track | None, *, is_backlog: bool
    ) -> NDArray[np.bool_] | None:
        """Return (n,) which of these packets are the board's own; None if each follows the other.

        Once there is a doubt, none is.

        Args:
            heard: n > 0 packets.
            own: the board's; None when the first of these packets is the first of the stream.
            is_backlog: they had waited while the host stood still, so arrivals say nothing.
        """
        self.newest_ns = int(heard.arrival_ns[-1])
        if own is not None and not self._boards and own.goes_on(heard):
            self._unowned = 0
            return None
        is_first = own is None
        if own is None:
            own = Track(heard, 0, self._rate_hz, self._modulus)
        else:
            self._own_birth = _birth(own)
        if not self._boards:
            own.learn_stamping(heard)
        steps = own.look(heard)
        mine = steps.fits & (steps.ahead > -self._modulus // 2)
        mine[mine] = ~_lonely(steps.ahead[mine])
        mine &= ~self._closer_to_others(heard, own, steps, mine, is_backlog=is_backlog)
        self._meet_others(heard, ~mine)
        self._judge(heard, own, mine, is_first=is_first)
        if is_first and self.doubt is None:
            self._recognise(heard)
        return mine if self.doubt is None else np.zeros_like(mine)

    def count_aliens(self, n: int, arrival_ns: int) -> None:
        """Count n packets of a kind that this board does not send."""
        self.newest_ns = arrival_ns
        self._aliens += n
        if self._aliens < _SURE:
            self.nobodys += n
            return
        self.counted += n
        self._crowded_ns = arrival_ns
        if self._is_new():
            self.doubt_crowd()

    def doubt_crowd(self) -> None:
        """There are two boards, and no telling whose packets are whose."""
        self._crowded_ns = self.newest_ns
        self.doubt = BoardFault(FaultKind.CROWDED, CROWDED)

    def doubt_rate(self, rate_hz: float) -> None:
        """So many packets a second are not a board's."""
        seen, right = f"{rate_hz:.0f} packets a second come", f"{self._rate_hz:.0f} are right"
        text = f"{seen}, and {right}: switch the board off and on"
        self.doubt = BoardFault(FaultKind.REFUSED, text)

    def doubt_all(self) -> None:
        """No packet continues another."""
        self.doubt = BoardFault(FaultKind.REFUSED, NOBODYS)

    def _closer_to_others(
        self, heard: Heard, own: Track, steps: Steps, mine: NDArray[np.bool_], *, is_backlog: bool
    ) -> NDArray[np.bool_]:
        """Return (n,) which packets continue another board's better than the own ones."""
        closer = np.zeros_like(mine)
        off_ms = _off_ms(own, heard, steps, is_backlog=is_backlog)
        for other in self._boards:
            theirs = other.track.look(heard)
            their_off_ms = _off_ms(other.track, heard, theirs, is_backlog=is_backlog)
            alike = mine & theirs.fits & (np.abs(their_off_ms - off_ms) < _ALIKE_MS)
            if alike.any():
                self.doubt_crowd()
            surer = steps.early & ~theirs.early  # what waited to be read is nearer to neither
            closer |= theirs.fits & (surer | (their_off_ms < off_ms))
        return closer

    def _meet_others(self, heard: Heard, is_foreign: NDArray[np.bool_]) -> None:
        """Follow the other boards; whatever continues none of them may be the first of one more."""
        forgotten_ns = self.newest_ns - CROWDED_NS
        self._others = [it for it in self._others if it.track.arrival_ns > forgotten_ns]
        left = np.flatnonzero(is_foreign)
        for other in self._others:
            left = self._follow(other, heard, left)
        for _ in range(_MOST):
            if len(left) == 0:
                break
            track = Track(heard, int(left[0]), self._rate_hz, self._modulus)
            other = _Other(track, track.arrival_ns)
            self.nobodys += 1
            left = self._follow(other, heard, left[1:])
            self._others = [other, *self._others]
        self.nobodys += len(left)
        self._others = sorted(self._others, key=lambda it: not it.is_board)[:_MOST]

    def _follow(self, other: _Other, heard: Heard, left: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give another board what it continues of the packets that are left; return the rest."""
        steps = other.track.look(heard.where(left))
        his = np.flatnonzero(steps.fits)
        if len(his):
            newest = his[int(steps.ahead[his].argmax())]
            other.track.move(heard, int(left[newest]), int(steps.ahead[newest]))
            self._count(other, len(his))
        return left[~steps.fits]

    def _count(self, other: _Other, n: int) -> None:
        """Another board has sent n more; until there are enough of them they are nobody's."""
        before = 0 if other.is_board else other.packets
        other.packets += n
        if other.is_board:
            self.counted += before + n
            self.nobodys -= before
        else:
            self.nobodys += n

    def _judge(self, heard: Heard, own: Track, mine: NDArray[np.bool_], *, is_first: bool) -> None:
        """Tell of other boards; doubt the stream, where too little of it is the board's own."""
        boards = self._boards
        if boards and mine.any():
            self._crowded_ns = max(it.track.arrival_ns for it in boards)
        self._unowned = 0 if mine.any() else self._unowned + len(mine)
        few = 2 * int(mine.sum()) <= len(mine)
        rate_hz = _rate_hz(heard) if few and _is_orderly(heard, self._modulus) else self._rate_hz
        if not _RIGHT[0] < rate_hz / self._rate_hz < _RIGHT[1]:
            self.doubt_rate(rate_hz)
        elif boards and mine.any() and self._is_new():
            self.doubt_crowd()
        elif few and is_first:
            self.doubt_all()
        elif self._unowned > self._rate_hz / 2:
            self._judge_unowned(own, boards)

    def _judge_unowned(self, own: Track, boards: list[_Other]) -> None:
        """For half a second nothing was the board's own; while another is heard, it may be back."""
        if not boards:
            self.doubt_all()
        elif any(_birth(it.track).off_ms(_birth(own)) < _SAME_MS for it in boards):
            self.doubt = BoardFault(FaultKind.REFUSED, JUMPED)

    def _is_new(self) -> bool:
        return self.newest_ns < self._began_ns + _MEETING_NS

    def _recognise(self, heard: Heard) -> None:
        """Doubt a stream that is that of another board, heard beside the own one before."""
        at_ms = float((heard.arrival_ns / 1e6 - heard.ms).min())
        birth = _Birth(at_ms, self.newest_ns)
        known = [it for it in self._births if it.t_ns > self.newest_ns - _REMEMBERED_NS]
        off_ms = min([birth.off_ms(it) for it in known], default=_SAME_MS)
        own = self._own_birth
        if off_ms < _SAME_MS and (own is None or off_ms < birth.off_ms(own)):
            self.doubt_crowd()
        else:
            self._own_birth = birth


def _birth(track: Track) -> _Birth:
    return _Birth(track.arrival_ns / 1e6 - track.late_ms - track.ms, track.arrival_ns)


def _rate_hz(heard: Heard) -> float:
    """Return how many packets a second come, by their own milliseconds."""
    steps_ms = np.diff(heard.ms.astype(np.int64))
    steps_ms = steps_ms[(steps_ms >= 0) & (steps_ms < _LONG_STEP_MS)]
    return len(steps_ms) * 1e3 / max(int(steps_ms.sum()), 1)


def _lonely(ahead: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return (n,) which packets are far from both their neighbours, which are near each other.

    A single packet of another board may fit a time that was not read yet, by chance.
    """
    steps = np.abs(np.diff(ahead)) > _FAR
    near = np.abs(ahead[2:] - ahead[:-2]) <= _FAR
    lonely = np.zeros(len(ahead), np.bool_)
    lonely[1:-1] = steps[:-1] & steps[1:] & near
    return lonely


def _off_ms(track: Track, heard: Heard, steps: Steps, *, is_backlog: bool) -> NDArray[np.float64]:
    """Return (n,) how far packets are from continuing a board's time."""
    if is_backlog:
        return np.abs(steps.ahead_ms).astype(np.float64)
    return np.abs(steps.ahead_ms - (heard.arrival_ns - track.arrival_ns) / 1e6)


def _is_orderly(heard: Heard, modulus: int) -> bool:
    steps = np.mod(np.diff(heard.counters.astype(np.int64)), modulus)
    return len(steps) > 4 and float((steps == 1).mean()) > _ORDERLY
