"""A board is kept streaming whatever its make: against one whose every move is scripted."""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hardware import keeper
from hardware.board import (
    Block,
    BoardInfo,
    BoardState,
    Event,
    Gap,
    GapCause,
    PacketTally,
    StateChange,
)
from hardware.board_fault import BoardFault, Closing, FaultKind
from hardware.keeper import EventQueue, KeptBoard
from hardware.packets.segments import Batch, Segments
from hardware.pauses import PAUSE_NS
from tests.hardware.told import LIMIT_S, Told

PER_RECEIVE = 5
INFO = BoardInfo("scripted", "", "", "", 250.0, 1, 1.0, 100, ())


class ScriptedStream:
    """A board that does what its public attributes say.

    Attributes:
        is_there: it can be connected to.
        info: what it is, when it is connected to.
        speaks: it sends some samples with every call of `receive`.
        breaks: what `receive` raises next.
        still_s: for so long nobody runs in the next `receive`, after which it has found nothing.
        attempts: when it was tried to connect to it.
        closed: how often a connection was closed.
    """

    def __init__(self, closing: threading.Event, port: str = "") -> None:
        self.name = "board X"
        self.port = port
        self.is_there = self.speaks = True
        self.info = INFO
        self.breaks: Exception | None = None
        self.still_s = 0.0
        self.attempts: list[float] = []
        self.closed = 0
        self.closing = closing
        self.segments = Segments(250.0, 256)
        self.sent = 0

    @property
    def tally(self) -> PacketTally:
        return self.segments.tally

    def connect(self) -> "ScriptedConnection":
        if self.closing.is_set():
            raise Closing
        self.attempts.append(time.monotonic())
        if not self.is_there:
            raise BoardFault(FaultKind.OFF, "board X is off: switch it on")
        return ScriptedConnection(self)

    def end(self, cause: GapCause) -> list[Gap]:
        return self.segments.end(cause)


class ScriptedConnection:
    def __init__(self, stream: ScriptedStream) -> None:
        self.info = stream.info
        self.heard_ns = 0
        self._stream = stream

    def begin(self) -> None:
        self.heard_ns = time.monotonic_ns()

    def receive(self) -> Sequence[Event]:
        stream = self._stream
        stream.closing.wait(0.004)
        if stream.breaks is not None:
            broken, stream.breaks = stream.breaks, None
            raise broken
        if not stream.speaks:
            return []
        if stream.still_s:
            still_s, stream.still_s = stream.still_s, 0.0
            stream.closing.wait(still_s)
            return []
        self.heard_ns = time.monotonic_ns()
        numbers = np.arange(stream.sent, stream.sent + PER_RECEIVE)
        stream.sent += PER_RECEIVE
        counts = numbers.astype(np.int32)[:, None]
        arrival_ns = np.full(PER_RECEIVE, self.heard_ns, np.int64)
        return stream.segments.feed(Batch(numbers % 256, counts, counts[:, :0], arrival_ns, None))

    def close(self) -> None:
        self._stream.closed += 1


class Bench(Told):
    """A kept board with its scripted stream, and all that it has said."""

    def __init__(self, port: str = "", capacity: int = 1000) -> None:
        closing = threading.Event()
        self.stream = ScriptedStream(closing, port)
        super().__init__(KeptBoard(self.stream, closing, time.monotonic_ns, capacity=capacity))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "STALLED_AFTER_S", 0.1)
    monkeypatch.setattr(keeper, "LOST_AFTER_S", 0.3)
    monkeypatch.setattr(keeper, "BACK_OFF_S", (0.0, 0.1, 0.3))
    monkeypatch.setattr(keeper, "RETURN_POLL_S", 0.02)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def is_streaming(bench: Bench) -> bool:
    return bench.states[-1:] == [BoardState.STREAMING]


def is_lost(bench: Bench) -> bool:
    return bench.states[-1:] == [BoardState.LOST]


def test_when_the_reader_stood_still_the_board_was_not_silent(bench: Bench) -> None:
    bench.board.start()
    bench.until(is_streaming)
    bench.stream.still_s = PAUSE_NS / 1e9 + 0.1
    bench.until(lambda _: bench.stream.still_s == 0)
    seen = len(bench.blocks)
    bench.until(lambda b: len(b.blocks) >= seen + 5)
    assert bench.states == [BoardState.OPENING, BoardState.STREAMING]
    assert len(bench.stream.attempts) == 1


