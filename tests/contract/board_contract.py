"""What every board does, whatever is behind it: one class of tests, run again for each back-end.

A back-end is a `BackEnd`: how to set up one board with what is to go wrong with it, and what cannot
be tried on it. To have a new kind of board tested, derive a class from `BoardContract` and give it
its `back_end`.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.board import (
    Block,
    Board,
    BoardFault,
    BoardState,
    Event,
    FaultKind,
    Gap,
    GapCause,
    StateChange,
)

LIMIT_S = 12.0  # more than any wait here takes on a slow and busy machine
SLOW_POLL_S = 0.4
RETURN_S = 5.0
STALL_SHOWN_S = 1.0


@dataclass(frozen=True, slots=True)
class Script:
    """What a test needs of a board.

    Attributes:
        faults: what goes wrong and when, as `hardware.faults` writes it: lose, stall, unplug.
        is_streaming: the board streams before it is opened.
        is_absent: there is no board.
    """

    faults: tuple[str, ...] = ()
    is_streaming: bool = False
    is_absent: bool = False


class Rig(Protocol):
    """What is behind one board, set up for one test."""

    def make(self, first_segment: int = 0) -> Board:
        """Return a board, as its user would make it; each call makes another for the same port."""

    def check(self, indexes: NDArray[np.int64], counts: NDArray[np.int32]) -> None:
        """Assert what is known of the values of these samples of one segment.

        Args:
            indexes: (n,) in the order of arrival.
            counts: (n, channels).
        """


@dataclass(frozen=True, slots=True)
class BackEnd:
    """A kind of board under test.

    Attributes:
        set_up: makes the rig of a test, in a folder of its own.
        kind, channels, rate_hz, aux_labels: what it must say of itself.
        cannot: what cannot be tried on it, and why: busy, absent, streaming, lose, stall, unplug.
        first_index: of a segment.
        costs: what the loss of 4 packets in a row may cost: samples, and halves of others.
        slack_s: how long before the first sample of a stream, or after its last one, something may
            come that makes no sample.
    """

    set_up: Callable[[Path, Script], AbstractContextManager[Rig]]
    kind: str
    channels: int
    rate_hz: float
    aux_labels: tuple[str, ...]
    cannot: Mapping[str, str] = field(default_factory=dict)
    first_index: int = 0
    costs: Collection[tuple[int, int]] = ((4, 0),)
    slack_s: float = 0.0


class Bench:
    """A board, and all that it has said."""

    def __init__(self, rig: Rig, first_segment: int = 0) -> None:
        self.rig = rig
        self.board = rig.make(first_segment)
        self.events: list[Event] = []
        self.slowest_poll_s = 0.0

    def poll(self) -> None:
        began = time.monotonic()
        self.events += self.board.poll()
        self.slowest_poll_s = max(self.slowest_poll_s, time.monotonic() - began)

    def until(self, seen: Callable[["Bench"], bool]) -> None:
        """Poll until something has been seen."""
        deadline = time.monotonic() + LIMIT_S
        pause = threading.Event()
        self.poll()
        while not seen(self):
            assert time.monotonic() < deadline, (self.changes, self.gaps, self.board.tally)
            pause.wait(0.01)
            self.poll()

    def close(self) -> None:
        self.board.close()
        self.poll()

    @property
    def blocks(self) -> list[Block]:
        return [event for event in self.events if isinstance(event, Block)]

    @property
    def gaps(self) -> list[Gap]:
        """Where whole samples are missing."""
        gaps = [event for event in self.events if isinstance(event, Gap)]
        return [gap for gap in gaps if gap.cause is not GapCause.HALF]

    @property
    def changes(self) -> list[StateChange]:
        return [event for event in self.events if isinstance(event, StateChange)]

    @property
    def states(self) -> list[BoardState]:
        return [change.state for change in self.changes]

    def samples(self, segment: int = 0) -> int:
        return sum(len(block) for block in self.blocks if block.segment == segment)

    def fault(self, state: BoardState) -> str:
        """What was said when it was in this state last."""
        return next(change.fault for change in reversed(self.changes) if change.state is state)


# --- what holds for the events of any board, whatever happened ----------------------------------


def check_story(bench: Bench, back_end: BackEnd) -> None:
    """Assert that the events of a board that has been closed fit together."""
    stamps = [change.t_ns for change in bench.changes]
    assert stamps == sorted(stamps)
    arrivals = [block.arrival_ns for block in bench.blocks if not block.late]
    assert np.all(np.diff(np.concatenate([np.zeros(1, np.int64), *arrivals])) >= 0)
    segments = [block.segment for block in bench.blocks]
    assert segments == sorted(segments)
    for segment in set(segments):
        check_segment(bench, segment, back_end.first_index)
    for before, after in pairwise(sorted(set(segments))):
        check_break(bench, before, after, back_end.slack_s)
    check_tally(bench)


def check_segment(bench: Bench, segment: int, first_index: int) -> None:
    """Every index from the first on is in one block or in one gap."""
    blocks = [block for block in bench.blocks if block.segment == segment]
    gaps = [gap for gap in bench.gaps if gap.segment == segment]
    in_time = [block.first_index for block in blocks if not block.late]
    assert in_time == sorted(in_time)
    got = [i for b in blocks for i in range(b.first_index, b.first_index + len(b))]
    missing = [i for g in gaps for i in range(g.first_index, g.first_index + g.count)]
    assert sorted(got + missing) == list(range(first_index, max(got) + 1))
    assert all(gap.begin_ns <= gap.end_ns for gap in gaps)
    bench.rig.check(np.array(got), np.concatenate([block.counts for block in blocks]))


def check_break(bench: Bench, before: int, after: int, slack_s: float) -> None:
    """Between two segments there is one gap, which says how long nothing came."""
    (gap,) = [gap for gap in bench.gaps if gap.segment == after and gap.count == 0]
    last = [block for block in bench.blocks if block.segment == before][-1]
    first = next(block for block in bench.blocks if block.segment == after)
    assert 0 <= gap.begin_ns - last.arrival_ns[-1] <= slack_s * 1e9
    assert 0 <= first.arrival_ns[0] - gap.end_ns <= slack_s * 1e9
    order = [event for event in bench.events if event is gap or event is last or event is first]
    assert order == [last, gap, first]


def check_tally(bench: Bench) -> None:
    tally = bench.board.tally
    late = sum(len(block) for block in bench.blocks if block.late)
    assert tally.samples == sum(len(block) for block in bench.blocks)
    assert tally.lost == sum(gap.count for gap in bench.gaps)
    assert tally.late <= late <= tally.late + tally.halves


def refusal(board: Board) -> FaultKind | None:
    """Why a board cannot be opened. Nothing of it is left, as it would be in a test's exception."""
    try:
        board.open()
    except BoardFault as fault:
        return fault.kind
    return None


