"""What a started board delivers, and what it does in trouble; an emulated Cyton sends it."""

import threading
import time
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from hardware.board import BoardState, Gap, GapCause
from hardware.cyton import board
from hardware.cyton.frames import RATE_HZ
from hardware.emulated.air import Chances
from hardware.emulated.cyton import PIPELINE_S, Behaviour, FirstState
from hardware.emulated.faults import parse_fault
from tests.hardware.cyton.bench import Bench


def faults(*script: str) -> Behaviour:
    return Behaviour(faults=tuple(parse_fault(text) for text in script))


@pytest.mark.alone
@pytest.mark.parametrize("burst_ms", [0.0, 60.0])
def test_a_stream_is_delivered_whole(bench: Bench, burst_ms: float) -> None:
    bench.emulate(Behaviour(burst_ms=burst_ms, first_state=FirstState.STREAMING))
    bench.board.start()
    bench.until(lambda b: b.samples() >= 100)
    assert bench.states == [BoardState.OPENING, BoardState.STREAMING]
    assert bench.indexes() == bench.numbers() == list(range(bench.samples()))
    ms = np.concatenate([block.aux[:, 2] for block in bench.blocks])
    assert set(np.diff(ms)) <= {3, 4, 5}
    assert bench.emulated is not None
    begin_ns = bench.emulated.truth().begin_ns
    assert begin_ns is not None
    arrival_ns = np.concatenate([block.arrival_ns for block in bench.blocks])
    behind_ms = (arrival_ns - begin_ns - 4e6 * np.arange(len(arrival_ns))) / 1e6
    assert behind_ms.min() >= 7.2
    assert np.all(np.diff(arrival_ns) >= 0)
    newest_of_reads = np.append(np.diff(arrival_ns) > 0, True)
    assert np.percentile(behind_ms[newest_of_reads], 25) < burst_ms / 2 + 20.0
    assert np.median(behind_ms) < burst_ms + 100.0


@pytest.mark.parametrize("pipeline_s", [PIPELINE_S, 0.02])
def test_the_earliest_arrivals_are_late_by_the_pipeline_and_hardly_more(
    bench: Bench, pipeline_s: float
) -> None:
    bench.emulate(Behaviour(pipeline_s=pipeline_s))
    bench.board.start()
    bench.until(lambda b: b.samples() >= 250)
    truth = bench.emulated.truth() if bench.emulated else None
    assert truth is not None
    assert truth.begin_ns is not None
    arrival_ns = np.concatenate([block.arrival_ns for block in bench.blocks])
    taken_ns = truth.begin_ns + np.arange(len(arrival_ns)) * 1e9 / truth.true_rate_hz
    assert 0 <= (arrival_ns - taken_ns).min() / 1e9 - pipeline_s < 0.5e-3


def test_loss_disorder_and_damage_are_accounted_for(bench: Bench) -> None:
    chances = Chances(loss=0.02, byte_drop=0.0003)
    script = ("0.1:late:5", "0.15:duplicate", "0.2:lose:100", "0.65:late:30")
    bench.emulate(Behaviour(chances=chances, faults=tuple(parse_fault(text) for text in script)))
    bench.board.start()
    bench.until(lambda b: max(b.indexes(), default=0) >= 210)
    bench.close()
    assert bench.indexes() == bench.numbers()
    missing = {i for g in bench.gaps for i in range(g.first_index, g.first_index + g.count)}
    assert missing == set(range(max(bench.indexes()) + 1)) - set(bench.indexes())
    tally = bench.board.tally
    assert tally.samples == bench.samples()
    assert tally.lost == len(missing) >= 100
    assert tally.duplicate >= 1
    assert tally.late >= 1


def test_segments_go_on_from_an_earlier_run(tmp_path: Path) -> None:
    bench = Bench(tmp_path, first_segment=5)
    bench.emulate()
    bench.board.start()
    bench.until(lambda b: b.samples(segment=5) >= 10)
    bench.put_away()


def test_reads_of_two_ticks_are_one_block(bench: Bench) -> None:
    bench.emulate()
    bench.board.start()
    bench.until(lambda b: b.samples() >= 250)
    sizes = [len(block) for block in bench.blocks[1:]]
    assert np.median(sizes) == pytest.approx(50, abs=2)


def test_a_queue_nobody_fetches_from_costs_samples_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "QUEUE_S", 0.2)
    bench = Bench(tmp_path)
    bench.emulate()
    bench.board.start()
    pause = threading.Event()
    deadline = time.monotonic() + 8
    while bench.board.tally.lost < 20 and time.monotonic() < deadline:
        pause.wait(0.05)
    bench.until(lambda b: b.samples() > 80)
    bench.close()
    overrun = [gap for gap in bench.gaps if gap.cause is GapCause.OVERRUN]
    assert sum(gap.count for gap in overrun) >= 20
    assert bench.indexes() == bench.numbers()
    tally = bench.board.tally
    assert tally.samples == bench.samples()
    assert tally.samples + tally.lost == max(bench.indexes()) + 1
    bench.put_away()


