"""What every board does, whatever is behind it: one class of tests, run again for each back-end.

A back-end is a `BackEnd`: how to set up one board with what is to go wrong with it, and what cannot
be tried on it. To have a new kind of board tested, derive a class from `BoardContract` and give it
its `back_end`.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from hardware.board import Board, BoardFault, BoardState, FaultKind, GapCause
from tests.contract.board_story import BackEnd, Bench, Rig, Script, check_story

__all__ = ["BackEnd", "BoardContract", "Rig", "Script"]

SLOW_POLL_S = 0.4
RETURN_S = 5.0
STALL_SHOWN_S = 1.0

SetUp = Callable[..., Bench]


def refusal(board: Board) -> FaultKind | None:
    """Why a board cannot be opened. Nothing of it is left, as it would be in a test's exception."""
    try:
        board.open()
    except BoardFault as fault:
        return fault.kind
    return None


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
        assert not bench.holes
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
        bench.until(lambda b: bool(b.holes))
        self.finish(bench)
        (gap,) = bench.holes
        assert (gap.segment, gap.cause) == (0, GapCause.RADIO)
        assert (gap.count, bench.board.tally.halves) in self.back_end.costs
        assert bench.board.tally.lost == gap.count

    def test_a_stall_shows_within_1_s_and_ends_in_the_same_segment(self, set_up: SetUp) -> None:
        self.may("stall")
        bench = set_up(Script(("0.2:stall:1.2",)))
        bench.board.start()
        stalled = bench.until_state(BoardState.STALLED)
        assert stalled.t_ns - int(bench.blocks[-1].arrival_ns[-1]) < STALL_SHOWN_S * 1e9
        assert stalled.fault
        bench.until(lambda b: bool(b.holes))
        assert bench.states[-1] is BoardState.STREAMING
        assert bench.changes[-1].fault == ""
        (gap,) = bench.holes
        assert (gap.segment, gap.cause) == (0, GapCause.SILENCE)
        assert gap.count == pytest.approx(1.2 * self.back_end.rate_hz, abs=4)
        self.finish(bench)

    def test_a_board_that_vanishes_is_lost_and_back_within_5_s(self, set_up: SetUp) -> None:
        self.may("unplug")
        bench = set_up(Script(("0.6:unplug:0.5",)))  # bytes are looked at five times a second
        bench.board.start()
        bench.until(lambda b: b.samples(segment=1) >= 20)
        opening, streaming, *lost, again = bench.states
        assert opening is BoardState.OPENING
        assert streaming is again is BoardState.STREAMING
        assert set(lost) == {BoardState.LOST}  # more than one: what people are told has changed
        assert bench.fault(BoardState.LOST)
        (gap,) = [gap for gap in bench.holes if gap.segment == 1]
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
        assert [gap.cause for gap in bench.holes] == [GapCause.RESTART]
        self.finish(bench)
