"""How BrainFlow is made to stream a board, and what its data becomes.

BrainFlow's own time stamps are not used, for they are the time of day at which it parsed a packet.
It is asked for what has come every 20 ms, and that instant is the arrival: up to 20 ms late, which
a clock that looks at the earliest arrivals can bear.

BrainFlow never tells that a board is gone, spins a core when its port is, and cannot open a Cyton
that is streaming. So a Cyton, with or without Daisy, is first made ready by
`hardware.cyton.opening`, which says what is wrong where BrainFlow would try for 6 s, and leaves
trigger pins and board time in the packets. Its port stays locked against other programs, and in
low-latency mode, for as long as BrainFlow uses it. While nothing comes, the port is looked for.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hardware.board import BoardFault, BoardInfo, Event, FaultKind, GapCause, PacketTally
from hardware.brainflow.rows import RowReader, Rows
from hardware.cyton.frames import UV_PER_COUNT
from hardware.cyton.opening import Opening, ReadyBoard
from hardware.cyton.serial_port import SerialPort, unplugged
from hardware.keeper import device_behind
from hardware.packets.radio import RadioSegments
from hardware.packets.segments import Segments
from hardware.pauses import Pauses

RING_S = 30  # what BrainFlow keeps while it opens another board
CYTON, CYTON_DAISY = "CYTON_BOARD", "CYTON_DAISY_BOARD"


class Handle(Protocol):
    """BrainFlow's handle of one board; what it does may raise BoardFault."""

    @property
    def name(self) -> str:
        """BrainFlow's name of the board, such as CYTON_BOARD."""

    @property
    def layout(self) -> str:
        """Name of the board whose rows it gives: another one only when a file is played back."""

    @property
    def description(self) -> Mapping[str, Any]:
        """BrainFlow's description of those rows: which of them are EEG, counter and others."""

    def prepare(self) -> float:
        """Make the board ready to stream; return its nominal rate (Hz)."""

    def start(self, ring: int) -> None:
        """Let it stream; BrainFlow keeps so many samples."""

    def fetch(self) -> Rows:
        """Return (rows, n), all samples since the last call."""

    def release(self) -> None:
        """Stop the stream and let go of the board; never raises."""


@dataclass(frozen=True, slots=True)
class Pace:
    """When to ask BrainFlow, by which clock, and until what is set."""

    poll_s: float
    closing: threading.Event
    monotonic_ns: Callable[[], int]


class BrainFlowStream:
    """A `hardware.keeper.Stream`.

    Attributes:
        name: the beginning of each fault.
        port: path of the serial port, or "".
    """

    def __init__(
        self,
        make_handle: Callable[[str], Handle],
        name: str,
        port: str,
        pace: Pace,
        first_segment: int,
    ) -> None:
        self.name = name
        self.port = port
        self._make_handle = make_handle
        self._pace = pace
        self._first_segment = first_segment
        self._segments: Segments | RadioSegments | None = None
        self._pauses = Pauses()

    @property
    def tally(self) -> PacketTally:
        """What has been seen so far, in all segments."""
        tally = PacketTally() if self._segments is None else self._segments.tally
        return tally._replace(paused_s=self._pauses.lasted_s, pause_end_ns=self._pauses.end_ns)

    def connect(self) -> "_Connection":
        """Make the board ready to stream; with its first sample a new segment will begin."""
        handle = self._make_handle(self.port)  # which may be another than before
        reader = RowReader(handle.layout, handle.description)
        with ExitStack() as held:
            cyton = self._ready_cyton(handle.name, held)
            rate_hz = handle.prepare()
            held.callback(handle.release)
            kind, firmware = f"brainflow:{handle.name}", cyton.firmware if cyton else ""
            info = reader.describe(kind, self.port, firmware, rate_hz)
            if cyton:
                info = replace(info, shortcomings=cyton.shortcomings)
            take = self._taker(reader, handle.layout, rate_hz)
            return _Connection(info, handle, take, self._pace, held.pop_all())

    def end(self, cause: GapCause) -> Sequence[Event]:
        """The segment has ended, by `cause`; return the gaps that are certain now."""
        return [] if self._segments is None else self._segments.end(cause)

    def _ready_cyton(self, board: str, held: ExitStack) -> ReadyBoard | None:
        """If it is a Cyton, lock its port, make it ready, and return what it is then."""
        if board not in (CYTON, CYTON_DAISY):
            return None
        port = SerialPort(self.port, self._pace.closing, alone=False)  # BrainFlow opens it, too
        held.callback(port.close)
        opening = Opening(port, self.port, self._pace.monotonic_ns, set_baud=port.set_baud)
        ready = opening.run()
        if ready.has_daisy != (board == CYTON_DAISY):
            found, name = ("a", CYTON_DAISY) if ready.has_daisy else ("no", CYTON)
            text = f"{self.port}: the board has {found} Daisy module: check it, or say {name}"
            raise BoardFault(FaultKind.REFUSED, text)
        if ready.uv_per_count != UV_PER_COUNT:
            text = f"{self.port}: BrainFlow takes its gain for another: use board = 'cyton'"
            raise BoardFault(FaultKind.REFUSED, text)
        return ready

    def _taker(self, reader: RowReader, layout: str, rate_hz: float) -> "_Taker":
        """Return what turns polls into events; all connections count their segments together."""
        if self._segments is None:
            make = RadioSegments if layout == CYTON else Segments
            self._segments = make(rate_hz, reader.modulus, self._first_segment)
        return _Taker(reader, self._segments, self._pauses)