def test_a_stall_shows_within_a_second_and_costs_exactly_its_samples(bench: Bench) -> None:
    bench.emulate(faults("0.1:stall:1.2"))
    bench.board.start()
    stalled = bench.until_state(BoardState.STALLED)
    assert "no data" in stalled.fault
    assert 0.6 <= (stalled.t_ns - bench.blocks[-1].arrival_ns[-1]) / 1e9 < 1.0
    bench.until(lambda b: b.states[-1] is BoardState.STREAMING and max(b.indexes()) > 340)
    assert bench.changes[-1].fault == ""
    bench.close()
    (gap,) = [gap for gap in bench.gaps if gap.cause is GapCause.SILENCE]
    assert gap.segment == 0
    assert 295 <= gap.count <= 305
    assert bench.indexes() == bench.numbers()


@pytest.mark.alone
def test_an_unplug_costs_a_rest_of_its_board_and_all_of_it_is_in_the_gap(bench: Bench) -> None:
    bench.emulate(faults("1.27:unplug:0.5"))
    bench.board.start()
    bench.until(lambda b: b.samples(segment=1) > 10)
    before = [block for block in bench.blocks if block.segment == 0]
    kept = sum(map(len, before))
    assert bench.indexes(segment=0) == list(range(kept))
    (gap,) = bench.gaps
    assert gap.cause is GapCause.UNPLUGGED
    assert 0 <= before[-1].arrival_ns[-1] - gap.begin_ns < 0.1e9
    sent = int((1.27 - PIPELINE_S) * RATE_HZ)
    assert sent - 0.1 * RATE_HZ - 2 <= kept <= sent + 2


def test_a_dongle_put_back_streams_again_within_5_s(bench: Bench) -> None:
    bench.emulate(faults("0.1:unplug:0.5"))
    bench.board.start()
    lost = bench.until_state(BoardState.LOST)
    assert "pulled out" in lost.fault
    bench.until(lambda b: b.samples(segment=1) > 10)
    (gap,) = bench.gaps
    assert gap == Gap(1, 0, 0, GapCause.UNPLUGGED, gap.begin_ns, gap.end_ns)
    before = [block for block in bench.blocks if block.segment == 0][-1]
    after = next(block for block in bench.blocks if block.segment == 1)
    assert 0 <= before.arrival_ns[-1] - gap.begin_ns < 0.1e9
    assert gap.end_ns == after.arrival_ns[0]
    assert (lost.t_ns - gap.begin_ns) / 1e9 < 0.3
    assert (gap.end_ns - gap.begin_ns) / 1e9 - 0.5 < 5.0
    assert bench.numbers(segment=1) == bench.indexes(segment=1)
    assert after.first_index == 0


@pytest.mark.usefixtures("impatient")
def test_a_board_that_falls_silent_is_opened_again(bench: Bench) -> None:
    bench.emulate(faults("0.1:stall:0.8"))
    bench.board.start()
    bench.until(lambda b: b.samples(segment=1) > 20)
    opened, streaming, stalled, lost, *_, again = bench.states
    assert (opened, streaming, again) == (
        BoardState.OPENING,
        BoardState.STREAMING,
        BoardState.STREAMING,
    )
    assert (stalled, lost) == (BoardState.STALLED, BoardState.LOST)
    assert [(g.segment, g.count, g.cause) for g in bench.gaps] == [(1, 0, GapCause.NO_ANSWER)]
    assert bench.numbers(segment=1) == bench.indexes(segment=1)


@pytest.mark.usefixtures("impatient")
def test_a_board_that_lost_power_is_off_until_it_is_back(bench: Bench) -> None:
    bench.emulate(faults("0.1:reset:1.3"))
    bench.board.start()
    bench.until(lambda b: b.samples(segment=1) > 20)
    assert any("switch the board on" in change.fault for change in bench.changes)
    assert [gap.cause for gap in bench.gaps] == [GapCause.NO_ANSWER]


def test_a_board_started_before_its_dongle_is_there_streams_once_it_is(bench: Bench) -> None:
    bench.board.start()
    assert "no such port" in bench.until_state(BoardState.LOST).fault
    bench.emulate()
    bench.until(lambda b: b.samples() > 20)
    assert bench.gaps == []
    assert bench.states == [BoardState.OPENING, BoardState.LOST, BoardState.STREAMING]


def test_a_dongle_that_went_between_opening_and_starting_is_lost(bench: Bench) -> None:
    bench.emulate()
    bench.board.open()
    bench.take_away()
    bench.board.start()
    bench.until_state(BoardState.LOST)


def test_a_reader_that_fails_is_not_taken_for_a_quiet_board(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", failures.append)
    bench.emulate()
    bench.board.start()
    bench.until(lambda b: b.samples() > 20)
    stream = cast(Any, bench.board._stream)
    monkeypatch.setattr(stream._assembler, "feed", lambda reads, _: reads[-1][2])
    bench.until(lambda b: b.states[-1] is BoardState.LOST)
    assert "the reader failed" in bench.changes[-1].fault
    assert [failure.exc_type for failure in failures] == [IndexError]
