"""Two boards on one radio channel: what is another's is never stored, and is told of."""

import numpy as np
import pytest

from hardware.board import Gap, GapCause
from hardware.board_fault import FaultKind
from hardware.cyton.assembler import BlockAssembler
from tests.hardware.cyton.one_channel import (
    TIMED,
    UNTIMED,
    Channel,
    channels,
    flaws,
    is_crowd,
    listen,
    listen_again,
    packets,
)
from tests.hardware.cyton.test_assembler import frames


@pytest.mark.parametrize("stop", [TIMED, UNTIMED])
def test_nothing_of_another_board_is_stored_and_it_is_told_of(stop: int) -> None:
    """tests/radio.py does the same at all distances of the counters."""
    found = {str(it): flaws(it, listen(it)) for it in channels(range(0, 256, 37), stop, seed=3)}
    assert {run: flaw for run, flaw in found.items() if flaw} == {}


@pytest.mark.parametrize("share", [0.01, 0.3, 1.0])
@pytest.mark.parametrize("stop", [TIMED, UNTIMED])
def test_a_board_that_is_alone_is_never_given_up(share: float, stop: int) -> None:
    outcome = listen(Channel(apart=0, share=0.0, stop=stop, loss=0.2 * share))
    assert (outcome.told_s, outcome.doubt, outcome.foreign) == (None, None, 0)
    assert outcome.own == outcome.heard


@pytest.mark.parametrize("stop", [TIMED, UNTIMED])
@pytest.mark.parametrize("apart", [0, 3, 45, 200, 255])
@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("comes_s", [0.0, 0.02])
def test_two_boards_from_the_start_on_are_given_up(
    apart: int, share: float, comes_s: float, stop: int
) -> None:
    """Which of them was meant, nothing tells."""
    outcome = listen(Channel(apart=apart, share=share, stop=stop, comes_s=comes_s, seconds=4.0))
    assert is_crowd(outcome.doubt)
    assert outcome.foreign == 0
    assert outcome.own < 250


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("apart", range(124, 133))
def test_boards_that_drift_through_half_a_turn_of_each_other_are_told_apart(
    apart: int, seed: int
) -> None:
    """None of them comes to claim the other's places, then."""
    rates_hz = (248.7, 251.5) if seed % 2 else (251.5, 248.7)
    channel = Channel(apart=apart, rates_hz=rates_hz, stop=UNTIMED, loss=0.005, seed=seed)
    assert flaws(channel, listen(channel)) == []


@pytest.mark.parametrize("younger_s", [-0.05, 0.0, 0.05])
def test_boards_switched_on_together_that_drift_through_each_other_are_given_up(
    younger_s: float,
) -> None:
    """Their counters and milliseconds are the same for a while: no guess."""
    apart = round(-250 * younger_s) - 12
    outcome = listen(Channel(apart=apart % 256, younger_s=younger_s, rates_hz=(250.0, 251.5)))
    assert is_crowd(outcome.doubt)
    assert outcome.foreign == 0
    assert outcome.own >= 0.99 * outcome.heard - 25  # what came last is dropped
    assert outcome.told_s is not None
    assert outcome.told_s < 3


def test_when_it_is_given_up_there_is_a_gap_with_its_cause() -> None:
    assembler = BlockAssembler(250.0)
    outcome = listen(Channel(apart=77, stop=UNTIMED, seconds=8.0), assembler)
    before = sum(gap.count for gap in outcome.gaps)
    assembler.begin_stream(9_000_000_000)
    gap, _ = assembler.feed([(frames(range(9), UNTIMED), 9_100_000_000)])
    assert isinstance(gap, Gap)
    assert (gap.segment, gap.cause, gap.count) == (1, GapCause.CROWDED, 0)
    assert 4.5e9 < gap.begin_ns < 5.1e9
    tally = assembler.tally
    assert (tally.samples, tally.lost) == (outcome.own + 9, before)


def test_it_is_over_ten_seconds_after_its_last_packet() -> None:
    assembler = BlockAssembler(250.0)
    listen(Channel(apart=9, seconds=7.0), assembler)
    told = [assembler.tally]
    for begin_s in (16.0, 18.0):
        assembler.begin_stream(int(begin_s * 1e9))
        assembler.feed([(frames(range(9)), int(begin_s * 1e9))])
        told.append(assembler.tally)
    assert [tally.crowded for tally in told] == [True, True, False]
    assert 480 < told[0].strangers == told[2].strangers < 510


def test_when_only_the_other_board_is_left_it_is_not_taken_for_the_own_one() -> None:
    """Opened again, one board answers; when it was switched on tells which."""
    channel = Channel(apart=77, younger_s=100.0, seconds=8.0)
    own_s, other_s = channel.born_s
    for born_s, is_refused in ((other_s, True), (own_s, False), (19.0, False)):
        assembler = BlockAssembler(250.0)
        listen(channel, assembler)
        events = listen_again(assembler, 20.0, born_s)
        assert is_crowd(assembler.doubt) is is_refused
        assert (events == []) is is_refused


def test_a_counter_that_begins_anew_is_no_loss_but_a_stream_to_be_opened_again() -> None:
    """So it is when somebody else's `b` starts the board once more."""
    assembler = BlockAssembler(250.0)
    assembler.begin_stream(0)
    assert len(assembler.feed([(frames(range(100)), 400_000_000)])) == 1
    again = np.arange(200)
    for part in np.split(again, 8):
        octets = packets(part, part, 400 + 4 * part, TIMED)
        assert assembler.feed([(octets, 400_000_000 + 4_000_000 * int(part[-1]))]) == []
    assert assembler.doubt is not None
    assert assembler.doubt.kind is FaultKind.REFUSED
    assert "do not go on together" in str(assembler.doubt)
    assert not assembler.tally.crowded
