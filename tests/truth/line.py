"""The way from the boards to the host: radio, the dongle's line, its adapter, the host's buffer.

    board ─ 2.87 ms ─▶ radio (1 ms, 2 % of packets tried again, runs lost) ─▶ dongle (25 packets)
          ─ 2.87 ms a packet ─▶ adapter (timer of 1 or 16 ms) ─▶ terminal (4 095 bytes) ─▶ read

While the host stands still the terminal fills up, then the dongle; what comes in between is lost.
Loss is in short runs that come in clusters, as in recordings: one lost, one there, one lost.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tests.truth.board import FRAME, TrueBoard
from tests.truth.script import BoardScript, Stranger

MS: Final = 1_000_000
SECOND: Final = 1_000_000_000
_PACKET_NS: Final = 2_865_000  # 33 bytes at 115 200 baud
_AIR_NS: Final = 1 * MS
_TERMINAL, _DONGLE = 4095, 25
_AHEAD_NS: Final = 10 * SECOND
_CAPACITY_HZ: Final = 340.0  # more packets a second the dongle's line does not carry
Window = tuple[int, int]
_Longs = NDArray[np.int64]


@dataclass(slots=True, eq=False)
class Packets:
    """n packets on their way.

    Attributes:
        octets: (n, 33) their bytes.
        size: (n,) how many of these come.
        at_ns: (n,) where they are at that time.
        taken_ns: (n,) when they set out.
        number: (n,) which sample of the own board each holds; -1 for another board's.
    """

    octets: NDArray[np.uint8]
    size: _Longs
    at_ns: _Longs
    taken_ns: _Longs
    number: _Longs

    def where(self, rows: _Longs | NDArray[np.bool_] | slice) -> "Packets":
        """Return some of them."""
        size, at_ns, taken_ns = self.size[rows], self.at_ns[rows], self.taken_ns[rows]
        return Packets(self.octets[rows], size, at_ns, taken_ns, self.number[rows])


def together(parts: list[Packets]) -> Packets:
    """Return all of them, in this order."""
    return Packets(
        np.concatenate([it.octets for it in parts]),
        np.concatenate([it.size for it in parts]),
        np.concatenate([it.at_ns for it in parts]),
        np.concatenate([it.taken_ns for it in parts]),
        np.concatenate([it.number for it in parts]),
    )


class Neighbour:
    """Another board that is heard for a while."""

    def __init__(self, script: Stranger, board: TrueBoard, heard: Window) -> None:
        self.board = board
        self.share = script.share
        self.heard = heard

    def hears(self, now_ns: int) -> bool:
        """Return whether a command reaches it."""
        return self.heard[0] <= now_ns < self.heard[1]


class Line:
    """The way of one board; `read_ns` of what it makes is when the host reads it."""

    def __init__(
        self,
        script: BoardScript,
        board: TrueBoard,
        neighbours: list[Neighbour],
        *,
        silences: list[Window],
        stalls: list[Window],
        rng: np.random.Generator,
    ) -> None:
        self._script = script
        self._board = board
        self._neighbours = neighbours
        self._silences = silences
        self._stalls = stalls
        self._rng = rng
        self._timer_ns = round(script.timer_s * 1e9)
        self._phase_ns = int(rng.integers(self._timer_ns))
        self._free_ns = 0  # when the dongle's line is free again
        self._read_ns = 0

    def carry(self, begin_ns: int, limit_ns: int) -> tuple[Packets, int]:
        """Return what sets out from then on, for some seconds, as it is read, and until when."""
        end_ns = begin_ns + _AHEAD_NS
        for stall_begin, stall_end in self._stalls:
            if begin_ns < stall_end + SECOND and stall_begin - SECOND < end_ns:
                end_ns = max(end_ns, stall_end + SECOND)
        end_ns = min(end_ns, limit_ns)
        parts = [self._own(begin_ns, end_ns)]
        parts += [self._others(it, begin_ns, end_ns) for it in self._neighbours]
        sent = together(parts)
        sent = sent.where(self._heard(sent, begin_ns, end_ns))
        sent = sent.where(sent.at_ns.argsort(kind="stable"))
        sent.at_ns = self._queue(sent.at_ns)
        return self._through_terminal(self._disorder(sent)), end_ns

    def rewind(self, busy_ns: int) -> None:
        """What was made beyond is none: the line is free again, and the next read comes, then."""
        self._free_ns, self._read_ns = min(self._free_ns, busy_ns), min(self._read_ns, busy_ns)

    def _own(self, begin_ns: int, end_ns: int) -> Packets:
        board, rng = self._board, self._rng
        number = _streamed(board, begin_ns, end_ns)
        number = number[~_lost(len(number), self._script.loss, rng)]
        again_ns = np.where(rng.random(len(number)) < 0.02, rng.exponential(20e6, len(number)), 0)
        way_ns = _PACKET_NS + _AIR_NS + round(self._script.delay_s * 1e9)
        left_ns = board.taken_ns[number] + way_ns + np.minimum(again_ns, 100e6).astype(np.int64)
        return self._packets(board, number, np.maximum.accumulate(left_ns), own=True)

    def _others(self, neighbour: Neighbour, begin_ns: int, end_ns: int) -> Packets:
        board, heard = neighbour.board, neighbour.heard
        number = _streamed(board, max(begin_ns, heard[0]), min(end_ns, heard[1]))
        number = number[self._rng.random(len(number)) < neighbour.share]
        at_ns = board.taken_ns[number] + _PACKET_NS + _AIR_NS
        return self._packets(board, number, at_ns, own=False)

    def _packets(self, board: TrueBoard, number: _Longs, at_ns: _Longs, *, own: bool) -> Packets:
        octets = board.frames(number, board.first or 0)
        size = np.full(len(number), FRAME, np.int64)
        mine = number if own else np.full(len(number), -1, np.int64)
        return Packets(octets, size, at_ns, board.taken_ns[number], mine)

    def _heard(self, sent: Packets, begin_ns: int, end_ns: int) -> NDArray[np.bool_]:
        """Return (n,) what comes through the air, where others speak, too."""
        heard = np.ones(len(sent.number), np.bool_)
        for begin, end in self._silences:
            heard &= ~((sent.taken_ns >= begin) & (sent.taken_ns < end))
        for it in self._neighbours:
            crowd_hz = 250 * (1 + it.share)
            within = (sent.taken_ns >= it.heard[0]) & (sent.taken_ns < it.heard[1])
            if it.board.first is not None and crowd_hz > _CAPACITY_HZ and within.any():
                heard &= ~within | (self._rng.random(len(heard)) < _CAPACITY_HZ / crowd_hz)
        return heard

    def _queue(self, at_ns: _Longs) -> _Longs:
        """Return (n,) when each has gone through the dongle's line, one after the other."""
        if not len(at_ns):
            return at_ns
        ramp = _PACKET_NS * np.arange(len(at_ns))
        at_ns = at_ns.copy()
        at_ns[0] = max(int(at_ns[0]), self._free_ns)
        done_ns = np.maximum.accumulate(at_ns - ramp) + ramp + _PACKET_NS
        self._free_ns = int(done_ns[-1])
        return done_ns

    def _disorder(self, sent: Packets) -> Packets:
        """Let some come behind later ones, and some twice."""
        n, script, rng = len(sent.number), self._script, self._rng
        place = np.arange(n, dtype=np.float64)
        late = rng.random(n) < script.late
        place[late] += rng.integers(1, 20, int(late.sum())) + 0.5
        twice = np.flatnonzero(rng.random(n) < script.duplicate)
        rows = np.concatenate([np.arange(n), twice])
        order = np.concatenate([place, twice + rng.integers(1, 4, len(twice)) + 0.25])
        rows = rows[order.argsort(kind="stable")]
        mixed = sent.where(rows)
        mixed.at_ns = np.maximum.accumulate(mixed.at_ns)
        return mixed

    def _through_terminal(self, sent: Packets) -> Packets:
        """Return what is read, at the times of the reads."""
        for stall in self._stalls:
            sent = self._stand_still(sent, stall)
        flushed_ns = -(-(sent.at_ns - self._phase_ns) // self._timer_ns) * self._timer_ns
        woken_ns = (0.15e6 * self._rng.standard_exponential(len(flushed_ns))).astype(np.int64)
        is_first = (
            np.append(True, np.diff(flushed_ns) > 0) if len(flushed_ns) else np.empty(0, bool)
        )
        woken_ns = woken_ns[is_first][np.cumsum(is_first) - 1] if len(flushed_ns) else woken_ns
        read_ns = np.maximum.accumulate(flushed_ns + self._phase_ns + woken_ns)
        for begin, end in self._stalls:
            read_ns[(read_ns >= begin) & (read_ns < end)] = end
        sent.at_ns = np.maximum(np.maximum.accumulate(read_ns), self._read_ns)
        self._read_ns = int(sent.at_ns[-1]) if len(sent.at_ns) else self._read_ns
        return sent

    def _stand_still(self, sent: Packets, stall: Window) -> Packets:
        """Of what comes meanwhile the terminal keeps the oldest, the dongle the newest."""
        waits = np.flatnonzero((sent.at_ns >= stall[0]) & (sent.at_ns < stall[1]))
        room = _TERMINAL // FRAME
        if len(waits) <= room:
            return sent
        ring = waits[room:][-_DONGLE:]
        keep = np.ones(len(sent.number), np.bool_)
        keep[waits[room:-_DONGLE]] = False
        if len(waits) > room + _DONGLE:
            keep[waits[room]] = True
            sent.size[waits[room]] = _TERMINAL % FRAME
            sent.number[waits[room]] = -1
        sent.at_ns[ring] = stall[1] + _PACKET_NS * np.arange(1, len(ring) + 1)
        after = slice(int(ring[-1]) + 1, None)
        ramp = _PACKET_NS * np.arange(len(sent.at_ns[after]))
        busy_ns = np.maximum(sent.at_ns[after] - _PACKET_NS, sent.at_ns[ring[-1]])
        sent.at_ns[after] = np.maximum.accumulate(busy_ns - ramp) + ramp + _PACKET_NS
        return sent.where(keep)


def _streamed(board: TrueBoard, begin_ns: int, end_ns: int) -> _Longs:
    """Return the samples of its stream that are taken in this time."""
    if board.first is None or end_ns <= begin_ns:
        return np.empty(0, np.int64)
    begin, end = np.searchsorted(board.taken_ns, [begin_ns, end_ns]).tolist()
    return np.arange(max(begin, board.first), end, dtype=np.int64)


def _lost(n: int, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return (n,) which packets are lost."""
    lost = np.zeros(n + 12, np.bool_)
    starts = np.flatnonzero(rng.random(n) < share / 1.6)
    runs = rng.choice([1, 2, 3, 8], len(starts), p=[0.84, 0.12, 0.03, 0.01])
    for start, run in zip(starts.tolist(), runs.tolist(), strict=True):
        lost[start : start + run] = True
    again = starts[rng.random(len(starts)) < 0.35]
    lost[again + 2] = True
    return lost[:n]