def test_a_board_is_opened_started_and_closed(bench: Bench) -> None:
    assert bench.board.open() == bench.board.info == INFO
    assert bench.board.state is BoardState.OPENING
    bench.board.start()
    bench.until(lambda b: len(b.blocks) > 10)
    bench.board.close()
    bench.close()
    assert bench.states == [BoardState.OPENING, BoardState.STREAMING, BoardState.CLOSED]
    assert (len(bench.stream.attempts), bench.stream.closed) == (1, 1)
    assert bench.board.tally.samples == PER_RECEIVE * len(bench.blocks) == bench.stream.sent


def test_opening_again_lets_go_of_the_board_first(bench: Bench) -> None:
    bench.board.open()
    bench.board.open()
    assert (len(bench.stream.attempts), bench.stream.closed) == (2, 1)


def test_a_failed_opening_is_raised_and_told(bench: Bench) -> None:
    bench.stream.is_there = False
    with pytest.raises(BoardFault, match="switch it on"):
        bench.board.open()
    bench.poll()
    assert bench.states == [BoardState.OPENING, BoardState.CLOSED]
    assert bench.changes[-1].fault == "board X is off: switch it on"


def test_a_board_is_started_once(bench: Bench) -> None:
    bench.board.start()
    for again in (bench.board.start, bench.board.open):
        with pytest.raises(RuntimeError, match="board X has been started already"):
            again()


def test_what_a_board_was_is_known_of_segments_that_were_not_polled_yet(bench: Bench) -> None:
    bench.board.start()
    bench.until(is_streaming)
    bench.stream.info = replace(INFO, firmware="another")
    bench.stream.breaks = BoardFault(FaultKind.UNPLUGGED, "pulled out")
    bench.until(lambda b: b.blocks[-1].segment == 1)
    infos = [bench.board.info_of(segment) for segment in (0, 1, 2)]
    assert [info and info.firmware for info in infos] == ["", "another", "another"]
    assert Bench().board.info_of(0) is None


def test_a_pause_is_a_stall_after_which_the_segment_resumes(bench: Bench) -> None:
    bench.board.start()
    bench.until(is_streaming)
    bench.stream.speaks = False
    bench.until(lambda b: b.states[-1] is BoardState.STALLED)
    assert "board X: no data" in bench.changes[-1].fault
    bench.stream.speaks = True
    bench.until(is_streaming)
    assert {block.segment for block in bench.blocks} == {0}
    assert bench.gaps == []


def test_a_silent_board_is_opened_again(bench: Bench) -> None:
    bench.board.start()
    bench.until(is_streaming)
    bench.stream.speaks = False
    bench.until(is_lost)
    assert "board X: no data for" in bench.changes[-1].fault
    bench.stream.speaks = True
    bench.until(lambda b: b.blocks[-1].segment > 0)
    assert bench.gaps[0].cause is GapCause.NO_ANSWER
    assert bench.stream.closed == len(bench.stream.attempts) - 1


def test_a_board_that_breaks_is_told_of_and_opened_again(bench: Bench) -> None:
    bench.board.start()
    bench.until(is_streaming)
    bench.stream.breaks = BoardFault(FaultKind.UNPLUGGED, "board X was pulled out")
    bench.until(lambda b: b.blocks[-1].segment == 1)
    assert bench.states[-2:] == [BoardState.LOST, BoardState.STREAMING]
    assert bench.changes[-2].fault == "board X was pulled out"
    assert [gap.cause for gap in bench.gaps] == [GapCause.UNPLUGGED]


def test_attempts_become_rarer(bench: Bench) -> None:
    bench.stream.is_there = False
    bench.board.start()
    bench.until(lambda b: len(b.stream.attempts) >= 5)
    waits_s = np.diff(bench.stream.attempts)
    assert waits_s[1] >= 0.1
    assert waits_s[2:].min() >= 0.3


def test_a_port_that_comes_back_is_tried_at_once(tmp_path: Path) -> None:
    bench = Bench(str(tmp_path / "port"))
    bench.stream.is_there = False
    bench.board.start()
    bench.until(is_lost)
    assert len(bench.stream.attempts) == 1  # nothing to try while there is no port
    bench.stream.is_there = True
    (tmp_path / "port").touch()
    bench.until(is_streaming)
    bench.board.close()


