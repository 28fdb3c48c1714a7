"""The life of a board: opened once, then kept streaming by a thread of its own until it is closed.

    CLOSED ─open─▶ OPENING ─begin─▶ STREAMING ◀──── samples ────▶ STALLED   nothing for 0.6 s
                      ▲                  │ nothing for 3 s, or the port is gone │
                      └───── back-off ── LOST ◀─────────────────────────────────┘

What differs between makes of boards is a `Stream`; this is what they have in common, so a make of
board is a `KeptBoard` that brings its stream along.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from hardware.board import (
    NO_DEVICE,
    Block,
    BoardInfo,
    BoardState,
    Device,
    Event,
    Gap,
    GapCause,
    PacketTally,
    StateChange,
    cause_of,
)
from hardware.board_fault import BoardFault, Closing, FaultKind
from hardware.pauses import PAUSE_NS

STALLED_AFTER_S = 0.6  # so that a stall is on a screen within 1 s, a rest included
LOST_AFTER_S = 3.0
BACK_OFF_S = (0.0, 1.0, 2.0, 5.0, 10.0)
RETURN_POLL_S = 0.25
INFOS_KEPT = 64  # so often has a board been opened while the service did not poll: never


class Connection(Protocol):
    """A board that has been opened. All but `close` may raise BoardFault."""

    @property
    def info(self) -> BoardInfo:
        """What the board is, as it said when it was opened."""

    @property
    def heard_ns(self) -> int:
        """CLOCK_MONOTONIC when something came last, or when the stream was begun."""

    def begin(self) -> None:
        """Let it stream; from now on `heard_ns` is watched."""

    def receive(self) -> Sequence[Event]:
        """Wait some 200 ms at most; return what has come."""

    def close(self) -> None:
        """Stop the stream and let go of the board, as far as it is still there."""


class Stream(Protocol):
    """What all connections to one board have in common."""

    @property
    def name(self) -> str:
        """What people call it: the beginning of each fault."""

    port: str  # path whose coming and going tells of the board's, or ""

    @property
    def tally(self) -> PacketTally:
        """What has been seen so far, in all segments. Asked for by any thread, at any time."""

    def connect(self) -> Connection:
        """Make the board ready to stream; with its first sample a new segment will begin.

        Raises:
            BoardFault: it cannot be; the text says what to do.
            Closing: it is wanted closed.
        """

    def end(self, cause: GapCause) -> Sequence[Event]:
        """The segment, if any, has ended, by `cause`; return what is certain now."""


class KeptBoard:
    """A board that is kept streaming; implements `hardware.board.Board`.

    One thread calls `open`, `start`, `poll` and `close`; the properties may be read from any. Only
    while it waits in `open` may another thread, or a signal's handler, call `close`.

    Attributes:
        info: what the board is; None until it has been opened once.
    """

    def __init__(
        self,
        stream: Stream,
        closing: threading.Event,
        monotonic_ns: Callable[[], int],
        *,
        capacity: int,
    ) -> None:
        """Take charge of a board; nothing is touched yet.

        Args:
            stream: the board.
            closing: is set while the board is wanted closed; whatever `stream` waits for ends then.
            monotonic_ns: the clock.
            capacity: how many samples are kept for a thread that does not poll.
        """
        self.info: BoardInfo | None = None
        self._stream = stream
        self._closing = closing
        self._monotonic_ns = monotonic_ns
        self._queue = EventQueue(capacity)
        self._thread: threading.Thread | None = None
        self._connection: Connection | None = None
        self._infos: deque[tuple[int, BoardInfo]] = deque(maxlen=INFOS_KEPT)
        self._change = StateChange(BoardState.CLOSED, monotonic_ns())
        self._failures = 0
        self._beats = 0
        self._move_to = ""

    @property
    def state(self) -> BoardState:
        """What the board is doing now."""
        return self._change.state

    def info_of(self, segment: int) -> BoardInfo | None:
        """What the board was when this segment came; `poll` may be behind, and `info` is of now."""
        infos = [info for first, info in tuple(self._infos) if first <= segment]
        return infos[-1] if infos else None

    @property
    def tally(self) -> PacketTally:
        """What has been seen so far; samples dropped by a full queue count as lost."""
        seen, dropped = self._stream.tally, self._queue.dropped
        return seen._replace(samples=seen.samples - dropped, lost=seen.lost + dropped)

    @property
    def beats(self) -> int | None:
        """A number that changes, within a minute, while the thread lives; None without one."""
        return None if self._thread is None else self._beats

    def open(self) -> BoardInfo:
        """Make the board ready to stream; one attempt.

        Raises:
            BoardFault: it cannot be used; the text says what to do.
            Closing: `close` was called meanwhile.
            RuntimeError: it has been started already.
        """
        self._refuse_if_started()
        self._closing.clear()
        self._disconnect()
        self._report(BoardState.OPENING)
        try:
            return self._connect()[1]
        except BoardFault as fault:
            self._report(BoardState.CLOSED, str(fault), fault.kind)
            raise
        except Closing:
            self._report(BoardState.CLOSED)
            raise

    def start(self) -> None:
        """Stream, and keep streaming, in a thread of its own, until closed.

        Raises:
            RuntimeError: it has been started already.
        """
        self._refuse_if_started()
        self._closing.clear()
        name = f"board {self._stream.name}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def poll(self) -> list[Event]:
        """Everything that happened since the last call, oldest first."""
        return self._queue.drain()

    def move(self, port: str) -> None:
        """Leave the port, and stream from another one."""
        self._move_to = port

    def close(self) -> None:
        """Stop the stream and let go of the board. May be called twice."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._disconnect()
        self._report(BoardState.CLOSED)

    def _refuse_if_started(self) -> None:
        if self._thread is not None:
            raise RuntimeError(f"{self._stream.name} has been started already")

    def _connect(self) -> tuple[Connection, BoardInfo]:
        if self._move_to:
            self._stream.port, self._move_to = self._move_to, ""
        connection = self._stream.connect()
        info = replace(connection.info, device=device_behind(connection.info.port))
        self._connection, self.info = connection, info
        return connection, info

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # From here on: the thread.

    def _run(self) -> None:
        try:
            with suppress(Closing):
                self._keep_streaming()
            self._end_segment(GapCause.RESTART)
        finally:
            if not self._closing.is_set():  # a fault of ours must not look like a quiet board
                text = f"{self._stream.name}: the reader failed: close and start"
                self._report(BoardState.LOST, text)

    def _keep_streaming(self) -> None:
        while not self._closing.is_set():
            try:
                self._receive()
            except BoardFault as fault:
                self._lose(fault)
                self._wait_to_retry()

    def _receive(self) -> None:
        """Open if need be, begin the stream and take what comes until something breaks."""
        connection = self._connection
        if connection is None:
            if self.state is BoardState.CLOSED:
                self._report(BoardState.OPENING)
            connection, _ = self._connect()
        connection.begin()
        looked_ns = awake_ns = self._monotonic_ns()
        while not self._closing.is_set():
            if self._move_to:
                raise BoardFault(FaultKind.MOVED, f"{self._stream.name}: moves to {self._move_to}")
            self._beats += 1
            self._deliver(connection.receive())
            now_ns = self._monotonic_ns()
            if now_ns - looked_ns >= PAUSE_NS:  # it was not the board that was silent
                awake_ns = now_ns
            looked_ns = now_ns
            self._watch(now_ns - max(connection.heard_ns, awake_ns))

    def _deliver(self, events: Sequence[Event]) -> None:
        self._know(events)
        if any(isinstance(event, Block) for event in events):
            self._failures = 0
            self._report(BoardState.STREAMING)
        for event in events:
            self._queue.put(event)

    def _know(self, events: Sequence[Event]) -> None:
        """Keep what the board is, for the first segment since it was opened and those after it."""
        info = self.info
        if info is None or (self._infos and self._infos[-1][1] is info):
            return
        segments = [it.segment for it in events if not isinstance(it, StateChange)]
        if segments:
            self._infos.append((min(segments), info))

    def _watch(self, silent_ns: int) -> None:
        silent_s, name = silent_ns / 1e9, self._stream.name
        if silent_s >= LOST_AFTER_S:
            text = f"{name}: no data for {LOST_AFTER_S:.0f} s: is the board on, and near?"
            raise BoardFault(FaultKind.SILENT, text)
        if silent_s >= STALLED_AFTER_S:
            text = f"{name}: no data: is the board on, charged and near?"
            self._report(BoardState.STALLED, text)

    def _lose(self, fault: BoardFault) -> None:
        self._disconnect()
        self._end_segment(cause_of(fault.kind))
        self._report(BoardState.LOST, str(fault), fault.kind)

    def _end_segment(self, cause: GapCause) -> None:
        for event in self._stream.end(cause):
            self._queue.put(event)

    def _wait_to_retry(self) -> None:
        """Wait longer after each failure; but when the port comes back, try at once."""
        wait_s = BACK_OFF_S[min(self._failures, len(BACK_OFF_S) - 1)]
        retry_ns = self._monotonic_ns() + int(wait_s * 1e9)
        self._failures += 1
        known = device_behind(self._stream.port)
        while not self._closing.wait(RETURN_POLL_S):
            self._beats += 1
            seen = device_behind(self._stream.port)
            if self._move_to or (seen is not None and seen != known):
                self._failures = 0
                return
            if seen is not None and self._monotonic_ns() >= retry_ns:
                return
            known = seen

    def _report(self, state: BoardState, fault: str = "", kind: FaultKind | None = None) -> None:
        if (state, fault) != (self._change.state, self._change.fault):
            self._change = StateChange(state, self._monotonic_ns(), fault, kind)
            self._queue.put(self._change)


