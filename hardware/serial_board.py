"""A Cyton on a serial port, with or without a Daisy, kept streaming by a thread of its own.

The thread waits for bytes, stamps each read at once, and every 40 ms turns what has come into
blocks and gaps. It watches as well: no frame for 0.8 s is a stall; no frame for 3 s, or a port that
is gone, means closing the port and opening it again until it succeeds. After each opening a new
segment begins.
"""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

from hardware import cyton, daisy
from hardware.aux_mode import AUX_LAYOUTS, AuxMode
from hardware.blocks import BlockAssembler, Read
from hardware.board import (
    Block,
    BoardFault,
    BoardInfo,
    BoardState,
    Event,
    FaultKind,
    GapCause,
    PacketTally,
    StateChange,
)
from hardware.event_queue import EventQueue
from hardware.opening import Opening
from hardware.serial_port import Closing, SerialPort, usb_serial

QUEUE_S = 150.0  # what a stalled reader of the queue may cost before samples are dropped
BATCH_S = 0.04
STALLED_AFTER_S = 0.8  # so that a stall is on a screen within 1 s
LOST_AFTER_S = 3.0
BACK_OFF_S = (0.0, 1.0, 2.0, 5.0, 10.0)
RETURN_POLL_S = 0.25


class SerialBoard:
    """A Cyton behind its dongle; implements `hardware.board.Board`.

    One thread calls `open`, `start`, `poll` and `close`; the properties may be read from any.
    """

    def __init__(
        self,
        port: str,
        *,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        rate_hz: float = cyton.RATE_HZ,
        first_segment: int = 0,
        aux_mode: AuxMode = AuxMode.DIGITAL,
    ) -> None:
        """Name the board; nothing is touched yet.

        Args:
            port: path of the serial port.
            monotonic_ns: the clock that stamps arrivals.
            rate_hz: nominal rate of the packets; of the samples, too, without a Daisy.
            first_segment: number of the first segment, when an earlier run left off before it.
            aux_mode: what the board puts into the aux bytes of each packet.
        """
        self._path = port
        self._monotonic_ns = monotonic_ns
        self._rate_hz = rate_hz
        self._aux_mode = aux_mode
        self._assembler = BlockAssembler(rate_hz, first_segment, aux_mode)
        self._queue = EventQueue(int(QUEUE_S * rate_hz))
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._port: SerialPort | None = None
        self._info: BoardInfo | None = None
        self._tally = PacketTally()
        self._change = StateChange(BoardState.CLOSED, monotonic_ns())
        self._failures = 0

    @property
    def info(self) -> BoardInfo | None:
        """What the board is; None until it has been opened once."""
        return self._info

    @property
    def state(self) -> BoardState:
        """What it is doing now."""
        return self._change.state

    @property
    def tally(self) -> PacketTally:
        """What has been seen so far; samples dropped by a full queue count as lost."""
        seen, dropped = self._tally, self._queue.dropped
        return replace(seen, samples=seen.samples - dropped, lost=seen.lost + dropped)

    def open(self) -> BoardInfo:
        """Make the board ready to stream; one attempt.

        Raises:
            BoardFault: it cannot be used; the text says what to do.
            RuntimeError: it has been started already.
        """
        self._refuse_if_started()
        self._closing.clear()
        self._disconnect()
        self._report(BoardState.OPENING)
        try:
            self._port, self._info = self._connect()
        except BoardFault as fault:
            self._report(BoardState.CLOSED, str(fault))
            raise
        return self._info

    def start(self) -> None:
        """Stream, and keep streaming, in a thread of its own, until closed.

        Raises:
            RuntimeError: it has been started already.
        """
        self._refuse_if_started()
        self._closing.clear()
        self._thread = threading.Thread(target=self._run, name=f"board {self._path}", daemon=True)
        self._thread.start()

    def poll(self) -> list[Event]:
        """Everything that happened since the last call, oldest first."""
        return self._queue.drain()

    def close(self) -> None:
        """Stop the stream and free the port. May be called twice."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._disconnect()
        self._report(BoardState.CLOSED)

    def _refuse_if_started(self) -> None:
        if self._thread is not None:
            raise RuntimeError(f"{self._path} has been started already")

    def _connect(self) -> tuple[SerialPort, BoardInfo]:
        with ExitStack() as undo:
            port = SerialPort(self._path, self._closing)
            undo.callback(port.close)
            banner = Opening(port, self._path, self._monotonic_ns, self._aux_mode).run()
            info = self._described(banner)
            self._refuse_another_kind(info)
            undo.pop_all()
        return port, info

    def _described(self, banner: cyton.Banner) -> BoardInfo:
        info = BoardInfo(
            kind="cyton",
            port=self._path,
            serial=usb_serial(self._path),
            firmware=banner.firmware,
            rate_hz=self._rate_hz,
            channels=cyton.CHANNELS,
            uv_per_count=cyton.UV_PER_COUNT,
            rail_counts=cyton.RAIL_COUNTS,
            aux_labels=AUX_LAYOUTS[self._aux_mode].labels,
        )
        return daisy.with_daisy(info) if banner.has_daisy else info

    def _refuse_another_kind(self, info: BoardInfo) -> None:
        """Refuse a board that came back with a Daisy, or without the one that it had."""
        if self._info is not None and info.kind != self._info.kind:
            text = f"this was a {self._info.kind} and now is a {info.kind}: check the Daisy module"
            raise BoardFault(FaultKind.REFUSED, f"{self._path}: {text}")

    def _disconnect(self) -> None:
        if self._port is not None:
            with suppress(BoardFault):
                self._port.write(cyton.STOP_STREAM)
            self._port.close()
            self._port = None

    # From here on: the thread.

    def _run(self) -> None:
        try:
            with suppress(Closing):
                self._keep_streaming()
            self._end_segment(GapCause.RESTART)
        finally:
            if not self._closing.is_set():  # a fault of ours must not look like a quiet board
                self._report(BoardState.LOST, f"{self._path}: the reader failed: close and start")

    def _keep_streaming(self) -> None:
        while True:
            try:
                self._stream()
            except BoardFault as fault:
                self._lose(fault)
                self._wait_to_retry()

    def _stream(self) -> None:
        """Open if need be, start the stream and receive it until something breaks."""
        port = self._port
        if port is None:
            if self.state is BoardState.CLOSED:
                self._report(BoardState.OPENING)
            port, self._info = self._connect()
            self._port = port
        port.write(cyton.START_STREAM)
        has_daisy = self._info is not None and self._info.kind == daisy.KIND
        self._assembler.begin_stream(self._monotonic_ns(), has_daisy=has_daisy)
        while True:
            self._deliver(port.read_timed(BATCH_S, self._monotonic_ns))
            self._watch(self._monotonic_ns())

    def _deliver(self, reads: list[Read]) -> None:
        events = self._assembler.feed(reads) if reads else []
        if any(isinstance(event, Block) for event in events):
            self._failures = 0
            self._report(BoardState.STREAMING)
        self._tally = self._assembler.tally
        for event in events:
            self._queue.put(event)

    def _watch(self, now_ns: int) -> None:
        silent_s = (now_ns - self._assembler.last_frame_ns) / 1e9
        if silent_s >= LOST_AFTER_S:
            text = f"{self._path}: no data for {LOST_AFTER_S:.0f} s: is the board on, and near?"
            raise BoardFault(FaultKind.SILENT, text)
        if silent_s >= STALLED_AFTER_S:
            text = f"{self._path}: no data: is the board on, charged and near?"
            self._report(BoardState.STALLED, text)

    def _lose(self, fault: BoardFault) -> None:
        self._disconnect()
        unplugged = fault.kind is FaultKind.UNPLUGGED
        self._end_segment(GapCause.UNPLUGGED if unplugged else GapCause.NO_ANSWER)
        self._report(BoardState.LOST, str(fault))

    def _end_segment(self, cause: GapCause) -> None:
        for event in self._assembler.end_stream(cause):
            self._queue.put(event)
        self._tally = self._assembler.tally

    def _wait_to_retry(self) -> None:
        """Wait longer after each failure; but when the port comes back, try at once."""
        wait_s = BACK_OFF_S[min(self._failures, len(BACK_OFF_S) - 1)]
        retry_ns = self._monotonic_ns() + int(wait_s * 1e9)
        self._failures += 1
        known = _identity(self._path)
        while not self._closing.wait(RETURN_POLL_S):
            seen = _identity(self._path)
            if seen is not None and seen != known:
                self._failures = 0
                return
            if seen is not None and self._monotonic_ns() >= retry_ns:
                return
            known = seen
        raise Closing

    def _report(self, state: BoardState, fault: str = "") -> None:
        if (state, fault) != (self._change.state, self._change.fault):
            self._change = StateChange(state, self._monotonic_ns(), fault)
            self._queue.put(self._change)


def _identity(path: str) -> tuple[int, int, int] | None:
    """Tell one device behind a path from the next; None when there is none.

    It changes, too, when the permissions of the device do.
    """
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_ctime_ns
