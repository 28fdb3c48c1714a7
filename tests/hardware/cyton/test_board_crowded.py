"""Packets that are none of this board's, through a pseudo-terminal: told of, and never stored."""

import pytest

from hardware.board import BoardState, FaultKind, GapCause
from hardware.cyton.frames import UV_PER_COUNT
from hardware.emulated.cyton import Behaviour, FirstState
from hardware.emulated.faults import parse_fault
from hardware.emulated.neighbour import MEAN_UV
from tests.hardware.cyton.bench import Bench

pytestmark = pytest.mark.usefixtures("impatient")


def faults(*script: str) -> Behaviour:
    return Behaviour(faults=tuple(parse_fault(text) for text in script))


def only_own(bench: Bench) -> bool:
    """Whether all samples are the own board's, each in its place."""
    foreign = [
        b for b in bench.blocks if (b.counts.mean(axis=1) * UV_PER_COUNT > MEAN_UV / 2).any()
    ]
    return not foreign and bench.indexes() == bench.numbers()


def test_another_board_on_the_channel_is_counted_and_told_of(bench: Bench) -> None:
    bench.emulate(faults("2.2:stranger:100"))
    bench.board.start()
    bench.until(lambda b: b.board.tally.crowded)
    bench.until(lambda b: b.board.tally.strangers > 100)
    seen = bench.samples()
    bench.until(lambda b: b.samples() >= seen + 100)
    bench.close()
    assert bench.states == [BoardState.OPENING, BoardState.STREAMING, BoardState.CLOSED]
    assert only_own(bench)
    assert bench.board.tally.lost == bench.board.tally.duplicate == 0


def test_two_boards_from_the_start_on_are_refused(bench: Bench) -> None:
    bench.emulate(Behaviour(first_state=FirstState.SHARED_CHANNEL))
    bench.board.start()
    lost = bench.until_state(BoardState.LOST)
    assert lost.kind is FaultKind.CROWDED
    assert "radio channel" in lost.fault
    assert bench.board.info is None
    assert bench.samples() == 0


def test_another_board_that_comes_while_it_starts_is_refused(bench: Bench) -> None:
    """Whose packets were meant, nothing tells."""
    bench.emulate(faults("0.5:stranger:100"))
    bench.board.start()
    lost = bench.until_state(BoardState.LOST)
    assert lost.kind is FaultKind.CROWDED
    bench.close()
    assert only_own(bench)
    assert bench.board.tally.samples == bench.samples() <= 140


def test_a_board_at_ten_times_its_rate_is_told_of_and_not_stored(bench: Bench) -> None:
    bench.emulate(faults("0:rush:10"))
    bench.board.start()
    lost = bench.until_state(BoardState.LOST)
    assert lost.kind is FaultKind.REFUSED
    assert "packets a second come, and 250 are right" in lost.fault
    assert bench.samples() == 0


def test_a_board_that_begins_to_rush_is_opened_again(bench: Bench) -> None:
    bench.emulate(faults("0.5:rush:10", "1.5:rush:1"))
    bench.board.start()
    lost = bench.until_state(BoardState.LOST)
    assert "packets a second" in lost.fault
    bench.until(lambda b: b.samples(segment=1) > 20)
    bench.close()
    assert only_own(bench)
    (gap,) = [gap for gap in bench.gaps if gap.segment == 1]
    assert gap.cause is GapCause.NO_ANSWER
    assert bench.samples() <= 130


def test_noise_in_the_form_of_packets_is_told_of_and_not_stored(bench: Bench) -> None:
    bench.emulate(faults("0.5:babble:2"))
    bench.board.start()
    lost = bench.until_state(BoardState.LOST)
    assert lost.kind in (FaultKind.REFUSED, FaultKind.SILENT)
    assert lost.fault
    bench.until(lambda b: b.samples(segment=1) > 20)
    bench.close()
    assert only_own(bench)
    assert bench.board.tally.damaged_bytes > 33 * 50
    assert not bench.board.tally.crowded


def test_noise_from_the_start_on_is_told_of_and_not_stored(bench: Bench) -> None:
    bench.emulate(faults("0:babble:60"))
    bench.board.start()
    lost = bench.until_state(BoardState.LOST)
    assert "no board's stream" in lost.fault
    assert bench.samples() == 0
