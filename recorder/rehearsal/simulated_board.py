"""An emulated Cyton and the host's side of its port, on a clock that nobody waits for.

The dongle, the board and what goes wrong are `hardware.emulated.cyton`; the conversation that opens
it is `hardware.cyton.opening`; bytes become blocks in `hardware.cyton.assembler`. Only the thread
and the terminal between them are left out: a read happens when the simulated clock says so. A board
whose opening takes a while is ahead of the others for as long, and waits for them.
"""

from collections.abc import Callable

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
from hardware.cyton import frames
from hardware.cyton.assembler import BlockAssembler
from hardware.cyton.aux_mode import AUX_LAYOUTS, AuxMode
from hardware.cyton.opening import Opening
from hardware.emulated.cyton import EmulatedCyton
from hardware.keeper import LOST_AFTER_S
from hardware.rest import Read

READ_NS = 200_000_000
SPAN_NS = 1_000_000_000
RETRY_NS = 1_000_000_000


class SimulatedBoard:
    """A `hardware.board.Board`; everything happens in `poll`."""

    def __init__(self, board: EmulatedCyton, name: str, monotonic_ns: Callable[[], int]) -> None:
        self.info: BoardInfo | None = None
        self.unheard = 0  # frames that came while the board was opened or closed, and behind that
        self._arrived = 0  # whole frames, so far
        self._stale = 0  # of an earlier stream, on their way when this one was begun
        self._board = board
        self._name = name
        self._global_ns = monotonic_ns
        self._now_ns = monotonic_ns()
        self._heard_ns = 0
        self._assembler = BlockAssembler(frames.RATE_HZ)
        self._events: list[Event] = []
        self._change = StateChange(BoardState.CLOSED, self._now_ns)

    @property
    def state(self) -> BoardState:
        """As last told."""
        return self._change.state

    @property
    def beats(self) -> int | None:
        """There is no thread that could stand still."""
        return None

    @property
    def tally(self) -> PacketTally:
        """What became of the packets."""
        return self._assembler.tally

    def open(self) -> BoardInfo:
        """Reset the board and read its banner, as on a port. Raises BoardFault."""
        banner = Opening(self, self._name, lambda: self._now_ns).run()
        labels = AUX_LAYOUTS[AuxMode.DIGITAL].labels
        self.info = BoardInfo(
            kind="cyton",
            port=self._name,
            serial="",
            firmware=banner.firmware,
            rate_hz=frames.RATE_HZ,
            channels=frames.CHANNELS,
            uv_per_count=frames.UV_PER_COUNT,
            rail_counts=frames.RAIL_COUNTS,
            aux_labels=labels,
        )
        return self.info

    def start(self) -> None:
        """Let it stream."""
        self.poll()

    def poll(self) -> list[Event]:
        """What has come up to now."""
        until_ns = self._global_ns()
        while self._now_ns < until_ns:
            try:
                self._go_on(until_ns)
            except BoardFault as fault:
                self._lose(fault)
        events, self._events = self._events, []
        return events

    def info_of(self, _: int) -> BoardInfo | None:
        """What was behind the port when it was opened."""
        return self.info

    def move(self, port: str) -> None:
        """Never asked for."""
        raise NotImplementedError("there is one port")

    def close(self) -> None:
        """Stop the stream and leave what is in the air."""
        self._board.receive(frames.STOP_STREAM, self._now_ns)
        self._now_ns += READ_NS  # what is in the air comes down, and nobody listens
        self._leave_unheard(self._board.due(self._now_ns))
        self._events += self._assembler.end_stream(GapCause.RESTART)
        self._report(BoardState.CLOSED)

    def write(self, octets: bytes) -> None:
        """As a port: what `Opening` sends."""
        self._board.receive(octets, self._now_ns)

    def read(self, timeout_s: float) -> bytes:
        """As a port: what comes, as soon as something does; time goes by."""
        end_ns = self._now_ns + round(timeout_s * 1e9)
        while self._now_ns < end_ns:
            due_ns = self._board.next_ns()
            self._now_ns = end_ns if due_ns is None else min(max(due_ns, self._now_ns + 1), end_ns)
            if pieces := self._due():
                self._leave_unheard(pieces)
                return b"".join(pieces)
        return b""

    def _leave_unheard(self, pieces: list[bytes]) -> None:
        self.unheard += len(set(_whole(pieces)))  # a duplicate is the same frame

    def _begin(self) -> None:
        self.write(frames.START_STREAM)
        truth = self._board.truth()
        self._stale = truth.sent + truth.duplicate - truth.damaged - self._arrived
        self._assembler.begin_stream(self._now_ns)
        self._heard_ns = self._now_ns
        self._report(BoardState.OPENING)

    def _due(self) -> list[bytes]:
        pieces = self._board.due(self._now_ns)
        self._arrived += len(_whole(pieces))
        if not pieces and not self._board.is_plugged(self._now_ns):
            raise BoardFault(FaultKind.UNPLUGGED, f"{self._name}: pulled out")
        return pieces

    def _go_on(self, until_ns: int) -> None:
        if self.state in (BoardState.CLOSED, BoardState.LOST):
            self.open()
            self._begin()
        else:
            self._read_span(min(until_ns, self._now_ns + SPAN_NS))

    def _read_span(self, end_ns: int) -> None:
        reads: list[Read] = []
        try:
            while self._now_ns < end_ns:
                self._now_ns = min(self._now_ns + READ_NS, end_ns)
                if pieces := self._due():
                    self._pass_stale(pieces)
                    reads.append((b"".join(pieces), self._now_ns))
        finally:  # what came before the dongle was pulled out has come
            self._take(reads)
        if self._now_ns - self._heard_ns >= LOST_AFTER_S * 1e9:
            raise BoardFault(FaultKind.SILENT, f"{self._name}: no data")

    def _pass_stale(self, pieces: list[bytes]) -> None:
        """Count what the assembler must not take for the new stream: it comes before counter 0."""
        if self._stale:
            stale = _whole(pieces)[: self._stale]
            self._stale -= len(stale)
            self._leave_unheard(stale)

    def _take(self, reads: list[Read]) -> None:
        events = self._assembler.feed(reads) if reads else []
        self._heard_ns = max(self._heard_ns, self._assembler.last_frame_ns)
        if any(isinstance(event, Block) for event in events):
            self._report(BoardState.STREAMING)
        self._events += events

    def _lose(self, fault: BoardFault) -> None:
        unplugged = fault.kind is FaultKind.UNPLUGGED
        cause = GapCause.UNPLUGGED if unplugged else GapCause.NO_ANSWER
        self._events += self._assembler.end_stream(cause)
        self._report(BoardState.LOST, str(fault))
        self._now_ns += RETRY_NS

    def _report(self, state: BoardState, fault: str = "") -> None:
        if (state, fault) != (self._change.state, self._change.fault):
            self._change = StateChange(state, self._now_ns, fault)
            self._events.append(self._change)


def _whole(pieces: list[bytes]) -> list[bytes]:
    return [piece for piece in pieces if len(piece) == frames.FRAME_BYTES]