class _Taker:
    """Turns what BrainFlow gives into events.

    Of a Cyton, what is another board's on its radio channel is left out; of a Daisy, BrainFlow
    repeats and averages too much to tell.
    """

    def __init__(
        self, reader: RowReader, segments: Segments | RadioSegments, pauses: Pauses
    ) -> None:
        self._reader = reader
        self._segments = segments
        self._pauses = pauses

    @property
    def doubt(self) -> BoardFault | None:
        """Why nothing more can be taken from this stream."""
        return self._segments.doubt if isinstance(self._segments, RadioSegments) else None

    def begin(self, now_ns: int) -> None:
        """The stream begins."""
        self._pauses.begin(now_ns)
        if isinstance(self._segments, RadioSegments):
            self._segments.begin(now_ns)

    def take(self, rows: Rows, arrival_ns: NDArray[np.int64]) -> Sequence[Event]:
        """Take what two polls gave."""
        is_backlog = int(arrival_ns[0]) <= self._pauses.backlog_until_ns
        return self._segments.feed(self._reader.read(rows, arrival_ns), is_backlog=is_backlog)

    def look(self, now_ns: int) -> None:
        """BrainFlow has been asked."""
        self._pauses.look(now_ns)


class _Connection:
    """A `hardware.keeper.Connection`."""

    def __init__(
        self, info: BoardInfo, handle: Handle, taker: _Taker, pace: Pace, held: ExitStack
    ) -> None:
        self.info = info
        self.heard_ns = 0
        self._handle = handle
        self._taker = taker
        self._pace = pace
        self._held = held
        self._device = device_behind(info.port)

    def begin(self) -> None:
        self._handle.start(int(RING_S * self.info.rate_hz))
        self.heard_ns = self._pace.monotonic_ns()
        self._taker.begin(self.heard_ns)

    def receive(self) -> Sequence[Event]:
        """Poll twice: each poll has its stamp, and one block for both costs half."""
        if (doubt := self._taker.doubt) is not None:
            raise BoardFault(doubt.kind, f"{self.info.port}: {doubt}")
        polls = [self._poll() for _ in range(2)]
        sizes = [rows.shape[1] for rows, _ in polls]
        stamps = np.array([stamp_ns for _, stamp_ns in polls], np.int64)
        if not any(sizes):
            self._look_for_port()
            return []
        arrival_ns = np.repeat(stamps, sizes)
        self.heard_ns = int(arrival_ns[-1])
        return self._taker.take(np.concatenate([rows for rows, _ in polls], axis=1), arrival_ns)

    def _poll(self) -> tuple[Rows, int]:
        self._pace.closing.wait(self._pace.poll_s)
        rows, now_ns = self._handle.fetch(), self._pace.monotonic_ns()
        self._taker.look(now_ns)
        return rows, now_ns

    def close(self) -> None:
        self._held.close()

    def _look_for_port(self) -> None:
        if device_behind(self.info.port) != self._device:
            raise unplugged(self.info.port)