SetUp = Callable[..., Bench]


class BoardContract:
    """The tests. Each leaves a board whose events, all in all, must fit together."""

    back_end: ClassVar[BackEnd]

    @pytest.fixture
    def set_up(self, tmp_path: Path) -> Iterator[SetUp]:
        with ExitStack() as undo:

            def bench(script: Script, first_segment: int = 0) -> Bench:
                rig = undo.enter_context(self.back_end.set_up(tmp_path, script))
                made = Bench(rig, first_segment)
                undo.callback(made.close)
                return made

            yield bench

    def may(self, trial: str) -> None:
        """Skip the test where its trial cannot be made."""
        if trial in self.back_end.cannot:
            pytest.skip(self.back_end.cannot[trial])

    def finish(self, bench: Bench) -> None:
        bench.close()
        check_story(bench, self.back_end)
        assert bench.slowest_poll_s < SLOW_POLL_S

    def test_it_is_closed_and_silent_until_opened(self, set_up: SetUp) -> None:
        board = set_up(Script()).board
        assert (board.state, board.info, board.poll()) == (BoardState.CLOSED, None, [])
        assert board.tally.samples == 0

    def test_opened_it_says_what_it_is(self, set_up: SetUp) -> None:
        back_end, bench = self.back_end, set_up(Script())
        info = bench.board.open()
        assert info == bench.board.info
        assert (info.kind, info.channels) == (back_end.kind, back_end.channels)
        assert (info.rate_hz, info.aux_labels) == (back_end.rate_hz, back_end.aux_labels)
        assert info.uv_per_count > 0
        assert info.rail_counts > 0
        assert bench.board.state is BoardState.OPENING
        bench.close()
        assert bench.states == [BoardState.OPENING, BoardState.CLOSED]

    def test_an_absent_board_is_told_of_in_one_line(self, set_up: SetUp) -> None:
        self.may("absent")
        bench = set_up(Script(is_absent=True))
        with pytest.raises(BoardFault) as caught:
            bench.board.open()
        assert caught.value.kind is FaultKind.MISSING
        assert "\n" not in str(caught.value)
        bench.poll()
        assert bench.states == [BoardState.OPENING, BoardState.CLOSED]
        assert bench.fault(BoardState.CLOSED) == str(caught.value)

    def test_every_sample_is_delivered_in_order(self, set_up: SetUp) -> None:
        bench = set_up(Script())
        bench.board.start()
        bench.until(lambda b: b.samples() >= 100)
        assert bench.states == [BoardState.OPENING, BoardState.STREAMING]
        for block in bench.blocks:
            assert block.counts.dtype == block.aux.dtype == np.dtype(np.int32)
            assert block.counts.shape == (len(block), self.back_end.channels)
            assert block.aux.shape == (len(block), len(self.back_end.aux_labels))
            assert block.arrival_ns.dtype == np.dtype(np.int64)
            assert block.arrival_ns.shape == (len(block),)
        assert not bench.gaps
        self.finish(bench)

    def test_a_board_that_streams_already_is_taken_over(self, set_up: SetUp) -> None:
        self.may("streaming")
        bench = set_up(Script(is_streaming=True))
        bench.board.start()
        bench.until(lambda b: b.samples() >= 20)
        assert bench.states == [BoardState.OPENING, BoardState.STREAMING]
        self.finish(bench)

    def test_a_board_has_one_user(self, set_up: SetUp) -> None:
        self.may("busy")
        bench = set_up(Script())
        bench.board.start()
        bench.until(lambda b: b.samples() >= 5)
        assert refusal(bench.rig.make()) is FaultKind.BUSY
        seen = bench.samples()
        bench.until(lambda b: b.samples() >= seen + 50)  # unharmed by the attempt
        for again in (bench.board.start, bench.board.open):
            with pytest.raises(RuntimeError):
                again()
        self.finish(bench)

    def test_lost_samples_are_a_gap_in_their_place(self, set_up: SetUp) -> None:
        self.may("lose")
        bench = set_up(Script(("0.2:lose:4",)))
        bench.board.start()
        bench.until(lambda b: bool(b.gaps))
        self.finish(bench)
        (gap,) = bench.gaps
        assert (gap.segment, gap.cause) == (0, GapCause.RADIO)
        assert (gap.count, bench.board.tally.halves) in self.back_end.costs
        assert bench.board.tally.lost == gap.count

    def test_a_stall_shows_within_1_s_and_ends_in_the_same_segment(self, set_up: SetUp) -> None:
        self.may("stall")
        bench = set_up(Script(("0.2:stall:1.2",)))
        bench.board.start()
        bench.until(lambda b: b.states[-1:] == [BoardState.STALLED])
        silent_ns = bench.changes[-1].t_ns - int(bench.blocks[-1].arrival_ns[-1])
        assert silent_ns < STALL_SHOWN_S * 1e9
        assert bench.changes[-1].fault
        bench.until(lambda b: bool(b.gaps))
        assert bench.states[-1] is BoardState.STREAMING
        assert bench.changes[-1].fault == ""
        (gap,) = bench.gaps
        assert (gap.segment, gap.cause) == (0, GapCause.SILENCE)
        assert gap.count == pytest.approx(1.2 * self.back_end.rate_hz, abs=4)
        self.finish(bench)

    def test_a_board_that_vanishes_is_lost_and_back_within_5_s(self, set_up: SetUp) -> None:
        self.may("unplug")
        bench = set_up(Script(("0.2:unplug:0.5",)))
        bench.board.start()
        bench.until(lambda b: b.samples(segment=1) >= 20)
        opening, streaming, lost, again = bench.states
        assert (opening, lost) == (BoardState.OPENING, BoardState.LOST)
        assert streaming == again == BoardState.STREAMING
        assert bench.fault(BoardState.LOST)
        (gap,) = [gap for gap in bench.gaps if gap.segment == 1]
        assert (gap.count, gap.cause) == (0, GapCause.UNPLUGGED)
        assert (gap.end_ns - gap.begin_ns) / 1e9 - 0.5 < RETURN_S
        self.finish(bench)

    def test_closed_it_lets_go_and_can_be_started_again(self, set_up: SetUp) -> None:
        bench = set_up(Script(), first_segment=5)
        bench.board.start()
        bench.until(lambda b: b.samples(segment=5) >= 20)
        bench.close()
        bench.close()
        assert bench.states[-1] is BoardState.CLOSED
        bench.board.start()
        bench.until(lambda b: b.samples(segment=6) >= 20)
        assert [gap.cause for gap in bench.gaps] == [GapCause.RESTART]
        self.finish(bench)
