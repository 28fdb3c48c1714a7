"""A board is opened, kept streaming and given back, against emulated Cytons on pseudo-terminals."""

import os
import signal
import threading
import time
import tty
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, cast

import numpy as np
import pytest

from hardware import keeper, opening, serial_board
from hardware.board import Board, BoardState, Gap, GapCause, StateChange
from hardware.board_fault import BoardFault, Closing, FaultKind
from hardware.cyton import AUX_LABELS
from hardware.emulated_cyton import PIPELINE_S, Behaviour, FirstState
from hardware.faults import parse_fault
from hardware.serial_board import SerialBoard
from hardware.serial_port import SerialPort
from hardware.wire import Chances
from tests.hardware.serial_bench import Bench

AT_ONCE_S = 0.3  # more than any one wait of the opening
Handler = Callable[[int, FrameType | None], object]
Alarm = Callable[[Handler], None]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(opening, "QUIET_S", 0.1)
    made = Bench(tmp_path)
    yield made
    made.put_away()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten what is only waited for when something is wrong."""
    monkeypatch.setattr(opening, "DONGLE_ANSWER_S", 0.15)
    monkeypatch.setattr(opening, "RESET_ANSWER_S", 0.15)
    monkeypatch.setattr(keeper, "BACK_OFF_S", (0.0, 0.1))
    monkeypatch.setattr(keeper, "STALLED_AFTER_S", 0.3)
    monkeypatch.setattr(keeper, "LOST_AFTER_S", 0.5)


@contextmanager
def silent_port(link: Path) -> Iterator[int]:
    """Put a port on the link behind which nobody answers; the far end of it."""
    far, near = os.openpty()
    tty.setraw(near)
    link.symlink_to(os.ttyname(near))
    yield far
    os.close(far)
    os.close(near)


def faults(*script: str) -> Behaviour:
    return Behaviour(faults=tuple(parse_fault(text) for text in script))


# --- opening ------------------------------------------------------------------------------------


def test_it_is_a_board(bench: Bench) -> None:
    board: Board = bench.board
    assert board.state is BoardState.CLOSED
    assert board.info is None
    assert board.poll() == []


@pytest.mark.parametrize("first_state", [FirstState.READY, FirstState.STREAMING])
def test_an_opened_board_says_what_it_is(bench: Bench, first_state: FirstState) -> None:
    bench.emulate(Behaviour(first_state=first_state))
    info = bench.board.open()
    assert (info.kind, info.port, info.firmware) == ("cyton", str(bench.link), "v3.1.2")
    assert (info.rate_hz, info.channels, info.aux_labels) == (250.0, 8, AUX_LABELS)
    assert bench.board.info == info
    assert bench.board.state is BoardState.OPENING


@pytest.mark.parametrize(
    ("first_state", "channel"), [(FirstState.OFF, 7), (FirstState.OTHER_CHANNEL, 10)]
)
def test_a_board_out_of_reach_is_off(bench: Bench, first_state: FirstState, channel: int) -> None:
    bench.emulate(Behaviour(first_state=first_state))
    with pytest.raises(BoardFault, match=f"radio channel {channel} but no board") as caught:
        bench.board.open()
    assert caught.value.kind is FaultKind.OFF
    assert bench.board.state is BoardState.CLOSED
    last = bench.board.poll()[-1]
    assert isinstance(last, StateChange)
    assert (last.state, last.fault) == (BoardState.CLOSED, str(caught.value))


def test_a_slow_radio_is_waited_for(bench: Bench) -> None:
    bench.emulate(Behaviour(reply_delay_s=0.1))
    assert bench.board.open().firmware == "v3.1.2"


def test_a_missing_port_is_told_at_once(bench: Bench) -> None:
    with pytest.raises(BoardFault, match="no such port") as caught:
        bench.board.open()
    assert caught.value.kind is FaultKind.MISSING


def test_a_port_has_one_user(bench: Bench) -> None:
    bench.emulate()
    bench.board.open()
    with pytest.raises(BoardFault, match="another program") as caught:
        SerialBoard(str(bench.link)).open()
    assert caught.value.kind is FaultKind.BUSY


@pytest.mark.usefixtures("impatient")
def test_a_port_with_nothing_behind_it_is_silent(bench: Bench) -> None:
    with (
        silent_port(bench.link),
        pytest.raises(BoardFault, match="OpenBCI dongle") as caught,
    ):
        bench.board.open()
    assert caught.value.kind is FaultKind.SILENT


@pytest.fixture
def alarm() -> Iterator[Alarm]:
    """What has a signal's handler called in 0.3 s."""
    before = signal.getsignal(signal.SIGALRM)

    def set_off(handler: Handler) -> None:
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.3)

    yield set_off
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_ctrl_c_ends_the_opening_at_once(bench: Bench, alarm: Alarm) -> None:
    with silent_port(bench.link):
        alarm(signal.default_int_handler)
        began_s = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            bench.board.open()
        assert time.monotonic() - began_s < 0.3 + AT_ONCE_S
        assert bench.closing_s() < AT_ONCE_S
        SerialPort(str(bench.link), threading.Event()).close()  # the port is free


