"""Sessions in which what each person's electrodes carried is known at every instant."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hardware.board import MISSING_COUNT
from recorder.store.headers import BoardHeader
from recorder.store.rows import BlockRow, ClockFitRow, GapRow, Row
from tests.recorder import session_files
from tests.recorder.session_files import START_NS, UV_PER_COUNT

Floats = NDArray[np.float64]
Signal = Callable[[Floats], Floats]  # microvolts at seconds since the session started
BLOCK = 150
LATE_NS = 7_000_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """One segment: from when, how many samples, which of them are lost."""

    begin_s: float
    n: int
    lost: Sequence[range] = ()
    halved: Sequence[range] = ()  # the second half of the channels is missing


@dataclass(frozen=True, slots=True)
class Played:
    """A person's board: its true rate, its segments, what it hears."""

    rate_hz: float
    stretches: Sequence[Stretch]
    hears: Signal
    delay_s: Sequence[float] = (0.0, 0.0, 0.0)


def session(path: Path, patient: Played, therapist: Played, *others: Row) -> Path:
    """A closed session of both."""
    played = (patient, therapist)
    head = session_files.header(path.stem)
    boards = tuple(_board(one, it) for one, it in zip(head.boards, played, strict=True))
    rows = [row for board, one in enumerate(played) for row in _rows(board, one)]
    return session_files.write(path, [*rows, *others], replace(head, boards=boards))


def _board(header: BoardHeader, played: Played) -> BoardHeader:
    channels = tuple(
        replace(channel, delay_s=delay_s)
        for channel, delay_s in zip(header.channels, played.delay_s, strict=True)
    )
    return replace(header, channels=channels)


def _rows(board: int, played: Played) -> Iterator[Row]:
    end_ns = START_NS
    for segment, stretch in enumerate(played.stretches):
        begin_ns = START_NS + round(stretch.begin_s * 1e9)
        period_ns = 1e9 / played.rate_hz
        if segment:
            yield GapRow(board, segment, 0, 0, "unplugged", end_ns, begin_ns)
        yield ClockFitRow(board, segment, 0, begin_ns, period_ns, 7e6, 1e5, provisional=False)
        yield from _stretch(board, segment, stretch, played)
        end_ns = begin_ns + round(stretch.n * period_ns)


def _stretch(board: int, segment: int, stretch: Stretch, played: Played) -> Iterator[Row]:
    index = np.arange(stretch.n)
    is_there = np.ones(stretch.n, np.bool_)
    for lost in stretch.lost:
        is_there[lost.start : lost.stop] = False
        at_ns = START_NS + round((stretch.begin_s + lost.start / played.rate_hz) * 1e9)
        yield GapRow(board, segment, lost.start, len(lost), "radio", at_ns, at_ns)
    t_s = stretch.begin_s + index / played.rate_hz
    uv = np.stack([played.hears(t_s - delay_s) for delay_s in played.delay_s], axis=1)
    counts = np.rint(uv / UV_PER_COUNT).astype(np.int32)
    for halved in stretch.halved:
        counts[halved.start : halved.stop, 2:] = MISSING_COUNT
    for run in np.split(index[is_there], np.flatnonzero(np.diff(index[is_there]) > 1) + 1):
        for begin in range(0, len(run), BLOCK):
            some = run[begin : begin + BLOCK]
            arrival_ns = START_NS + np.rint(t_s[some[-1:]] * 1e9).astype(np.int64) + LATE_NS
            aux = np.zeros((len(some), 2), np.int32)
            first = int(some[0])
            yield BlockRow(board, segment, first, counts[some], aux, some[-1:], arrival_ns)