def test_a_thread_that_does_not_poll_costs_samples_and_says_so() -> None:
    bench = Bench(capacity=20)
    bench.board.start()
    pause = threading.Event()
    deadline = time.monotonic() + LIMIT_S
    while bench.board.tally.lost < 10 and time.monotonic() < deadline:
        pause.wait(0.01)
    bench.close()
    overrun = sum(gap.count for gap in bench.gaps if gap.cause is GapCause.OVERRUN)
    assert overrun == bench.board.tally.lost >= 10
    assert bench.board.tally.samples == sum(len(block) for block in bench.blocks)


def test_a_reader_that_fails_is_not_taken_for_a_quiet_board(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", failures.append)
    bench.board.start()
    bench.until(is_streaming)
    bench.stream.breaks = IndexError("a fault of ours")
    bench.until(is_lost)
    assert "the reader failed" in bench.changes[-1].fault
    assert [failure.exc_type for failure in failures] == [IndexError]


# --- its queue: what does not fit is dropped, and told exactly ----------------------------------


def block(first_index: int, size: int, segment: int = 0) -> Block:
    arrival_ns = 1000 * np.arange(first_index, first_index + size)
    empty = np.zeros((size, 1), np.int32)
    return Block(segment, first_index, empty, empty, arrival_ns)


def put(queue: EventQueue, *events: Event) -> None:
    for event in events:
        queue.put(event)


def test_events_come_out_in_order_and_once() -> None:
    queue = EventQueue(100)
    events: list[Event] = [block(0, 10), StateChange(BoardState.STALLED, 5), block(10, 10)]
    put(queue, *events)
    assert queue.drain() == events
    assert queue.drain() == []


def test_blocks_that_do_not_fit_become_one_gap_at_their_place() -> None:
    queue = EventQueue(20)
    kept = [block(0, 10), block(10, 10)]
    put(queue, *kept, block(20, 10), block(30, 10))
    assert queue.drain() == [*kept, Gap(0, 20, 20, GapCause.OVERRUN, 20_000, 39_000)]
    assert queue.dropped == 20


def test_there_is_room_again_after_draining() -> None:
    queue = EventQueue(20)
    put(queue, block(0, 10), block(10, 10), block(20, 10))
    queue.drain()
    put(queue, later := block(30, 10))
    assert queue.drain() == [later]


def test_the_gap_comes_before_what_followed_it() -> None:
    queue = EventQueue(15)
    first, small = block(0, 10), block(20, 5)
    put(queue, first, block(10, 10), small)
    assert queue.drain() == [first, Gap(0, 10, 10, GapCause.OVERRUN, 10_000, 19_000), small]


def test_what_is_dropped_of_two_segments_is_two_gaps() -> None:
    queue = EventQueue(10)
    put(queue, block(0, 10), block(10, 4), block(0, 3, segment=1))
    gaps = [event for event in queue.drain() if isinstance(event, Gap)]
    assert [(gap.segment, gap.first_index, gap.count) for gap in gaps] == [(0, 10, 4), (1, 0, 3)]


def test_a_late_block_that_is_dropped_is_a_gap_of_its_own() -> None:
    queue = EventQueue(10)
    put(queue, block(5, 10), block(15, 2), replace(block(3, 1), late=True))
    gaps = [event for event in queue.drain() if isinstance(event, Gap)]
    assert [(gap.first_index, gap.count) for gap in gaps] == [(15, 2), (3, 1)]


def test_a_queue_that_nobody_drains_stays_small() -> None:
    queue = EventQueue(50)
    for i in range(1000):
        put(queue, block(5 * i, 3), StateChange(BoardState.STALLED, i))
    events = queue.drain()
    assert len(events) <= 51
    assert sum(len(event) for event in events if isinstance(event, Block)) <= 50


def test_two_threads_lose_nothing_between_them() -> None:
    queue = EventQueue(100_000)
    sender = threading.Thread(target=lambda: put(queue, *(block(i, 1) for i in range(5000))))
    sender.start()
    seen: list[Event] = []
    while sender.is_alive():
        seen += queue.drain()
    seen += queue.drain()
    assert [event.first_index for event in seen if isinstance(event, Block)] == list(range(5000))