def test_a_signal_that_closes_the_board_ends_the_opening(bench: Bench, alarm: Alarm) -> None:
    with silent_port(bench.link):
        alarm(lambda *_: bench.board.close())
        began_s = time.monotonic()
        with pytest.raises(Closing):
            bench.board.open()
        assert time.monotonic() - began_s < 0.3 + AT_ONCE_S
    assert bench.board.state is BoardState.CLOSED


def test_another_thread_that_closes_the_board_ends_the_opening(bench: Bench) -> None:
    with silent_port(bench.link) as far, ThreadPoolExecutor() as pool:
        opened = pool.submit(bench.board.open)
        assert os.read(far, 10) == b"s"
        assert bench.closing_s() < AT_ONCE_S
        assert isinstance(opened.exception(timeout=AT_ONCE_S), Closing)
    assert bench.board.state is BoardState.CLOSED


# --- streaming ----------------------------------------------------------------------------------


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
    assert np.median(behind_ms) < burst_ms / 2 + 20.0  # stamps are older than blocks
    assert np.all(np.diff(arrival_ns) >= 0)


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


def test_a_queue_nobody_fetches_from_costs_samples_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_board, "QUEUE_S", 0.2)
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


# --- trouble ------------------------------------------------------------------------------------


def test_a_stall_shows_within_a_second_and_costs_exactly_its_samples(bench: Bench) -> None:
    bench.emulate(faults("0.1:stall:1.2"))
    bench.board.start()
    stalled = bench.until_state(BoardState.STALLED)
    assert "no data" in stalled.fault
    assert 0.8 <= (stalled.t_ns - bench.blocks[-1].arrival_ns[-1]) / 1e9 < 1.0
    bench.until(lambda b: b.states[-1] is BoardState.STREAMING and max(b.indexes()) > 340)
    assert bench.changes[-1].fault == ""
    bench.close()
    (gap,) = [gap for gap in bench.gaps if gap.cause is GapCause.SILENCE]
    assert gap.segment == 0
    assert 295 <= gap.count <= 305
    assert bench.indexes() == bench.numbers()


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
    assert (gap.begin_ns, gap.end_ns) == (before.arrival_ns[-1], after.arrival_ns[0])
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
    monkeypatch.setattr(stream._assembler, "feed", lambda reads: reads[-1][2])
    bench.until(lambda b: b.states[-1] is BoardState.LOST)
    assert "the reader failed" in bench.changes[-1].fault
    assert [failure.exc_type for failure in failures] == [IndexError]


# --- closing ------------------------------------------------------------------------------------


def test_closing_stops_the_stream_and_frees_the_port(bench: Bench) -> None:
    bench.emulate()
    bench.board.start()
    bench.until(lambda b: b.samples() > 20)
    assert bench.closing_s() < AT_ONCE_S
    bench.until(lambda b: b.emulated is not None and b.emulated.truth().begin_ns is None)
    bench.events += bench.board.poll()
    assert bench.states[-1] is BoardState.CLOSED
    bench.board.close()
    other = SerialBoard(str(bench.link))
    other.open()
    other.close()


def test_the_last_samples_before_closing_are_delivered(bench: Bench) -> None:
    bench.emulate()
    bench.board.start()
    bench.until(lambda b: b.samples() > 20)
    began_ns = time.monotonic_ns()
    bench.close()
    assert bench.blocks[-1].arrival_ns[-1] > began_ns - 40_000_000
    assert bench.board.tally.samples == bench.samples()


def test_closing_does_not_wait_for_a_port_that_is_not_there(bench: Bench) -> None:
    bench.board.start()
    bench.until_state(BoardState.LOST)
    assert bench.closing_s() < AT_ONCE_S


def test_closing_does_not_wait_for_an_answer(bench: Bench) -> None:
    with silent_port(bench.link) as far:
        bench.board.start()
        assert os.read(far, 10) == b"s"
        assert bench.closing_s() < AT_ONCE_S


def test_a_closed_board_can_be_used_again(bench: Bench) -> None:
    bench.emulate()
    bench.board.open()
    bench.board.close()
    bench.board.start()
    bench.until(lambda b: b.samples() > 20)
    bench.board.close()
    bench.board.start()
    bench.until(lambda b: b.samples(segment=1) > 20)
    assert [gap.cause for gap in bench.gaps] == [GapCause.RESTART]


def test_a_board_is_started_once(bench: Bench) -> None:
    bench.emulate()
    bench.board.start()
    for again in (bench.board.start, bench.board.open):
        with pytest.raises(RuntimeError, match="started already"):
            again()