class EventQueue:
    """The bounded queue between a board's thread and the thread that polls; neither waits.

    When it is full, blocks are dropped and become a gap (OVERRUN) at their place.

    Attributes:
        dropped: samples dropped so far.
    """

    def __init__(self, capacity: int) -> None:
        """Make room for so many samples, and for as many events."""
        self.dropped = 0
        self._capacity = capacity
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._samples = 0
        self._overrun: Gap | None = None

    def put(self, event: Event) -> None:
        """Append an event; a block for which there is no room becomes part of a gap instead."""
        with self._lock:
            size = len(event) if isinstance(event, Block) else 0
            if isinstance(event, Block) and self._samples + size > self._capacity:
                self._drop(event)
                return
            self._end_overrun()
            self._append(event)
            self._samples += size

    def drain(self) -> list[Event]:
        """Everything since the last call, oldest first; the queue is empty then."""
        with self._lock:
            self._end_overrun()
            events, self._events, self._samples = self._events, [], 0
            return events

    def _append(self, event: Event) -> None:
        if len(self._events) <= self._capacity:
            self._events.append(event)

    def _drop(self, block: Block) -> None:
        self.dropped += len(block)
        begin_ns, end_ns = int(block.arrival_ns[0]), int(block.arrival_ns[-1])
        whole = self._overrun
        if whole is not None and _follows(block, whole):
            self._overrun = replace(whole, count=whole.count + len(block), end_ns=end_ns)
            return
        self._end_overrun()
        self._overrun = Gap(
            block.segment, block.first_index, len(block), GapCause.OVERRUN, begin_ns, end_ns
        )

    def _end_overrun(self) -> None:
        if self._overrun is not None:
            self._append(self._overrun)
            self._overrun = None


def _follows(block: Block, gap: Gap) -> bool:
    return block.segment == gap.segment and block.first_index == gap.first_index + gap.count


def device_behind(port: str) -> Device | None:
    """Tell one device behind a path from the next; None when there is none.

    It changes, too, when the permissions of the device do. A board without a port is always there.
    """
    if not port:
        return NO_DEVICE
    try:
        found = Path(port).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_ctime_ns
