"""One command and one stretch of the stream at a time, and what is left behind."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hardware.board import BoardFault, FaultKind
from hardware.cyton import conversation
from hardware.cyton.bench_line import ATTEMPTS, REPLY_S, Stretch, bench_line
from hardware.cyton.serial_port import SerialPort
from hardware.emulated.air import Chances
from hardware.emulated.cyton import Behaviour
from hardware.emulated.faults import parse_fault
from tests.hardware.cyton.virtual_line import PORT, VirtualLine
from tests.hardware.emulated_port import emulated_port

S = 1_000_000_000
DONE = b"default"
TIMEOUT = b"Failure: Communications timeout - Device failed to poll Host$$$"


def faulty(*faults: str) -> Behaviour:
    return Behaviour(faults=tuple(map(parse_fault, faults)))


def refusal(line: VirtualLine, command: bytes = b"d") -> BoardFault:
    bench = line.bench()
    line.replies.setdefault(command, [])
    with pytest.raises(BoardFault) as caught:
        bench.order(command, DONE)
    assert str(caught.value).startswith(f"{PORT}: ")
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_command_is_done_when_the_board_says_so() -> None:
    line = VirtualLine()
    line.bench().order(b"d", DONE)
    assert line.sent == [b"d"]


def test_a_command_lost_in_the_air_is_sent_again() -> None:
    line = VirtualLine()
    line.replies[b"d"] = [b""]
    line.bench().order(b"d", DONE)
    assert line.sent == [b"d", b"d"]


def test_a_reply_that_never_comes_is_waited_for_as_long_as_stated() -> None:
    line = VirtualLine()
    bench = line.bench()
    line.replies[b"d"] = [b""] * 9
    begin_ns = line.now_ns
    with pytest.raises(BoardFault, match="no answer to 'd' within 2 s: switch the board") as caught:
        bench.order(b"d", DONE)
    assert caught.value.kind is FaultKind.SILENT
    assert line.now_ns - begin_ns == pytest.approx(ATTEMPTS * REPLY_S * S, rel=0.1)


def test_a_refusal_is_told_with_the_boards_own_words() -> None:
    line = VirtualLine()
    line.replies[b"d"] = [b"Failure: too few chars$$$"] * 2
    fault = refusal(line)
    assert fault.kind is FaultKind.REFUSED
    assert "the board answers 'd' with 'Failure: too few chars$$$'" in str(fault)


def test_a_board_that_went_away_is_not_called_a_refusal() -> None:
    line = VirtualLine()
    line.replies[b"d"] = [TIMEOUT] * 2
    assert refusal(line).kind is FaultKind.OFF


def test_an_unreadable_answer_is_still_one_line() -> None:
    line = VirtualLine()
    line.replies[b"d"] = [b"\xff\n\x00$$$"] * 2
    assert refusal(line).kind is FaultKind.REFUSED


def test_the_radio_channel_is_asked_of_the_dongle() -> None:
    assert VirtualLine().bench().radio_channel() == 7


def test_a_stretch_of_the_stream_is_numbered_and_then_the_stream_is_over() -> None:
    line = VirtualLine()
    stretch = line.bench().stream(0.5, 1.0)
    assert stretch.index.tolist() == list(range(125, 375))
    assert stretch.counts.shape == (250, 8)
    assert line.sent == [b"b", b"s"]
    assert line.read(1.0) == b""


def test_lost_packets_leave_holes_and_late_ones_go_to_their_place() -> None:
    line = VirtualLine(faulty("0.2:lose:3", "0.4:late:5", "0.6:duplicate"))
    index = line.bench().stream(0.0, 2.0).index
    assert len(set(range(index[-1] + 1)) - set(index.tolist())) == 3
    assert np.all(np.diff(index) > 0)


def test_a_stream_that_is_mostly_lost_is_no_stretch() -> None:
    line = VirtualLine(Behaviour(chances=Chances(loss=0.7)))
    bench = line.bench()
    with pytest.raises(BoardFault, match="sends too little: is it on, charged and near"):
        bench.stream(0.5, 2.0)
    assert line.sent[-1] == b"s"


def test_a_board_that_does_not_start_is_told_after_the_stated_time() -> None:
    line = VirtualLine()
    line.replies[b"b"] = [b""]
    bench = line.bench()
    begin_ns = line.now_ns
    with pytest.raises(BoardFault) as caught:
        bench.stream(0.5, 2.0)
    assert caught.value.kind is FaultKind.SILENT
    assert line.now_ns - begin_ns < 3 * S


def test_a_stop_that_is_lost_is_sent_again() -> None:
    line = VirtualLine()
    bench = line.bench()
    line.replies[b"s"] = [b"", b""]
    bench.stream(0.0, 0.5)
    assert line.sent == [b"b", b"s", b"s", b"s"]


def test_a_stream_that_does_not_stop_is_not_waited_for_forever() -> None:
    line = VirtualLine()
    bench = line.bench()
    line.replies[b"s"] = [b""] * 9
    begin_ns = line.now_ns
    with pytest.raises(BoardFault, match="the stream does not stop: switch the board off and on"):
        bench.stream(0.0, 0.5)
    assert (
        line.now_ns - begin_ns
        < (0.6 + conversation.STOP_ATTEMPTS * (conversation.STOP_LIMIT_S + 0.1)) * S
    )


def test_with_a_daisy_odd_packets_are_the_first_eight_channels() -> None:
    counts = np.arange(80, dtype=np.int32).reshape(10, 8)
    stretch = Stretch(np.arange(10), counts, has_daisy=True)
    assert stretch.channel(1)[0].tolist() == [1, 3, 5, 7, 9]
    assert stretch.channel(1)[1].tolist() == [8, 24, 40, 56, 72]
    assert stretch.channel(16)[0].tolist() == [0, 2, 4, 6, 8]
    assert stretch.channel(16)[1].tolist() == [7, 23, 39, 55, 71]


def measure_on(port: str, monotonic_ns: Callable[[], int]) -> None:
    with bench_line(port, monotonic_ns) as bench:
        bench.open()
        bench.order(b"z101Z", b"Lead off set")
        bench.stream(0.5, 2.0)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "QUIET_S", 0.1)


def test_ctrl_c_in_the_stream_leaves_a_board_that_does_not_stream_and_no_test_current(
    tmp_path: Path, quick: None
) -> None:
    port = tmp_path / "ttyUSB0"
    with emulated_port(port) as cyton:

        def impatient_ns() -> int:
            if cyton.truth().begin_ns is not None:
                raise KeyboardInterrupt
            return time.monotonic_ns()

        with pytest.raises(KeyboardInterrupt):
            measure_on(str(port), impatient_ns)
        again = SerialPort(str(port), threading.Event())
        deadline = time.monotonic() + 5
        while cyton.truth().begin_ns is not None:
            assert time.monotonic() < deadline
            again.read(0.02)
        again.write(b"?")
        registers = b""
        while b"LOFF_FLIP" not in registers:
            assert time.monotonic() < deadline
            registers += again.read(0.1)
        again.close()
        assert b"LOFF_SENSN, 10, 00" in registers


def test_the_bench_is_refused_while_another_holds_the_port(tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB0"
    with emulated_port(port):
        holder = SerialPort(str(port), threading.Event())
        with pytest.raises(BoardFault) as caught, bench_line(str(port)):
            pass
        holder.close()
        assert caught.value.kind is FaultKind.BUSY
