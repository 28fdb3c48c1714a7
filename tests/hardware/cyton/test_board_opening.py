"""A board is opened and given back, against emulated Cytons on pseudo-terminals."""

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

import pytest

from hardware.board import Board, BoardState, GapCause, StateChange
from hardware.board_fault import BoardFault, Closing, FaultKind
from hardware.cyton.board import CytonBoard
from hardware.cyton.frames import AUX_LABELS
from hardware.cyton.serial_port import SerialPort
from hardware.emulated.cyton import Behaviour, FirstState
from tests.hardware.cyton.bench import Bench

AT_ONCE_S = 0.3  # more than any one wait of the opening
Handler = Callable[[int, FrameType | None], object]
Alarm = Callable[[Handler], None]


@contextmanager
def silent_port(link: Path) -> Iterator[int]:
    """Put a port on the link behind which nobody answers; the far end of it."""
    far, near = os.openpty()
    tty.setraw(near)
    link.symlink_to(os.ttyname(near))
    yield far
    os.close(far)
    os.close(near)


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
    assert info.radio_channel == 7
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
        CytonBoard(str(bench.link)).open()
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


@pytest.mark.alone
def test_ctrl_c_ends_the_opening_at_once(bench: Bench, alarm: Alarm) -> None:
    with silent_port(bench.link):
        alarm(signal.default_int_handler)
        began_s = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            bench.board.open()
        assert time.monotonic() - began_s < 0.3 + AT_ONCE_S
        assert bench.closing_s() < AT_ONCE_S
        SerialPort(str(bench.link), threading.Event()).close()  # the port is free


@pytest.mark.alone
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


def test_closing_stops_the_stream_and_frees_the_port(bench: Bench) -> None:
    bench.emulate()
    bench.board.start()
    bench.until(lambda b: b.samples() > 20)
    assert bench.closing_s() < AT_ONCE_S
    bench.until(lambda b: b.emulated is not None and b.emulated.truth().begin_ns is None)
    bench.events += bench.board.poll()
    assert bench.states[-1] is BoardState.CLOSED
    bench.board.close()
    other = CytonBoard(str(bench.link))
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
